"""Files as Spark sees them: on this machine or in S3, by one address, through Hadoop's own file systems.

``HadoopPath`` does what the comparison asks of ``pathlib.Path``, so that its steps need not know where a folder is. All
rows are read and written by Spark; only headers, small results and files that need mending pass through the driver.
"""

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from chalicelib.linkage.reading import Unusable

_AT_ONCE: Final = 1 << 20
_LONGEST_CELL: Final = 1 << 20


class Told(NamedTuple):
    """What ``stat`` says: bytes, and nanoseconds of the last change."""

    st_size: int
    st_mtime_ns: int


class HadoopPath:
    """An address such as ``s3://bucket/folder``; see ``pathlib.Path`` for the methods."""

    def __init__(self, session: Any, address: str) -> None:
        self._session, self._address = session, address.rstrip("/")
        self._path = session._jvm.org.apache.hadoop.fs.Path(self._address)
        self._system = self._path.getFileSystem(session._jsc.hadoopConfiguration())

    def __str__(self) -> str:
        return self._address

    def __truediv__(self, name: str) -> "HadoopPath":
        return HadoopPath(self._session, f"{self._address}/{name}")

    def __lt__(self, other: "HadoopPath") -> bool:
        return self._address < other._address

    @property
    def name(self) -> str:
        """The last part."""
        return self._address.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its ending."""
        return self.name.rpartition(".")[0] or self.name

    def is_file(self) -> bool:
        """Whether a file is there."""
        return bool(self._system.exists(self._path) and self._system.getFileStatus(self._path).isFile())

    def glob(self, pattern: str) -> Iterator["HadoopPath"]:
        """The folder's files by pattern."""
        for found in self._system.globStatus((self / pattern)._path) or ():
            yield HadoopPath(self._session, found.getPath().toString())

    def stat(self) -> Told:
        """Size and time of change."""
        told = self._system.getFileStatus(self._path)
        return Told(int(told.getLen()), int(told.getModificationTime()) * 1_000_000)

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Make the folder."""
        self._system.mkdirs(self._path)

    def unlink(self) -> None:
        """Delete the file or folder."""
        self._system.delete(self._path, True)

    def open(self, mode: str = "r", encoding: str | None = None, newline: str | None = None) -> IO[Any]:
        """The file for reading from its beginning, or for writing it anew."""
        raw: Any
        if "w" in mode:
            raw = io.BufferedWriter(_Writer(self._system.create(self._path)), _AT_ONCE)
        else:
            raw = io.BufferedReader(_Reader(self._system.open(self._path)), _AT_ONCE)
        return raw if "b" in mode else io.TextIOWrapper(raw, encoding or "utf-8", newline=newline)

    def read_text(self, encoding: str = "utf-8") -> str:
        """All of it as text."""
        with self.open("r", encoding) as file:
            return str(file.read())

    def write_text(self, text: str, encoding: str = "utf-8") -> None:
        """Write it anew."""
        with self.open("w", encoding) as file:
            file.write(text)


class _Reader(io.RawIOBase):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._stream.seek(offset)
        return offset

    def tell(self) -> int:
        return int(self._stream.getPos())

    def readinto(self, buffer: Any) -> int:
        found = bytes(self._stream.readNBytes(len(buffer)))
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _Writer(io.RawIOBase):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._stream.write(bytearray(data))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class NotReadable(Unusable):
    """A file is not what Spark can read row by row."""


class SparkFiles:
    """CSV in and out."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def remove(self, address: str) -> None:
        """Delete a folder, if it is there."""
        HadoopPath(self._session, address).unlink()

    def read_csv(self, address: str, columns: list[str] | None) -> Any:
        """A file's rows, all text; without columns it is one of the package's small tables, read by the driver.

        Raises ``NotReadable`` for bytes that are not UTF-8; a row with too few or too many cells, or a quote that
        is still open at the end of its line, ends whatever is done with the rows.
        """
        if columns is None:
            with Path(address).open(encoding="utf-8", newline="") as file:
                header, *rows = csv.reader(file)
            schema = ", ".join(f"`{name}` STRING" for name in header)
            return self._session.createDataFrame([[cell or None for cell in row] for row in rows], schema)
        lines = self._session.read.text(address)
        if lines.where("NOT is_valid_utf8(value)").limit(1).count():
            raise NotReadable(f"{address.rpartition('/')[2]}: not UTF-8")
        schema = ", ".join(f"`{name}` STRING" for name in columns)
        reader = self._session.read.schema(schema).option("header", True).option("mode", "FAILFAST")
        return reader.option("escape", '"').option("maxCharsPerColumn", _LONGEST_CELL).csv(address)

    def write_csv(self, frame: Any, address: str) -> None:
        """One file on this machine; elsewhere a folder of parts, each with the header."""
        local = "://" not in address
        parts = f"{address}.parts" if local else address
        writer = frame.write.mode("overwrite").option("escape", '"').option("emptyValue", "")
        writer.option("header", not local).csv(parts)
        if not local:
            return
        with Path(address).open("wb") as made:
            made.write((",".join(frame.columns) + "\n").encode())
            for part in sorted(Path(parts).glob("part-*.csv")):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, made)
        shutil.rmtree(parts)
