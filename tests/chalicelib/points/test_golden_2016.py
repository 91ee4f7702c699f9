"""People of the 2016 measure worked by hand: the arithmetic of each stands in its test's docstring.

School: threshold 30. Hukou: threshold 30, with age, marriage and deductions. All people are made up.
"""

from datetime import date
from typing import Any

from chalicelib.points import service
from chalicelib.points.model import Scope, Score

DAY = date(2017, 3, 1)


def scored(scope: Scope, day: date = DAY, **answers: Any) -> Score:
    """The score of answers whose codes are written with underscores for dots."""
    named = {code.replace("_", "."): value for code, value in answers.items()}
    found = service.score(service.policy("foshan-2016", "1"), scope, named, day)
    assert sum(line.points for line in found.lines) == found.total
    return found


def total(scope: Scope, day: date = DAY, **answers: Any) -> str:
    """The total as decimal text."""
    return str(scored(scope, day, **answers).total.normalize().__format__("f"))


def born(day: str) -> dict[str, str]:
    """The answer to a question of age."""
    return {"birth_date": day}


def test_01_a_cook_with_senior_school_and_three_years_of_five_insurances() -> None:
    """高中 50 + 15 full years × 1 + 15 in Foshan × 1 + permit 3 × 5 = 50 + 15 + 15 + 15 = 95."""
    assert total("school", A1_1="高中/中技/中职", A2_1=15, A2_2=15, A3_2=3) == "95"


def test_02_a_person_with_nothing_has_nothing() -> None:
    """No answers: 0, which is under 30."""
    found = scored("school")
    assert (found.total, found.eligible, found.lines) == (0, False, [])


def test_03_exactly_the_threshold_is_enough() -> None:
    """Permit 6 × 5 = 30; 30 ≥ 30."""
    assert (total("school", A3_2=6), scored("school", A3_2=6).eligible) == ("30", True)


def test_04_a_fifth_of_a_point_under_the_threshold_is_not() -> None:
    """Permit 5 × 5 = 25, housing fund account 3, 9 months × 0.2 = 1.8: 25 + 3 + 1.8 = 29.8 < 30."""
    found = scored("school", A3_2=5, B9_1=True, B9_2=9)
    assert (str(found.total), found.eligible) == ("29.8", False)


def test_05_ten_months_of_housing_fund_reach_it_exactly() -> None:
    """25 + 3 + 10 × 0.2 = 25 + 3 + 2 = 30, with no trace of binary fractions."""
    found = scored("school", A3_2=5, B9_1=True, B9_2=10)
    assert (found.total, found.eligible) == (30, True)


def test_06_a_graduate_engineer_with_a_home() -> None:
    """本科及以上 80 + 高级技师/一级/高级职称 110 + home 80 = 270."""
    assert total("hukou", A1_1="本科及以上", A1_2="高级技师/一级/高级职称", A3_1=True) == "270"


def test_07_insurances_stop_at_fifty_each() -> None:
    """Guangdong min(75 × 1, 50) = 50, Foshan min(51 × 1, 50) = 50: 100."""
    assert total("school", A2_1=75, A2_2=51) == "100"


def test_08_just_at_the_cap_nothing_is_lost() -> None:
    """min(50 × 1, 50) = 50, min(49 × 1, 50) = 49: 99."""
    assert total("school", A2_1=50, A2_2=49) == "99"


def test_09_permit_years_have_no_cap() -> None:
    """30 × 5 = 150."""
    assert total("school", A3_2=30) == "150"


def test_10_at_fifty_age_gives_five() -> None:
    """Born 1 March 1967, 50 on the day: 5. Unmarried 10. 5 + 10 = 15."""
    assert total("hukou", B1_1=born("1967-03-01"), B1_2=True) == "15"


def test_11_a_day_before_fifty_it_gives_six() -> None:
    """Born 2 March 1967, still 49: min(15, 5 + (50 - 49)) = 6."""
    assert total("hukou", B1_1=born("1967-03-02")) == "6"


def test_12_at_forty_and_younger_it_gives_fifteen() -> None:
    """40: min(15, 5 + 10) = 15. 41: min(15, 5 + 9) = 14. 22: min(15, 5 + 28) = 15."""
    assert total("hukou", B1_1=born("1977-03-01")) == "15"
    assert total("hukou", B1_1=born("1976-02-29")) == "14"
    assert total("hukou", B1_1=born("1995-01-01")) == "15"


