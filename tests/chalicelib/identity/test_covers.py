"""Leave cover: who may arrange it, for whom, and what it lends."""

from datetime import date, datetime, timedelta

import pytest

from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.identity import model, service
from chalicelib.identity.model import NewCover, StaffMember
from tests.chalicelib.identity.outsiders import Wecom

MONDAY = date(2026, 11, 23)
STAFF = {
    "grid-a": ("grid_worker", "440604010001", None),
    "grid-b": ("grid_worker", "440604010002", None),
    "both": ("grid_worker coordinator", "440604010", None),
    "coordinator": ("coordinator", "440604010", None),
    "other-town": ("coordinator", "440604011", None),
    "city": ("city_officer", "440600", None),
    "housing": ("reviewer", "440604", "housing"),
    "housing-far": ("reviewer", "440605", "housing"),
    "tax": ("reviewer", "440605", "tax"),
}


@pytest.fixture(autouse=True)
def staff(cloud: None, now: datetime) -> None:
    bring_in(now)


def bring_in(now: datetime) -> None:
    members = [
        StaffMember(
            user_id=user, name="测试员", roles=tuple(roles.split()), scopes=(scope,), department=department
        )
        for user, (roles, scope, department) in STAFF.items()
    ]
    service.import_staff(members, now)


def actor(user: str) -> Actor:
    roles, scope, department = STAFF[user]
    return Actor(user, "staff", frozenset(roles.split()), (scope,), department)


def scopes_on(user: str, moment: datetime) -> set[str]:
    """The regions that the authorizer gives a member at that time."""
    session = service.sign_in_staff(f"staff-{user}", "192.0.2.1", moment, Wecom())
    return set(service.actor_for(session.token, moment + timedelta(seconds=1)).scopes)


def cover(user: str, substitute: str, now: datetime, absent: str | None = None, days: int = 3) -> model.Cover:
    wanted = NewCover(substitute=substitute, first=MONDAY, last=MONDAY + timedelta(days=days), absent=absent)
    return service.arrange_cover(actor(user), wanted, now)


def test_regions_are_lent_for_the_days_of_the_cover_and_no_longer(now: datetime) -> None:
    cover("grid-a", "grid-b", now)
    both = {"440604010001", "440604010002"}
    assert scopes_on("grid-b", now) == both
    assert scopes_on("grid-b", now + timedelta(days=3)) == both
    assert scopes_on("grid-b", now + timedelta(days=4)) == {"440604010002"}
    assert scopes_on("grid-a", now) == {"440604010001"}


@pytest.mark.parametrize(
    ("absent", "substitute"),
    [
        ("grid-a", "grid-a"),
        ("grid-a", "nobody"),
        ("grid-a", "coordinator"),
        ("grid-a", "both"),
        ("housing", "tax"),
    ],
    ids=["oneself", "unknown", "another role", "a role more", "another department"],
)
def test_only_an_equal_colleague_stands_in(absent: str, substitute: str, now: datetime) -> None:
    with pytest.raises(Invalid) as refused:
        cover(absent, substitute, now)
    assert [field.code for field in refused.value.fields] == ["cover_not_equal"]


def test_a_superior_of_the_region_arranges_it_and_nobody_else(now: datetime) -> None:
    assert cover("coordinator", "grid-b", now, absent="grid-a").scopes == ["440604010001"]
    assert cover("city", "housing-far", now, absent="housing").scopes == ["440604"]
    for user, absent in (("other-town", "grid-a"), ("grid-b", "grid-a"), ("coordinator", "housing")):
        with pytest.raises(NotFound):
            cover(user, "grid-b", now, absent=absent)


@pytest.mark.parametrize("days", [-1, 93])
def test_a_period_that_makes_no_sense_is_refused(days: int, now: datetime) -> None:
    with pytest.raises(Invalid):
        cover("grid-a", "grid-b", now, days=days)
    with pytest.raises(Invalid):
        cover("grid-a", "grid-b", now + timedelta(days=30))


def test_a_cover_is_ended_early_by_whose_it_is(now: datetime) -> None:
    cover("grid-a", "grid-b", now)
    with pytest.raises(NotFound):
        service.end_cover(actor("grid-b"), "grid-b", None, now)
    service.end_cover(actor("grid-a"), "grid-b", None, now)
    assert scopes_on("grid-b", now) == {"440604010002"}
    with pytest.raises(NotFound):
        service.end_cover(actor("grid-a"), "grid-b", None, now)


def test_arranging_again_replaces_and_bringing_staff_in_again_keeps(now: datetime) -> None:
    cover("grid-a", "grid-b", now)
    cover("grid-a", "grid-b", now, days=10)
    bring_in(now)
    (found,) = service.standing_in("grid-b", now)
    assert (found.absent, found.last) == ("grid-a", MONDAY + timedelta(days=10))


def test_nobody_stands_in_for_the_whole_city(now: datetime) -> None:
    absent = [f"grid-{number}" for number in range(model.MOST_COVERS + 1)]
    members = [
        StaffMember(user_id=user, name="测试员", roles=("grid_worker",), scopes=("440604010003",))
        for user in absent
    ]
    service.import_staff(members, now)
    for user in absent[:-1]:
        cover("coordinator", "grid-b", now, absent=user)
    with pytest.raises(Conflict, match="cover_too_many"):
        cover("coordinator", "grid-b", now, absent=absent[-1])
