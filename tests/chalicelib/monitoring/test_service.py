"""Exactly once, whatever the stream does; and the numbers as callers see them."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import aws, config, tables
from chalicelib.actors import Actor
from chalicelib.errors import Forbidden, Invalid
from chalicelib.monitoring import service, store
from chalicelib.monitoring.model import Change, deltas, pack
from chalicelib.monitoring.rebuild import look, rebuild
from tests.chalicelib.monitoring.city import (
    CITY,
    COMMUNITY,
    DISTRICT,
    NOW,
    TOWN,
    busy,
    case,
    change,
    empty_tables,
    one_request_at_a_time,
    registration,
    visit,
)

pytestmark = pytest.mark.usefixtures("counted_tables")
OFFICER = Actor("city", "staff", frozenset({"city_officer"}), (CITY,))
TODAY = date(2026, 11, 23)


@pytest.fixture
def counted_tables(cloud: None) -> None:
    empty_tables()


def no_pause(seconds: float) -> None:
    assert seconds >= 0


def numbers(metric: str, region: str = CITY, by: Any = "day", start: str = "2026-11-23") -> list[int]:
    page = service.counters(OFFICER, metric, region, by, start, "2026-11-23", NOW)
    return [item.value for item in page.items]


def history(kind: int, steps: int, community: int) -> list[tuple[str, dict[str, Any] | None]]:
    """The states that one record goes through."""
    region = f"44060401000{community}"
    decided = "2026-11-23T10:00:00.000+08:00"
    states: list[tuple[str, dict[str, Any] | None]] = [
        [
            ("cases", case(region=region)),
            ("cases", case("checking", region=region)),
            ("cases", case("accepted", region, decided)),
            ("cases", None),
        ],
        [
            ("residence", registration("2025-06-01", region=region)),
            ("residence", registration("2025-06-03", region=region)),
            ("residence", registration("2025-06-03", "2026-11-20", "departed", region)),
            ("residence", None),
        ],
        [
            ("fieldwork", visit(f"{region}001")),
            ("fieldwork", visit(f"{region}002")),
            ("fieldwork", visit(region, "registered")),
            ("fieldwork", None),
        ],
    ][kind]
    return states[:steps]


def changes_of(records: list[tuple[int, int, int]]) -> list[Change]:
    """The stream of those records' changes, each record's own in order."""
    found: list[Change] = []
    for n, (kind, steps, community) in enumerate(records):
        old = None
        for step, (table, image) in enumerate(history(kind, steps, community)):
            found.append(change(f"e{n}{step}", table, old, image))
            old = image
    return found


def write_records(records: list[tuple[int, int, int]]) -> None:
    """The records' last states in their tables, as the rebuild finds them."""
    for n, (kind, steps, community) in enumerate(records):
        table, image = history(kind, steps, community)[-1]
        if image is not None:
            typed = {k: {"S": str(v)} for k, v in (image | {"pk": f"{table}#{n}"}).items()}
            client: Any = tables.connection().client
            client.put_item(TableName=config.table(table), Item=typed)  # type: ignore[arg-type]


def test_a_change_counts_at_every_level() -> None:
    result = service.count([change("e1", "cases", None, case())], NOW, no_pause)
    assert (result.counted, result.transactions, result.again) == (1, 1, [])
    for region in (COMMUNITY, TOWN, DISTRICT, CITY):
        assert numbers("cases_submitted", region) == [1]
        assert numbers("residence_registrations", region) == [1]


def test_a_redelivered_change_counts_once() -> None:
    first, second = change("e1", "cases", None, case()), change("e2", "cases", None, case())
    service.count([first], NOW, no_pause)
    result = service.count([first, second, second], NOW, no_pause)
    assert (result.counted, result.again) == (2, [])
    assert numbers("cases_submitted") == [2]
    assert service.count([first, second], NOW, no_pause).again == []
    assert numbers("cases_submitted") == [2]


def test_the_same_event_id_in_two_tables_is_two_changes() -> None:
    service.count([change("e1", "cases", None, case())], NOW, no_pause)
    service.count([change("e1", "fieldwork", None, visit())], NOW, no_pause)
    assert numbers("cases_submitted") == [1]
    assert numbers("visits_planned") == [1]


def test_a_change_that_can_never_be_counted_is_parked_and_stops_nobody() -> None:
    good, bad = change("e1", "cases", None, case()), change("e2", "cases", None, case(region="77"))
    result = service.count([bad, good], NOW, no_pause)
    assert (result.parked, result.counted, result.again) == (["e2"], 1, [])
    assert store.ParkedRow.find("PARKED#cases", "e2").reason
    assert numbers("cases_submitted") == [1]


