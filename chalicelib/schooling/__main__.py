"""``python -m chalicelib.schooling verify INPUTS RESULT``: see for oneself that a published run is as it had to be."""

import argparse
import sys
from pathlib import Path

from chalicelib.schooling import verification


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the run holds, 1 when it does not, 2 for files that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.schooling", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="check the two published files of a run")
    verify.add_argument("inputs", type=Path)
    verify.add_argument("result", type=Path)
    asked = parser.parse_args(arguments)
    try:
        verdict = verification.verify(asked.inputs.read_bytes(), asked.result.read_bytes())
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"run {verdict.run}: {verdict.placed} of {verdict.pupils} pupils have a place")
    print(f"inputs sha256 {verdict.inputs_sha256}")
    for fault in verdict.faults:
        print(" ".join(("wrong:", fault.what, fault.ref, fault.school)).rstrip())
    print("holds" if verdict.holds else "DOES NOT HOLD")
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
