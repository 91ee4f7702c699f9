"""Format, lint, types and template, all of them even when one fails: `make check`."""

import subprocess
import sys
import time
from pathlib import Path

from infra.package import BUILD, ROOT

# The API's answers are also resources for the local cloud alone, which W3660 takes for drift (infra/template/api.py).
_LINT = ["cfn-lint", "--ignore-checks", "W3660", "--regions", "cn-north-1", "cn-northwest-1", "--template"]
_CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "template": [*_LINT, str(BUILD / "template.json")],
}


def main() -> int:
    """Run every check; return 1 when any failed."""
    bins = Path(sys.executable).parent
    failed = []
    for name, (program, *arguments) in _CHECKS.items():
        started = time.monotonic()
        code = subprocess.run([str(bins / program), *arguments], cwd=ROOT, check=False).returncode
        print(
            f"check: {name} {'failed' if code else 'passed'} in {time.monotonic() - started:.1f} s",
            flush=True,
        )
        failed += [name] if code else []
    if failed:
        print(
            f"check: {', '.join(failed)} failed; `make format` mends format and some of lint", file=sys.stderr
        )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
