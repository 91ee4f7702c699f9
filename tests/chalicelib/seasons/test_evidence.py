"""What records say to claims, and how a list is ordered. Pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.cases import model as cases
from chalicelib.points import editions
from chalicelib.seasons import evidence, model
from chalicelib.seasons.model import Claim, Ranked

DEMO, MEASURE = (next(p for p in editions.shipped() if p.id == name) for name in ("demo-2026", "foshan-2016"))
DAY = date(2026, 11, 23)


def judged(
    department: str, rows: dict[str, list[dict[str, Any]]], *claims: Claim, day: date = DAY
) -> evidence.Judged:
    said = {claim.indicator: claim for claim in claims}
    return evidence.judge(DEMO, "school", department, said, rows, day)


def insured(
    *spans: tuple[str, str | None], kinds: list[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    return {
        "social_security": [
            {
                "record_id": f"S{n}",
                "seen_on": "2026-11-01",
                "insured_from": begun,
                "insured_to": ended,
                "kinds": kinds or ["养老"],
            }
            for n, (begun, ended) in enumerate(spans)
        ]
    }


@pytest.mark.parametrize(
    ("spans", "years"),
    [
        (
            [("2024-11-24", None)],
            2,
        ),  # Counted to the day of the application: 24 November 2024 to 23 November 2026.
        ([("2024-11-25", None)], 1),
        ([("2020-01-01", "2020-12-31"), ("2021-01-01", "2021-12-31")], 2),  # Day after day: no gap.
        (
            [("2020-01-01", "2020-12-31"), ("2020-06-01", "2021-05-31")],
            1,
        ),  # Two jobs at once count once: 17 months.
        (
            [("2020-01-01", "2020-06-30"), ("2021-01-01", "2021-06-30")],
            1,
        ),  # Half years add up, gaps do not count.
        ([("2027-01-01", None)], None),
    ],
)
def test_years_of_insurance_are_full_and_each_month_counts_once(
    spans: list[tuple[str, str | None]], years: int | None
) -> None:
    """The scope's cut-off is 30 May of the year of admission, 2027 for an application in November 2026."""
    assert judged("human_resources", insured(*spans)).established.answers.get("A2.1") == years


def test_each_kind_of_insurance_has_its_own_years() -> None:
    rows = insured(("2022-01-01", "2023-12-31"), kinds=["养老", "医疗", "失业"])
    assert judged("human_resources", rows).established.answers["A2.1"] == 6


def test_the_last_twelve_months_are_twelve() -> None:
    assert judged("human_resources", insured(("2010-01-01", None))).established.answers["A2.2"] == 12
    assert judged("human_resources", insured(("2026-06-01", None))).established.answers["A2.2"] == 5


def test_an_old_record_without_an_end_goes_no_further_than_it_was_seen() -> None:
    rows = insured(("2020-01-01", None))
    rows["social_security"][0]["seen_on"] = "2024-12-31"
    assert judged("human_resources", rows).established.answers["A2.1"] == 5


def test_the_best_record_counts_in_the_policys_words() -> None:
    rows = {
        "skills": [
            {"record_id": f"K{n}", "seen_on": f"2026-0{n + 1}-01", "certificate": held}
            for n, held in enumerate(("技师", "初级工"))
        ]
    }
    found = judged("human_resources", rows)
    assert (found.established.answers["A1.2"], found.established.evidence["A1.2"].record) == ("二级", "K0")


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        ([], "silent"),
        ([{"record_id": "E1", "seen_on": "2026-01-01", "level": "高中/中技/中职"}], "differs"),
        (
            [{"record_id": "E1", "seen_on": "2026-01-01", "level": "本科及以上", "id_mended": True}],
            "weak_match",
        ),
        ([{"record_id": "E1", "seen_on": "2026-01-01", "level": "本科及以上"}], None),
    ],
)
def test_a_claim_that_no_sure_record_reaches_is_a_persons(
    rows: list[dict[str, Any]], doubt: str | None
) -> None:
    found = judged("education", {"education_records": rows}, Claim(indicator="A1.1", label="大专"))
    assert [each.code for each in found.doubts] == ([doubt] if doubt else [])


