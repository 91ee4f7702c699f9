"""A season from the application to the final list, and what goes wrong on the way."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib.cases import service as cases
from chalicelib.seasons import service as seasons
from tests.chalicelib.seasons.season import (
    RECORDS,
    agreed,
    applied,
    verified,
)
from tests.town import Town, outside_systems


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def states(case_id: str) -> dict[str, str]:
    return {part.department: part.state for part in cases.case(case_id).checks}


def test_records_answer_what_they_can_and_people_the_rest(town: Town, now: datetime) -> None:
    case_id = applied(town, town.owner, now)
    done = verified({town.owner.id: RECORDS}, now, case_id)
    print(states(case_id), done)
    agreed(now, case_id)
    (mine,) = seasons.mine(town.owner.id, now, "en").items
    print(mine.model_dump_json(indent=1))
    assert mine.total is not None
