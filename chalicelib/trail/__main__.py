"""``python -m chalicelib.trail verify [--from DATE] [--to DATE]``: exit 0 when intact, 1 when broken.

Needs the read rights of an auditor and the settings TABLE_AUDIT, BUCKET_AUDIT, KEY_AUDIT, AWS_REGION.
"""

import argparse
import sys
from datetime import date

from chalicelib import clock
from chalicelib.errors import Invalid
from chalicelib.texts import sentence
from chalicelib.trail.verification import verify


def main(arguments: list[str]) -> int:
    """Print the verdict as JSON; any range of days is taken, however long."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.trail", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, dest="command")
    command = commands.add_parser("verify", help="recompute the trail and say where it breaks")
    command.add_argument("--from", dest="first", type=date.fromisoformat, metavar="YYYY-MM-DD")
    command.add_argument("--to", dest="last", type=date.fromisoformat, metavar="YYYY-MM-DD")
    given = parser.parse_args(arguments)
    try:
        verdict = verify(clock.utc_now(), given.first, given.last, bounded=False)
    except Invalid as problem:
        sys.stderr.write(sentence(problem.code, "en", **problem.params) + "\n")
        return 2
    sys.stdout.write(verdict.model_dump_json(indent=1, exclude_none=True) + "\n")
    return 0 if verdict.intact else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
