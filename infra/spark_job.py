"""What EMR Serverless runs: `compare IN OUT --engine spark`, with the application's own zips beside it.

The zips that the functions are made of are unpacked beside this file as `app`, `light` and `analysis`; nothing else is
shipped, and workers need none of it.
"""

import sys

# Spark's own files come from the release; ours are found first.
sys.path[:0] = ["app", "light/python", "analysis/python"]


def main() -> int:
    """Compare the folder that the arguments name; return the command's exit code."""
    from chalicelib.linkage.__main__ import main as linkage

    return linkage(["compare", *sys.argv[1:], "--engine", "spark"])


if __name__ == "__main__":
    sys.exit(main())
