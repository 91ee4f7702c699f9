"""What callers may send: the form refuses what the model does, and nothing blank becomes a key."""

from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.forms import model as forms
from chalicelib.forms.checking import problems
from chalicelib.seasons.model import Claim, NewApplication
from chalicelib.seasons.views import NewObjection, NewRanking
from chalicelib.shapes import Shape
from tests.chalicelib.seasons.season import pupil
from tests.town import TOWN

FORM = forms.edition("points_application", "2026-11")
OBJECTION = {"ranking": "RK1", "rank": 1, "department": "housing", "reason": "not so"}
RANKING = {"policy": "demo-2026", "scope": "school", "area": TOWN, "period": "2027"}


@pytest.mark.parametrize(
    ("claim", "place"),
    [
        ({"record": "00 "}, "record"),
        ({"record": "   "}, "record"),
        ({"record": "\n0 \u3000"}, "record"),
        ({"label": " "}, "label"),
        ({"labels": ["\u3000"]}, "labels/0"),
        ({"record": " 0 0 "}, None),
        ({"record": "000"}, None),
        ({"label": " 大专"}, None),
        ({"labels": ["发明专利"]}, None),
    ],
)
def test_form_and_model_agree_on_blanks(claim: dict[str, Any], place: str | None) -> None:
    claim = {"indicator": "A1.1"} | claim
    filed = {"policy": "demo-2026", "scope": "school", "town": TOWN, "child": pupil(), "claims": [claim]}
    found = [(field.path, field.code) for field in problems(FORM, filed)]
    if place is None:
        assert found == [] and NewApplication.model_validate(filed)
        return
    assert found == [(f"/claims/0/{place}", "field_form")]
    with pytest.raises(ValidationError):
        Claim.model_validate(claim)


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (NewObjection, OBJECTION | {"ranking": " "}),
        (NewObjection, OBJECTION | {"ranking": ""}),
        (NewObjection, {**OBJECTION, "rank": None, "case": ""}),
        (NewRanking, RANKING | {"policy": " "}),
        (NewRanking, RANKING | {"version": ""}),
        (NewRanking, RANKING | {"round": 2, "of": [" "]}),
    ],
)
def test_nothing_blank_becomes_a_key(shape: type[Shape], body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        shape.model_validate(body)
