"""The address index from the command line.

::

    python -m chalicelib.places index addresses.csv.gz addresses.sqlite [--publish]
    python -m chalicelib.places find addresses.sqlite 季华五路

``--publish`` puts it into the bucket that ``BUCKET_PUBLISHED`` names; warm functions take it within
five minutes.
"""

import argparse
import sys
from pathlib import Path

from chalicelib import clock
from chalicelib.places import address, index, listing, published


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m chalicelib.places", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("index", help="make an index of an address list")
    make.add_argument("source", type=Path)
    make.add_argument("target", type=Path)
    make.add_argument("--publish", action="store_true", help="put it into the bucket for published files")
    find = commands.add_parser("find", help="look into an index")
    find.add_argument("target", type=Path)
    find.add_argument("text")
    given = parser.parse_args(arguments)
    return _index(given) if given.command == "index" else _find(given)


def _index(given: argparse.Namespace) -> int:
    try:
        about = listing.build(given.source, given.target, clock.iso(clock.utc_now()))
    except (listing.BadList, OSError, RuntimeError) as error:
        print(f"places: {error}", file=sys.stderr)
        return 1
    if given.publish:
        about = published.publish(given.target, about)
    print(" ".join(f"{name}={value}" for name, value in about.items()))
    return 0


def _find(given: argparse.Namespace) -> int:
    opened = index.Index(given.target)
    for building in opened.containing(address.canonical(address.clean(given.text)), None, 20):
        print(building.code, building.line, building.rooms)
    opened.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
