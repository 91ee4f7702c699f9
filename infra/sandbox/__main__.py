"""``python -m infra.sandbox --host 127.0.0.1 --port 4700 --state .local/sandbox``."""

import argparse
import signal
import threading
from pathlib import Path

from infra.sandbox.credentials import read
from infra.sandbox.server import Sandbox


def main() -> None:
    """Serve until SIGTERM or SIGINT; print the address once the port is open."""
    parser = argparse.ArgumentParser(prog="python -m infra.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to bind; loopback unless told")
    parser.add_argument("--port", type=int, default=4700, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="folder for what is kept")
    parser.add_argument("--credentials", type=Path, help="JSON file instead of the published test keys")
    given = parser.parse_args()

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Sandbox(given.state, given.host, given.port, credentials=read(given.credentials)) as sandbox:
        print(f"Sandbox at {sandbox.url}/", flush=True)
        stop.wait()
    print("Sandbox stopped", flush=True)


if __name__ == "__main__":
    main()
