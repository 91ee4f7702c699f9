"""What tests of the sandbox and of its callers share: a clock to move, and plain HTTP."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import urllib3

from chalicelib.idnumbers import check_character

# Synthetic from the first digit on: a division and an order number that nobody was given.
ID_NUMBER = "99999919900307001"
ID_NUMBER += check_character(ID_NUMBER)
PHONE = "13800000001"


class MovingClock:
    """The time, which moves only when the test says so."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Http:
    """JSON requests to one address; ``(status, object)`` comes back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pool = urllib3.PoolManager(retries=False, timeout=5)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.ask("GET", path, query=query)[1]

    def post(self, path: str, query: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        return self.ask("POST", path, body, query)[1]

    def ask(
        self, method: str, path: str, body: object = None, query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        data = None if body is None else json.dumps(body).encode()
        url = self.url + path + ("?" + urlencode(query) if query else "")
        answer = self.pool.request(method, url, body=data, headers=headers or {})
        return answer.status, json.loads(answer.data)
