"""The malware-scan hook: what the default knows, and ClamAV's INSTREAM over a socket."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from chalicelib.cases import scanning
from chalicelib.errors import Unavailable

VIRUS = b"X5O!-" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE" + b"!"


class Daemon(threading.Thread):
    """Enough of clamd: reads one INSTREAM and answers like it."""

    def __init__(self, answer: bytes | None = None) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.answer = answer
        self.received = b""

    def run(self) -> None:
        with self.server:
            connection, _ = self.server.accept()
        with connection, connection.makefile("rb") as stream:
            assert stream.read(10) == b"zINSTREAM\0"
            while size := struct.unpack("!I", stream.read(4))[0]:
                self.received += stream.read(size)
            found = b"stream: Eicar-Signature FOUND\0" if b"EICAR" in self.received else b"stream: OK\0"
            connection.sendall(found if self.answer is None else self.answer)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    started = Daemon()
    started.start()
    yield started
    started.server.close()


def test_the_default_knows_the_test_file_and_nothing_else() -> None:
    assert not scanning.no_test_file(b"-" + VIRUS)
    assert scanning.no_test_file(b"any other malware")


@pytest.mark.parametrize(
    ("content", "clean"), [(b"x" * 200_000, True), (b"x" * 70_000 + VIRUS, False), (b"", True)]
)
def test_clamd_gets_every_byte_and_its_word_counts(daemon: Daemon, content: bytes, clean: bool) -> None:
    assert scanning.Clamd("127.0.0.1", daemon.port, 5)(content) is clean
    daemon.join(5)
    assert daemon.received == content


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"stream: "])
def test_an_answer_that_is_none_is_no_clean_bill(answer: bytes) -> None:
    daemon = Daemon(answer)
    daemon.start()
    with pytest.raises(Unavailable, match="scanner_away"):
        scanning.Clamd("127.0.0.1", daemon.port, 5)(b"x")


def test_a_daemon_that_is_away_is_told_apart_from_a_clean_file() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="scanner_away"):
        scanning.Clamd("127.0.0.1", port, 2)(b"x")


def test_the_setting_chooses_the_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAMD", raising=False)
    assert scanning.configured() is scanning.no_test_file
    monkeypatch.setenv("CLAMD", "clamd.internal:3310")
    assert scanning.configured() == scanning.Clamd("clamd.internal", 3310)
