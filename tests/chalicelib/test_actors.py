"""Who may act where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.actors import CITIZEN_ROLES, ROLES, STAFF_ROLES, SYSTEM, Actor
from chalicelib.errors import Forbidden

WORKER = Actor("u1", "staff", frozenset({"grid_worker"}), ("440604010001001", "440604010001002"))


def test_the_roles_are_those_of_the_contract_in_its_order() -> None:
    contract = (
        "citizen, landlord, grid_worker, coordinator, reviewer, district_officer, city_officer, "
        "policy_officer, auditor, partner"
    )
    assert ", ".join(ROLES) == contract


def test_every_role_is_of_one_sort() -> None:
    assert {*CITIZEN_ROLES, *STAFF_ROLES, "partner"} == set(ROLES)
    assert len(CITIZEN_ROLES) + len(STAFF_ROLES) + 1 == len(ROLES)


def test_an_actor_covers_each_of_several_regions_and_no_other() -> None:
    assert WORKER.covers("440604010001001") and WORKER.covers("44060401000100200003")
    assert not WORKER.covers("440604010001003") and not WORKER.covers("440604010001")


def test_out_of_scope_is_refused_with_its_own_code() -> None:
    WORKER.require_region("440604010001001")
    with pytest.raises(Forbidden, match="region_out_of_scope"):
        WORKER.require_region("440604010001")


@given(region=st.text(max_size=20))
def test_without_a_region_nothing_is_covered_and_the_system_covers_all(region: str) -> None:
    assert not Actor("P1", "citizen", frozenset({"citizen"})).covers(region)
    assert SYSTEM.covers(region)


def test_the_session_is_no_part_of_who_somebody_is() -> None:
    assert Actor("P1", "citizen", session="U1") == Actor("P1", "citizen", session="U2")


def test_only_staff_are_staff() -> None:
    assert WORKER.is_staff and not SYSTEM.is_staff and not Actor("P1", "citizen").is_staff
