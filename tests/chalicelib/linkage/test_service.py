from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, config, keys, sealing
from chalicelib.errors import Unavailable
from chalicelib.linkage import keeping, review_store, service, store
from chalicelib.linkage.service import Outcome
from chalicelib.sources import service as sources
from chalicelib.tables import transact
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row

type Search = Callable[..., Outcome]


class Outside:
    """Stand-ins for identity, residence and the queue."""

    def __init__(self) -> None:
        self.registered: set[str] = set()
        self.sent: list[list[str]] = []
        self.broken = False

    def people(self, pairs: list[tuple[str, str]], now: datetime) -> dict[str, str]:
        made = {key: f"P{key[-6:]}" for key, _ in pairs}
        for person in made.values():
            if sealing.DataKeyRow.find(person, "DATA_KEY") is None:
                transact_key(person)
        return made

    def live(self, person_keys: list[str]) -> set[str]:
        return self.registered & set(person_keys)

    def send(self, queue: str, bodies: list[dict[str, Any]]) -> None:
        if self.broken:
            raise ConnectionError(queue)
        self.sent += [body["findings"] for body in bodies]


def transact_key(person: str) -> None:
    from chalicelib.tables import create

    _, row_ = sealing.new_sealer(person)
    transact(create(row_))


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def search(cloud: None, now: datetime, tmp_path: Path, outside: Outside) -> Search:
    """Deliver files, then search."""

    def _search(at: datetime = now, day: str = "2026-11-23", **files: list[list[str]]) -> Outcome:
        for source, rows in files.items():
            deliver(source, csv_text(rows), at, day, tmp_path)
        return service.find_unregistered(at, tmp_path / "scratch", outside.live, outside.people, outside.send)

    (tmp_path / "scratch").mkdir()
    return _search


def deliver(source: str, body: str, now: datetime, day: str, tmp_path: Path) -> None:
    key = f"inbox/{source}/{day}/a.csv"
    aws.client("s3").put_object(Bucket=config.bucket("inbox"), Key=key, Body=body.encode())
    scratch = tmp_path / f"{source}-{day}"
    scratch.mkdir(exist_ok=True)
    sources.receive(sources.Delivery(config.bucket("inbox"), key, day), now, scratch)


def test_somebody_seen_and_not_registered_is_found_with_name_and_phone(
    search: Search, outside: Outside
) -> None:
    outcome = search(registrations=[row(1)], lease_filings=[row(1), row(2)])
    assert (outcome.candidates, outcome.new) == (1, 1)
    (ids,) = outside.sent
    (found,) = service.findings(ids)
    assert (found.name, found.phone, found.sources) == ("测试某", "19900000002", ("lease_filings",))
    assert found.person_key == keys.person_key(number(2))


def test_who_is_not_registered_is_kept_for_counting_without_name_or_number(search: Search) -> None:
    assert list(service.unregistered()) == []
    search(registrations=[row(1)], lease_filings=[row(1), row(2)])
    (one,) = service.unregistered()
    assert (one.born, one.town, one.sources) == ("1990-01", row(2)[6], "lease_filings")
    assert not {number(2), keys.person_key(number(2)), "测试某"} & set(one)
    search(registrations=[row(1), row(2)])
    assert list(service.unregistered()) == []


def test_what_is_kept_of_a_finding_is_sealed(search: Search) -> None:
    search(lease_filings=[row(2)])
    (kept,) = store.in_state("open")
    assert not {"测试某", "19900000002", row(2)[7]} & {str(v) for v in kept.attribute_values.values()}


def test_searching_again_finds_nobody_twice(search: Search, outside: Outside) -> None:
    search(lease_filings=[row(2)])
    again = search()
    assert (again.candidates, again.new) == (1, 0)
    assert len(outside.sent) == 1


def test_a_later_search_finds_nobody_twice_at_the_same_place_after_a_visit(
    search: Search, outside: Outside, now: datetime
) -> None:
    search(lease_filings=[row(2)])
    assert service.settle(outside.sent[0][0], "visited", now) is True
    later = now + timedelta(days=30)
    assert search(later).new == 0
    assert (
        search(later, "2026-12-23", lease_filings=[row(2, address="别处9号", seen_on="2026-12-20")]).new == 1
    )


