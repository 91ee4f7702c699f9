"""A department's open checks of points answered at once: the join with its curated files and the judgement, beside the join alone.

What is not in it: reading the applications, opening their claims, and writing the answers (one transaction a check).
"""

from collections.abc import Iterator

from bench.apart import Spent, spent
from bench.figures import Figure, NotMeasured, say

CHECKS, PEOPLE = 100_000, 1_000_000
_SETUP = """
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
import duckdb
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
scratch = Path(tempfile.mkdtemp())
columns = dict(
    social_security="make_date(2008 + (n % 17)::INT, 1 + (n % 12)::INT, 1) AS insured_from, NULL::DATE AS insured_to, list_slice(['养老', '医疗', '失业'], 1, 1 + (n % 3)::INT) AS kinds",
    skills="list_extract(['初级工', '中级工', '高级工', '技师', '高级技师'], 1 + (n % 5)::INT) AS certificate",
    employment="make_date(2010 + (n % 15)::INT, 3, 1) AS hired_on, NULL::DATE AS left_on")
files = dict()
database = duckdb.connect()
database.execute(f"CREATE TABLE people AS SELECT n, '1:' || sha256(n::VARCHAR) AS person_key FROM range({{PEOPLE}}) r(n)")
database.execute("ALTER TABLE people ADD COLUMN place INT")
database.execute(f"UPDATE people SET place = ('0x' || right(person_key, 2))::INT % {{BUCKETS}}")
for source, made in columns.items():
    for place in range(BUCKETS):
        path = scratch / "part.parquet"
        database.execute(f"COPY (SELECT person_key, 'R' || n AS record_id, DATE '2026-11-01' AS seen_on, false AS id_mended, {{made}} FROM people WHERE place = {{place}} ORDER BY person_key) TO '{{path}}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16384)")
        aws.client("s3").put_object(Bucket=config.bucket("curated"), Key=part_key("curated", source, place, "f"), Body=path.read_bytes())
    row = FileRow("S", "F")
    row.file, row.buckets, row.source = "f", BUCKETS, source
    files[source] = [row]
asked = dict((who, f"P{{n}}") for n, who in database.execute(f"SELECT n, person_key FROM people WHERE n < {{CHECKS}}").fetchall())
assert all(bucket_of(who, BUCKETS) == place for who, place in database.execute("SELECT person_key, place FROM people LIMIT 1000").fetchall())
database.close()
policy = next(each for each in editions.shipped() if each.id == "demo-2026")
claims = dict((claim.indicator, claim) for claim in (Claim(indicator="A1.2", label="三级"), Claim(indicator="A2.1", amount=Decimal(9))))
day = date(2026, 11, 23)
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