def test_13_a_leap_day_child_is_a_year_older_on_the_first_of_march() -> None:
    """Born 29 February 1976. On 28 February 2017 40: 15. On 1 March 2017 41: min(15, 5 + 9) = 14."""
    assert total("hukou", date(2017, 2, 28), B1_1=born("1976-02-29")) == "15"
    assert total("hukou", date(2017, 3, 1), B1_1=born("1976-02-29")) == "14"


def test_14_a_street_sweeper_of_six_years() -> None:
    """min(6 × 4, 20) = 20; 初中 40; permit 4 × 5 = 20: 80."""
    assert total("school", A1_1="初中", A3_2=4, B2=6) == "80"


def test_15_a_sole_inventor_has_the_whole_value() -> None:
    """发明 30 + 实用新型 20 + 外观设计 10 = 60."""
    assert total("hukou", B3=["发明", "实用新型", "外观设计"]) == "60"


def test_16_the_first_of_three_owners_has_two_quarters() -> None:
    """30 / (3 + 1) × 2 = 15."""
    assert total("hukou", B3=[{"value": "发明", "owners": 3, "first": True}]) == "15"


def test_17_the_second_of_three_owners_has_one_quarter() -> None:
    """30 / (3 + 1) = 7.5; of a design with two owners 10 / (2 + 1) = 3.33: 10.83."""
    patents = [
        {"value": "发明", "owners": 3, "first": False},
        {"value": "外观设计", "owners": 2, "first": False},
    ]
    assert total("hukou", B3=patents) == "10.83"


def test_18_shares_are_rounded_half_up_each_for_itself() -> None:
    """20 / (2 + 1) × 2 = 13.333… → 13.33; 30 / (6 + 1) × 2 = 8.571… → 8.57; 13.33 + 8.57 = 21.90."""
    patents = [
        {"value": "实用新型", "owners": 2, "first": True},
        {"value": "发明", "owners": 6, "first": True},
    ]
    assert total("hukou", B3=patents) == "21.9"


def test_19_a_decorated_worker_stops_at_the_caps() -> None:
    """County: min(3 × 30, 60) = 60. Prefecture: min(2 × 60, 120) = 120. In Foshan: min(3 × 10, 20) = 20, min(1 × 20, 40) = 20.

    60 + 120 + 20 + 20 = 220.
    """
    assert total("hukou", B4_1=3, B4_2=2, B4_3=3, B4_4=1) == "220"


def test_20_competitions_by_level_and_rank() -> None:
    """District third 60 + city first 95 + national second 140 = 295, whole labels or level and rank alike."""
    prizes = ["区级三", {"level": "市级", "rank": "一"}, "国家级二"]
    assert total("hukou", B5=prizes) == "295"


def test_21_only_full_units_of_service_and_blood_count() -> None:
    """149 h: ⌊149 / 50⌋ × 3 = 6. 400 ml: ⌊400 / 200⌋ × 3 = 6. 6 + 6 = 12; one hour more gives 15."""
    assert total("school", B6_1=149, B6_2=400) == "12"
    assert total("school", B6_1=150, B6_2=400) == "15"


def test_22_service_and_blood_stop_at_thirty_each() -> None:
    """min(⌊600 / 50⌋ × 3, 30) = min(36, 30) = 30; min(⌊2,200 / 200⌋ × 3, 30) = min(33, 30) = 30: 60."""
    assert total("school", B6_1=600, B6_2=2200) == "60"


def test_23_a_marrow_donor_has_both() -> None:
    """入库 5 + 捐献 50 = 55; on the register alone 5."""
    assert total("school", B6_3=["入库", "捐献"]) == "55"
    assert total("school", B6_3=["入库"]) == "5"


def test_24_a_tax_payer_with_a_company() -> None:
    """有限公司 10; income tax ⌊12,499.99 / 500⌋ × 1 = 24; other taxes ⌊99,999 / 10,000⌋ × 1 = 9: 43."""
    assert total("hukou", B7_1="有限公司", B7_2=12499.99, B7_3=99999) == "43"
    assert total("hukou", B7_1="有限公司", B7_2=12500, B7_3=99999) == "44"


def test_25_health_flags_add_up() -> None:
    """儿童预防接种 3 + 婚检/孕前检查 1 + 从业健康证 1 = 5."""
    assert total("school", B8=["儿童预防接种", "婚检/孕前检查", "从业健康证"]) == "5"