def test_who_is_registered_now_is_left_out_whatever_the_old_register_says(
    search: Search, outside: Outside
) -> None:
    outside.registered = {keys.person_key(number(2))}
    outcome = search(registrations=[row(1)], lease_filings=[row(2)])
    assert (outcome.candidates, outcome.registered, outcome.new) == (1, 1, 0)


def test_a_finding_closes_when_the_person_registers(search: Search, outside: Outside) -> None:
    search(lease_filings=[row(2), row(3)])
    outside.registered = {keys.person_key(number(2))}
    outcome = search()
    assert outcome.closed == 1
    assert [f.person_key for f in service.findings(outside.sent[0])] == [keys.person_key(number(3))]


def test_a_queue_that_fails_loses_no_finding(search: Search, outside: Outside) -> None:
    outside.broken = True
    with pytest.raises(ConnectionError):
        search(lease_filings=[row(2)])
    outside.broken = False
    assert search().new == 0
    assert len(outside.sent) == 1
    assert len(service.findings(outside.sent[0])) == 1


def test_what_four_departments_had_from_one_employer_names_nobody(search: Search) -> None:
    outcome = search(social_security=[row(1)], employment=[row(1)], tax=[row(1)], housing_fund=[row(1)])
    assert outcome.candidates == 0


def test_a_person_who_died_is_never_searched_for(search: Search, now: datetime, tmp_path: Path) -> None:
    body = csv_text([[*row(1), "死亡登记"]], (*HEADER, "event"))
    deliver("civil_affairs", body, now, "2026-11-23", tmp_path)
    assert search(lease_filings=[row(1), row(2)]).candidates == 1


def test_health_data_adds_nothing(search: Search) -> None:
    assert search(blood_donation=[row(1)], social_security=[row(1)]).candidates == 0


def test_a_deleted_person_has_no_finding_any_more(search: Search, outside: Outside) -> None:
    search(lease_filings=[row(2)])
    sealing.forget(f"P{keys.person_key(number(2))[-6:]}")
    assert service.findings(outside.sent[0]) == []


def test_an_updated_record_counts_as_it_is_now(search: Search) -> None:
    search(lease_filings=[row(2, address="旧址1号")])
    outcome = search(
        day="2026-11-24", lease_filings=[row(2, address="旧址1号", id_number="", seen_on="2020-01-01")]
    )
    assert (outcome.candidates, outcome.closed) == (0, 1)


def unnumbered(order: int, **changes: str) -> list[str]:
    return row(order, id_number="", **changes)


def test_whom_the_register_has_without_a_number_is_registered(search: Search) -> None:
    assert search(registrations=[unnumbered(1), row(2)], lease_filings=[row(1)]).candidates == 0
    assert search(day="2026-11-24", lease_filings=[row(3, name="欧阳建国")]).candidates == 1


def test_nobody_is_found_who_may_be_somebody_in_the_register(search: Search) -> None:
    bare = {"birth_date": "", "phone": "", "sex": ""}
    known = {"name": "欧阳建国", "address": "季华五路8号3栋502室"}
    outcome = search(
        registrations=[unnumbered(1, **known, **bare)], lease_filings=[row(2, **known, sex="女"), row(3)]
    )
    assert outcome.candidates == 1


def test_whom_visits_of_the_same_departments_seldom_found_is_not_found_again(
    search: Search, now: datetime, tmp_path: Path, outside: Outside
) -> None:
    assert search(lease_filings=[row(2)]).new == 1
    deliver("lease_filings", csv_text([row(3)]), now, "2026-11-24", tmp_path)
    seldom = {("lease_filings",): service.Visited(5, 60)}
    scratch = tmp_path / "scratch"
    outcome = service.find_unregistered(
        now, scratch, outside.live, outside.people, outside.send, measured=seldom
    )
    assert (outcome.candidates, outcome.new) == (0, 0)


