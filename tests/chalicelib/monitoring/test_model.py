"""The counters' rules, without any table."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Invalid
from chalicelib.monitoring import periods
from chalicelib.monitoring.metrics import ATTRIBUTES, METRICS, Contribution, Unreadable, metrics_of
from chalicelib.monitoring.model import Slot, deltas, pack
from tests.chalicelib.monitoring.city import COMMUNITY, NOW, TOWN, case, change, registration, visit


def test_a_submitted_registration_counts_as_a_case_and_as_a_registration() -> None:
    assert metrics_of("cases", case()) == [
        Contribution("cases_submitted", COMMUNITY, "2026-11-23T09", 1),
        Contribution("residence_registrations", COMMUNITY, "2026-11-23T09", 1),
    ]


def test_a_permit_is_counted_when_applied_for_and_when_granted() -> None:
    applied = case(case_kind="permit_application")
    granted = applied | {"state": "accepted", "decided_at": "2026-11-24T10:00:00+08:00"}
    counted = [{c.metric for c in metrics_of("cases", image)} for image in (applied, granted)]
    assert counted[0] == {"cases_submitted", "permit_applications"}
    assert counted[1] - counted[0] == {"cases_accepted", "permits_granted"}


def test_another_kind_of_case_is_no_registration() -> None:
    assert [c.metric for c in metrics_of("cases", case(case_kind="feedback"))] == ["cases_submitted"]


@pytest.mark.parametrize(("state", "metric"), [("accepted", "cases_accepted"), ("refused", "cases_refused")])
def test_a_decision_counts_in_the_hour_of_the_decision(state: str, metric: str) -> None:
    decided = metrics_of("cases", case(state, decided="2026-11-25T16:00:00.000Z"))
    assert Contribution(metric, COMMUNITY, "2026-11-26T00", 1) in decided


def test_items_beside_the_case_count_nothing() -> None:
    assert metrics_of("cases", case(sk="CHECK#housing")) == []
    assert metrics_of("residence", {"sk": "PROFILE"}) == []
    assert metrics_of("fieldwork", {"sk": "FINDING"}) == []
    assert metrics_of("cases", None) == []


def test_a_departure_ends_what_is_in_force_and_counts_itself() -> None:
    assert metrics_of("residence", registration("2025-03-01", "2026-11-20", "departed")) == [
        Contribution("residence_registrations_active", COMMUNITY, "2025-03-01T00", 1),
        Contribution("residence_registrations_active", COMMUNITY, "2026-11-20T00", -1),
        Contribution("departures", COMMUNITY, "2026-11-20T00", 1),
    ]


def test_a_move_ends_a_registration_and_is_no_departure() -> None:
    found = metrics_of("residence", registration("2025-03-01", "2026-11-20", "moved"))
    assert [c.metric for c in found] == ["residence_registrations_active"] * 2


def test_a_visit_in_a_grid_counts_in_its_community() -> None:
    found = metrics_of("fieldwork", visit(f"{COMMUNITY}003", "registered"))
    assert [(c.metric, c.region) for c in found] == [
        ("visits_planned", COMMUNITY),
        ("visits_done", COMMUNITY),
        ("visits_registered", COMMUNITY),
    ]


@pytest.mark.parametrize("broken", [{"region": "99"}, {"region": None}, {"submitted_at": "yesterday"}])
def test_a_record_that_cannot_be_read_says_so_without_its_content(broken: dict[str, str]) -> None:
    with pytest.raises(Unreadable) as problem:
        metrics_of("cases", case(**broken))
    assert "yesterday" not in str(problem.value)


def test_the_rebuild_reads_every_attribute_that_counts() -> None:
    full = {
        "cases": case("accepted", decided="2026-11-23T10:00:00.000+08:00"),
        "residence": registration("2025-03-01", "2026-11-20", "departed"),
        "fieldwork": visit(outcome="registered"),
    }
    for table, image in full.items():
        reduced = {name: value for name, value in image.items() if name in ATTRIBUTES[table]}
        assert metrics_of(table, reduced) == metrics_of(table, image)


def test_a_change_that_counts_nothing_new_has_no_delta() -> None:
    assert deltas(change("e1", "cases", case(), case("checking"))) == Counter()


def test_a_new_case_moves_every_level_up_to_the_city() -> None:
    regions = {slot.pk.split("#")[2] for slot in deltas(change("e1", "cases", None, case()))}
    assert regions == {COMMUNITY, TOWN, "440604", "440600"}


def test_a_correction_of_the_region_moves_the_count() -> None:
    other = "440604010002"
    found = deltas(change("e1", "cases", case(), case(region=other)))
    assert found[Slot(f"COUNT#cases_submitted#{COMMUNITY}", "2026-11", "23T09")] == -1
    assert found[Slot(f"COUNT#cases_submitted#{other}", "2026-11", "23T09")] == 1
    assert not any(slot.pk.endswith(TOWN) for slot in found)


def test_a_removed_record_stays_counted_and_what_it_held_ends() -> None:
    found = deltas(change("e1", "residence", registration("2025-03-01"), None))
    gauge = f"residence_registrations_active#{COMMUNITY}"
    assert found[Slot(f"COUNT#{gauge}", "2026-11", "23")] == -1
    assert Slot(f"COUNT#{gauge}", "2025-03", "01") not in found
    assert found[Slot(f"KEPT#{gauge}", "2025-03", "01")] == 1
    assert found[Slot(f"KEPT#{gauge}", "2026-11", "23")] == -1


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 28), st.booleans()), max_size=300))
def test_parcels_hold_every_change_once_and_never_more_than_a_transaction(
    facts: list[tuple[int, int, bool]],
) -> None:
    changes = []
    for n, (community, day, ended) in enumerate(facts):
        region = f"44060401000{community}"
        image = registration(f"2026-05-{day:02}", "2026-06-01" if ended else None, region=region)
        changes.append(change(f"e{n}", "residence", None, image))
    parcels = list(pack([(c, deltas(c)) for c in changes]))
    assert all(parcel.writes <= 100 for parcel in parcels)
    assert sorted(c.event_id for p in parcels for c, _ in p.changes) == sorted(c.event_id for c in changes)
    packed: Counter[Slot] = Counter()
    for parcel in parcels:
        for (pk, sk), amounts in parcel.amounts.items():
            packed.update({Slot(pk, sk, name): amount for name, amount in amounts.items()})
    wanted: Counter[Slot] = Counter()
    for one in changes:
        wanted.update(deltas(one))
    assert {s: n for s, n in packed.items() if n} == {s: n for s, n in wanted.items() if n}


def test_an_import_of_old_registrations_shares_transactions_well() -> None:
    changes = [
        change(
            f"e{n}",
            "residence",
            None,
            registration(f"202{4 + n % 3}-{n % 12 + 1:02}-{n % 28 + 1:02}", region=f"4406040{n // 25:05}"),
        )
        for n in range(1000)
    ]
    parcels = list(pack([(c, deltas(c)) for c in changes]))
    assert 1000 / len(parcels) >= 60


def test_days_and_hours_are_both_included() -> None:
    assert periods.periods("day", "2026-11-28", "2026-12-01", NOW) == [
        "2026-11-28",
        "2026-11-29",
        "2026-11-30",
        "2026-12-01",
    ]
    hours = periods.periods("hour", "2026-11-23", "2026-11-23", NOW)
    assert (hours[0], hours[-1], len(hours)) == ("2026-11-23T00", "2026-11-23T23", 24)
    assert periods.periods("month", "2026-11", "2027-02-03", NOW)[-1] == "2027-02"


def test_a_time_with_an_offset_is_brought_to_the_citys_clock() -> None:
    assert periods.periods("hour", "2026-11-22T23:10:00Z", "2026-11-23T08:00:00 08:00", NOW) == [
        "2026-11-23T07",
        "2026-11-23T08",
    ]


def test_without_a_range_the_last_periods_up_to_now_are_meant() -> None:
    assert periods.periods("hour", None, None, NOW)[-1] == "2026-11-23T09"
    assert len(periods.periods("hour", None, None, NOW)) == 24
    assert len(periods.periods("day", None, None, NOW)) == 30
    assert periods.periods("month", None, None, NOW)[0] == "2025-12"


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2026-13", None, "counter_time_invalid"),
        ("2026-02-30", None, "counter_time_invalid"),
        ("tomorrow", None, "counter_time_invalid"),
        ("2026-11-23", "2026-11-22", "counter_range_backwards"),
        ("2020-01-01", "2026-11-22", "counter_range_too_long"),
    ],
)
def test_a_range_that_makes_no_sense_is_a_clear_problem(start: str, end: str | None, code: str) -> None:
    with pytest.raises(Invalid) as problem:
        periods.periods("day", start, end, NOW)
    assert problem.value.code == code


def test_a_gauge_is_the_running_total_at_the_end_of_each_period() -> None:
    rows = {"2024": {"02-01": 5}, "2026": {"11-20": 3, "11-22": -1, "12-05": 7}}
    days = periods.periods("day", "2026-11-19", "2026-11-23", NOW)
    assert periods.values("gauge", "day", days, rows) == [5, 8, 8, 7, 7]
    assert periods.values("gauge", "month", ["2026-10", "2026-11", "2026-12"], rows) == [5, 7, 14]
    hours = ["2026-11-19T23", "2026-11-20T00"]
    assert periods.values("gauge", "hour", hours, rows) == [5, 8]


def test_a_flow_is_what_happened_in_each_period() -> None:
    rows = {"2026-11": {"22T23": 2, "23T09": 3, "23T10": 1}}
    assert periods.values("flow", "day", ["2026-11-22", "2026-11-23"], rows) == [2, 4]
    assert periods.values("flow", "hour", ["2026-11-23T08", "2026-11-23T09"], rows) == [0, 3]
    assert periods.values("flow", "month", ["2026-11", "2026-12"], rows) == [6, 0]


def test_every_metric_has_titles_in_both_languages() -> None:
    assert all(set(metric.title) == {"zh-CN", "en"} for metric in METRICS.values())


def test_the_day_before_a_leap_day_is_the_day_before() -> None:
    assert periods.days_before(date(2028, 3, 1)) == "2028-02-29"


def test_a_stored_date_counts_from_its_first_hour() -> None:
    image = registration("2026-11-23")
    assert metrics_of("residence", image)[0].at == "2026-11-23T00"
