"""Rules of identity that need no table."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import regions
from chalicelib.actors import STAFF_ROLES
from chalicelib.errors import Invalid
from chalicelib.http import PURPOSES
from chalicelib.identity import model


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        (date(2012, 11, 23), False),
        (date(2012, 11, 24), True),
        (date(2026, 11, 23), True),
        (date(1930, 1, 1), False),
    ],
)
def test_a_child_is_a_minor_until_the_fourteenth_birthday(born: date, minor: bool) -> None:
    assert model.is_minor(born, date(2026, 11, 23)) is minor


def test_an_unknown_birth_date_counts_as_adult() -> None:
    assert not model.is_minor(None, date(2026, 11, 23))


@given(st.dates(date(2000, 1, 1), date(2026, 11, 23)))
def test_the_kept_year_never_ends_a_childhood_early_and_tells_no_birthday(born: date) -> None:
    on = date(2026, 11, 23)
    through = model.minor_through(born, on)
    assert (through is not None) is model.is_minor(born, on)
    if through is not None:
        assert not model.is_minor(born, date(int(through), 12, 31))
        assert len(through) == 4


@pytest.mark.parametrize(("name", "masked"), [("林小溪", "林**"), ("林溪", "林*"), ("林", "林"), ("", "")])
def test_names_are_masked_after_the_first_character(name: str, masked: str) -> None:
    assert model.mask_name(name) == masked


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_phones_are_masked_in_the_middle(phone: str) -> None:
    assert model.mask_phone(phone) == phone[:3] + "****" + phone[-4:]


def test_the_purposes_are_the_ones_that_requests_may_name() -> None:
    assert set(model.PURPOSES) == set(PURPOSES)


def test_the_staff_roles_are_the_ones_that_actors_have() -> None:
    assert set(STAFF_ROLES) == model.STAFF_ROLE_NAMES


@given(st.integers(1, 10**9), st.integers(0, 2 * 10**9))
def test_a_window_begins_before_now_and_ends_after(seconds: int, moment: int) -> None:
    start = model.window_start(datetime.fromtimestamp(moment, UTC), seconds)
    assert start <= moment < start + seconds


REGION = "44060401000100300001"
_LENGTHS = [6, 9, 12, 15, 20]


@given(st.sampled_from(_LENGTHS), st.sampled_from(_LENGTHS))
def test_whoever_covers_a_region_is_in_one_of_its_groups(scope_length: int, region_length: int) -> None:
    for scope in (regions.CITY, REGION[:scope_length]):
        region = REGION[:region_length]
        if regions.covers(scope, region):
            assert model.scope_group("coordinator", scope) in model.scope_groups("coordinator", region)


HEADER = "user_id,name,role,scopes,department"


def test_staff_come_from_csv_with_several_roles_and_regions() -> None:
    lines = [
        HEADER,
        "u1,网格员甲,grid_worker coordinator,440604010001 440604010002,",
        "u2,审核,reviewer,,housing",
    ]
    first, second = model.read_staff(lines)
    assert (first.roles, first.scopes) == (("grid_worker", "coordinator"), ("440604010001", "440604010002"))
    assert (second.scopes, second.department) == ((), "housing")


def test_the_simulation_s_columns_are_read_too() -> None:
    (member,) = model.read_staff(
        ["user,role,scopes,department,name", "city,city_officer,440600;440604,,市级"]
    )
    assert (member.user_id, member.scopes) == ("city", ("440600", "440604"))


@pytest.mark.parametrize(
    "row", [",甲,grid_worker,440604,", "u1,甲,emperor,440604,", "u1,甲,,440604,", "u1,甲,grid_worker,11,"]
)
def test_a_wrong_row_is_named_by_its_number(row: str) -> None:
    with pytest.raises(Invalid, match="staff_file_wrong") as refusal:
        model.read_staff([HEADER, "u0,甲,auditor,440600,", row])
    assert refusal.value.params == {"row": 3}
