"""The malware-scan hook: what decides whether an uploaded file may be opened by anybody.

Two scanners are here. ``no_test_file`` is the default: it knows the EICAR test file and nothing else, so it
shows that the hook works and protects nobody. ``Clamd`` asks a ClamAV daemon and is used where the setting
``CLAMD`` names one (``host:port``). A scanner that cannot answer raises: the file then stays unopened.
"""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chalicelib import config
from chalicelib.errors import Unavailable

Scanner = Callable[[bytes], bool]
"""The file's bytes in, true when it is clean. Raises ``Unavailable`` when it cannot tell."""

_EICAR: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_CHUNK: Final = 64 * 1024


def no_test_file(content: bytes) -> bool:
    """Refuses the EICAR test file, nothing cleverer."""
    return _EICAR not in content


@dataclass(frozen=True)
class Clamd:
    """A ClamAV daemon, asked by its INSTREAM command (``man clamd``)."""

    host: str
    port: int
    seconds: float = 20.0

    def __call__(self, content: bytes) -> bool:
        """Whether the daemon finds nothing; raises ``Unavailable`` when it is away or answers anything else."""
        try:
            said = self._ask(content)
        except OSError:
            raise Unavailable("scanner_away") from None
        if said == b"stream: OK":
            return True
        if said.startswith(b"stream: ") and said.endswith(b" FOUND"):
            return False
        raise Unavailable("scanner_away")

    def _ask(self, content: bytes) -> bytes:
        with socket.create_connection((self.host, self.port), self.seconds) as connection:
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                chunk = content[start : start + _CHUNK]
                connection.sendall(struct.pack("!I", len(chunk)) + chunk)
            connection.sendall(struct.pack("!I", 0))
            said = b""
            while not said.endswith(b"\0") and (more := connection.recv(4096)):
                said += more
        return said.rstrip(b"\0\n")


def configured() -> Scanner:
    """The scanner that this function was told to use."""
    address = config.clamd()
    if not address:
        return no_test_file
    host, _, port = address.rpartition(":")
    return Clamd(host, int(port))