def test_a_finding_closes_when_the_register_gets_a_row_without_a_number(
    search: Search, outside: Outside
) -> None:
    assert search(lease_filings=[row(1)]).new == 1
    outcome = search(day="2026-11-24", registrations=[unnumbered(1, seen_on="2026-11-24")])
    assert (outcome.candidates, outcome.closed) == (0, 1)
    assert service.findings(outside.sent[0]) == []


def test_a_row_without_a_number_is_a_signal_of_the_person_it_belongs_to(
    search: Search, outside: Outside
) -> None:
    assert search(social_security=[row(2)]).candidates == 0
    assert search(day="2026-11-24", volunteering=[unnumbered(2)]).candidates == 1
    (found,) = service.findings(outside.sent[0])
    assert (found.sources, found.person_key) == (
        ("social_security", "volunteering"),
        keys.person_key(number(2)),
    )


def test_somebody_whom_nobody_knows_by_number_is_found_once_under_the_cluster_s_id(
    search: Search, outside: Outside
) -> None:
    register = [row(1, name="欧阳建国", birth_date="1971-05-20")]
    outcome = search(registrations=register, lease_filings=[unnumbered(5)], tax=[unnumbered(5)])
    assert (outcome.candidates, outcome.new) == (1, 1)
    (found,) = service.findings(outside.sent[0])
    assert found.person_id == found.person_key and found.person_id.startswith("C")
    assert (found.name, found.phone) == ("测试某", "19900000005")
    assert search(day="2026-11-24", lease_filings=[row(9)]).new == 1
    key = sealing.DataKeyRow.find(found.person_id, "DATA_KEY")
    assert key.expires_at is not None


def test_a_number_that_is_told_later_does_not_find_the_same_place_again(
    search: Search, outside: Outside
) -> None:
    search(lease_filings=[unnumbered(5)])
    outcome = search(day="2026-11-24", lease_filings=[row(5, seen_on="2026-11-20")])
    assert (outcome.candidates, outcome.closed, outcome.new) == (1, 1, 0)


def test_two_runs_at_once_make_one_version(search: Search, now: datetime, tmp_path: Path) -> None:
    search(lease_filings=[row(1)])
    late = keeping.fetch(tmp_path / "elsewhere", now)
    search(day="2026-11-24", lease_filings=[row(2)])
    with pytest.raises(Unavailable):
        keeping.keep(late, late.manifest.model_copy(update={"version": 2}), now)
    state = review_store.state()
    assert state and (state.version, state.told) == (2, "yes")


def test_what_a_stopped_run_did_not_tell_the_next_one_tells(search: Search, now: datetime) -> None:
    same = {"phone": "19900000001", "address": "佛山市禅城区季华五路1号"}
    search(registrations=[row(1), row(2, **same)], lease_filings=[unnumbered(7, **same)])
    asked = [row_.review_id for row_ in review_store.open_reviews()]
    assert len(asked) > 0
    for id_ in asked:
        review_store.ReviewRow(f"REVIEW#{id_}", "REVIEW").delete()
    state = review_store.state()
    assert state
    state.update(actions=[review_store.StateRow.told.set("no")])
    search()
    assert [row_.review_id for row_ in review_store.open_reviews()] == asked


def test_the_state_lies_in_the_zone_of_clear_columns_and_old_versions_go(search: Search) -> None:
    search(lease_filings=[row(1)])
    search(day="2026-11-24", lease_filings=[row(2)])
    bucket = config.bucket("linkage")
    found = aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="state/").get("Contents", [])
    names = [one["Key"] for one in found]
    assert sum("manifest" in name for name in names) == 1
    assert sum("rows-" in name for name in names) == 2


def test_many_findings_go_out_in_batches_and_each_once(search: Search, outside: Outside) -> None:
    outcome = search(lease_filings=[row(i) for i in range(1, 200)])
    assert (outcome.new, outcome.batches) == (199, 5)
    assert len({i for ids in outside.sent for i in ids}) == 199


def test_copies_of_replaced_parts_leave_the_scratch_disk(search: Search, tmp_path: Path) -> None:
    search(lease_filings=[row(2)])
    search(lease_filings=[row(3)])
    assert len(list((tmp_path / "scratch" / "parts").glob("curated~*"))) == 1
