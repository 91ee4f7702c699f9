"""Questions and changes of ids for tests: made-up people in a town that exists."""

from datetime import datetime
from typing import Any

from chalicelib import clock, keys
from chalicelib.linkage import review, review_store, reviews
from chalicelib.linkage.review import Question
from tests.chalicelib.fieldwork.people import TOWN, id_number

LEFT = {
    "source": "registrations",
    "seen_on": "2026-10-01",
    "town": TOWN,
    "name": "测试甲乙",
    "id_number": id_number(7),
    "birth_date": "1990-01-01",
    "sex": "male",
    "phone": "13800000001",
    "address": "季华五路10号",
}
RIGHT = LEFT | {"source": "tax", "id_number": "", "name": "测试甲己", "address": "季华五路10号502"}


def question(number: int = 1, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "id": keys.stable_id("W", str(number)),
        "why": "grey",
        "probability": 0.7,
        "model": "test-1",
        "town": TOWN,
        "because": {"zh-CN": "姓名相近，电话相同", "en": "names nearly equal, one phone"},
        "evidence": review.evidence(LEFT, RIGHT),
        "keys": ((), ()),
    }
    return Question(**(values | changes))


def put_question(now: datetime, number: int = 1, **changes: Any) -> str:
    """A question that waits; returns its id. Others that wait go on waiting."""
    one = question(number, **changes)
    assert review_store.ask([one], {}, now, 90) == 1
    return one.id


def put_event(now: datetime, number: int = 1, kind: str = "merged", town: str = TOWN) -> str:
    """A change of ids; returns the event's id."""
    made = review_store.event_row(
        keys.stable_id("X", str(number)), kind, "CB", "CA", 3, ["tax"], town, clock.iso(now), None
    )
    assert review_store.put_events([made], now) == 1
    return str(made.event_id)


def asked(now: datetime, *questions: Question) -> tuple[int, int]:
    """What a run asks."""
    return reviews.put_questions(questions, now)