RECORDS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=12
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, seed=st.integers(0, 2**16))
def test_any_order_duplication_and_splitting_gives_what_the_rebuild_counts(
    records: list[tuple[int, int, int]], seed: int
) -> None:
    dice = random.Random(seed)
    delivered = changes_of(records)
    delivered += dice.choices(delivered, k=len(delivered))
    dice.shuffle(delivered)
    empty_tables()
    write_records(records)
    while delivered:
        size = dice.randint(1, 10)
        batch, delivered = delivered[:size], delivered[size:]
        assert service.count(batch, NOW, no_pause).again == []
    result = look("2026-11-30")
    assert result.differing == {}
    assert result.compared > 0


def test_concurrent_batches_that_share_records_count_each_once() -> None:
    records = [(kind, 3, community) for kind in range(3) for community in range(1, 9)]
    write_records(records)
    all_changes = changes_of(records)
    batches = [random.Random(n).sample(all_changes, len(all_changes)) for n in range(4)]
    with one_request_at_a_time(), ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda batch: service.count(batch, NOW, no_pause), batches))
    if any(result.again for result in results):
        service.count(all_changes, NOW, no_pause)
    assert look("2026-11-30").differing == {}
    assert numbers("visits_registered") == [8]


def test_a_busy_table_is_tried_again_and_loses_nothing() -> None:
    pauses: list[float] = []
    with busy(3):
        result = service.count([change("e1", "cases", None, case())], NOW, pauses.append)
    assert (result.counted, result.transactions, result.again) == (1, 4, [])
    assert len(pauses) == 3
    assert numbers("cases_submitted") == [1]


def test_what_a_busy_table_never_takes_is_named_for_redelivery() -> None:
    one = change("e1", "cases", None, case())
    with busy(service.TRIES):
        assert service.count([one], NOW, no_pause).again == [one.sequence]
    assert numbers("cases_submitted") == [0]
    assert service.count([one], NOW, no_pause).counted == 1
    assert numbers("cases_submitted") == [1]


def test_a_gauge_counts_what_came_before_the_range() -> None:
    service.count(
        [
            change("e1", "residence", None, registration("2024-02-01")),
            change("e2", "residence", None, registration("2026-11-22")),
            change("e3", "residence", None, registration("2025-01-01", "2026-11-23", "moved")),
        ],
        NOW,
        no_pause,
    )
    assert numbers("residence_registrations_active", start="2026-11-21") == [2, 3, 2]


def test_hours_carry_their_offset_and_zeros_are_filled_in() -> None:
    service.count([change("e1", "cases", None, case())], NOW, no_pause)
    page = service.counters(OFFICER, "cases_submitted", TOWN, "hour", "2026-11-23T08", "2026-11-23T10", NOW)
    assert [(item.at, item.value) for item in page.items] == [
        ("2026-11-23T08:00:00+08:00", 0),
        ("2026-11-23T09:00:00+08:00", 1),
        ("2026-11-23T10:00:00+08:00", 0),
    ]


def test_a_year_of_days_and_ten_years_of_a_gauge_are_one_request_each() -> None:
    records = [registration(f"{2016 + n % 11}-{n % 12 + 1:02}-{n % 28 + 1:02}") for n in range(300)]
    service.count([change(f"e{n}", "residence", None, r) for n, r in enumerate(records)], NOW, no_pause)
    seen: list[str] = []

    def see(**kwargs: Any) -> None:
        seen.append(kwargs["event_name"])

    events = tables.connection().client.meta.events  # type: ignore[attr-defined]
    events.register("before-call.dynamodb", see)
    found = numbers("residence_registrations_active", start="2025-11-24")
    events.unregister("before-call.dynamodb", see)
    assert found[-1] == 300 - sum(r["registered_on"] > "2026-11-23" for r in records)
    assert len(seen) == 1


@pytest.mark.parametrize("region", ["77", "", "440604010001003", "44060401000100300001"])
def test_a_region_that_has_no_counters_is_a_clear_problem(region: str) -> None:
    with pytest.raises(Invalid):
        service.counters(OFFICER, "cases_submitted", region, "day", None, None, NOW)


def test_an_unknown_metric_names_the_known_ones() -> None:
    with pytest.raises(Invalid) as problem:
        service.counters(OFFICER, "people", CITY, "day", None, None, NOW)
    assert "visits_done" in str(problem.value.params["allowed"])


def test_a_region_out_of_scope_is_refused() -> None:
    coordinator = Actor("c", "staff", frozenset({"coordinator"}), (TOWN,))
    service.counters(coordinator, "cases_submitted", COMMUNITY, "day", None, None, NOW)
    with pytest.raises(Forbidden):
        service.counters(coordinator, "cases_submitted", DISTRICT, "day", None, None, NOW)


