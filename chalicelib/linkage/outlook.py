"""Who is seen in the city and not registered, for counting: month of birth, place and sources, nobody named.

One Parquet file in the linkage zone, written anew by each search; it goes with the state it was made of.
"""

import io
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib import aws, config
from chalicelib.linkage.searching import Sought

KEY: Final = "unregistered/current.parquet"
_BORN: Final = """
SELECT person, mode(birth) FROM kept_rows JOIN kept_persons USING (rid) SEMI JOIN wanted_persons USING (person)
WHERE birth IS NOT NULL GROUP BY person
"""
_SCHEMA: Final = pa.schema(
    [(name, pa.string()) for name in ("cluster", "born", "town", "address", "sources")]
)


class Unregistered(NamedTuple):
    """Somebody seen and not registered. ``cluster`` lasts; ``born`` is year and month, None where no row says."""

    cluster: str
    born: str | None
    town: str
    address: str
    sources: str


def keep(connection: Any, found: Iterable[Sought]) -> int:
    """Write what the newest search found; returns how many people."""
    people = [one.candidate for one in found]
    keys = pa.array([one.key for one in people], pa.string())
    connection.register("wanted_persons", pa.table({"person": keys}))
    born = {
        person: f"{day // 10000:04}-{day // 100 % 100:02}"
        for person, day in connection.execute(_BORN).fetchall()
    }
    rows = [
        Unregistered(one.key, born.get(one.key), one.town, one.address, "+".join(one.sources))
        for one in people
    ]
    columns = {name: [getattr(row, name) for row in rows] for name in _SCHEMA.names}
    body = io.BytesIO()
    pq.write_table(pa.table(columns, _SCHEMA), body, compression="zstd")
    aws.client("s3").put_object(Bucket=config.bucket("linkage"), Key=KEY, Body=body.getvalue())
    return len(rows)


def read() -> Iterator[Unregistered]:
    """What the newest search found, a few thousand in memory at a time; nothing before the first search."""
    s3 = aws.client("s3")
    try:
        body = s3.get_object(Bucket=config.bucket("linkage"), Key=KEY)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return
    for batch in pq.ParquetFile(io.BytesIO(body)).iter_batches(8_192):
        yield from map(
            Unregistered._make, zip(*(column.to_pylist() for column in batch.columns), strict=True)
        )
