"""``python -m chalicelib.seasons replay CASE``: compute an application's points again as they were decided.

Needs a function's environment (tables, secrets); ``docs/operations.md`` says how to get it.
"""

import sys

from chalicelib.errors import DomainError
from chalicelib.seasons import deciding

USAGE = "usage: python -m chalicelib.seasons replay CASE"


def main(arguments: list[str]) -> int:
    """0 when every decision comes out as it was written, 1 with each difference, 2 for what cannot be computed."""
    if len(arguments) != 2 or arguments[0] != "replay":
        print(USAGE, file=sys.stderr)
        return 2
    try:
        count, differences = deciding.replay(arguments[1])
    except DomainError as error:
        print(f"{arguments[1]}: {error.code}", file=sys.stderr)
        return 2
    for each in differences:
        print(f"{each.what}: then {each.then}, now {each.now}")
    print(f"{count} decisions, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
