"""Categories as editions, and the geometry of what is near."""

from datetime import UTC, date, datetime
from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.errors import Conflict, Invalid
from chalicelib.feedback import model
from chalicelib.feedback.model import Clearing, Matter, Policy, Spot
from chalicelib.forms import service as forms
from chalicelib.places.coordinates import distance
from chalicelib.places.model import Point

NOW = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)  # A Monday morning in Foshan.
FOSHAN = st.builds(Spot, st.floats(112.4, 113.5), st.floats(22.6, 23.6))
METRES = st.floats(0, model.FARTHEST_METRES)
BEARINGS = st.floats(-1, 1)


def moved(spot: Spot, east: float, north: float) -> Spot:
    """The point so many metres to the east and north."""
    lat = spot.lat + north / model.DEGREE_METRES
    return Spot(spot.lon + east / (model.DEGREE_METRES * cos(radians(spot.lat))), lat)


def matter(**changes: object) -> Matter:
    values: dict[str, object] = {
        "id": "F1",
        "case": "C1",
        "category": "street_lighting",
        "edition": date(2026, 11, 23),
        "region": "440604010001",
        "lon": 113.1,
        "lat": 23.0,
        "state": "answered",
        "anonymous": True,
        "reported_at": NOW,
    }
    return Matter.model_validate(values | changes)


@given(FOSHAN, METRES, BEARINGS, BEARINGS)
def test_whoever_stands_within_reach_of_a_matter_finds_it_in_the_one_cell_read(
    spot: Spot, metres: float, east: float, north: float
) -> None:
    near = moved(spot, metres * east, metres * north)
    assert model.cell(near) in model.cells_around(spot, model.FARTHEST_METRES + 1)


@given(FOSHAN, st.floats(1, model.FARTHEST_METRES))
def test_a_matter_is_listed_in_four_cells_at_most_its_own_among_them(spot: Spot, metres: float) -> None:
    cells = model.cells_around(spot, metres)
    assert 1 <= len(cells) <= 4 and model.cell(spot) in cells


@given(FOSHAN, BEARINGS, BEARINGS)
def test_metres_on_a_plane_are_those_on_the_sphere(spot: Spot, east: float, north: float) -> None:
    other = moved(spot, 100 * east, 100 * north)
    exact = distance(Point(*spot), Point(*other))
    assert model.metres_between(spot, other) == pytest.approx(exact, abs=0.05)


@given(FOSHAN)
def test_the_map_shows_the_middle_of_a_square_and_never_the_point(spot: Spot) -> None:
    shown = model.coarse(spot)
    assert model.metres_between(spot, shown) < 80
    assert model.coarse(moved(shown, 20, 20)) == shown  # Everything in the square looks the same.


def test_a_category_belongs_to_a_department_or_to_the_town() -> None:
    policy = model.policy_on(date(2026, 11, 23))
    queues = {category.code: category.queue for category in policy.categories}
    assert (queues["street_lighting"], queues["litter"]) == ("urban_management", "coordinator")


def test_deadlines_are_working_days_of_the_category() -> None:
    lamp = model.policy_on(date(2026, 11, 23)).category("street_lighting")
    assert lamp.deadline(date(2026, 11, 26)) == date(2026, 12, 1)  # Thursday; the weekend does not count.


def test_an_unknown_category_is_named_by_its_field() -> None:
    with pytest.raises(Invalid) as caught:
        model.policy_on(date(2026, 11, 23)).category("ghosts")
    assert [(f.path, f.code) for f in caught.value.fields] == [("/category", "feedback_category_unknown")]


def test_the_edition_of_the_day_counts() -> None:
    old = model.editions()[0]
    new = old.model_copy(update={"valid_from": date(2027, 1, 1), "reopen_limit": 1})
    assert model.policy_on(date(2026, 12, 31), (old, new)) is old
    assert model.policy_on(date(2027, 1, 1), (old, new)) is new
    with pytest.raises(LookupError):
        model.policy_on(date(2019, 12, 31), (old, new))


def test_a_category_may_not_be_there_twice() -> None:
    old = model.editions()[0].model_dump(by_alias=True, mode="json")
    with pytest.raises(ValidationError):
        Policy.model_validate(old | {"categories": old["categories"] * 2})


def test_matters_of_single_homes_and_people_are_never_public() -> None:
    for policy in model.editions():
        shown = {category.code for category in policy.categories if category.public}
        assert not shown & {"noise", "rental_dispute", "unpaid_wages", "service", "fire_safety"}


def test_not_fixed_may_be_said_twice_and_in_time() -> None:
    answered = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
    assert matter().last_day(answered) == date(2026, 11, 23)
    matter(reopened=1, answered_at=answered).require_reopening(date(2026, 11, 23))
    with pytest.raises(Conflict, match="feedback_reopen_too_late"):
        matter(answered_at=answered).require_reopening(date(2026, 11, 24))
    with pytest.raises(Conflict, match="feedback_reopened_enough"):
        matter(reopened=2, answered_at=answered).require_reopening(date(2026, 11, 10))


def test_a_report_is_not_handed_round_for_ever() -> None:
    matter(transferred=1).require_transfer()
    with pytest.raises(Conflict, match="feedback_transferred_enough"):
        matter(transferred=2).require_transfer()


@pytest.mark.parametrize("text", ["请联系13800000000", "call 1380000 now", "44069919900101123X"])
def test_the_map_is_not_told_numbers_that_could_be_somebodys(text: str) -> None:
    with pytest.raises(ValidationError):
        Clearing(public_text=text)


def test_the_map_may_be_told_of_a_lamp() -> None:
    assert Clearing(public_text="季华五路10号前路灯不亮").public_text


def test_the_form_offers_the_categories_in_force_and_no_other() -> None:
    form = forms.in_force("feedback", NOW)
    offered = next(hint for hint in form.fields if hint.at == "/category").options
    policy = model.policy_on(date(2026, 11, 23))
    assert offered == {category.code: category.title for category in policy.categories}
