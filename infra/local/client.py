"""The local city's API as its callers see it: sign in, ask, answer."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3

TIMEOUT = urllib3.Timeout(connect=5, read=60)


class Refused(RuntimeError):
    """The API answered with a problem; the message has its status, code and sentence, never what was sent."""

    def __init__(self, what: str, status: int, problem: dict[str, Any]) -> None:
        fields = [f"{e['path']} {e['code']}" for e in problem.get("errors", [])]
        detail = problem.get("detail", problem.get("message", ""))
        super().__init__(f"{what}: {status} {problem.get('code', '')} {detail} {' '.join(fields)}".strip())
        self.status = status
        self.code = str(problem.get("code", ""))


@dataclass
class Client:
    """Calls the API; `signed_in` gives one that does so as somebody."""

    api: str
    token: str | None = None
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=16, retries=False))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call a route and return the parsed answer; raises `Refused` for anything but success."""
        answer = self.raw(method, path, body, **headers)
        parsed = json.loads(answer.data) if answer.data else {}
        if answer.status >= 400:
            raise Refused(f"{method} {path.split('?')[0]}", answer.status, parsed)
        return parsed

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """Call a route and return the answer as it is."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            sent.setdefault("Content-Type", "application/json")
        return self.pool.request(method, self.api + path, body=content, headers=sent, timeout=TIMEOUT)

    def get(self, path: str, **query: Any) -> Any:
        """Read a route."""
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None, key: str | None = None) -> Any:
        """Act on a route; `key` is the idempotency key."""
        return self.call("POST", path, body or {}, **({"Idempotency_Key": key} if key else {}))

    def pages(self, path: str, **query: Any) -> list[Any]:
        """Read all pages of a list."""
        items: list[Any] = []
        token: str | None = None
        while True:
            page = self.get(path, **query, **({"next": token} if token else {}))
            items += page["items"]
            token = page.get("next")
            if not token:
                return items

    def citizen(self, name: str) -> "Client":
        """Return a client signed in through the sandbox's WeChat as `citizen-<name>`."""
        return self._as("/sessions/wechat", f"citizen-{name}")

    def staff(self, user: str) -> "Client":
        """Return a client signed in through the sandbox's WeCom as `staff-<user>`."""
        return self._as("/sessions/staff", f"staff-{user}")

    def _as(self, path: str, code: str) -> "Client":
        session = self.call("POST", path, {"code": code})
        return Client(self.api, session["token"], self.pool)
