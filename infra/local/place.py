"""Where a local city lives: its folder, its ports, its keys."""

import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.package import ROOT

REGION = "cn-north-1"
STACK = "ncsl-local"
API_ID = "newcitizen"
HOST = "127.0.0.1"


class Trouble(RuntimeError):
    """Something a person must mend; the message says what and how, in one line."""


@dataclass(frozen=True)
class Place:
    """A folder with everything a local city keeps, and the ports it answers on."""

    folder: Path
    port: int
    sandbox_port: int

    @property
    def endpoint(self) -> str:
        """Where the cloud's services answer."""
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox(self) -> str:
        """Where the sandbox answers."""
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def api(self) -> str:
        """Where the deployed API answers."""
        return f"{self.endpoint}/_aws/execute-api/{API_ID}/v1"

    def credentials(self) -> dict[str, str]:
        """Return the root key of this city, made at random when the city is new."""
        path = self.folder / "root_key.json"
        if not path.exists():
            made = {
                "AWS_ACCESS_KEY_ID": "AKIA" + secrets.token_hex(8).upper(),
                "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
            }
            write_json(path, made, private=True)
        found: dict[str, str] = json.loads(path.read_text())
        return found

    def session(self) -> boto3.Session:
        """Return a session whose clients speak to this city as its root."""
        return LocalSession(self.endpoint, self.credentials())

    def endpoints(self) -> dict[str, Any]:
        """Return what outsiders may rely on, as it is written to `endpoints.json`."""
        account = "000000000000"
        return {
            "api": self.api,
            "sandbox": self.sandbox,
            "aws_endpoint": self.endpoint,
            "region": REGION,
            "inbox_bucket": f"{STACK}-inbox-{account}-{REGION}",
            "credentials": self.credentials(),
        }


class LocalSession(boto3.Session):
    """A session that sends every client to one endpoint."""

    def __init__(self, endpoint: str, keys: dict[str, str]) -> None:
        super().__init__(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], region_name=REGION)
        self._endpoint = endpoint

    def client(self, *args: Any, **kwargs: Any) -> Any:
        """Return a client of the local cloud."""
        settings = Config(s3={"addressing_style": "path"}, read_timeout=120, retries={"max_attempts": 2})
        return super().client(*args, **{"endpoint_url": self._endpoint, "config": settings, **kwargs})


def write_json(path: Path, content: Any, *, private: bool = False) -> None:
    """Write JSON whole or not at all; `private` files are for their owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.touch(mode=0o600 if private else 0o644)
    unfinished.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n")
    unfinished.replace(path)


def usual_place() -> Place:
    """Return the city of this checkout: `.local/`, ports from `PORT` and `SANDBOX_PORT`."""
    return Place(
        ROOT / ".local", int(os.environ.get("PORT", "4566")), int(os.environ.get("SANDBOX_PORT", "4700"))
    )


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def demand_free(port: int, variable: str) -> None:
    """Raise `Trouble` when something already answers on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            raise Trouble(
                f"port {port} is taken: stop what uses it, or choose another with {variable}=..."
            ) from None
