"""The HTTP server: reads requests with a limit, applies faults, calls the imitated system."""

import json
import random
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from chalicelib.clock import utc_now
from infra.sandbox import desk, realname, sms, wechat, wecom
from infra.sandbox.credentials import PUBLISHED, Credentials
from infra.sandbox.exchange import Answer, Request
from infra.sandbox.faults import Faults
from infra.sandbox.store import Store

BODY_LIMIT: Final = 256 * 1024

OUTSIDE: Final[dict[tuple[str, str], Callable[[Store, Request], Answer]]] = {
    ("GET", "/wechat/sns/jscode2session"): wechat.session,
    ("POST", "/wechat/cgi-bin/stable_token"): wechat.stable_token,
    ("POST", "/wechat/wxa/business/getuserphonenumber"): wechat.phone_number,
    ("POST", "/wechat/cgi-bin/message/subscribe/send"): wechat.subscribe_send,
    ("POST", "/wechat/wxa/msg_sec_check"): wechat.check_text,
    ("GET", "/wecom/cgi-bin/gettoken"): wecom.token,
    ("GET", "/wecom/cgi-bin/auth/getuserinfo"): wecom.user,
    ("POST", "/wecom/cgi-bin/message/send"): wecom.send,
    ("POST", "/sms/send"): sms.send,
    ("POST", "/realname/check"): realname.check,
}
OWN: Final[dict[tuple[str, str], Callable[[Store, Faults, Request], Answer]]] = {
    ("GET", "/"): desk.page,
    ("GET", "/health"): desk.health,
    ("GET", "/messages"): desk.messages,
    ("GET", "/receivers"): desk.receivers,
    ("POST", "/consents"): desk.consent,
    ("POST", "/codes"): desk.code,
    ("POST", "/revocations"): desk.revoke,
    ("GET", "/faults"): desk.list_faults,
    ("POST", "/faults"): desk.order_fault,
    ("DELETE", "/faults"): desk.clear_faults,
}
_REFUSALS: Final = {
    "wechat": wechat.refuse,
    "wecom": wecom.refuse,
    "sms": sms.refuse,
    "realname": realname.refuse,
}


class Sandbox:
    """The running server. Use it as a context manager, or call ``start`` and ``close``.

    ``port`` 0 takes a free one; ``url`` tells which. ``now`` and ``chance`` are handed in so that
    tests move the clock and throw the dice.
    """

    def __init__(
        self,
        folder: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        credentials: Credentials = PUBLISHED,
        now: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.credentials = credentials
        self.faults = Faults(chance)
        self.stopping = threading.Event()
        self._now = now
        self._store = Store(folder)
        self._server = _Server((host, port), self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://{self._server.server_name}:{self._server.server_port}"

    def start(self) -> None:
        """Begin to serve, in a thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving, let slow answers go, and write everything out."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self._store.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answer(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
               body: Mapping[str, Any]) -> Answer | None:  # fmt: skip
        """The answer to a request; None means that the connection closes without one."""
        if own := OWN.get((method, path)):
            with self._store.transaction():
                return own(self._store, self.faults, self._request(query, headers, body))
        view = OUTSIDE.get((method, path))
        if view is None:
            return Answer({"code": "no_such_route"}, 404)
        fault = self.faults.strike(path.split("/")[1])
        if fault.mode == "down":
            return None if fault.close else Answer({"code": "down"}, 503, headers={"Retry-After": "1"})
        if fault.mode == "refuse":
            return _REFUSALS[fault.channel](path, fault.errcode)
        with self._store.transaction():
            answer = view(self._store, self._request(query, headers, body, fault.mode != "drop"))
        if fault.mode == "slow":
            self.stopping.wait(fault.seconds)
        return None if fault.mode == "drop" else answer

    def _request(
        self,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        answered: bool = True,
    ) -> Request:
        return Request(query, headers, body, self._now(), self.credentials, answered)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking the resolver for the host's name: there is no other network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = bound = self.socket.getsockname()
        self.server_name, self.server_port = str(bound[0]), int(bound[1])


class _Unreadable(ValueError):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.answer = Answer({"code": code}, status)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 30
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_OPTIONS(self) -> None:
        self._send(Answer(status=204))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses carry tokens and codes."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        try:
            body = self._body()
        except _Unreadable as wrong:
            self.close_connection = True
            self._send(wrong.answer)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.server.sandbox.answer(self.command, parts.path, query, headers, body)
        if answer is None:
            self.close_connection = True
            return
        self._send(answer)

    def _body(self) -> dict[str, Any]:
        if "Transfer-Encoding" in self.headers:
            raise _Unreadable(411, "length_required")
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            raise _Unreadable(400, "bad_length")
        if int(length) > BODY_LIMIT:
            raise _Unreadable(413, "body_too_large")
        raw = self.rfile.read(int(length))
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except ValueError:
            raise _Unreadable(400, "not_json") from None
        if not isinstance(body, dict):
            raise _Unreadable(400, "not_an_object")
        return body

    def _send(self, answer: Answer) -> None:
        html = answer.html is not None
        payload = (answer.html or "" if html else json.dumps(answer.body, ensure_ascii=False)).encode()
        payload = b"" if answer.status == HTTPStatus.NO_CONTENT else payload
        try:
            self.send_response(answer.status)
            self.send_header("Content-Type", f"{'text/html' if html else 'application/json'}; charset=utf-8")
            self.send_header("Content-Length", str(len(payload)))
            self.send_header("Cache-Control", "no-store")
            for name, value in {**answer.headers, **self._for_local_pages()}.items():
                self.send_header(name, value)
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(payload)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # The caller went away, as impatient callers do.

    def _for_local_pages(self) -> dict[str, str]:
        """Let pages served on this machine call the sandbox, and no others."""
        origin = self.headers.get("Origin", "")
        if urlsplit(origin).hostname not in ("127.0.0.1", "localhost"):
            return {}
        allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Headers": "content-type"}
        return allowed | {"Access-Control-Allow-Methods": "GET, POST, DELETE", "Vary": "Origin"}
