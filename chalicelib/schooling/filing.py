"""Filing: an application, other wishes while a round is open, and what becomes of the case."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from chalicelib import audit, clock, idnumbers, keys, sealing, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.forms import service as forms
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.residence import service as residence
from chalicelib.schooling import kinship, model, policy, store
from chalicelib.schooling.model import Application, Child, NewSchoolApplication, Run, Sibling, Status
from chalicelib.schooling.policy import Policy
from chalicelib.schooling.views import ChoicesView, NewChoices
from chalicelib.tables import Cancelled, Once, Write

KIND: Final = "school_application"
COUNTER: Final = "counter_service"
MINOR_AGE: Final = 14  # PIPL art. 28.
# Somebody who tries out other people's numbers as children learns nothing, and not more than these a day.
CHILDREN_A_DAY: Final = (20, 86_400)
_STATUS: Final[dict[str, Status]] = {"withdrawn": "withdrawn", "refused": "refused", "closed": "refused"}


def file(
    actor: Actor,
    body: NewSchoolApplication,
    now: datetime,
    once: Once | None = None,
    language: str = "zh-CN",
) -> CaseView:
    """Apply for a school place for a child, oneself or at the counter; one application for each child and year, whichever parent files it.

    Where no record shows that it is the owner's child, the application waits for a person and keeps nobody else from filing. Raises ``Conflict("school_not_open")`` unless the first round is open, ``Conflict("school_not_registered")`` without a registration in force,
    ``Conflict("school_child_asked_already")``, and ``Invalid`` for ages, wishes and claims that cannot be, each named by its field.
    """
    owner, today = _owner(actor, body), clock.local_date(now)
    run = round_open(today.year, body.district, body.grade, now)
    _require_sound(body, run, now)
    region = _region_of(owner)
    _require_allowed(actor, owner, region, now)
    people = _people(body, now)
    if owner in people:
        raise Invalid("values_invalid", fields=[Field("/child/id_number", "school_child_is_oneself")])
    identity.record_disclosures(actor, [owner, *people], COUNTER, "school_application", now)
    case_id = keys.stable_id("C", KIND, owner, once.key if once else keys.new_id("", now))
    application = _application(case_id, owner, people[0], run, region, body)
    submission = _submission(application, body, people, actor, now)
    also: list[Write] = [*store.create_writes(application), *_consent(owner, body, people[0], now)]
    try:
        return cases.submit(submission, actor, now, once, also, language)
    except Cancelled:
        if store.is_taken(application):
            raise Conflict("school_child_asked_already") from None
        raise


def _require_allowed(actor: Actor, owner: str, region: str, now: datetime) -> None:
    """Staff serve their own region; a citizen files so many times a day."""
    if actor.is_staff:
        actor.require_region(region)
    else:
        identity.throttle(f"school_child#{owner}", *CHILDREN_A_DAY, now, "school_children_used_up")


def _application(
    case_id: str, owner: str, child: str, run: Run, region: str, body: NewSchoolApplication
) -> Application:
    child_key = keys.blind_index("child", body.child.id_number)
    return Application(
        case=case_id,
        owner=owner,
        child=child,
        child_key=child_key,
        kin=kinship.shown(owner, child, child_key) is not None,
        year=run.year,
        district=run.district,
        grade=run.grade,
        region=region,
        choices=tuple(body.choices),
        points_case=body.points_case,
        status="filed",
    )


def round_open(year: int, district: str, grade: int, now: datetime) -> Run:
    """The round that is open now; raises ``Conflict("school_not_open")``."""
    for round_ in (1, 2, 3):
        found = store.run(model.run_id(year, district, grade, round_))
        if found is None:
            break
        if found[0].state == "open" and now < found[0].closes_at:
            return found[0]
    raise Conflict("school_not_open")


def _require_sound(body: NewSchoolApplication, run: Run, now: datetime) -> None:
    if run.round != 1:
        raise Conflict("school_not_open")
    rules, today = policy.policy(run.policy), clock.local_date(now)
    born = idnumbers.parse(body.child.id_number).birth_date
    wrong: list[Field] = []
    if code := model.age_wrong(born, rules.grades[body.grade], today):
        wrong.append(Field("/child/id_number", code))
    elif born and clock.age_on(born, today) < MINOR_AGE and not body.child.guardian_consent:
        wrong.append(Field("/child/guardian_consent", "guardian_consent_needed"))
    wrong += _wishes_wrong(run.year, run.district, run.grade, body.choices, rules)
    wrong += [
        Field(f"/siblings/{place}/school", "school_sibling_elsewhere")
        for place, sibling in enumerate(body.siblings)
        if sibling.school not in body.choices
    ]
    if body.points_case is None and body.policy_claim is None:
        wrong.append(Field("/points_case", "school_points_needed"))
    if wrong:
        raise Invalid("values_invalid", fields=wrong)


def _wishes_wrong(year: int, district: str, grade: int, choices: Sequence[str], rules: Policy) -> list[Field]:
    offered = [s.id for s in store.schools(year, district).values() if grade in s.classes]
    return model.choices_wrong(choices, offered, rules)


def _region_of(owner: str) -> str:
    standing = residence.standing_of(owner)
    if standing is None or standing.status != "active":
        raise Conflict("school_not_registered")
    return standing.region


def _people(body: NewSchoolApplication, now: datetime) -> list[str]:
    """The person ids of the child and then of the siblings; who is not known yet is made."""
    named: list[Child | Sibling] = [body.child, *body.siblings]
    found = {keys.person_key(one.id_number): one for one in named}
    if len(found) < len(named):
        raise Invalid("values_invalid", fields=[Field("/siblings", "school_child_twice")])
    known = {key: identity.KnownPerson(name=one.name) for key, one in found.items()}
    ids = identity.people_for_keys([(key, one.id_number) for key, one in found.items()], now, known)
    return [ids[key] for key in found]


def _owner(actor: Actor, body: NewSchoolApplication) -> str:
    """The parent: the caller, or whoever is present at the counter, who must be known here."""
    if not actor.is_staff:
        if body.person is not None:
            raise Forbidden("counter_only")
        return identity.require_person(actor)
    if body.person is None:
        raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
    known = identity.person_ids(keys.person_keys(body.person.id_number))
    if not known:
        raise NotFound("person_not_found")
    return next(iter(known.values()))


def _consent(owner: str, body: NewSchoolApplication, child: str, now: datetime) -> Iterable[Write]:
    """The guardian's consent for the child, given with the application (PIPL art. 31), at the counter as well."""
    if not body.child.guardian_consent:
        return []
    given = identities.Consent(kind="guardian_of_minor", given=True, subject=child)
    return identity.consent_writes(Actor(owner, "citizen", frozenset({"citizen"})), given, now)


