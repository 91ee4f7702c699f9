"""Bytes to lines of text, for files in UTF-8, in GB18030 and in both at once.

Every line is decoded on its own where a chunk is not all UTF-8, so that a file put together from two
systems loses nothing. A line that is neither is given back with its bytes written out (``\\xNN``).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from chalicelib.sources.model import Unreadable
from chalicelib.sources.packing import CHUNK, LIMITS

_BOM: Final = b"\xef\xbb\xbf"
_OTHER_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_SHOWN: Final = 1_000


@dataclass(slots=True)
class Block:
    """Consecutive lines without their ends: ``numbers`` and ``texts`` in step, and those that cannot be used.

    ``unusable``: number, beginning and code (``undecodable``, ``line_too_long``) of each.
    """

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    unusable: list[tuple[int, str, str]] = field(default_factory=list)


class _TooLong(bytes):
    """The beginning of a line whose rest was passed over."""


class Lines:
    """A file's lines in blocks of about a megabyte. ``cut``: the last line has no end.

    Of a line beyond ``longest`` bytes only the beginning is kept: a cell of a billion characters costs one row.
    """

    def __init__(self, source: Iterable[bytes], longest: int = LIMITS.line) -> None:
        self.source = source
        self.longest = longest
        self.encodings: Counter[str] = Counter()
        self.count = 0
        self.bom = False
        self.cut = False

    def __iter__(self) -> Iterator[Block]:
        for data in self._whole_lines():
            yield self._too_long(data) if isinstance(data, _TooLong) else self._block(data)

    def _whole_lines(self) -> Iterator[bytes]:
        rest, passing = b"", False
        for place, chunk in enumerate(self._grown()):
            data = self._without_bom(chunk) if place == 0 else rest + chunk
            if passing:
                end = data.find(b"\n") + 1
                passing, data = not end, data[end:] if end else b""
            end = data.rfind(b"\n") + 1
            if end:
                yield data[:end]
            rest = data[end:]
            if len(rest) > self.longest:
                yield _TooLong(rest[:_SHOWN])
                rest, passing = b"", True
        if rest:
            self.cut = True
            yield rest

    def _too_long(self, beginning: bytes) -> Block:
        self.count += 1
        shown = beginning.decode("utf-8", errors="replace")
        return Block(unusable=[(self.count, f"{shown}…", "line_too_long")])

    def _grown(self) -> Iterator[bytes]:
        """Chunks of a useful size: what is unpacked comes in crumbs."""
        held: list[bytes] = []
        size = 0
        for chunk in self.source:
            held.append(chunk)
            size += len(chunk)
            if size >= CHUNK:
                yield b"".join(held)
                held, size = [], 0
        if size:
            yield b"".join(held)

    def _without_bom(self, data: bytes) -> bytes:
        if data.startswith(_OTHER_BOMS):
            raise Unreadable("encoding_unsupported")
        self.bom = data.startswith(_BOM)
        return data[3:] if self.bom else data

    def _block(self, data: bytes) -> Block:
        body = data.removesuffix(b"\n")
        start = self.count + 1
        try:
            texts = body.decode().split("\n")
        except UnicodeDecodeError:
            return self._mixed(body, start)
        self.count += len(texts)
        self.encodings["utf-8"] += len(texts)
        if "\r" in texts[0] or "\r" in texts[-1] or "\r" in body.decode():
            texts = [t.removesuffix("\r") for t in texts]
        return Block(list(range(start, start + len(texts))), texts)

    def _mixed(self, body: bytes, start: int) -> Block:
        block = Block()
        for number, raw in enumerate(body.split(b"\n"), start):
            text, encoding = decode(raw.removesuffix(b"\r"))
            self.count += 1
            if text is None:
                block.unusable.append((number, written_out(raw), "undecodable"))
                self.encodings["unknown"] += 1
            else:
                block.numbers.append(number)
                block.texts.append(text)
                self.encodings[encoding] += 1
        return block

    @property
    def damaged(self) -> bool:
        """Whether what was unpacked broke off."""
        return bool(getattr(self.source, "damaged", False))

    @property
    def broken_off(self) -> bool:
        """Whether the last line was cut by that: half a line, even where it looks like a whole one."""
        return self.cut and self.damaged

    @property
    def encoding(self) -> str:
        """The encoding of most lines; ``utf-8-sig`` when the file began with a byte order mark."""
        known = [e for e, _ in self.encodings.most_common() if e not in {"unknown", "ascii"}]
        main = known[0] if known else "utf-8"
        return "utf-8-sig" if self.bom and main == "utf-8" else main


def decode(raw: bytes) -> tuple[str | None, str]:
    """A line's text and its encoding (``ascii``, ``utf-8``, ``gb18030``), or None for neither.

    UTF-8 goes first: GB18030 text is hardly ever valid UTF-8, unless all its pairs happen to look like
    two-byte letters, which Chinese text in UTF-8 does not have. A UTF-8 line with a broken character
    often is valid GB18030, and would turn into other Chinese: it is told by its whole characters.
    """
    if raw.isascii():
        return raw.decode("ascii"), "ascii"
    try:
        text = raw.decode()
        if any(c >= "\u0800" for c in text) or not _is_gb18030(raw):
            return text, "utf-8"
    except UnicodeDecodeError:
        loose = raw.decode(errors="replace")
        whole = sum(c >= "\u0800" and c != "\ufffd" for c in loose)
        if whole > loose.count("\ufffd"):
            return None, "unknown"
    try:
        return raw.decode("gb18030"), "gb18030"
    except UnicodeDecodeError:
        return None, "unknown"


def _is_gb18030(raw: bytes) -> bool:
    try:
        return all(c >= "\u3000" or c.isascii() for c in raw.decode("gb18030"))
    except UnicodeDecodeError:
        return False


def written_out(raw: bytes) -> str:
    """The line as far as it is text, every other byte as ``\\xNN``."""
    return raw.removesuffix(b"\r").decode("utf-8", errors="backslashreplace")
