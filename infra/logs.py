"""What functions said lately: `python -m infra.logs --stack ncsl-prod send_messages --minutes 30`.

`--local` asks the city that `make run` raised.
"""

import argparse
import sys
import time
from collections.abc import Iterator

import boto3


def lines(session: boto3.Session, stack: str, function: str, minutes: float) -> Iterator[str]:
    """Yield a function's log lines of the last `minutes`, oldest first, without Lambda's own frame."""
    client = session.client("logs")
    pages = client.get_paginator("filter_log_events").paginate(
        logGroupName=f"/aws/lambda/{stack}-{function.replace('_', '-')}",
        startTime=int((time.time() - minutes * 60) * 1000),
    )
    try:
        found = [
            (event["timestamp"], event["message"].rstrip()) for page in pages for event in page["events"]
        ]
    except client.exceptions.ResourceNotFoundException:
        return
    for _, message in sorted(found, key=lambda event: event[0]):
        if not message.startswith(("START ", "END ", "REPORT ", "INIT_START ")):
            yield message


def main() -> int:
    """Print the lines; return the exit code."""
    from infra.local.place import STACK, usual_place

    parser = argparse.ArgumentParser(prog="python -m infra.logs", description=__doc__)
    parser.add_argument("function", help="its name in infra/resources/functions.yaml")
    parser.add_argument("--stack", default=STACK)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--local", action="store_true")
    given = parser.parse_args()
    session = usual_place().session() if given.local else boto3.Session()
    for line in lines(session, given.stack, given.function, given.minutes):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
