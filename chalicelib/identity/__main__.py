"""Operators' commands: ``python -m chalicelib.identity COMMAND``, with the functions' environment.

::

    staff import staff.csv      bring members of staff in (columns user_id, name, role, scopes, department)
    rotate-signing              a new signing key, as the monthly schedule does
    rotate-kek                  a new key-encryption key, and every data key wrapped anew under it
    purge                       delete for good whom a law kept until before today
    rekey begin|switch|walk|finish|clean [--version 1]    the person keys, step by step
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from chalicelib import clock, sealing
from chalicelib.errors import DomainError
from chalicelib.identity import model, rekey, service
from chalicelib.texts import sentence


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code: 0 done, 1 refused, with the reason in one line."""
    given = _parser().parse_args(arguments)
    act: Callable[[argparse.Namespace], str] = given.act
    try:
        print(act(given))
    except DomainError as refusal:
        print(sentence(refusal.code, "en", **refusal.params), file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chalicelib.identity", description="Operators' commands.")
    commands = parser.add_subparsers(required=True)
    staff = commands.add_parser("staff", help="members of staff").add_subparsers(required=True)
    importing = staff.add_parser("import", help="bring members in from CSV; safe to repeat")
    importing.add_argument("file", type=Path)
    importing.set_defaults(act=_import_staff)
    commands.add_parser("rotate-signing", help="add a signing key").set_defaults(act=_rotate_signing)
    commands.add_parser("rotate-kek", help="renew the key-encryption key").set_defaults(act=_rotate_kek)
    commands.add_parser("purge", help="delete whom no law keeps any longer").set_defaults(act=_purge)
    steps = commands.add_parser("rekey", help="change the secret behind the person keys")
    steps.add_argument("step", choices=["begin", "switch", "walk", "finish", "clean"])
    steps.add_argument("--version", default="", help="for clean: the version that has left the secret")
    steps.set_defaults(act=_rekey)
    return parser


def _import_staff(given: argparse.Namespace) -> str:
    with given.file.open(encoding="utf-8-sig", newline="") as lines:
        members = model.read_staff(lines)
    return f"{service.import_staff(members, clock.utc_now())} members of staff"


def _rotate_signing(given: argparse.Namespace) -> str:
    kid = service.rotate(clock.utc_now())
    return f"signing key {kid} added" if kid else "today's signing key is there already"


def _rotate_kek(given: argparse.Namespace) -> str:
    def progress(done: int) -> None:
        if done % 1000 == 0:
            print(f"{done} data keys wrapped anew", file=sys.stderr)

    name = sealing.rotate_kek(clock.utc_now())
    return f"key-encryption key {name}; {sealing.rewrap(progress)} data keys wrapped anew"


def _purge(given: argparse.Namespace) -> str:
    return f"{service.purge(clock.utc_now())} people deleted for good"


def _rekey(given: argparse.Namespace) -> str:
    now = clock.utc_now()
    match given.step:
        case "begin":
            return f"version {rekey.begin(now)} is readable; wait ten minutes, then: rekey switch"
        case "switch":
            return f"version {rekey.switch(now)} is current; next: rekey walk"
        case "walk":
            return (
                "\n".join(_told(report) for report in rekey.walk(now)) or "one version only: nothing to walk"
            )
        case "finish":
            dropped = " ".join(rekey.finish(now)) or "none"
            return f"versions dropped: {dropped}; wait ten minutes, then for each: rekey clean --version"
        case _:
            return _told(rekey.clean(given.version, now))


def _told(report: model.WalkReport) -> str:
    state = "through" if report.done else "stopped, run again"
    return f"{report.step} {report.version}: {report.walked} seen, {report.changed} changed, {state}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
