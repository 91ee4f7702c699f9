"""The zones' parts on scratch disk, and what of them the state does not have yet."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple

from botocore.exceptions import ClientError

from chalicelib import aws, config
from chalicelib.linkage import arrivals, comparison, reading
from chalicelib.linkage.cleaning import quoted
from chalicelib.sources import service as sources

_AT_ONCE: Final = 8
_GONE: Final = {"NoSuchKey", "404"}
_MADE: Final = (
    "source, record_id, name, number, written, repaired, birth, male, phone, town, address, seen_on, status, left_on,"
    " ended"
)
_TEXTS: Final = (*reading.STANDARD, "status", "left_on")


class News(NamedTuple):
    """A source whose files changed: those that count, the oldest first, and those to read.

    ``whole``: a file no longer counts, so that all that do are read.
    """

    source: str
    files: list[str]
    read: list[str]
    whole: bool


class Parts:
    """Copies of the zones' parts on scratch disk. A part never changes under its name, so a copy stays good."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used: set[Path] = set()

    def fetch(self, zone: config.Bucket, parts: Iterable[sources.Part]) -> dict[sources.Part, Path]:
        """Where the copies are, fetching those that are missing; parts that were deleted are left out."""
        wanted = {part: self.folder / part.key.replace("/", "~") for part in parts}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.used |= set(wanted.values())
        missing = [(part.key, path) for part, path in wanted.items() if not path.exists()]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda pair: fetch(zone, *pair), missing))
        return {part: path for part, path in wanted.items() if path.exists()}

    def tidy(self) -> None:
        """Delete the copies that were not used since this object was made: their parts are replaced."""
        for path in set(self.folder.glob("*")) - self.used:
            path.unlink()


def fetch(zone: config.Bucket, key: str, path: Path) -> None:
    """Bring an object to scratch disk, whole or not at all; nothing when it is not there."""
    try:
        body = aws.client("s3").get_object(Bucket=config.bucket(zone), Key=key)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE:
            return
        raise
    half = path.with_suffix(".half")
    with half.open("wb") as file:
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)
    half.rename(path)


def news(known: dict[str, list[str]]) -> list[News]:
    """What changed since the state was made of ``known`` files, by source; only sources that may say something."""
    found = []
    for source, contract in sources.contracts().items():
        if contract.kind != "people" or (contract.signal == "none" and source != comparison.REGISTER):
            continue
        files = [row.file for row in sources.current_files(source)]
        before = known.get(source, [])
        if files != before:
            whole = bool(set(before) - set(files))
            found.append(
                News(source, files, files if whole else [f for f in files if f not in before], whole)
            )
    return found


def stage(connection: Any, parts: Parts, changed: Iterable[News], today: date) -> int:
    """Read the files that are news into ``staged``; returns how many rows were read."""
    connection.execute(arrivals.STAGED)
    for one in changed:
        clear = _by_file(parts.fetch("linkage", _wanted(one, "linkage")))
        curated = _by_file(parts.fetch("curated", _wanted(one, "curated")))
        for file in one.read:
            if file in clear and file in curated:
                day = next(iter(clear[file])).day
                _stage(connection, one.source, file, day, (clear[file], curated[file]), today)
    return int(connection.execute("SELECT count(*) FROM staged").fetchall()[0][0])


def _wanted(one: News, zone: str) -> list[sources.Part]:
    return [part for part in sources.current_parts(one.source, zone) if _file(part) in one.read]


def _file(part: sources.Part) -> str:
    return Path(part.key).stem


def _by_file(copies: dict[sources.Part, Path]) -> dict[str, dict[sources.Part, Path]]:
    found: dict[str, dict[sources.Part, Path]] = {}
    for part, path in copies.items():
        found.setdefault(_file(part), {})[part] = path
    return found


def _stage(
    connection: Any,
    source: str,
    file: str,
    day: date,
    zones: tuple[dict[sources.Part, Path], dict[sources.Part, Path]],
    today: date,
) -> None:
    """One file: the clear columns and the curated ones of each record, as text, cleaned as a file's would be."""
    clear, curated = (f"read_parquet([{', '.join(quoted(str(p)) for p in z.values())}])" for z in zones)
    named = _columns(connection, clear), _columns(connection, curated)
    header = list(dict.fromkeys((*_TEXTS, *sorted(set().union(*named)))))
    picked = ", ".join(f"{_text(column, named, day)} AS {column}" for column in header)
    relation = f"(SELECT {picked} FROM {clear} c JOIN {curated} u ON u.record_id = c.record_id)"
    connection.execute(
        f"INSERT INTO staged SELECT made.*, {quoted(file)}, known.person_key"
        f" FROM ({reading.cleaned(source, header, relation, today)}) AS made({_MADE})"
        f" JOIN {clear} AS known ON known.record_id = made.record_id"
    )


def _columns(connection: Any, relation: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]


def _text(column: str, named: tuple[list[str], list[str]], day: date) -> str:
    """A column as text from the zone that has it. A record that does not say when was seen on the file's day."""
    zone = "c" if column in named[0] else "u" if column in named[1] else None
    value = f"CAST({zone}.{column} AS VARCHAR)" if zone else "CAST(NULL AS VARCHAR)"
    return f"coalesce({value}, '{day}')" if column == "seen_on" else value
