"""The monthly release: from the register and the comparison's people to what a town may read."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from chalicelib import aws, config, tables
from chalicelib.insight import service as insight
from chalicelib.linkage import outlook
from chalicelib.residence import store as residence
from functions.release_cohorts import handler, residents, unregistered
from tests.chalicelib.insight.asking import living_here
from tests.town import TOWN, Town, outside_systems, staff

EVENT = json.loads(Path("events/release_cohorts.json").read_text("utf-8"))


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def seen(*people: outlook.Unregistered) -> None:
    """What a comparison found."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    body = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([one._asdict() for one in people], outlook._SCHEMA), body)
    aws.client("s3").put_object(Bucket=config.bucket("linkage"), Key=outlook.KEY, Body=body.getvalue())


def test_a_release_is_of_the_events_day_and_may_be_made_again(town: Town) -> None:
    for _ in range(14):
        living_here(town, date(2020, 3, 1))
    first, again = handler(EVENT, None), handler(EVENT, None)
    assert first == again
    assert (first["day"], first["people"], first["unknown"]) == ("2026-12-01", 14, 0)
    city = insight.cohorts_of(staff("city_officer"), "440600", None).items
    shown = {(one.cohort, one.year): one.registered for one in city if one.region == "440600"}
    assert shown["grade_1", 2026] is not None and abs(shown["grade_1", 2026] - 14) <= 4
    assert shown["grade_1", 2027] is None
    town_ = insight.cohorts_of(staff("coordinator"), TOWN, None).items
    assert all(one.registered is None for one in town_)


def test_somebody_whose_standing_does_not_tell_the_month_is_opened_for_it(town: Town) -> None:
    person = living_here(town, date(2020, 3, 1))
    before = residence.standings([person])[person]
    tables.transact(residence.put_standing(before.model_copy(update={"born": None}), before))
    assert [(one.person_id, one.born) for one in residents()] == [(person, "2020-03")]


def test_who_is_not_registered_counts_where_the_address_or_the_town_says(town: Town) -> None:
    assert list(unregistered()) == []  # Before any comparison.
    seen(
        outlook.Unregistered("G1", "2020-03", TOWN, "", "tax"),
        outlook.Unregistered("G2", None, "", "", "tax"),
    )
    assert list(unregistered()) == [("G1", "2020-03", TOWN), ("G2", None, "440600")]
