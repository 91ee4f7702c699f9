"""A department's open checks of points answered at once: the join with its curated files and the judgement, beside the join alone.

What is not in it: reading the applications, opening their claims, and writing the answers (one transaction a check).
"""

from collections.abc import Iterator

from bench.apart import Spent, spent
from bench.figures import Figure, NotMeasured, say

CHECKS, PEOPLE = 100_000, 1_000_000
_SETUP = """
import hashlib, tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
import duckdb
import pyarrow as pa, pyarrow.parquet as pq
from chalicelib import aws, config
from chalicelib.points import editions
from chalicelib.seasons import evidence
from chalicelib.seasons.model import Claim
from chalicelib.sources import together
from chalicelib.sources.model import bucket_of, part_key
from chalicelib.sources.store import FileRow
from tests import cloud
CHECKS, PEOPLE, BUCKETS = {checks}, {people}, 64
world = cloud.cloud_process()
import os
os.environ.update(world.__enter__())
cloud.wipe()
def key(n):
    return "1:" + hashlib.sha256(str(n).encode()).hexdigest()
everybody = [key(n) for n in range(PEOPLE)]
places = [bucket_of(each, BUCKETS) for each in everybody]
columns = dict(
    social_security=lambda n: dict(insured_from=date(2008 + n % 17, 1 + n % 12, 1), insured_to=None, kinds=["养老", "医疗", "失业"][: 1 + n % 3]),
    skills=lambda n: dict(certificate=("初级工", "中级工", "高级工", "技师", "高级技师")[n % 5]),
    employment=lambda n: dict(hired_on=date(2010 + n % 15, 3, 1), left_on=None))
files = dict()
for source, made in columns.items():
    buckets = [[] for _ in range(BUCKETS)]
    for n, (who, place) in enumerate(zip(everybody, places)):
        buckets[place].append(dict(person_key=who, record_id=f"R{{n}}", seen_on=date(2026, 11, 1), id_mended=False, **made(n)))
    for place, rows in enumerate(buckets):
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(sorted(rows, key=lambda row: row["person_key"])), sink, compression="zstd", row_group_size=16384)
        aws.client("s3").put_object(Bucket=config.bucket("curated"), Key=part_key("curated", source, place, "f"), Body=sink.getvalue().to_pybytes())
    del buckets
    row = FileRow("S", "F")
    row.file, row.buckets, row.source = "f", BUCKETS, source
    files[source] = [row]
policy = next(each for each in editions.shipped() if each.id == "demo-2026")
asked = dict((who, f"P{{n}}") for n, who in enumerate(everybody[:CHECKS]))
claims = dict((claim.indicator, claim) for claim in (Claim(indicator="A1.2", label="三级"), Claim(indicator="A2.1", amount=Decimal(9))))
day = date(2026, 11, 23)
del everybody, places
"""
_JOIN = """
with tempfile.TemporaryDirectory() as scratch:
    rows = dict((source, together.facts_of_many(source, asked, found, Path(scratch))) for source, found in files.items())
"""
_BARE = _JOIN + "answer = [len(rows['skills']), 0]"
_OURS = (
    _JOIN
    + """
judged = [
    evidence.judge(policy, "school", "human_resources", claims, dict((source, found.get(who, ())) for source, found in rows.items()), day)
    for who in asked.values()
]
answer = [len(judged), sum(bool(each.doubts) for each in judged)]
"""
)


def run(checks: int = CHECKS, people: int = PEOPLE) -> Iterator[Figure]:
    """Processor seconds, seconds and peak memory of one run over three sources of a department."""
    say(f"seasons: {checks:,} checks of one department against three files of {people:,} people each")
    setup = _SETUP.format(checks=checks, people=people)
    ours, bare = spent(_OURS, setup), spent(_BARE, setup)
    if ours.answer[0] != checks or bare.answer[0] != checks or not 0 < ours.answer[1] < checks:
        raise NotMeasured(f"{ours.answer} and {bare.answer} were answered")
    yield from _figures(checks, ours, bare)


def _figures(checks: int, ours: Spent, bare: Spent) -> Iterator[Figure]:
    name = f"seasons.bulk_verification.{checks}"
    yield Figure(f"{name}.seconds", ours.seconds, "s", "two minutes", 120)
    yield Figure(f"{name}.cpu", ours.cpu, "s", "the join alone", bare.cpu)
    yield Figure(f"{name}.memory", ours.peak_mb, "MB", "the function's", 4096)
