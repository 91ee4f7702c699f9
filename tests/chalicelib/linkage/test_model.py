from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.linkage import doubts, finder, model
from chalicelib.linkage.model import Candidate, Sighting, Visited

RULES = finder.rules()
POLICY = model.policy_on(date(2026, 11, 23))


def candidate(*sources: str) -> Candidate:
    seen = tuple(Sighting(source, date(2026, 11, 1)) for source in sources)
    return Candidate("1:00", "440604012", "季华五路1号", seen)


@pytest.mark.parametrize(
    ("sources", "named"),
    [
        (["lease_filings"], True),
        (["school_rolls"], True),
        (["social_security"], False),
        (["social_security", "employment", "tax", "housing_fund"], False),
        (["social_security", "volunteering"], True),
        (["blood_donation", "social_security"], False),
        (["registrations", "social_security"], False),
        ([], False),
    ],
)
def test_a_strong_signal_or_two_independent_ones_are_needed(sources: list[str], named: bool) -> None:
    assert model.enough(sources, RULES, POLICY) is named


def test_the_longer_ago_somebody_was_seen_the_less_sure_it_is_that_they_live_here() -> None:
    sure = [model.confidence(days, 0.0, ("tax",), POLICY) for days in (0, 45, 70, 85, 120, 400)]
    assert sure[:4] == sorted(sure[:4], reverse=True) and sure[3] > POLICY.name_from > max(sure[4:])
    assert sure[-1] == 0


@given(st.integers(0, 400), st.floats(0, 1), st.integers(0, 10**6))
def test_confidence_is_a_probability_and_never_certain(days: int, doubt: float, right: int) -> None:
    found = model.confidence(days, doubt, ("tax",), POLICY, {("tax",): Visited(right, right)})
    assert 0 <= found <= model.CERTAIN < 1


def test_whoever_may_be_in_the_register_is_named_with_less_confidence() -> None:
    assert model.confidence(1, 0.5, ("tax",), POLICY) == pytest.approx(0.5 * POLICY.here[0].here, abs=1e-4)


def test_few_visits_change_little_and_many_decide() -> None:
    expected = model.confidence(1, 0.0, ("tax",), POLICY)
    visits = (0, 2, round(POLICY.visits_as_prior), 20_000)
    after = [model.confidence(1, 0.0, ("tax",), POLICY, {("tax",): Visited(n // 2, n)}) for n in visits]
    assert after[0] == expected and after == sorted(after, reverse=True)
    assert after[1] > 0.99 and after[2] == pytest.approx((expected + 0.5) / 2, abs=1e-4)
    assert after[3] == pytest.approx(0.5, abs=0.01)


def test_what_visits_found_counts_for_the_same_departments_only() -> None:
    measured = {("skills", "tax"): Visited(0, 100)}
    assert model.confidence(1, 0.0, ("tax",), POLICY, measured) == model.confidence(1, 0.0, ("tax",), POLICY)


def test_the_freshness_of_the_rules_goes_from_the_freshest_on() -> None:
    days = [one.days for one in POLICY.here]
    assert days == sorted(set(days)) and days[-1] >= POLICY.horizon_days


def test_the_reason_names_departments_and_days_in_both_languages_and_nobody() -> None:
    reason = model.because(candidate("lease_filings", "tax"), RULES)
    assert "租赁登记备案 2026-11-01" in reason["zh-CN"]
    assert "Lease filings 2026-11-01" in reason["en"]


def test_spellings_of_one_address_are_one_place() -> None:
    one = model.place_key("440604012", "广东省佛山市禅城区季华五路 １２ 号, 3栋")
    assert one == model.place_key("440604012", "禅城区季华五路12号3栋")
    assert one != model.place_key("440604012", "禅城区季华五路13号3栋")


def test_there_are_no_rules_before_the_first_edition() -> None:
    with pytest.raises(LookupError):
        model.policy_on(date(2019, 12, 31))


def test_the_fewer_are_not_registered_the_more_whoever_looks_so_is_doubted() -> None:
    rules = POLICY.doubts
    usual = round(1000 * rules.registered_a_suspect)
    assert doubts.fuller(usual, 1000, rules) == pytest.approx(1)
    assert doubts.fuller(4 * usual, 1000, rules) == pytest.approx(4)
    assert doubts.fuller(0, 0, rules) == doubts.fuller(usual, 2000, rules) == 1
