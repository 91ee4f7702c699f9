"""How a screen asks for a policy's indicators. Pure."""

from typing import Final, Literal

from chalicelib.points import validation
from chalicelib.points.model import PERIODS, Indicator, Policy, Qualification, Scope
from chalicelib.points.views import Option, Question
from chalicelib.texts import Language, sentence

Widget = Literal["choice", "choices", "switch", "whole", "quantity", "items", "count", "birth_date"]
_WIDGETS: Final[dict[str, Widget]] = {
    "highest": "choice",
    "flag": "switch",
    "veto": "switch",
    "flags_add": "choices",
    "per_unit": "quantity",
    **dict.fromkeys(PERIODS, "whole"),
}


def questions(policy: Policy, scope: Scope, language: Language) -> list[Question]:
    """One question for each qualification and indicator of a scope, in the document's order."""
    asked = [_condition(each, language) for each in policy.scopes[scope].qualifications]
    return asked + [_question(policy, each, language) for each in policy.by_scope[scope].values()]


def _departments(codes: list[str], language: Language) -> list[str]:
    return [str(validation.known()["departments"][code][language]) for code in codes]


def _condition(each: Qualification, language: Language) -> Question:
    return Question(
        code=each.code,
        kind="qualification",
        title=each.title.in_language(language),
        group=None,
        group_title=None,
        mode=None,
        widget="switch",
        departments=_departments(each.departments, language),
        clause=each.clause,
    )


def _question(policy: Policy, each: Indicator, language: Language) -> Question:
    rivals = next((found.members for found in policy.exclusives if each.code in found.members), [])
    return Question(
        code=each.code,
        kind="indicator",
        title=each.title.in_language(language),
        group=each.group,
        group_title=policy.by_group[each.group].title.in_language(language),
        mode=each.mode,
        widget=_widget(each),
        options=[
            Option(value=label, title=value.title.in_language(language), points=value.points)
            for label, value in each.values.items()
        ],
        unit=_unit(each, language),
        at_most=each.at_most,
        points=each.points,
        cap=each.cap,
        shared=each.share is not None,
        regions=each.regions,
        excludes=[code for code in rivals if code != each.code],
        departments=_departments(each.departments, language),
        clause=each.clause,
        note=each.note.in_language(language) if each.note else None,
    )


def _widget(each: Indicator) -> Widget:
    if each.mode == "per_item":
        return "items" if each.values else "count"
    if each.formula:
        return "birth_date" if each.formula.of == "age" else "quantity"
    return _WIDGETS[each.mode]


def _unit(each: Indicator, language: Language) -> str | None:
    """What the number counts; one point's worth where it is a quantity is told by ``at_most`` and the note."""
    if each.unit:
        return each.unit.title.in_language(language)
    if each.mode in PERIODS:
        return sentence(f"points_unit_{each.mode}", language)
    return None