def test_a_grid_worker_sees_the_community_around_the_grid_and_no_other() -> None:
    worker = Actor("g", "staff", frozenset({"grid_worker"}), (f"{COMMUNITY}001", f"{COMMUNITY}002"))
    service.counters(worker, "visits_done", COMMUNITY, "day", None, None, NOW)
    for region in (TOWN, "440604010002"):
        with pytest.raises(Forbidden):
            service.counters(worker, "visits_done", region, "day", None, None, NOW)


def _spoil(slot: str, amount: int) -> None:
    client: Any = tables.connection().client
    client.update_item(
        TableName=config.table("monitoring"),
        Key={"pk": {"S": f"COUNT#cases_submitted#{TOWN}"}, "sk": {"S": "2026-11"}},
        UpdateExpression="ADD #slot :amount",
        ExpressionAttributeNames={"#slot": slot},
        ExpressionAttributeValues={":amount": {"N": str(amount)}},
    )


def test_the_rebuild_finds_a_wrong_counter_and_repairs_it_once() -> None:
    records = [(0, 1, 1), (1, 3, 2), (2, 3, 3), (0, 3, 1)]
    write_records(records)
    service.count(changes_of(records), NOW, no_pause)
    _spoil("23T09", 5)
    tomorrow = TODAY + timedelta(days=1)
    found = rebuild(tomorrow, "n1", NOW, pause=no_pause)
    assert [(d.metric, d.region, d.day, d.hour, d.counted, d.expected) for d in found.differences] == [
        ("cases_submitted", TOWN, "2026-11-23", "09", 7, 2)
    ]
    stored = aws.client("s3").get_object(
        Bucket=config.bucket("published"), Key="counters/differences/2026-11-23.json"
    )
    assert len(json.loads(stored["Body"].read())["differences"]) == 1
    assert rebuild(tomorrow, "n2", NOW, repair=True, pause=no_pause).repaired == 1
    assert rebuild(tomorrow, "n3", NOW, pause=no_pause).differences == []
    assert numbers("cases_submitted", TOWN) == [2]


def test_a_repeated_repair_changes_nothing_twice() -> None:
    row = (f"COUNT#cases_submitted#{TOWN}", "2026-11")
    _spoil("23T09", 5)
    store.repair({row: {"23T09": (5, 2)}}, "n1", NOW)
    _spoil("23T09", 3)
    with pytest.raises(tables.Cancelled):
        store.repair({row: {"23T09": (5, 2)}}, "n1", NOW)
    assert numbers("cases_submitted", TOWN) == [5]


def test_a_repair_gives_way_to_a_counter_that_moves() -> None:
    _spoil("23T09", 6)
    with pytest.raises(tables.Cancelled):
        store.repair({(f"COUNT#cases_submitted#{TOWN}", "2026-11"): {"23T09": (5, 2)}}, "n1", NOW)
    assert numbers("cases_submitted", TOWN) == [6]


def test_a_change_still_under_way_is_no_difference() -> None:
    write_records([(0, 1, 1)])

    def arrives_meanwhile(seconds: float) -> None:
        service.count(changes_of([(0, 1, 1)]), NOW, no_pause)

    found = rebuild(TODAY + timedelta(days=1), "n1", NOW, repair=True, pause=arrives_meanwhile)
    assert (found.differences, found.repaired) == ([], 0)
    assert numbers("cases_submitted") == [1]


def test_a_slot_that_keeps_moving_is_unsettled_and_not_wrong() -> None:
    write_records([(0, 1, 1)])

    def another_arrives(seconds: float) -> None:
        client: Any = tables.connection().client
        image = case() | {"pk": "cases#9"}
        client.put_item(TableName=config.table("cases"), Item={k: {"S": str(v)} for k, v in image.items()})

    found = rebuild(TODAY + timedelta(days=1), "n1", NOW, pause=another_arrives)
    assert found.differences == []
    assert found.unsettled == 8


def test_todays_open_day_is_not_compared() -> None:
    write_records([(0, 1, 1)])
    assert rebuild(TODAY, "n1", NOW, pause=no_pause).compared == 0


def test_a_batch_of_registrations_takes_few_transactions() -> None:
    changes = [
        change(f"e{n}", "residence", None, registration("2026-03-01", region=f"4406040{n // 20:05}"))
        for n in range(400)
    ]
    result = service.count(changes, NOW, no_pause)
    assert result.counted / result.transactions >= 70
    assert len(list(pack([(c, deltas(c)) for c in changes]))) == result.transactions
