"""Many hands on one permit at the same moment, judged by AWS's own engine."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path

import pytest

from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.errors import Conflict, Unavailable
from chalicelib.permits import service as permits
from chalicelib.permits import store
from chalicelib.permits.model import NewApplication, NewEndorsement
from chalicelib.tables import Cancelled
from tests.chalicelib.permits.holders import held, in_force, morning, registered
from tests.town import Town, outside_systems

THREADS = 24


@pytest.fixture
def town(dynamodb_engine: str, cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    """People, with DynamoDB Local as the judge."""
    if dynamodb_engine == "moto":
        pytest.skip("races are judged by DynamoDB Local alone: pytest --dynamodb local tests/conformance")
    with outside_systems(tmp_path, now):
        yield Town(now)


def at_once(act: Callable[[], str]) -> Counter[str]:
    """What as many threads as there may be are answered; who is told that the table is busy comes again."""

    def insist(_: int) -> str:
        for _ in range(60):
            try:
                return act()
            except Unavailable:
                continue
            except Conflict as error:
                return error.code
        return "busy"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(insist, range(THREADS)))


def happened(town: Town) -> Counter[str]:
    return Counter(event.what for event in store.everything(town.owner.id)[1])


def test_of_many_applications_at_once_one_is_filed(town: Town, now: datetime) -> None:
    registered(town.owner.id, date(2026, 1, 5))
    said = at_once(lambda: permits.apply(town.owner, NewApplication(ground="work"), now).state)
    assert said["checking"] == 1
    assert set(said) <= {"checking", "permit_asked_already", "changed_meanwhile"}
    filed, _ = cases.cases_of(town.owner, filed=False, limit=50, token=None)
    assert [case.kind for case in filed] == ["permit_application"]


def test_an_acceptance_that_is_delivered_many_times_at_once_is_enacted_once(
    town: Town, now: datetime
) -> None:
    registered(town.owner.id, date(2026, 1, 5))
    case = permits.apply(town.owner, NewApplication(ground="work"), now)
    for part in case.checks:
        cases.record_check(case.id, part.id, "passed", SYSTEM, now)
    done = cases.case(case.id)
    said = at_once(lambda: str(permits.enact(done, now)))
    assert said == {"True": 1, "False": THREADS - 1}
    assert happened(town) == {"accepted": 1}


def test_many_nightly_runs_at_once_take_each_step_once(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    day = date(2027, 11, 24)

    def run() -> str:
        return str(permits.keep(date(2027, 10, 23), day, morning(day))["busy"])

    at_once(run)
    permits.keep(date(2027, 10, 23), day, morning(day))
    permits.keep(day, day, morning(day))
    assert happened(town) == {"accepted": 1, "issued": 1, "window": 1, "week": 1, "suspended": 1}
    assert held(town.owner).state == "suspended"


def test_an_endorsement_asked_for_while_the_night_suspends_is_never_lost(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    last, night = morning(date(2027, 11, 23)), date(2027, 11, 24)

    def either() -> str:
        try:
            permits.keep(date(2027, 10, 23), night, morning(night))
            return permits.endorse(town.owner, NewEndorsement(), last).state
        except Cancelled:
            return "changed_meanwhile"

    said = at_once(either)
    filed = [
        c
        for c in cases.cases_of(town.owner, filed=False, limit=50, token=None)[0]
        if c.kind == "permit_endorsement"
    ]
    assert len(filed) == said["checking"] == 1
    assert held(town.owner).asked == filed[0].id
