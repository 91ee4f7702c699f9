"""Reports that tests make: a lamp in the middle of a district."""

from datetime import datetime
from typing import Any

from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.feedback import service as feedback
from chalicelib.feedback.model import Clearing, FeedbackAnswer, NewReport
from chalicelib.feedback.store import parts_of
from tests.town import COMMUNITY, TOWN, Town, id_number, staff

LAMP = {"lon": 113.12, "lat": 23.02, "crs": "WGS-84"}
HANDLER = Actor("reviewer-lights", "staff", frozenset({"reviewer"}), ("440600",), "urban_management")


def body(**more: Any) -> dict[str, Any]:
    """What somebody sends about a lamp."""
    return {
        "category": "street_lighting",
        "text": "路灯三天不亮了，晚上很黑",
        "position": LAMP,
        "town": TOWN,
        "community": COMMUNITY,
        "place": "公交站旁",
    } | more


def filing(town: Town, actor: Actor) -> dict[str, Any]:
    """What a citizen, or staff for the person present, sends."""
    named = {"name": "测试窗口", "id_number": id_number(town.order + 2), "phone": "13800000003"}
    return body(**({"person": named} if actor.is_staff else {}))


def reported(actor: Actor, now: datetime, **more: Any) -> str:
    """The case of a report."""
    return feedback.report(actor, NewReport.model_validate(body(**more)), now).id


def item_of(case_id: str) -> str:
    """The matter of a report."""
    return str(cases.case(case_id).payload["item"])


def taken_on(actor: Actor, now: datetime, text: str | None = None, **more: Any) -> str:
    """A report that staff took on."""
    case_id = reported(actor, now, **more)
    feedback.take_on(HANDLER, case_id, Clearing(public_text=text), now, None, "en")
    return case_id


def answered(actor: Actor, now: datetime, **more: Any) -> str:
    """A report that was answered."""
    case_id = taken_on(actor, now, **more)
    feedback.answer(HANDLER, case_id, FeedbackAnswer(text="灯泡已更换"), now, None, "en")
    return case_id


def of_housing(town: Town, *acts: str) -> str:
    """A report of the owner's about a rented home: every member of staff near has a part in it."""
    case_id, coordinator = reported(town.owner, town.tick(), category="rental_dispute"), staff("coordinator")
    if "take_on" in acts:
        feedback.take_on(coordinator, case_id, Clearing(), town.now, None, "en")
    if "answer" in acts:
        feedback.answer(coordinator, case_id, FeedbackAnswer(text="已调解"), town.now, None, "en")
    return case_id


def of_another(town: Town, actor: Actor) -> str:
    """A matter that the actor did not report."""
    reporter = town.stranger if actor.id == town.owner.id else town.owner
    return item_of(reported(reporter, town.tick()))


def parts(person_id: str) -> list[str]:
    """What somebody's parts in matters are."""
    return [part.part for part in parts_of(person_id)]
