"""Objections to a public list: filed, forwarded, checked again by a department, answered by the city.

Their clocks are the policy's (2016: made within 10 working days, forwarded within 5, checked again within 10,
answered within 15); the case keeps those of the list's edition.
"""

import json
from datetime import datetime
from typing import Any, Final

from chalicelib import audit, clock, keys, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.identity import service as identity
from chalicelib.points import service as points
from chalicelib.seasons import deciding, list_store, store
from chalicelib.seasons.answering import codes_of, established_by_person, with_word
from chalicelib.seasons.model import Application, Established, Ranking
from chalicelib.seasons.rankings import get
from chalicelib.seasons.verifying import ANSWERS, answers_in
from chalicelib.seasons.views import Answers, NewObjection
from chalicelib.tables import Once

OBJECTION: Final = "points_objection"
# A list is not settled while one is open, and refusals tell which departments a line went to: nobody tries all.
OBJECTIONS: Final = (20, 30 * 86_400)


def object_to(actor: Actor, body: NewObjection, now: datetime, once: Once | None, language: str) -> CaseView:
    """Object to a line of a public list, or to one's own points; a case with the policy's clocks.

    Raises ``Conflict("points_objection_closed")`` before publicity and after the time for objections,
    ``NotFound`` for a line or a case of one's own that there is not, ``Throttled`` for more than a person may have.
    """
    person = identity.require_person(actor)
    ranking, today = get(body.ranking), clock.local_date(now)
    through = ranking.objections_through
    if ranking.state != "publicity" or through is None or today > through:
        raise Conflict("points_objection_closed")
    identity.throttle(f"points_objection#{person}#{ranking.id}", *OBJECTIONS, now)
    about = _about(body, ranking, person)
    _require_department(about, body.department)
    clocks = points.policy(ranking.policy, ranking.policy_version).scopes[ranking.scope].calendar.objections
    days = {
        "received": clocks.forwarded_within,
        "rechecking": clocks.rechecked_within,
        "answering": clocks.answered_within,
    }
    case_id = keys.stable_id("C", OBJECTION, person, once.key if once else keys.new_id("", now))
    submission = cases.Submission(
        kind=OBJECTION,
        owner=person,
        filer=actor.id,
        region=about.town,
        payload={
            "ranking": ranking.id,
            "about": about.case,
            "department": body.department,
            "working_days": days,
        },
        sealed=sealing.seal(person, json.dumps({"reason": body.reason}, ensure_ascii=False), OBJECTION),
        case_id=case_id,
        deadline=clock.add_working_days(today, sum(days.values())),
    )
    noted = store.objection_put(ranking.id, case_id, about.case, body.department)
    return cases.submit(submission, actor, now, once, [noted], language)


def _about(body: NewObjection, ranking: Ranking, person: str) -> Application:
    """The application that an objection is about."""
    if body.rank is not None:
        line = list_store.place_at(ranking, body.rank)
        case = line.case if line else None
    else:
        case = body.case if body.case in store.cases_of(person) else None
    held = store.application(case) if case else None
    if held is None:
        raise NotFound("points_line_not_found")
    found = held[0]
    if (found.policy, found.scope, found.period) != (ranking.policy, ranking.scope, ranking.period):
        raise NotFound("points_line_not_found")
    return found


def _require_department(about: Application, department: str) -> None:
    asked = cases.case(about.case).payload["departments"]
    if department not in asked:
        raise Invalid("values_invalid", fields=[Field("/department", "field_choice")])


def recheck(
    actor: Actor, case_id: str, body: Answers, now: datetime, once: Once | None, language: str
) -> CaseView:
    """A department's person says what it comes to when looked at again; it counts when the city upholds.

    Raises ``Forbidden`` for another department, ``Invalid`` for answers that the policy cannot take.
    """
    found = cases.case_for(actor, case_id)
    if found.kind != OBJECTION:
        raise NotFound("case_not_found")
    department: str = found.payload["department"]
    if actor.department != department:
        raise Forbidden("check_of_other_department")
    about = _application(found)
    established = established_by_person(about, department, body.answers, clock.local_date(now))
    sealed = sealing.seal(about.person, established.model_dump_json(), ANSWERS)
    kept = store.recheck_put(about.case, case_id, department, about.person, sealed, clock.iso(now))
    shown = identity.disclosure_writes(actor, [about.person], "case_handling", "points", now)
    return cases.act(
        found,
        "recheck",
        actor,
        now,
        reason=body.reason,
        once=once,
        language=language,
        also=[kept, *shown],
    )


def _application(case: Case) -> Application:
    held = store.application(case.payload["about"])
    if held is None:
        raise NotFound("case_not_found")
    return held[0]


def enact(case: Case, now: datetime) -> bool:
    """An objection was upheld: what the department found counts, and the application is scored anew. Once."""
    if case.state != "accepted":
        raise Conflict("case_state_forbids", state=case.state)
    held = store.application(case.payload["about"])
    found = store.recheck_of(case.payload["about"], case.id)
    if held is None or found is None or found.done or found.sealed is None:
        return False
    department: str = case.payload["department"]
    said = with_word(_decided(held[0], department), answers_in(found.person, found.sealed))
    sealed = sealing.seal(found.person, said.model_dump_json(), ANSWERS)
    kept = store.answers_put(held[0].case, department, found.person, sealed, "person", clock.iso(now))
    note = audit.entry(SYSTEM, "points.corrected", held[0].case, now, objection=case.id)
    tables.transact(kept, note)
    about = cases.case(held[0].case)
    if not deciding.decide_again(about, now) and about.state == "accepted":
        raise Conflict(
            "changed_meanwhile"
        )  # Another decision came between, perhaps without this: it comes again.
    tables.transact(store.recheck_done(found))
    return True


def _decided(application: Application, department: str) -> Established:
    """What of a department's the application's last decision rests on: what a recheck does not name stays as it is."""
    rows = store.decisions_of(application.case)
    held = deciding.opened(application.person, rows[-1].sealed) if rows else None
    if held is None:
        return Established(answers={})
    own = codes_of(points.policy(application.policy, application.policy_version), application, department)
    return Established(
        answers={code: value for code, value in held[0].answers.items() if code in own},
        evidence={code: each for code, each in held[0].evidence.items() if code in own},
    )


def follow(case: Case, now: datetime) -> bool:
    """Let the list know how far the objection is: it is not settled before all are answered.

    An upheld one is enacted first, so that the list that is made next has its points.
    """
    if case.kind != OBJECTION:
        return False
    if case.state == "accepted":
        enact(case, now)
    tables.transact(store.objection_moved(case.payload["ranking"], case.id, case.state))
    return True


def objected_to(case: Case) -> str | None:
    """Whom an objection is about, to be told of it; None for one about one's own points, and where nothing is left of it."""
    held = store.application(case.payload["about"]) if case.kind == OBJECTION else None
    return held[0].person if held and held[0].person != case.owner else None


def reason_of(case: Case) -> str | None:
    """What the objector says; None once it was deleted on request."""
    if case.sealed is None:
        return None
    held: dict[str, Any] = json.loads(sealing.open_sealed(case.owner, case.sealed, OBJECTION))
    return str(held["reason"])
