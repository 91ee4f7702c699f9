"""Contracts, inbox keys, reports: what a department promises and what became of a file."""

import re
from datetime import date
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.shapes import Shape

Kind = Literal["people", "counts"]
Mode = Literal["increment", "snapshot"]
Signal = Literal["strong", "ordinary", "none"]
Sensitivity = Literal["none", "personal", "sensitive", "minors"]
Zone = Literal["curated", "clear", "both", "dropped"]
Type = Literal[
    "record_id",
    "name",
    "id_number",
    "birth_date",
    "date",
    "month",
    "sex",
    "phone",
    "town",
    "community",
    "address",
    "text",
    "integer",
    "decimal",
    "choice",
    "list",
]
Format = Literal["csv", "xlsx", "jsonl", "parquet"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

BUCKETS: Final = 64
ROWS_A_BUCKET: Final = 50_000
PIECE_ROWS: Final = 1_000
PEOPLE_COLUMNS: Final = (
    "record_id",
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "town",
    "address",
    "seen_on",
)
NECESSARY_OF_PEOPLE: Final = ("record_id", "name", "id_number")
COUNT_COLUMNS: Final = ("record_id", "area", "seen_on", "hour", "count")
_DIRECT: Final = frozenset({"name", "id_number", "phone", "birth_date"})
_KEY = re.compile(
    r"inbox/(?P<source>[a-z][a-z0-9_]*)/(?P<date>\d{4}-\d{2}-\d{2})/"
    r"(?P<name>[^/]+?)\.(?P<format>csv|xlsx|jsonl|parquet)(?P<gz>\.gz)?",
    re.IGNORECASE,
)

_NEARLY = re.compile(
    r"inbox/(?P<source>[a-z][a-z0-9_]*)/(?P<date>\d{4}-\d{2}-\d{2})/(?P<name>[^/]+?)(?:\.[^./]*)*"
)


class Bilingual(Shape):
    """A short text in both languages."""

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Former(Shape):
    """What a column was called in files through contract version ``until``."""

    name: str = Field(min_length=1)
    until: int = Field(ge=1)


class Column(Shape):
    """One column. ``required``: a row without it is rejected. ``strict``: a row whose value there
    cannot be read is rejected; elsewhere an unreadable value is left out and counted as a warning.
    ``zone``: where it is kept; ``dropped`` is read and not kept at all.
    ``since`` and ``until`` are the contract versions that have it; ``formerly`` its older names.
    """

    name: Slug
    type: Type
    zh: str
    description: str
    required: bool = False
    strict: bool = False
    zone: Zone = "curated"
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    since: int = Field(ge=1, default=1)
    until: int | None = None
    formerly: tuple[Former, ...] = ()

    def called(self, version: int) -> str:
        """Its name in files of a contract version."""
        former = sorted((f for f in self.formerly if f.until >= version), key=lambda f: f.until)
        return former[0].name if former else self.name

    def is_of(self, version: int) -> bool:
        """Whether that version of the contract has it."""
        return self.since <= version and (self.until is None or version <= self.until)


class Volume(Shape):
    """How many rows a file usually has; outside of it is an alarm in the report, never a block."""

    min_rows: int = Field(ge=0)
    max_rows: int = Field(gt=0)
    change_share: float = Field(gt=0, default=0.5)
    # How many earlier files say what is usual: the median of so many.
    usual_files: int = Field(gt=0, default=8)
    # A number in more different records of one file than this is a placeholder and nobody's.
    rows_a_number: int = Field(gt=0, default=1_000)


class Contract(Shape):
    """What a department sends, why it may, and what is done with it."""

    source: Slug
    version: int = Field(ge=1)
    kind: Kind
    title: Bilingual
    department: Bilingual
    legal_basis: Bilingual
    purpose: Bilingual
    retention_days: int = Field(gt=0)
    mode: Mode = "increment"
    sensitivity: Sensitivity
    signal: Signal
    signal_reason: Bilingual
    independence: Slug
    expected_every_days: int = Field(gt=0)
    volume: Volume
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        names = [c.name for c in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("a column is named twice")
        if missing := set(self.standard_columns) - set(names):
            raise ValueError(f"columns of every source are missing: {sorted(missing)}")
        for column in self.columns:
            if column.since > self.version or (column.until or column.since) < column.since:
                raise ValueError(f"{column.name} is of versions that there are not")
            if column.type in _DIRECT and column.zone in {"curated", "both"}:
                raise ValueError(f"{column.name} is a direct identifier and may not be curated")
            if column.type == "choice" and not column.allowed:
                raise ValueError(f"{column.name} is a choice of nothing")
        if self.kind == "counts" and self.signal != "none":
            raise ValueError("a count feed says nothing about a person")
        return self

    @property
    def standard_columns(self) -> tuple[str, ...]:
        """The columns that every contract of this kind has."""
        return PEOPLE_COLUMNS if self.kind == "people" else COUNT_COLUMNS

    @property
    def necessary_columns(self) -> tuple[str, ...]:
        """The columns without which a file is of no use: it is refused as a whole."""
        return NECESSARY_OF_PEOPLE if self.kind == "people" else COUNT_COLUMNS

    def column(self, name: str) -> Column:
        """The column of that name; raises ``KeyError`` when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class Unreadable(ValueError):
    """A file cannot be used as a whole; ``code`` says why, in the words of ``texts.json``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Delivery(NamedTuple):
    """An object that landed in the inbox. ``sequencer`` tells one upload from the next."""

    bucket: str
    key: str
    sequencer: str = ""


class InboxKey(NamedTuple):
    """What the key of a delivered file says. ``name`` is without any extension."""

    key: str
    source: str
    date: date
    name: str
    format: Format
    gzipped: bool

    @property
    def report(self) -> str:
        """Where the report goes."""
        return f"reports/{self.source}/{self.date}/{self.name}.json"

    @property
    def repairs(self) -> str:
        """Where the rejected rows go."""
        return f"repairs/{self.source}/{self.date}/{self.name}.csv"


def inbox_key(key: str) -> InboxKey:
    """Read ``inbox/{source}/{YYYY-MM-DD}/{name}.{csv,xlsx,jsonl,parquet}[.gz]`` (already URL-decoded).

    Raises ``Unreadable`` with ``key_not_understood`` or ``key_date_impossible``.
    """
    match = _KEY.fullmatch(key)
    if match is None or match["name"] in {".", ".."}:
        raise Unreadable("key_not_understood")
    try:
        day = date.fromisoformat(match["date"])
    except ValueError:
        raise Unreadable("key_date_impossible") from None
    made: Format = match["format"].lower()  # type: ignore[assignment]  # The pattern allows these only.
    return InboxKey(key, match["source"], day, match["name"], made, bool(match["gz"]))


def nearly_a_key(key: str) -> tuple[str, str, str] | None:
    """Source, date and name of a key that fails only by its extension or day, or None.

    A department that sent ``november.doc`` looks for its report where that of ``november.csv`` would be.
    """
    match = _NEARLY.fullmatch(key)
    return (match["source"], match["date"], match["name"]) if match else None


class Drift(Shape):
    """How a file's columns differ from the contract version that it fits best.

    ``missing``: columns of the contract that the file lacks, by their names. ``new``: headers that the
    contract does not know. ``renamed``: known older names, with today's. ``perhaps``: new headers whose
    values look like those of a missing column; a guess for people, never acted on.
    """

    missing: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    perhaps: dict[str, str] = {}

    @property
    def any(self) -> bool:
        """Whether there is any."""
        return bool(self.missing or self.new or self.renamed)


class Alarm(Shape):
    """Something unusual about a whole file. It never blocks the file."""

    code: Literal["late", "volume_low", "volume_high", "volume_changed", "older_than_last", "columns_changed"]
    expected: str
    found: str
    text: Bilingual | None = None


class Report(Shape):
    """What became of a file. ``received = accepted + rejected``, always.

    ``reasons`` counts rejected rows by code and sums up to ``rejected``; ``warnings`` counts values
    that were left out because they could not be read. ``contract_version`` is the one that the columns
    fit best, ``drift`` how they differ from it. ``problem`` names what is wrong with the file as a whole. ``repeat_of`` is set when the same content was there before: nothing was done.
    """

    source: str
    date: str
    name: str
    key: str
    at: str
    contract_version: int | None = None
    drift: Drift = Drift()
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = {}
    warnings: dict[str, int] = {}
    alarms: tuple[Alarm, ...] = ()
    problem: str | None = None
    problem_text: Bilingual | None = None
    detail: str = ""
    encoding: str | None = None
    encodings: dict[str, int] = {}
    seconds: float = 0.0
    buckets: int = 0
    repairs: str | None = None
    replaces: str | None = None
    repeat_of: str | None = None

    @model_validator(mode="after")
    def _balanced(self) -> Self:
        if self.received != self.accepted + self.rejected:
            raise ValueError("received must be accepted plus rejected")
        return self


def buckets_for(rows: int, most: int = BUCKETS, rows_a_bucket: int = ROWS_A_BUCKET) -> int:
    """How many buckets a file of that size is spread over: the smallest power of two that does.

    >>> buckets_for(0), buckets_for(50_000), buckets_for(50_001), buckets_for(5_000_000)
    (1, 1, 2, 64)
    """
    count = 1
    while count < most and count * rows_a_bucket < rows:
        count *= 2
    return count


def bucket_of(person_key: str, buckets: int) -> int:
    """In which of a file's buckets a person's rows are; ``buckets`` is a power of two up to 256."""
    return int(person_key[-2:], 16) & (buckets - 1)


def part_key(zone: Literal["curated", "linkage"], source: str, bucket: int, file: str) -> str:
    """The object key of one part: ``curated/{source}/bucket=00/{file}.parquet``."""
    return f"{zone}/{source}/bucket={bucket:02d}/{file}.parquet"
