"""The sandbox as a server: faults, limits, restart, its own routes and page."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from urllib3.exceptions import ProtocolError

from infra.sandbox.credentials import PUBLISHED, read
from infra.sandbox.server import BODY_LIMIT, OUTSIDE, OWN, Sandbox
from tests.infra.sandbox_tools import ID_NUMBER, PHONE, Http, MovingClock

ROOT = Path(__file__).parents[2]
KEY = {"X-Api-Key": PUBLISHED.sms_key}
MESSAGE = {"to": PHONE, "template": "visit_due", "params": {"when": "周一"}}


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    with Sandbox(tmp_path, now=MovingClock()) as sandbox:
        yield Http(sandbox.url)


def text(http: Http) -> int:
    return http.ask("POST", "/sms/send", MESSAGE, headers=KEY)[0]


def test_down_answers_503_and_keeps_nothing(http: Http) -> None:
    http.post("/faults", channel="sms", mode="down")
    assert text(http) == 503
    assert http.get("/messages")["items"] == []
    http.ask("DELETE", "/faults")
    assert text(http) == 200


def test_down_may_close_the_connection_instead(http: Http) -> None:
    http.post("/faults", channel="sms", mode="down", close=True)
    with pytest.raises(ProtocolError):
        text(http)
    assert http.get("/messages")["items"] == []


def test_drop_keeps_the_message_and_loses_the_answer(http: Http) -> None:
    http.post("/faults", channel="sms", mode="drop", share=1)
    with pytest.raises(ProtocolError):
        text(http)
    (kept,) = http.get("/messages")["items"]
    assert (kept["status"], kept["answered"]) == ("delivered", False)


def test_slow_answers_late_and_keeps_the_message_at_once(http: Http) -> None:
    http.post("/faults", channel="sms", mode="slow", seconds=0.3)
    started = time.monotonic()
    assert text(http) == 200
    assert time.monotonic() - started >= 0.3
    assert len(http.get("/messages")["items"]) == 1


def test_slow_does_not_hold_up_others(http: Http) -> None:
    http.post("/faults", channel="sms", mode="slow", seconds=60)
    impatient = urllib3.PoolManager(retries=False, timeout=0.2)
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        impatient.request("POST", http.url + "/sms/send", json=MESSAGE, headers=KEY)
    assert len(http.get("/messages")["items"]) == 1


@pytest.mark.parametrize(
    ("channel", "path", "found"),
    [
        ("sms", "/sms/send", {"code": "receiver_blocked"}),
        ("realname", "/realname/check", {"code": "quota_used_up"}),
        ("wecom", "/wecom/cgi-bin/message/send", {"errcode": 60020}),
        ("wechat", "/wechat/cgi-bin/message/subscribe/send", {"errcode": 43101}),
        ("wechat", "/wechat/cgi-bin/stable_token", {"errcode": 45009}),
    ],
)
def test_refuse_answers_with_the_system_s_own_error(
    http: Http, channel: str, path: str, found: dict[str, object]
) -> None:
    http.post("/faults", channel=channel, mode="refuse")
    assert found.items() <= http.ask("POST", path, MESSAGE, headers=KEY)[1].items()
    assert http.get("/messages")["items"] == []


def test_refuse_takes_another_error_code(http: Http) -> None:
    http.post("/faults", channel="all", mode="refuse", errcode=61010)
    assert http.post("/wechat/wxa/msg_sec_check")["errcode"] == 61010
    assert http.get("/wecom/cgi-bin/gettoken")["errcode"] == 61010


def test_a_share_hits_some_and_spares_others(tmp_path: Path) -> None:
    throws = iter([0.1, 0.29, 0.3, 0.9])
    with Sandbox(tmp_path, chance=lambda: next(throws)) as sandbox:
        http = Http(sandbox.url)
        http.post("/faults", channel="sms", mode="down", share=0.3)
        assert [text(http) for _ in range(4)] == [503, 503, 200, 200]


def test_one_channel_s_trouble_is_not_another_s(http: Http) -> None:
    http.post("/faults", channel="wechat", mode="down")
    assert text(http) == 200
    modes = {item["channel"]: item["mode"] for item in http.get("/faults")["items"]}
    assert modes == {"wechat": "down", "wecom": "none", "sms": "none", "realname": "none"}
    http.post("/faults", channel="wechat", mode="none")
    assert {item["mode"] for item in http.get("/faults")["items"]} == {"none"}


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ({"channel": "post", "mode": "down"}, "channel"),
        ({"channel": "sms", "mode": "angry"}, "mode"),
        ({"channel": "sms", "mode": "down", "share": 1.5}, "share"),
        ({"channel": "sms", "mode": "down", "share": "half"}, "share"),
        ({"channel": "sms", "mode": "slow", "seconds": 61}, "seconds"),
        ({"channel": "sms", "mode": "refuse", "errcode": [1]}, "errcode"),
    ],
)
def test_a_senseless_order_for_trouble_is_refused(http: Http, order: dict[str, object], field: str) -> None:
    status, answer = http.ask("POST", "/faults", order)
    assert (status, answer["field"]) == (422, field)
    assert {item["mode"] for item in http.get("/faults")["items"]} == {"none"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/consents", {"template": "t"}, "openid"),
        ("/consents", {"openid": "o", "citizen": "c", "template": "t"}, "openid"),
        ("/consents", {"openid": "o"}, "template"),
        ("/consents", {"openid": "o", "template": "t", "count": 0}, "count"),
        ("/codes", {"kind": "face", "subject": "citizen-a"}, "kind"),
        ("/codes", {"kind": "phone", "subject": "123"}, "subject"),
        ("/revocations", {"channel": "sms"}, "channel"),
    ],
)
def test_the_helper_routes_name_the_wrong_field(
    http: Http, path: str, body: dict[str, object], field: str
) -> None:
    status, answer = http.ask("POST", path, body)
    assert (status, answer["field"]) == (422, field)


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"", {"Content-Length": "many"}, 400),
        (b"", {"Content-Length": str(BODY_LIMIT + 1)}, 413),
        (b"", {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_bodies_are_limited_and_read_with_care(
    http: Http, raw: bytes, headers: dict[str, str], status: int
) -> None:
    host, port = http.url.removeprefix("http://").split(":")
    lines = {"Host": host, "Content-Length": str(len(raw)), **headers}
    if "Transfer-Encoding" in headers:
        del lines["Content-Length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(f"POST /sms/send HTTP/1.1\r\n{head}\r\n".encode() + raw)
        assert line.recv(1000).split()[1] == str(status).encode()


def test_unknown_routes_are_not_found(http: Http) -> None:
    assert http.ask("GET", "/wechat/cgi-bin/token")[0] == 404
    assert http.ask("POST", "/messages", {})[0] == 404


def test_messages_come_in_order_and_in_pages(http: Http) -> None:
    for _ in range(3):
        text(http)
    first = http.get("/messages", limit="2")
    second = http.get("/messages", limit="2", after=first["next"])
    assert [item["id"] for item in first["items"] + second["items"]] == [1, 2, 3]
    assert second["next"] is None
    assert [item["id"] for item in http.get("/messages", newest="1")["items"]] == [3, 2, 1]
    assert http.get("/messages", channel="wecom")["items"] == []


def test_the_page_needs_nothing_from_elsewhere(http: Http) -> None:
    answer = http.pool.request("GET", http.url + "/")
    page = answer.data.decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "收件人 Receiver" in page
    assert re.findall(r"""(?:src|href)=["'](?!data:)[^"']+""", page) == []
    assert not re.search(r"https?://|@import|innerHTML|insertAdjacentHTML", page)


def test_only_pages_of_this_machine_may_call(http: Http) -> None:
    def allowed(origin: str) -> str | None:
        return http.pool.request("OPTIONS", http.url + "/consents", headers={"Origin": origin}).headers.get(
            "Access-Control-Allow-Origin"
        )

    assert allowed("http://127.0.0.1:5173") == "http://127.0.0.1:5173"
    assert allowed("http://localhost.example.com") is None


def test_credentials_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text('{"sms_key": "another"}')
    assert read(file).secrets()["sms"] == {"key": "another"}
    assert read(file).secrets()["wechat"] == PUBLISHED.secrets()["wechat"]
    file.write_text('{"pin": "1"}')
    with pytest.raises(SystemExit):
        read(file)


@contextmanager
def process(state: Path) -> Iterator[tuple[Http, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "infra.sandbox", "--port", "0", "--state", str(state)]
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        found = re.search(r"http://\S+(?=/)", running.stdout.readline())
        assert found
        yield Http(found[0]), running
    finally:
        running.kill()
        running.wait(10)
        if running.stdout:
            running.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_restart_keeps_messages_consents_and_used_codes(tmp_path: Path, number: signal.Signals) -> None:
    sign_in = {"appid": PUBLISHED.appid, "secret": PUBLISHED.secret, "grant_type": "authorization_code"}
    with process(tmp_path) as (http, running):
        assert http.url.startswith("http://127.0.0.1:")
        assert text(http) == 200
        http.post("/consents", citizen="anna", template="case_moved", count=2)
        code = http.post("/codes", kind="wechat", subject="citizen-anna")["code"]
        assert http.get("/wechat/sns/jscode2session", **sign_in, js_code=code)["errcode"] == 0
        kept = http.get("/messages")["items"]
        http.post("/faults", channel="all", mode="down")
        os.kill(running.pid, number)
        assert running.wait(10) == 0
    with process(tmp_path) as (http, _):
        assert http.get("/messages")["items"] == kept
        assert http.post("/consents", citizen="anna", template="case_moved", count=1)["remaining"] == 3
        assert http.get("/wechat/sns/jscode2session", **sign_in, js_code=code)["errcode"] == 40163
        assert {item["mode"] for item in http.get("/faults")["items"]} == {"none"}
        assert http.get("/health") == {"status": "ok", "messages": {"sms": 1}}


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    with process(tmp_path) as (http, _):
        assert text(http) == 200
    with process(tmp_path) as (http, _):
        assert len(http.get("/messages", to=PHONE)["items"]) == 1


def test_a_stop_does_not_wait_for_slow_answers(tmp_path: Path) -> None:
    with process(tmp_path) as (http, running):
        http.post("/faults", channel="realname", mode="slow", seconds=60)
        impatient = urllib3.PoolManager(retries=False, timeout=0.1)
        body = {"name": "测试甲", "id_number": ID_NUMBER}
        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            impatient.request("POST", http.url + "/realname/check", json=body)
        os.kill(running.pid, signal.SIGTERM)
        assert running.wait(10) == 0


def readme_requests() -> list[list[str]]:
    """The arguments of each curl call in the README."""
    readme = (ROOT / "infra/sandbox/README.md").read_text("utf-8")
    return [
        shlex.split(line, comments=True)[2:] for line in readme.splitlines() if line.startswith("curl -s ")
    ]


@pytest.mark.parametrize("words", readme_requests(), ids=" ".join)
def test_the_readme_s_examples_work(http: Http, words: list[str]) -> None:
    (url,) = [word for word in words if word.startswith("localhost:4700/")]
    body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if body else "GET"
    assert http.ask(method, url.removeprefix("localhost:4700"), body)[0] in (200, 201)


def test_the_readme_names_every_route() -> None:
    readme = (ROOT / "infra/sandbox/README.md").read_text("utf-8")
    assert [path for _, path in OUTSIDE if path not in readme] == []
    assert [path for _, path in OWN if path not in readme] == []
    assert len(readme_requests()) >= 9
