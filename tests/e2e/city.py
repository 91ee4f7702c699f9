"""A deployed city as a test sees it: its API, its sandbox, its cloud."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import boto3

from infra import logs
from infra.local.place import STACK, Place


@dataclass(frozen=True)
class Answer:
    """What came back: `body` is parsed JSON where it is JSON, text otherwise."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class City:
    """One running city; `call` speaks to its API, `outside` to its sandbox."""

    place: Place

    @cached_property
    def session(self) -> boto3.Session:
        """The cloud as its root: for putting files in and looking at what is there."""
        return self.place.session()

    @property
    def inbox(self) -> str:
        """The bucket where departments put their files."""
        name: str = self.place.endpoints()["inbox_bucket"]
        return name

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> Answer:
        """Send one request to the API; an error status is an answer like any other."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        return _exchange(method, f"{self.place.api}{path}", body, sent, query)

    def outside(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        """Send one request to the sandbox."""
        return _exchange(
            method, f"{self.place.sandbox}{path}", body, {"Content-Type": "application/json"}, query
        )

    def said(self, function: str) -> list[str]:
        """What a function has logged so far: for the message of an assertion."""
        return list(logs.lines(self.session, STACK, function, 60))

    def eventually(self, look: Callable[[], Any], seconds: float = 30.0) -> Any:
        """Look until something true is seen and return it; fail after `seconds` with what was last seen."""
        end = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < end, f"still {seen!r} after {seconds} s"
            time.sleep(0.1)
        return seen


def _exchange(method: str, url: str, body: Any, headers: dict[str, str], query: dict[str, str]) -> Answer:
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    full = f"{url}?{urlencode(query)}" if query else url
    request = urllib.request.Request(full, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return _answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Any, raw: bytes) -> Answer:
    text = raw.decode("utf-8", "replace")
    is_json = "json" in headers.get("content-type", "")
    return Answer(
        status, {k.lower(): v for k, v in headers.items()}, json.loads(text) if is_json and text else text
    )
