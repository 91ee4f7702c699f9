"""A permit's states, and what may happen in which, by hand and by property."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Conflict
from chalicelib.permits.lifetime import Due, months_after
from chalicelib.permits.model import Permit
from chalicelib.permits.policy import policy_on

POLICY = policy_on(date(2026, 1, 1))
DAYS = st.dates(date(2016, 1, 1), date(2050, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(text)


def accepted(on: date) -> Permit:
    return Permit(
        id="RP1",
        person_id="P1",
        region="440604010001",
        ground="work",
        state="in_production",
        case="C1",
        card="C1",
        accepted_on=on,
        card_due_on=on + timedelta(days=15),
    )


def issued(on: date) -> Permit:
    return accepted(on).issued(on, POLICY)


def run_calendar(permit: Permit, until: date) -> tuple[Permit, list[Due]]:
    """The nightly run of every day up to one."""
    done: list[Due] = []
    while (steps := permit.steps(POLICY)) and steps[0].day <= until:
        permit = permit.stepped(steps[0])
        done.append(steps[0])
    return permit, done


def test_the_states_of_a_first_year_by_hand() -> None:
    permit = issued(day("2026-03-01"))
    assert permit.endorsed_through == day("2027-03-01")
    stands = {
        text: permit.on(day(text), POLICY)
        for text in ("2027-01-31", "2027-02-01", "2027-03-01", "2027-03-02")
    }
    assert list(stands.values()) == ["active", "endorsement_window", "endorsement_window", "suspended"]


def test_a_permit_in_production_is_late_on_the_sixteenth_day() -> None:
    permit = accepted(day("2026-11-01"))
    assert permit.steps(POLICY) == [Due(day("2026-11-17"), "card_late", day("2026-11-16"))]
    with pytest.raises(Conflict, match="permit_not_in_force"):
        permit.may_endorse(day("2027-11-01"), POLICY)


def test_each_step_of_a_year_is_done_once() -> None:
    permit, done = run_calendar(issued(day("2026-03-01")), day("2027-12-31"))
    assert [step.what for step in done] == ["window", "week", "suspended"]
    assert permit.state == "suspended" and permit.suspended_on == day("2027-03-02")
    assert run_calendar(permit, day("2030-01-01"))[1] == []


def test_a_step_is_not_taken_again_when_new_rules_move_its_day() -> None:
    permit, done = run_calendar(issued(day("2026-03-01")), day("2027-02-10"))
    assert [step.what for step in done] == ["window"]
    longer = POLICY.model_copy(update={"window_months": 2})
    assert [step.what for step in permit.steps(longer)] == ["week", "suspended"]


def test_endorsed_in_time_the_next_year_ends_on_the_corresponding_day() -> None:
    permit, what = issued(day("2026-03-01")).endorsed(day("2027-02-05"), POLICY)
    assert (what, permit.endorsed_through, permit.years_before) == ("endorsed", day("2028-03-01"), 0)
    assert permit.years(day("2027-03-01"), POLICY) == 1


def test_before_the_window_it_is_refused_and_the_day_is_named() -> None:
    with pytest.raises(Conflict) as caught:
        issued(day("2026-03-01")).endorsed(day("2027-01-31"), POLICY)
    assert (caught.value.code, caught.value.params) == ("permit_window_not_open", {"day": "2027-02-01"})


def test_made_up_late_the_function_is_restored_and_the_years_before_are_joined() -> None:
    permit, _ = run_calendar(issued(day("2025-03-01")), day("2026-06-09"))
    restored, what = permit.endorsed(day("2026-06-10"), POLICY)
    assert (what, restored.state, restored.suspended_on) == ("restored", "active", None)
    assert restored.endorsed_through == day("2027-06-10")
    assert [restored.years(day(text), POLICY) for text in ("2026-06-10", "2027-06-09", "2027-06-10")] == [
        1,
        1,
        2,
    ]


def test_without_joining_by_a_local_rule_nothing_is_joined() -> None:
    alone = POLICY.model_copy(update={"joins_years": False})
    restored, _ = issued(day("2025-03-01")).endorsed(day("2026-06-10"), alone)
    assert restored.years(day("2026-06-10"), alone) == 0


def test_asked_in_time_and_decided_late_it_is_in_time_and_never_suspended_meanwhile() -> None:
    asked = issued(day("2026-03-01")).model_copy(update={"asked": "C2", "asked_on": day("2027-02-27")})
    assert asked.on(day("2027-03-20"), POLICY) == "endorsement_window"
    endorsed, what = asked.endorsed(day("2027-02-27"), POLICY)
    assert (what, endorsed.endorsed_through, endorsed.asked) == ("endorsed", day("2028-03-01"), None)


def test_asked_late_it_stays_suspended_until_it_is_decided() -> None:
    asked = issued(day("2026-03-01")).model_copy(update={"asked": "C2", "asked_on": day("2027-03-02")})
    assert asked.on(day("2027-03-20"), POLICY) == "suspended"


def test_a_lost_card_is_replaced_and_the_right_goes_on() -> None:
    permit = issued(day("2026-03-01"))
    ordered = permit.replaced("C9", day("2026-05-01"), POLICY)
    assert (ordered.serial, ordered.card, ordered.card_due_on) == (2, "C9", day("2026-05-16"))
    assert ordered.on(day("2026-05-02"), POLICY) == "active"
    handed = ordered.issued(day("2026-05-10"), POLICY)
    assert (handed.card_due_on, handed.issued_on) == (None, day("2026-03-01"))
    with pytest.raises(Conflict, match="permit_no_card_due"):
        handed.issued(day("2026-05-11"), POLICY)


def test_a_permit_that_is_being_made_or_over_is_not_replaced() -> None:
    for permit in (accepted(day("2026-03-01")), issued(day("2026-03-01")).cancelled(day("2026-04-01"))):
        with pytest.raises(Conflict, match="permit_not_in_force"):
            permit.replaced("C9", day("2026-05-01"), POLICY)


def test_cancelled_on_departure_nothing_is_left_to_do() -> None:
    permit = issued(day("2026-03-01")).cancelled(day("2026-09-01"))
    assert (permit.on(day("2030-01-01"), POLICY), permit.steps(POLICY)) == ("cancelled", [])
    with pytest.raises(Conflict, match="permit_not_in_force"):
        permit.may_endorse(day("2027-02-10"), POLICY)


@settings(deadline=None)
@given(DAYS, st.lists(st.integers(0, 30), max_size=8))
def test_endorsed_in_time_each_year_counts_and_ends_on_its_day(start: date, days_before: list[int]) -> None:
    permit = issued(start)
    for number, before in enumerate(days_before, start=1):
        assert permit.endorsed_through == months_after(start, 12 * number)
        on = max(months_after(permit.endorsed_through, -1), permit.endorsed_through - timedelta(days=before))
        permit, what = permit.endorsed(on, POLICY)
        assert what == "endorsed"
    assert permit.years(months_after(start, 12 * len(days_before)), POLICY) == len(days_before)


@settings(deadline=None)
@given(DAYS, st.lists(st.integers(-30, 500).filter(bool), min_size=1, max_size=8))
def test_years_never_shrink_and_no_year_is_lost_by_being_late(start: date, offsets: list[int]) -> None:
    permit, seen = issued(start), 0
    for number, offset in enumerate(offsets, start=1):
        assert permit.endorsed_through is not None
        on = permit.endorsed_through + timedelta(days=offset)
        on = max(on, months_after(permit.endorsed_through, -1))
        permit, _ = run_calendar(permit, on)
        permit, what = permit.endorsed(on, POLICY)
        assert what == ("restored" if offset > 0 else "endorsed")
        assert permit.on(on, POLICY) in ("active", "endorsement_window")
        assert permit.endorsed_through is not None
        years = permit.years(permit.endorsed_through, POLICY)
        assert years == number + 1 and years > seen
        seen = years


@settings(deadline=None)
@given(DAYS, st.integers(0, 900))
def test_how_it_stands_follows_from_the_dates_with_or_without_the_nightly_run(
    start: date, later: int
) -> None:
    permit, on = issued(start), start + timedelta(days=later)
    assert run_calendar(permit, on)[0].on(on, POLICY) == permit.on(on, POLICY)
