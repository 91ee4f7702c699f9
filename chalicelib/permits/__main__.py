"""The verifier's command: ``python -m chalicelib.permits verify CODE --keys jwks.json``.

Works without the network. The key set is a saved answer of ``GET /.well-known/jwks.json``.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from chalicelib.permits.verifying import verify


def main(arguments: list[str]) -> int:
    """0 when a permit in force was shown, 1 otherwise; says which in one line of JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m chalicelib.permits", description="Verify a permit's code."
    )
    parser.add_argument("act", choices=["verify"])
    parser.add_argument("code", help="the text of the QR code; - reads it from standard input")
    parser.add_argument("--keys", type=Path, required=True, help="the saved key set")
    parser.add_argument("--at", help="judge at this time instead of now, ISO 8601 with offset")
    asked = parser.parse_args(arguments)
    text = sys.stdin.read().strip() if asked.code == "-" else asked.code
    now = datetime.fromisoformat(asked.at).astimezone(UTC) if asked.at else datetime.now(UTC)
    found = verify(text, json.loads(asked.keys.read_text("utf-8")), now)
    said = {
        "verdict": found.verdict,
        "name": found.name,
        "city": found.city,
        "through": found.through.isoformat() if found.through else None,
    }
    print(json.dumps(said, ensure_ascii=False))
    return 0 if found.valid else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
