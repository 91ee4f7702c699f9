"""Accepted rows on their way to the curated zone: gathered on scratch disk, then sorted by person.

A row belongs to one of 64 parts by its person key (by its record id when it has none). Parts are
written as they come and read back one bucket at a time, so that memory does not grow with the file.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.places.service import NOWHERE, Matcher
from chalicelib.sources.checking import Checked
from chalicelib.sources.model import BUCKETS, ROWS_A_BUCKET, Contract, bucket_of, buckets_for
from chalicelib.sources.names import plain
from chalicelib.sources.values import Value

_FLUSH: Final = 100_000
_CROWDED: Final = 2 * ROWS_A_BUCKET
_KEY: Final = pa.field("person_key", pa.string())
# Made on arrival. `id_mended`: the number had one wrong character, and what was meant is proven.
_CURATED: Final = (
    _KEY,
    pa.field("birth_year", pa.int32()),
    pa.field("id_mended", pa.bool_()),
    # The address in its parts, and the standard building that it means with how sure that is (`places.Matcher`).
    pa.field("address_road", pa.string()),
    pa.field("address_number", pa.string()),
    pa.field("address_building", pa.string()),
    pa.field("address_room", pa.string()),
    pa.field("place_community", pa.string()),
    pa.field("place_building", pa.string()),
    pa.field("place_score", pa.float32()),
)
# `id_sent`: a mended number as it was written. `name_plain`: the form for comparing (`names.plain`).
_CLEAR: Final = (_KEY, pa.field("id_sent", pa.string()), pa.field("name_plain", pa.string()))
_TYPES: Final = {
    "date": pa.date32(),
    "birth_date": pa.date32(),
    "integer": pa.int64(),
    "decimal": pa.float64(),
}


def fields(contract: Contract, *zones: str) -> list[pa.Field]:
    """The Arrow fields of a contract's columns that are kept in one of the zones."""
    return [pa.field(c.name, _TYPES.get(c.type, pa.string())) for c in contract.columns if c.zone in zones]


def curated_schema(contract: Contract) -> pa.Schema:
    """What is curated of people: the key, the year of birth, and the columns that name nobody."""
    return pa.schema([*_CURATED, *fields(contract, "curated", "both")])


def clear_schema(contract: Contract) -> pa.Schema:
    """What the linkage zone holds: only what fuzzy comparison needs, and the ids to join by."""
    return pa.schema([*_CLEAR, *fields(contract, "clear", "both")])


