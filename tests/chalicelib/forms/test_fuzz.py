"""Every form, with any answers: right ones pass, wrong ones are refused by name, and no route falls over."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import api, http
from chalicelib.forms import model
from chalicelib.forms.checking import problems
from tests.chalicelib.forms.answers import faults, right
from tests.route_samples import SAMPLES, Asked, ask, name
from tests.town import Town, outside_systems

FORMS = [model.edition(kind, version) for kind, versions in model._files().items() for version in versions]
ROUTES = [route for route in api.routes() if route.form]
# What a form can say by itself: the model behind it must not find more of this sort.
OF_FORM = {"field_missing", "field_unknown", "field_type", "field_choice", "field_length", "field_range"}
PATIENT = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def named(form: model.Form) -> str:
    return f"{form.kind}@{form.version}"


@pytest.mark.parametrize("form", FORMS, ids=named)
@settings(max_examples=60, deadline=None, suppress_health_check=PATIENT, database=None)
@given(data=st.data())
def test_one_thing_made_wrong_is_refused_and_named(form: model.Form, data: st.DataObject) -> None:
    answers = data.draw(right(form))
    wrong = data.draw(st.sampled_from(faults(form, answers)))
    found = problems(form, wrong.answers)
    assert wrong.codes & {field.code for field in found if field.path == wrong.at}, (wrong.at, found)


@pytest.mark.parametrize("form", FORMS, ids=named)
@settings(max_examples=40, deadline=None, database=None)
@given(body=JSON)
def test_anything_at_all_is_judged_and_nothing_of_it_is_repeated(form: model.Form, body: Any) -> None:
    names = form.names | {"*", ""}
    for field in problems(form, body):
        assert all(part in names or part.isdecimal() for part in field.path.split("/")), field


def send(route: http.Route, body: Any, town: Town) -> tuple[int, dict[str, Any]]:
    """The answer to a body, in a place that exists where the route's sample has one."""
    role = "citizen" if "citizen" in route.roles else route.roles[0]
    assert role in ("citizen", "landlord")
    path = dict.fromkeys(SAMPLES[name(route)].make(town, town.owner).path, "C1")
    answer = ask(route, Asked(path=path, body=body), town.owner, town, accept_language="en")
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_route_takes_what_its_form_takes_and_refuses_the_rest_by_name(
    route: http.Route, town: Town
) -> None:
    assert route.form
    form = model.in_force(route.form.kind, town.now.date())

    @settings(max_examples=12, deadline=None, suppress_health_check=PATIENT, database=None)
    @given(data=st.data())
    def fuzz(data: st.DataObject) -> None:
        answers = data.draw(right(form))
        status, told = send(route, answers, town)
        assert status < 500 or status == 503, told
        codes = {error["code"] for error in told.get("errors", [])}
        assert not codes & OF_FORM, (answers, told)
        wrong = data.draw(st.sampled_from(faults(form, answers)))
        status, told = send(route, wrong.answers, town)
        assert status == 422, told
        assert wrong.codes & {error["code"] for error in told["errors"] if error["path"] == wrong.at}, told

    fuzz()
