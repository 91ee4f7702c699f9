"""Kinds as files: what a file may say, which version a case is made under."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chalicelib.cases import model
from chalicelib.cases.model import CaseCheck, Kind
from chalicelib.errors import NotFound
from tests.chalicelib.cases.kinds_of_tests import BASE, check, kinds


def kind(**changes: Any) -> Kind:
    return Kind.model_validate(BASE | changes)


def test_one_department_is_short_for_a_check_of_its_name() -> None:
    short = {"department": "housing", "title": BASE["title"], "due_working_days": 3, "automatic": True}
    (found,) = kind(checks=[short]).checks
    assert (found.code, found.departments, found.merge.rule) == ("housing", ["housing"], "single")
    assert found.part("housing") == "housing"


def test_a_department_may_have_several_checks_and_a_check_several_departments(now: datetime) -> None:
    found = kind(checks=[check("home", "housing", "land", merge="veto"), check("tax", "housing")])
    assert [part.id for part in found.opened(now, {})] == ["home:housing", "home:land", "tax:housing"]


def test_a_check_is_asked_when_the_payload_says_so(now: datetime) -> None:
    found = kind(checks=[check("work", "x", when={"ground": "work"}), check("home", "y")])
    assert [part.id for part in found.opened(now, {"ground": "work"})] == ["work:x", "home:y"]
    assert [part.id for part in found.opened(now, {"ground": "school"})] == ["home:y"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"checks": [check("a", "x", "y")]}, "single is for one answer"),
        ({"checks": [check("a", "x", "x", merge="veto")]}, "answers a check once"),
        ({"checks": [check("a", "x"), check("a", "y")]}, "two checks of one name"),
        ({"checks": [check("a", "x")], "join": {"otherwise": "refused"}}, "a program never refuses"),
        ({"checks": [check("a", "x")], "join": {"passed": "refused"}}, "a program never refuses"),
        ({"checks": [check("a", "x")], "work": {}}, "a program never refuses"),
        ({"checks": [check("a", "x", "y", merge="veto")], "merge": "sum"}, "checks that have one"),
        ({"work": {"nowhere": "coordinator"}}, "unknown states"),
        (
            {
                "transitions": BASE["transitions"]
                | {"lapse": {"from": ["checking"], "to": "refused", "who": ["system"]}}
            },
            "never refuses",
        ),
        (
            {"transitions": {"approve": {"from": ["nowhere"], "to": "review", "who": ["owner"]}}},
            "no transition leads to",
        ),
    ],
)
def test_a_kind_that_cannot_be_right_is_refused_when_it_is_read(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        kind(**changes)


def answered(found: Kind, now: datetime, **answers: str) -> list[CaseCheck]:
    return [
        part.model_copy(update={"state": answers[part.id.replace(":", "_")]})
        for part in found.opened(now, {})
    ]


def test_checks_are_joined_by_their_rules_and_the_case_by_its_own(now: datetime) -> None:
    found = kind(
        checks=[check("home", "housing", "land", merge={"rule": "quorum", "quorum": 1}), check("tax", "tax")]
    )
    passed = answered(found, now, home_housing="failed", home_land="passed", tax="passed")
    assert found.joined(passed).answer == "passed"
    mixed = answered(found, now, home_housing="failed", home_land="failed", tax="passed")
    assert found.joined(mixed).answer == "unclear"


def test_silence_is_never_merged(now: datetime) -> None:
    found = kind(checks=[check("home", "housing")])
    with pytest.raises(ValueError, match="silence"):
        found.joined(found.opened(now, {}))


def test_the_version_in_force_on_the_day_is_taken_and_the_others_stay_readable(tmp_path: Path) -> None:
    coming = {"version": "2", "in_force_from": "2027-01-01", "deadline_working_days": 7}
    with kinds(tmp_path, {"version": "1"}, coming):
        assert model.in_force("trial", date(2026, 12, 31)).version == "1"
        assert model.in_force("trial", date(2027, 1, 1)).version == "2"
        assert model.kind("trial").version == "1"
        assert model.kind("trial", "2").deadline_working_days == 7
        with pytest.raises(NotFound):
            model.kind("trial", "3")
        assert "trial" in model.kinds() and "trial@2" not in model.kinds()


def test_before_its_first_day_a_kind_does_not_exist(tmp_path: Path) -> None:
    with kinds(tmp_path, {"in_force_from": "2027-01-01"}), pytest.raises(NotFound):
        model.in_force("trial", date(2026, 12, 31))


def test_a_file_that_describes_another_version_than_its_name_is_found_out(tmp_path: Path) -> None:
    with kinds(tmp_path, {"version": "1"}):
        (tmp_path / "trial@3.json").write_text(json.dumps(BASE | {"version": "2"}), "utf-8")
        with pytest.raises(ValueError, match="describes trial 2"):
            model.versions("trial")


@pytest.mark.parametrize("name", model.kinds())
def test_every_version_of_every_kind_is_sound(name: str) -> None:
    for version, each in model.versions(name).items():
        assert (each.kind, each.version) == (name, version)
        always = {check.code for check in each.checks if not check.when}
        assert always == {part.code for part in each.opened(datetime(2026, 11, 23, tzinfo=UTC), {})}