class Staging:
    """Takes batches of accepted rows and gives them back bucket by bucket, sorted by person key."""

    def __init__(
        self, scratch: Path, contract: Contract, key_of: Callable[[str], str], matcher: Matcher | None = None
    ) -> None:
        self.scratch, self.contract, self.key_of = scratch, contract, key_of
        self.matcher = matcher or Matcher(None)
        self.rows = 0
        self.repeated = 0
        self.shared = 0
        self._sizes: Counter[int] = Counter()
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}
        kept = fields(contract, "curated", "clear", "both")
        self.schema = pa.schema([*_CURATED, *_CLEAR[1:], *kept])
        self._staged = self.schema.append(pa.field("part", pa.int32()))

    def add(self, checked: Checked) -> list[str | None]:
        """Keep a batch; returns its rows' person keys, None where there is no valid number."""
        size = len(checked)
        if not size:
            return []
        person = self._person_keys(checked.columns)
        ids = checked.columns["record_id"]
        made_here = {"person_key": person, "birth_year": _birth_years(checked.columns)}
        made_here["id_mended"] = [sent is not None for sent in checked.columns["id_sent"]]
        made_here["name_plain"] = [plain(str(name)) if name else None for name in checked.columns["name"]]
        arrays = checked.columns | made_here | self._places(checked.columns)
        parts = [_part(key, str(record)) for key, record in zip(person, ids, strict=True)]
        made = [pa.array(arrays[f.name], f.type) for f in self.schema]
        self._held.append(
            pa.RecordBatch.from_arrays([*made, pa.array(parts, pa.int32())], schema=self._staged)
        )
        self._held_rows += size
        self.rows += size
        if self._held_rows >= _FLUSH:
            self._flush()
        return person

    def _places(self, columns: dict[str, list[Value]]) -> dict[str, list[Value]]:
        pairs = zip(columns["address"], columns["town"], strict=True)
        found = [self.matcher.match(str(text), town) if text else NOWHERE for text, town in pairs]  # type: ignore[arg-type]
        looked = not self.matcher.tired
        return {
            "address_road": [match.road or None for match in found],
            "address_number": [match.number or None for match in found],
            "address_building": [match.building or None for match in found],
            "address_room": [match.room or None for match in found],
            "place_community": [match.community for match in found],
            "place_building": [match.place for match in found],
            "place_score": [
                match.score if match.place or (match.road and looked) else None for match in found
            ],
        }

    def _person_keys(self, columns: dict[str, list[Value]]) -> list[str | None]:
        key_of, pairs = self.key_of, zip(columns["id_number"], columns["id_valid"], strict=True)
        return [key_of(number) if valid else None for number, valid in pairs]  # type: ignore[arg-type]

    def restage(self, table: pa.Table) -> None:
        """Keep rows that were staged before, by the person keys that they have now."""
        pairs = zip(table["person_key"].to_pylist(), table["record_id"].to_pylist(), strict=True)
        parts = pa.array([_part(key, record) for key, record in pairs], pa.int32())
        for part in parts.unique().to_pylist():
            self._write(part, table.filter(pc.equal(parts, part)).combine_chunks())
        self.rows += table.num_rows

    def _flush(self) -> None:
        if not self._held:
            return
        table = self._without_repeats(pa.Table.from_batches(self._held))
        self._held, self._held_rows = [], 0
        table = table.take(pc.sort_indices(table["part"]))
        start = 0
        for part, size in sorted(Counter(table["part"].to_pylist()).items()):
            self._write(part, table.slice(start, size).drop_columns(["part"]).combine_chunks())
            start += size

    def _write(self, part: int, table: pa.Table) -> None:
        if part not in self._writers:
            self._writers[part] = pa.ipc.new_stream(self._file(part), self.schema)
        self._writers[part].write_table(table)
        self._sizes[part] += table.num_rows

    def _file(self, part: int) -> str:
        return str(self.scratch / f"part-{part:02d}.arrow")

    def buckets(self) -> Iterator[tuple[int, int, pa.Table]]:
        """The number of buckets, the bucket and its rows, for each bucket; call it once, at the end.

        Where a record id comes again, the later row counts; ``repeated`` says how often that was.
        """
        self._flush()
        for part in [part for part, size in self._sizes.items() if size > _CROWDED]:
            self._spread(part)
        for writer in self._writers.values():
            writer.close()
        count = buckets_for(sum(self._sizes.values()))
        for bucket in range(count):
            parts = [p for p in sorted(self._writers) if p & (count - 1) == bucket]
            yield count, bucket, self._sorted(parts)

    def _spread(self, part: int) -> None:
        """Take numbers that a crowd shares for no person's: their rows lose the key and leave the part.

        Else a file that has one number in every row would have to be sorted in memory as one part.
        """
        self._writers.pop(part).close()
        crowd = Path(self._file(part)).rename(self.scratch / f"crowded-{part:02d}.arrow")
        counts: Counter[str | None] = Counter()
        for batch in _batches(crowd):
            counts.update(batch["person_key"].to_pylist())
        shared = [key for key, n in counts.items() if key and n > self.contract.volume.rows_a_number]
        self._sizes[part] = 0
        for batch in _batches(crowd):
            self._replace(part, pa.table(batch), pa.array(shared, pa.string()))
        crowd.unlink()

    def _replace(self, part: int, table: pa.Table, shared: pa.Array) -> None:
        """Put a piece of a crowded part back, the rows of shared numbers without key by their record id."""
        crowded = pc.is_in(table["person_key"], value_set=shared)
        if (rest := table.filter(pc.invert(crowded))).num_rows:
            self._write(part, rest)
        moved = table.filter(crowded)
        self.shared += moved.num_rows
        place = moved.schema.get_field_index("person_key")
        moved = moved.set_column(place, _KEY, pa.nulls(moved.num_rows, pa.string()))
        parts = pa.array([_part(None, record) for record in moved["record_id"].to_pylist()], pa.int32())
        for other in parts.unique().to_pylist():
            self._write(other, moved.filter(pc.equal(parts, other)).combine_chunks())

    def _sorted(self, parts: list[int]) -> pa.Table:
        tables = []
        for part in parts:
            with pa.OSFile(self._file(part)) as file:
                tables.append(pa.ipc.open_stream(file).read_all())
            Path(self._file(part)).unlink()
        table = pa.concat_tables(tables) if tables else self.schema.empty_table()
        table = self._without_repeats(table)
        return table.sort_by([("person_key", "ascending"), ("record_id", "ascending")])

    def _without_repeats(self, table: pa.Table) -> pa.Table:
        ids = table["record_id"].to_pylist()
        last = {record: place for place, record in enumerate(ids)}
        self.repeated += len(ids) - len(last)
        return table if len(last) == len(ids) else table.take(pa.array(sorted(last.values())))


class Counting:
    """Reduces a count feed: the sum by area, day and hour is all that is kept of it."""

    SCHEMA: Final = pa.schema(
        [
            pa.field("area", pa.string()),
            pa.field("seen_on", pa.date32()),
            pa.field("hour", pa.int32()),
            pa.field("count", pa.int64()),
        ]
    )

    def __init__(self) -> None:
        self.rows = 0
        self.repeated = self.shared = 0
        self._sums: Counter[tuple[Value, Value, Value]] = Counter()

    def add(self, checked: Checked) -> list[str | None]:
        """Add a batch to the sums; there are no person keys."""
        c = checked.columns
        self.rows += len(checked)
        for area, day, hour, count in zip(c["area"], c["seen_on"], c["hour"], c["count"], strict=True):
            self._sums[area, day, hour] += count  # type: ignore[assignment,operator]
        return []

    def buckets(self) -> Iterator[tuple[int, int, pa.Table]]:
        """One bucket with the sums, by area, day and hour."""
        rows = [(*place, count) for place, count in sorted(self._sums.items(), key=str)]
        columns = list(zip(*rows, strict=True)) or [()] * 4
        arrays = [pa.array(column, f.type) for column, f in zip(columns, self.SCHEMA, strict=True)]
        yield 1, 0, pa.Table.from_arrays(arrays, schema=self.SCHEMA)


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file:
        yield from pa.ipc.open_stream(file)


def _part(person_key: str | None, record_id: str) -> int:
    return bucket_of(person_key, BUCKETS) if person_key else zlib.crc32(record_id.encode()) & (BUCKETS - 1)


def _birth_years(columns: dict[str, list[Value]]) -> list[int | None]:
    made: list[int | None] = []
    for born, number, valid in zip(
        columns["birth_date"], columns["id_number"], columns["id_valid"], strict=True
    ):
        if isinstance(born, date):
            made.append(born.year)
        else:
            made.append(int(str(number)[6:10]) if valid and str(number)[6:10].isdigit() else None)
    return made