def test_what_no_data_can_tell_is_a_persons_only_when_claimed() -> None:
    assert judged("tax", {}).doubts == []
    assert [d.code for d in judged("tax", {}, Claim(indicator="B6", amount=Decimal(900))).doubts] == [
        "no_data"
    ]
    # Hours of all years say nothing of the last five.
    rows = {"volunteering": [{"record_id": "V1", "seen_on": "2026-01-01", "hours": 400}]}
    assert judged("youth_league", rows).established.answers == {}


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "record_id": st.sampled_from(["A", "B", "C"]),
            "seen_on": st.dates(date(2019, 1, 1), DAY).map(date.isoformat),
            "insured_from": st.dates(date(2005, 1, 1), date(2027, 1, 1)).map(date.isoformat),
            "insured_to": st.none() | st.dates(date(2005, 1, 1), date(2030, 1, 1)).map(date.isoformat),
            "kinds": st.lists(st.sampled_from(["养老", "医疗"]), unique=True),
        }
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None, database=None)
@given(rows=ROWS, more=ROWS, claimed=st.integers(0, 60))
def test_more_records_never_lower_and_a_program_never_takes_away(
    rows: list[dict[str, Any]], more: list[dict[str, Any]], claimed: int
) -> None:
    claim = Claim(indicator="A2.1", amount=Decimal(claimed))
    few = judged("human_resources", {"social_security": rows}, claim)
    many = judged("human_resources", {"social_security": rows + more}, claim)
    one, other = (each.established.answers.get("A2.1", 0) for each in (few, many))
    assert one <= other
    for found, value in ((few, one), (many, other)):
        assert bool(found.doubts) == (
            value < claimed or (claimed == 0 and "A2.1" not in found.established.answers)
        )


def test_every_department_of_every_policy_has_a_check_that_asks_it() -> None:
    checks = {check.code for check in cases.kind("points_application").checks}
    for policy in (DEMO, MEASURE):
        for scope in policy.scopes:
            codes = [each.code for each in policy.indicators]
            assert set(evidence.departments(policy, scope, codes)) <= checks


def test_the_kinds_clocks_of_objections_are_those_of_the_measure() -> None:
    clocks = MEASURE.scopes["school"].calendar.objections
    days = cases.kind("points_objection").state_working_days
    assert days == {
        "received": clocks.forwarded_within,
        "rechecking": clocks.rechecked_within,
        "answering": clocks.answered_within,
    }


def ranked(case: str, total: int, *ties: int, minutes: int = 0, child: str | None = None) -> Ranked:
    at = datetime(2026, 4, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    return Ranked(case, f"P{case}", child, Decimal(total), tuple(map(Decimal, ties)), at, "d")


def test_the_order_is_total_then_the_policys_groups_then_the_earlier_application() -> None:
    pool = [
        ranked("a", 90, 10, 10, minutes=5),
        ranked("b", 90, 10, 10, minutes=1),
        ranked("c", 90, 20, 0),
        ranked("d", 91, 0, 0, minutes=9),
        ranked("e", 90, 10, 20, minutes=9),
    ]
    for turned in (pool, pool[::-1]):
        assert [one.case for one in model.ranked(turned, one_spouse=True)] == ["d", "c", "e", "b", "a"]


def test_one_child_is_in_a_list_once_with_the_higher_parent() -> None:
    pool = [ranked("a", 50, child="K"), ranked("b", 60, child="K"), ranked("c", 55, child="L")]
    assert [one.case for one in model.ranked(pool, one_spouse=True)] == ["b", "c"]
    assert len(model.ranked(pool, one_spouse=False)) == 3


def test_the_inputs_digest_changes_with_any_of_them_and_not_with_their_order() -> None:
    list_of = model.Ranking(
        id="R", policy="p", policy_version="1", policy_digest="h", scope="school", area="440604",
        period="2026", round=1, state="making", opened_by="x",
    )  # fmt: skip
    pool = [ranked("a", 50), ranked("b", 60)]
    made = model.inputs_digest(list_of, pool)
    assert made == model.inputs_digest(list_of, pool[::-1])
    assert made != model.inputs_digest(list_of, [pool[0], pool[1]._replace(digest="e")])
    assert made != model.inputs_digest(list_of.model_copy(update={"policy_digest": "i"}), pool)


@pytest.mark.parametrize(
    ("kind", "day", "period"),
    [
        ("school_year", date(2026, 5, 1), "2026"),
        ("school_year", date(2026, 9, 1), "2027"),
        ("quarter", date(2026, 3, 31), "2026Q1"),
        ("quarter", date(2026, 10, 1), "2026Q4"),
        ("month", date(2026, 2, 1), "2026-02"),
        ("year", date(2026, 12, 31), "2026"),
    ],
)
def test_a_day_belongs_to_one_period(kind: str, day: date, period: str) -> None:
    assert model.period_of(kind, day) == period


def test_areas_nest() -> None:
    town = "440604010"
    assert [model.area_of(kind, town) for kind in ("city", "district", "town", "zone")] == [
        "440600",
        "440604",
        town,
        town,
    ]
