"""Points from the command line: ``python -m chalicelib.points bulk POLICY ANSWERS.parquet OUT``, ``check POLICY``, and
``simulate OLD NEW POOL.parquet``.

POLICY is a shipped policy's id or a document's file. ANSWERS has the columns that ``docs/points.md`` tells.
"""

import argparse
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from chalicelib import clock
from chalicelib.errors import DomainError, Invalid
from chalicelib.points import bulk, editions, simulating
from chalicelib.points.model import Policy
from chalicelib.texts import sentence


def main(arguments: list[str]) -> int:
    """0 when it was done; 1 when policy or answers are refused, with each place on standard error."""
    asked = _parser().parse_args(arguments)
    try:
        return int(asked.act(asked))
    except DomainError as error:
        print(sentence(error.code, "en", **error.params), file=sys.stderr)
        for field in error.fields:
            print(f"  {field.path}: {sentence(field.code, 'en')}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m chalicelib.points", description="Points in bulk.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="say whether a policy is sound")
    check.set_defaults(act=_check)
    check.add_argument("policy")
    ranked = commands.add_parser("bulk", help="score and rank a table of applicants")
    ranked.set_defaults(act=_bulk)
    ranked.add_argument("policy")
    ranked.add_argument("answers", type=Path)
    ranked.add_argument("out", type=Path)
    simulated = commands.add_parser(
        "simulate", help="say what a new edition would do to a pool of applicants"
    )
    simulated.set_defaults(act=_simulate)
    simulated.add_argument("old")
    simulated.add_argument("new")
    simulated.add_argument("pool", type=Path)
    simulated.add_argument(
        "--by", help="the indicator whose labels make the groups; the first that has labels"
    )
    simulated.add_argument("--regions", choices=("district", "town"), default="district")
    simulated.add_argument("--json", action="store_true", help="print one JSON document")
    for command in (ranked, simulated):
        _machine(command)
    return parser


def _machine(command: argparse.ArgumentParser) -> None:
    command.add_argument("--as-of", type=date.fromisoformat, default=clock.local_date(datetime.now(UTC)))
    command.add_argument(
        "--area", choices=bulk.AREAS, help="the area of the ranking; the policy's first round"
    )
    command.add_argument("--threads", type=int, default=2)
    command.add_argument("--memory", default="3GB")


def _policy(named: str) -> Policy:
    """A document in a file, or a shipped edition's newest."""
    path = Path(named)
    if path.suffix == ".json":
        return editions.read(path.read_bytes())
    return editions.latest(list(editions.shipped()), named)


def _check(asked: argparse.Namespace) -> int:
    policy = _policy(asked.policy)
    print(f"{policy.name} is sound: {len(policy.indicators)} indicators, hash {policy.hash}")
    return 0


def _run(asked: argparse.Namespace) -> bulk.Run:
    return bulk.Run(asked.as_of, asked.area, asked.threads, asked.memory)


def _bulk(asked: argparse.Namespace) -> int:
    began = time.monotonic()
    policy = _policy(asked.policy)
    for each in bulk.rank(policy, asked.answers, asked.out, _run(asked)):
        print(
            f"{each.scope} by {each.area}: {each.applicants} applicants, {each.wrong} with wrong answers, "
            f"{each.eligible} eligible, {each.ranked} ranked"
            + (f", {each.admitted} within the quota" if each.admitted is not None else "")
        )
    report = json.loads((asked.out / "report.json").read_text("utf-8"))
    if report["ignored_columns"]:
        print(f"columns that the policy does not know: {', '.join(report['ignored_columns'])}")
    print(f"{time.monotonic() - began:.1f} s, in {asked.out}")
    return 0


def _simulate(asked: argparse.Namespace) -> int:
    """What the operator prints may go round: it is as disclosure control leaves it."""
    old, new = _policy(asked.old), _policy(asked.new)
    scopes = [scope for scope in old.scopes if scope in new.scopes]
    if not scopes:
        raise Invalid("simulation_scope_missing")
    digits = {"district": 6, "town": 9}[asked.regions]
    record_key = _record_keys(asked.pool)
    found = [
        simulating.simulate(
            old, new, asked.pool, _run(asked), simulating.Wanted(scope, asked.by, digits), record_key
        )
        for scope in scopes
    ]
    if asked.json:
        print(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
    else:
        print("\n".join(line for each in found for line in simulating.told(each)))
    return 0


def _record_keys(pool: Path) -> Callable[[str], int]:
    """Record keys without the city's secret: from the pool itself, so that the same pool always has the same noise.

    Whoever runs this has the pool and needs no protection from the noise; whoever is handed the result does not have it.
    """
    secret = hashlib.sha256(pool.read_bytes()).digest()
    return lambda applicant: int.from_bytes(hmac.digest(secret, applicant.encode(), "sha256")[:4])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
