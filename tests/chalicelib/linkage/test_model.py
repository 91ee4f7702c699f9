from datetime import date

import pytest

from chalicelib.linkage import finder, model
from chalicelib.linkage.model import Candidate, Sighting

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


def test_repeating_one_report_makes_nothing_surer() -> None:
    one = model.confidence(candidate("social_security", "volunteering"), RULES, POLICY)
    same = model.confidence(candidate("employment", "social_security", "tax", "volunteering"), RULES, POLICY)
    assert one == same == 0.84


def test_confidence_never_reaches_certainty() -> None:
    assert model.confidence(candidate(*RULES), RULES, POLICY) == 0.99


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
