"""A family's answer to a place."""

from datetime import datetime

from chalicelib import audit, tables
from chalicelib.actors import Actor
from chalicelib.errors import Conflict
from chalicelib.schooling import filing, model, store
from chalicelib.schooling.model import SHOWN
from chalicelib.schooling.views import AnswerView, NewAnswer
from chalicelib.tables import Cancelled, Once, Write


def answer(
    actor: Actor, case_id: str, body: NewAnswer, now: datetime, once: Once | None = None
) -> AnswerView:
    """Take the place that the last round gave, or refuse it: that is giving up, the place goes into the next round and the child does not.

    Raises ``NotFound``, ``Conflict("school_no_place")``, ``Conflict("school_answered")`` for another answer than the first, and
    ``Conflict("school_application_over")`` once it was withdrawn: the place is another child's in the next round.
    """
    application = filing.own(actor, case_id)
    run_id, school = _place(application)
    if application.status not in ("accepted", "given_up"):
        raise Conflict("school_application_over")
    view = AnswerView(case=case_id, run=run_id, school=school, answer=body.answer)
    note = audit.entry(actor, f"school_place.{body.answer}", case_id, now, run=run_id)
    writes: list[Write] = [store.answer_update(run_id, case_id, body.answer), note]
    if application.status != "given_up":
        # Written on taking it too: a withdrawal at the same moment and this answer cannot both stand.
        left = {"status": "given_up"} if body.answer == "refuse" else {}
        writes.append(store.save(application, application.model_copy(update=left)))
    try:
        tables.transact(*writes, once=once, answer=view)
    except Cancelled:
        raise Conflict("school_answered") from None
    return view


def _place(application: model.Application) -> tuple[str, str]:
    """The run that gave a place, and the school; raises ``Conflict("school_no_place")``."""
    for number in (3, 2, 1):
        run_id = model.run_id(application.year, application.district, application.grade, number)
        found = store.run(run_id)
        entry = store.entry(run_id, application.case) if found and found[0].state in SHOWN else None
        if entry is not None and entry.school is not None:
            return run_id, entry.school
    raise Conflict("school_no_place")