def test_26_the_housing_fund_stops_at_twelve() -> None:
    """Account 3 + min(61 × 0.2, 12) = min(12.2, 12) = 12: 15; 59 months give 3 + 11.8 = 14.8."""
    assert total("school", B9_1=True, B9_2=61) == "15"
    assert total("school", B9_1=True, B9_2=59) == "14.8"


def test_27_of_kindergarten_and_primary_school_the_higher_counts() -> None:
    """Kindergarten 3 × 5 = 15, primary school 2 × 5 = 10, one of the two: 15."""
    found = scored("school", B11_1=3, B11_2=2)
    assert found.total == 15
    assert {line.indicator: str(line.points) for line in found.lines} == {"B11.1": "15", "B11.2": "0"}


def test_28_of_two_that_are_equal_the_first_counts_once() -> None:
    """3 × 5 = 15 and 3 × 5 = 15: 15, not 30."""
    assert total("school", B11_1=3, B11_2=3) == "15"


def test_29_deductions_are_taken_off_for_hukou() -> None:
    """大专 60 + permit 5 × 5 = 25; detention 2 × -15 = -30, rehabilitation 1 × -50 = -50: 85 - 80 = 5 < 30."""
    found = scored("hukou", A1_1="大专", A3_2=5, D1=1, D3=2)
    assert (found.total, found.eligible) == (5, False)


def test_30_a_total_may_fall_below_nothing() -> None:
    """初中 40; crime by negligence -100: 40 - 100 = -60."""
    assert total("hukou", A1_1="初中", D2=True) == "-60"


def test_31_forged_papers_stop_both_services_whatever_the_total() -> None:
    """本科及以上 80 + home 80 = 160 ≥ 30, and still nothing."""
    for scope in ("school", "hukou"):
        found = scored(scope, A1_1="本科及以上", A3_1=True, E1=True)
        assert (found.total, found.eligible) == (160, False)


def test_32_a_serious_crime_stops_hukou() -> None:
    """本科及以上 80 ≥ 30; the veto stands against it. School has no such question."""
    assert not scored("hukou", A1_1="本科及以上", E2=True).eligible
    assert scored("school", A1_1="本科及以上").eligible


def test_33_the_districts_give_forty_at_most() -> None:
    """Permit 2 × 5 = 10 + 40 of the district = 50."""
    assert total("school", A3_2=2, F=40) == "50"


def test_34_a_family_with_something_of_everything() -> None:
    """School, on 30 May 2017.

    Personal quality: 大专 60 + 中级工/四级 40 = 100. Insurance: min(22, 50) + min(18, 50) = 40. Residence: 5 × 5 = 25.
    Bonus: public service min(2 × 4, 20) = 8; a county commendation 30, in Foshan 10 more; ⌊120 / 50⌋ × 3 = 6; register 5; sole
    trader 3; income tax ⌊1,800 / 500⌋ = 3; vaccination 3; account 3 + 30 × 0.2 = 9; kindergarten 2 × 5 = 10.
    100 + 40 + 25 + 8 + 40 + 6 + 5 + 3 + 3 + 3 + 9 + 10 = 252.
    """
    found = scored(
        "school",
        date(2017, 5, 30),
        A1_1="大专",
        A1_2="中级工/四级",
        A2_1=22,
        A2_2=18,
        A3_2=5,
        B2=2,
        B4_1=1,
        B4_3=1,
        B6_1=120,
        B6_3=["入库"],
        B7_1="个体工商户",
        B7_2=1800,
        B8=["儿童预防接种"],
        B9_1=True,
        B9_2=30,
        B11_1=2,
    )
    groups = {each.group: str(each.points) for each in found.groups}
    assert (found.total, found.eligible) == (252, True)
    assert (groups["quality"], groups["insurance"], groups["residence"]) == ("100", "40", "25")


def test_the_documents_table_has_no_family_planning_and_deducts_for_hukou_alone() -> None:
    policy = service.policy("foshan-2016", "1")
    assert not [each.code for each in policy.indicators if each.code.startswith("C")]
    assert {each.code for each in policy.indicators if each.scopes == ["hukou"]} >= {"D1", "D2", "D3", "E2"}
    assert not policy.by_scope["school"].keys() & {"B1.1", "B1.2", "D1", "D2", "D3", "E2"}