def _submission(
    application: Application, body: NewSchoolApplication, people: list[str], actor: Actor, now: datetime
) -> cases.Submission:
    siblings = [
        {"person": person, "school": sibling.school}
        for person, sibling in zip(people[1:], body.siblings, strict=True)
    ]
    payload: dict[str, Any] = {
        "year": application.year,
        "district": application.district,
        "grade": application.grade,
        "child": application.child,
        "sibling": bool(siblings),
        "siblings": siblings,
        "policy": body.policy_claim is not None,
        "claim": body.policy_claim,
    }
    private = body.model_dump(mode="json", include={"child", "siblings"})
    return cases.Submission(
        kind=KIND,
        owner=application.owner,
        filer=actor.id,
        region=application.region,
        payload=payload,
        sealed=sealing.seal(application.owner, json.dumps(private, ensure_ascii=False), KIND),
        case_id=application.case,
        papers=[cases.Named(*named) for named in forms.papers_in(KIND, body.model_dump(mode="json"), now)],
    )


def own(actor: Actor, case_id: str) -> Application:
    """The caller's application; raises ``NotFound``, for other people's and other kinds' too."""
    person = identity.require_person(actor)
    case = cases.case_for(actor, case_id)
    found = of_case(case) if case.kind == KIND and case.owner == person else None
    if found is None:
        raise NotFound("case_not_found")
    return found


def of_case(case: Case) -> Application | None:
    """The application of a case, or None when it was deleted."""
    said = case.payload
    return store.application(said["year"], said["district"], said["grade"], case.id)


def change_choices(actor: Actor, case_id: str, body: NewChoices, now: datetime) -> ChoicesView:
    """Other wishes, as often as one likes until the round closes. Raises ``Conflict("school_not_open")``, ``Invalid``."""
    found = own(actor, case_id)
    if found.status not in ("filed", "accepted"):
        raise Conflict("school_application_over")
    run = round_open(found.year, found.district, found.grade, now)
    rules = policy.policy(run.policy)
    if wrong := _wishes_wrong(found.year, found.district, found.grade, body.choices, rules):
        raise Invalid("values_invalid", fields=wrong)
    changed = found.model_copy(update={"choices": tuple(body.choices)})
    note = audit.entry(actor, "school_choices.changed", case_id, now, choices=len(body.choices))
    tables.transact(store.save(found, changed), note)
    return ChoicesView(case=case_id, choices=body.choices)


def enact(case: Case, now: datetime) -> bool:
    """Let an accepted application take part, with the claims that were proven; once however often it is asked.

    It takes no part unless kinship was proven, which an officer's approval of the rest does not do, or where the child has another. A family may withdraw what was accepted: then the event of the acceptance comes too late, and nothing is done.
    """
    found = of_case(case) if case.state == "accepted" else None
    if found is None or found.status not in ("filed", "refused"):
        return False
    passed = {part.code for part in case.checks if part.state == "passed"}
    at = tuple(sorted({s["school"] for s in case.payload["siblings"]})) if "sibling" in passed else ()
    if "kinship" not in passed and all(event.what != "case_uphold" for event in case.events):
        return _left_out(found, "school_application.kinship_unproven", now)
    proven = {"status": "accepted", "policy": "policy" in passed, "sibling_at": at, "kin": True}
    try:
        return _moved(
            found, proven, "school_application.accepted", now, [] if found.kin else [store.child_put(found)]
        )
    except Cancelled:
        if not store.is_taken(found.model_copy(update={"kin": True})):
            raise
        return _left_out(found, "school_application.displaced", now)


def _left_out(found: Application, act: str, now: datetime) -> bool:
    """An accepted case whose application takes no part, and keeps no other of the child from it."""
    if found.status == "refused" and not found.kin:
        return False
    done = _moved(found, {"status": "refused", "kin": False}, act, now)
    store.free_child(found)
    return done


def follow(case: Case, now: datetime) -> bool:
    """Keep an application in step with its case: withdrawn or refused it takes no part; once that is final the child may have another."""
    status = _STATUS.get(case.state)
    found = of_case(case) if status else None
    if found is None or status is None or found.status == "given_up":
        return False
    done = found.status != status and _moved(found, {"status": status}, f"school_application.{status}", now)
    if case.state in ("withdrawn", "closed"):
        store.let_child_go(found)
    return done


def _moved(
    found: Application, changed: dict[str, Any], act: str, now: datetime, also: Sequence[Write] = ()
) -> bool:
    after = found.model_copy(update=changed)
    tables.transact(store.save(found, after), audit.entry(SYSTEM, act, found.case, now), *also)
    return True
