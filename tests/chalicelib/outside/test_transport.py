"""How failures are told apart, and that none of them tells what was asked."""

import datetime
import logging
import pickle
import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.outside.failures import Misconfigured, OutsideError, Rejected, Unavailable, Unknown
from chalicelib.outside.sms import Credentials, Sms
from chalicelib.outside.transport import Transport
from chalicelib.outside.wechat import WeChat
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests.infra.sandbox_tools import PHONE, Http


@contextmanager
def listening(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers each connection with the next raw bytes and closes it; lists what it was sent."""
    server = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                try:
                    spoken = tls.wrap_socket(line, server_side=True) if tls else line
                    seen.append(spoken.recv(65_536))
                    spoken.sendall(answer)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.getsockname()[1]}", seen
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def reply(status: int, body: bytes = b"{}", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def ask(url: str, *, repeatable: bool = False, read: float = 2.0) -> dict[str, object]:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=read), retries=False)
    return Transport("sms", url, pool).post("/send", {"to": PHONE}, repeatable=repeatable)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, Rejected, "http_400"),
        (422, Rejected, "http_422"),
        (401, Misconfigured, "http_401"),
        (403, Misconfigured, "http_403"),
        (404, Misconfigured, "http_404"),
        (302, Misconfigured, "http_302"),
        (429, Unavailable, "http_429"),
        (500, Unavailable, "http_500"),
        (503, Unavailable, "http_503"),
        (502, Unknown, "http_502"),
        (504, Unknown, "http_504"),
    ],
)
def test_each_status_has_its_kind(status: int, kind: type[OutsideError], code: str) -> None:
    with (
        listening(reply(status, more=b"Location: /elsewhere\r\n"), reply(200)) as (url, seen),
        pytest.raises(OutsideError) as failure,
    ):
        ask(url)
    assert (type(failure.value), failure.value.code) == (kind, code)
    assert len(seen) == 1, "nothing is sent twice, no redirect followed"


def test_no_connection_is_unavailable() -> None:
    with pytest.raises(Unavailable) as failure:
        ask(f"http://127.0.0.1:{closed_port()}")
    assert (type(failure.value), failure.value.code) == (Unavailable, "connect")


def test_a_host_that_does_not_exist_is_unavailable() -> None:
    with pytest.raises(Unavailable) as failure:
        ask("http://nowhere.invalid")
    assert type(failure.value) is Unavailable


def test_an_address_that_is_none_is_our_set_up() -> None:
    with pytest.raises(Misconfigured):
        ask("gopher://127.0.0.1")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{",
        reply(200, b"<html>"),
        reply(200, b"[]"),
        b"nonsense\r\n\r\n",
    ],
    ids=["closed", "cut short", "not JSON", "no object", "not HTTP"],
)
def test_an_answer_lost_or_unreadable_is_unknown_unless_asking_again_harms_nobody(answer: bytes) -> None:
    for repeatable, kind in ((False, Unknown), (True, Unavailable)):
        with listening(answer, reply(200)) as (url, seen), pytest.raises(OutsideError) as failure:
            ask(url, repeatable=repeatable)
        assert type(failure.value) is kind
        assert len(seen) == 1


def test_a_late_answer_is_unknown(http: Http) -> None:
    http.post("/faults", channel="sms", mode="slow", seconds=30)
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=0.2), retries=False)
    with pytest.raises(Unknown) as failure:
        Sms(f"{http.url}/sms", Credentials(PUBLISHED.sms_key), pool).send(PHONE, "visit_due", {})
    assert failure.value.code == "answer_late"
    assert len(http.get("/messages", to=PHONE)["items"]) == 1


def test_a_slow_answer_within_the_time_is_an_answer(http: Http, sms: Sms) -> None:
    http.post("/faults", channel="sms", mode="slow", seconds=0.2)
    assert sms.send(PHONE, "visit_due", {}) == "S1"


def test_a_certificate_that_nobody_vouches_for_is_our_set_up_and_sees_no_request(tmp_path: Path) -> None:
    with (
        listening(reply(200), tls=self_signed(tmp_path)) as (url, seen),
        pytest.raises(Misconfigured) as failure,
    ):
        ask(url)
    assert failure.value.code == "certificate"
    assert seen == []


def test_a_connection_that_lay_idle_is_not_used_again(sandbox: Sandbox) -> None:
    ticks = iter([0.0, 0.0, 44.0, 44.0, 90.0, 90.0])
    opened: list[object] = []

    class Counting(urllib3.PoolManager):
        def clear(self) -> None:
            opened.append(None)
            super().clear()

    transport = Transport("realname", f"{sandbox.url}/realname", Counting(retries=False), lambda: next(ticks))
    for _ in range(3):
        headers = {"X-Api-Key": PUBLISHED.realname_key}
        body = {"name": "测试甲", "id_number": "1"}
        assert transport.post("/check", body, headers=headers, repeatable=True)["match"] is False
    assert len(opened) == 2, "before the first use, and after 46 seconds"


def test_failures_and_logs_hold_no_secret_and_no_person(
    wechat: WeChat, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    private = (PUBLISHED.secret, "citizen-anna", PHONE, "access_token", "js_code")
    failures: list[OutsideError] = []
    with caplog.at_level(logging.DEBUG):
        for order in (
            {"mode": "down"},
            {"mode": "drop"},
            {"mode": "refuse"},
            {"mode": "down", "close": True},
        ):
            http.post("/faults", channel="wechat", **order)
            for call in (wechat.session, wechat.phone_number):
                with pytest.raises(OutsideError) as failure:
                    call("citizen-anna")
                failures.append(failure.value)
        http.post("/faults", channel="wechat", mode="none")
        with pytest.raises(Rejected) as refusal:
            wechat.phone_number(f"phone-{PHONE}0")
        failures.append(refusal.value)
    for error in failures:
        told = str(error) + repr(error) + "".join(traceback.format_exception_only(error))
        assert not [word for word in private if word in told]
        assert error.__cause__ is None
        assert error.__context__ is None
    ours = [record.getMessage() for record in caplog.records]
    assert not [text for text in ours if any(word in text for word in private)]


def test_a_code_in_an_answer_is_repeated_only_when_it_is_one() -> None:
    with (
        listening(reply(400, b'{"code": "13800000001 is not a number"}')) as (url, _),
        pytest.raises(Rejected) as failure,
    ):
        ask(url)
    assert failure.value.code == "http_400"


def test_failures_survive_pickling() -> None:
    copy = pickle.loads(pickle.dumps(Unknown("sms", "answer_late")))
    assert (type(copy), str(copy)) == (Unknown, "sms: answer_late")


def test_a_get_whose_answer_is_lost_is_not_asked_again() -> None:
    with listening(b"", reply(200)) as (url, seen), pytest.raises(Unknown):
        Transport("wechat", url).get("/sns/jscode2session", {"js_code": "c"}, repeatable=False)
    assert len(seen) == 1


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=9))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "tls.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
