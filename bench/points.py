"""Estimates of points in one process, and a million applicants in bulk against a query written by hand for the same table."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.apart import Spent, spent
from bench.figures import Figure, NotMeasured, say
from chalicelib.points import service
from chalicelib.points.views import NewEstimate
from simulation import applicants

PEOPLE = 1_000_000
TURNS = 3
GOAL_SECONDS = 15
GOAL_MB = 4096
DAY = date(2017, 3, 1)
NOW = datetime(2017, 3, 1, 4, tzinfo=UTC)
_OURS = """
from datetime import date
from pathlib import Path
from chalicelib.points import bulk, editions
policy = editions.latest(list(editions.shipped()), "foshan-2016")
only = policy.model_copy(update={{"scopes": {{"hukou": policy.scopes["hukou"]}}}})
bulk.rank(only, Path("{answers}"), Path("{folder}"), bulk.Run(date(2017, 3, 1)))
"""
_PLAIN = """
import duckdb
from pathlib import Path
sql = Path("bench/points_plain.sql").read_text("utf-8").replace("{{answers}}", "{answers}").replace("{{out}}", "{folder}/plain.parquet")
duckdb.connect(config={{"threads": 2, "memory_limit": "3GB"}}).execute(sql)
"""


def run(people: int = PEOPLE) -> Iterator[Figure]:
    """Estimates first, then the bulk by turns with the plain query; medians."""
    yield from estimates()
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers.parquet"
        pq.write_table(applicants.pool(applicants.document("foshan-2016"), people, 7, DAY), answers)
        yield from bulk(answers, Path(folder), people)


def estimates(people: int = 300) -> Iterator[Figure]:
    """How many estimates a second one process answers, with what would add points, beside the score alone."""
    policy = service.policy("foshan-2016", "1")
    table = applicants.pool(applicants.document("foshan-2016"), people, 7, DAY)
    asked = [answers_of(row) for row in table.to_pylist()]
    whole = _rate(lambda one: service.estimate(_estimate(one), NOW, "zh-CN"), asked)
    alone = _rate(lambda one: service.score(policy, "hukou", one, DAY), asked)
    yield Figure("points.estimates", whole, "estimates/s", "score_without_advice", alone)


def _estimate(answers: dict[str, Any]) -> NewEstimate:
    return NewEstimate(policy="foshan-2016", version="1", scope="hukou", answers=answers)


def answers_of(row: dict[str, Any], scope: str = "hukou") -> dict[str, Any]:
    """A row of the bulk executor's table as the answers of an estimate."""
    policy = service.policy("foshan-2016", "1")
    asked = {*policy.by_scope[scope], *(each.code for each in policy.scopes[scope].qualifications)}  # type: ignore[index]
    found = {code: value for code, value in row.items() if code in asked and value is not None}
    return {
        code: {"birth_date": value.isoformat()} if isinstance(value, date) else value
        for code, value in found.items()
    }


def _rate(act: Callable[[dict[str, Any]], object], asked: list[dict[str, Any]]) -> float:
    """Calls for each second of this process's processor time, so that others on the machine count less."""
    act(asked[0])
    began = time.process_time()
    for one in asked:
        act(one)
    return len(asked) / (time.process_time() - began)


def bulk(answers: Path, folder: Path, people: int) -> Iterator[Figure]:
    """Seconds of clock and processor, memory, and that both give the same points."""
    ours: list[Spent] = []
    plain: list[Spent] = []
    for turn in range(TURNS):
        say(f"points: turn {turn + 1} of {TURNS}")
        named = {"answers": answers, "folder": folder}
        ours.append(spent(_OURS.format(**named)))
        plain.append(spent(_PLAIN.format(**named)))
    require_equal(folder / "hukou.parquet", folder / "plain.parquet")

    def median(runs: list[Spent], what: str) -> float:
        return statistics.median(getattr(each, what) for each in runs)

    for what, unit in (("seconds", "s"), ("cpu", "s"), ("peak_mb", "MB")):
        against = median(plain, what)
        yield Figure(f"points.bulk.{what}", median(ours, what), unit, "written_by_hand", against)
    yield Figure(f"points.bulk.{people}", median(ours, "seconds"), "s", "goal", GOAL_SECONDS)
    yield Figure("points.bulk.memory", median(ours, "peak_mb"), "MB", "goal", GOAL_MB)


def require_equal(ours: Path, plain: Path) -> None:
    """Raise ``NotMeasured`` unless the two give everybody the same total and rank."""
    columns = ["applicant", "total", "rank"]
    tables: list[pa.Table] = [
        pq.read_table(path).select(columns).sort_by("applicant") for path in (ours, plain)
    ]
    if any(not tables[0][column].equals(tables[1][column]) for column in columns):
        raise NotMeasured("the two executors do not give the same")
