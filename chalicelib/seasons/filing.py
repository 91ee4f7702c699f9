"""Filing: one form and one acceptance for one scope of one policy; for oneself, or at the counter."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from chalicelib import clock, idnumbers, keys, regions, sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.identity.model import is_minor
from chalicelib.points import service as points
from chalicelib.points.model import MonthDay, Policy
from chalicelib.residence import service as residence
from chalicelib.seasons import evidence, model, store
from chalicelib.seasons.model import Application, Child, Claim, NewApplication
from chalicelib.tables import Cancelled, Once, Write

APPLICATION: Final = "points_application"
CLAIMS: Final = "points_claims"
COUNTER: Final = "counter_service"
OVER: Final = frozenset({"refused", "withdrawn", "closed", "voided"})
# Each makes somebody of a number that was typed: not more than these a day.
CHILDREN_A_DAY: Final = (20, 86_400)
_TRIES: Final = 3  # Somebody else may cite the same record at the same moment.
_PUPIL_AGE: Final = 18


def apply(
    actor: Actor, body: NewApplication, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Apply for points under the edition in force today; the case keeps it whatever comes later.

    Raises ``Invalid`` for claims that the policy cannot take and a child under 14 without the guardian's consent,
    ``Conflict("points_banned")`` with the day after forged evidence, ``Conflict("points_asked_already")``,
    ``Conflict("points_season_closed")``, ``Forbidden`` for a town out of scope. Nothing is kept of a refused one but
    that the child is somebody, where only the last step refused it.
    """
    if actor.is_staff and not any(
        regions.covers(scope, body.town) or regions.covers(body.town, scope) for scope in actor.scopes
    ):
        raise Forbidden("region_out_of_scope")  # A grid worker serves the whole town's people at the counter.
    owner, today = _owner(actor, body), clock.local_date(now)
    policy = points.policy(body.policy, day=today)
    _require_open(policy, body, today)
    _require_family(body, owner, today)
    _require_claims(policy, body, today)
    _require_not_banned(owner, today)
    if body.child is not None and not actor.is_staff:
        identity.throttle(f"points_child#{owner}", *CHILDREN_A_DAY, now)
    made = _application(policy, body, owner, today, now, once)
    if actor.is_staff:
        identity.record_disclosures(actor, made.people, COUNTER, "points", now)
    return _submit(_Filing(actor, policy, body, made), now, once, language)


def _owner(actor: Actor, body: NewApplication) -> str:
    """Who applies: the caller, or the person at the counter, who must be known here."""
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


def _require_open(policy: Policy, body: NewApplication, today: date) -> None:
    rule = policy.scopes.get(body.scope)
    if rule is None:
        raise Invalid("values_invalid", fields=[Field("/scope", "points_scope_unknown")])
    opens, closes = rule.calendar.opens, rule.calendar.closes
    if opens and closes and not _day(opens, today) <= today <= _day(closes, today):
        raise Conflict(
            "points_season_closed",
            opens=_day(opens, today).isoformat(),
            closes=_day(closes, today).isoformat(),
        )


def _day(named: MonthDay, today: date) -> date:
    return date(today.year, named.month, named.day)


def _require_family(body: NewApplication, owner: str, today: date) -> None:
    """School is for a child who is somebody else and young enough; the scope of hukou has neither child nor spouse."""
    wrong: list[Field] = []
    if (body.scope == "school") != (body.child is not None):
        wrong.append(Field("/child", "points_child"))
    if body.scope != "school" and body.spouse is not None:
        wrong.append(Field("/spouse", "points_spouse"))
    own = identity.profile(owner).id_number
    if body.child is not None:
        born = idnumbers.parse(body.child.id_number).birth_date
        if is_minor(born, today) and not body.child.guardian_consent:
            wrong.append(Field("/child/guardian_consent", "guardian_consent_needed"))
        if body.child.id_number == own or born is None or not 0 <= clock.age_on(born, today) < _PUPIL_AGE:
            wrong.append(Field("/child/id_number", "points_child"))
    if body.spouse is not None and body.spouse.id_number == own:
        wrong.append(Field("/spouse/id_number", "points_spouse"))
    if wrong:
        raise Invalid("values_invalid", fields=wrong)


def _require_claims(policy: Policy, body: NewApplication, today: date) -> None:
    """Let the policy itself say whether it can take what is claimed; each wrong claim is named by its row."""
    codes = [claim.indicator for claim in body.claims]
    wrong = [
        Field(f"/claims/{place}/indicator", "points_claim_repeated")
        for place, code in enumerate(codes)
        if code in codes[:place]
    ]
    vetoes = {each.code for each in policy.indicators if each.mode == "veto"}
    wrong += [
        Field(f"/claims/{i}/indicator", "points_not_claimable") for i, c in enumerate(codes) if c in vetoes
    ]
    wrong += [
        Field(f"/claims/{place}", "points_claim_one_thing")
        for place, claim in enumerate(body.claims)
        if not claim.says_one_thing
    ]
    if wrong:
        raise Invalid("values_invalid", fields=wrong)
    try:
        points.score(policy, body.scope, answers_of(body.claims), today, region=body.town)
    except Invalid as refused:
        raise Invalid(refused.code, fields=[_of_claim(codes, each) for each in refused.fields]) from None


def _of_claim(codes: list[str], wrong: Field) -> Field:
    """The place of a claim for the place of an answer."""
    last = wrong.path.removeprefix("/answers/").split("/")[0]
    place = codes.index(last) if last in codes else last
    return Field(f"/claims/{place}", wrong.code, wrong.label)


def answers_of(claims: Sequence[Claim]) -> dict[str, Any]:
    """Claims as the policy takes answers."""
    return {claim.indicator: claim.value for claim in claims}


def _require_not_banned(owner: str, today: date) -> None:
    found = store.ban(owner)
    if found and today <= found[0]:
        raise Conflict("points_banned", day=found[0].isoformat())


def _application(
    policy: Policy, body: NewApplication, owner: str, today: date, now: datetime, once: Once | None
) -> Application:
    rule = policy.scopes[body.scope]
    child = keys.blind_index("child", body.child.id_number) if body.child else None
    child_person = _child_person(body.child, now) if body.child else None
    tried = once.key if once else keys.new_id("", now)
    return Application(
        case=keys.stable_id("C", APPLICATION, owner, tried),
        person=owner,
        child=child,
        child_person=child_person,
        scope=body.scope,
        area=model.area_of(rule.ranking.rounds[0], body.town),
        town=body.town,
        period=model.period_of(rule.ranking.period, today),
        policy=policy.id,
        policy_version=policy.version,
        policy_digest=policy.hash,
        filed_at=now,
    )


def _child_person(child: Child, now: datetime) -> str:
    """The child's person id: whose guardian consents, and in whose log looks are noted. Who is not known yet is made."""
    key = keys.person_key(child.id_number)
    known = {key: identity.KnownPerson(name=child.name)}
    return identity.people_for_keys([(key, child.id_number)], now, known)[key]


def _consent(made: Application, body: NewApplication, now: datetime) -> list[Write]:
    """The guardian's consent for the child, given with the application (PIPL art. 31), at the counter as well."""
    if body.child is None or not body.child.guardian_consent:
        return []
    given = identities.Consent(kind="guardian_of_minor", given=True, subject=made.child_person)
    return list(identity.consent_writes(Actor(made.person, "citizen", frozenset({"citizen"})), given, now))


@dataclass(frozen=True)
class _Filing:
    """What becomes a case."""

    actor: Actor
    policy: Policy
    body: NewApplication
    made: Application


def _submit(filing: _Filing, now: datetime, once: Once | None, language: str) -> CaseView:
    """Open the case with what the season keeps in one transaction; a second one of the same person is refused."""
    made, claims = filing.made, filing.body.claims
    sealed = sealing.seal(made.person, _json([claim.model_dump(mode="json") for claim in claims]), CLAIMS)
    cited = [record_key(claim.record) for claim in claims if claim.record]
    if len(set(cited)) < len(cited):
        raise Invalid("values_invalid", fields=[Field("/claims", "points_evidence_twice")])
    before = store.asked(made.person, made.scope, made.period, made.child)
    over = before if before and cases.case(before).state in OVER else None
    consent = _consent(made, filing.body, now)
    for _ in range(_TRIES):
        free = _not_others(made, cited)
        writes = [*store.application_writes(made, sealed, cited, free, over), *consent]
        try:
            return cases.submit(_submission(filing), filing.actor, now, once, writes, language)
        except Cancelled:
            if store.asked(made.person, made.scope, made.period, made.child) not in (None, over):
                raise Conflict("points_asked_already") from None
    raise Conflict("changed_meanwhile")


def _not_others(made: Application, cited: Sequence[str]) -> list[str]:
    """The records that are nobody else's evidence yet; of the others a person decides whose they are."""
    others = {record for record, who in store.users(made.period, cited).items() if who != made.person}
    return [record for record in cited if record not in others]


def _submission(filing: _Filing) -> cases.Submission:
    made, body, policy = filing.made, filing.body, filing.policy
    family = {
        name: who.model_dump(mode="json")
        for name, who in (("child", body.child), ("spouse", body.spouse))
        if who
    }
    claimed = [claim.indicator for claim in body.claims]
    payload = {
        "policy": policy.id,
        "policy_version": policy.version,
        "policy_digest": policy.hash,
        "scope": made.scope,
        "area": made.area,
        "town": made.town,
        "period": made.period,
        "departments": evidence.departments(policy, made.scope, claimed),
    }
    return cases.Submission(
        kind=APPLICATION,
        owner=made.person,
        filer=filing.actor.id,
        region=_region(made),
        payload=payload,
        sealed=sealing.seal(made.person, _json(family), APPLICATION) if family else None,
        case_id=made.case,
        deadline=clock.add_working_days(
            clock.local_date(made.filed_at), policy.scopes[made.scope].calendar.verification
        ),
    )


def _region(made: Application) -> str:
    """Where the case lies: the home that is registered, if it is in the town that is applied in, else that town."""
    standing = residence.standing_of(made.person)
    at_home = standing is not None and standing.status == "active" and standing.region.startswith(made.town)
    return standing.region if standing and at_home else made.town


def asked_for(person: str, child: str) -> bool:
    """Whether a person's points application for a child, by the child's key, was accepted and still counts."""
    found = store.applications(store.cases_of(person))
    return any(
        (made.person, made.child) == (person, child) and cases.case(case).state == "accepted"
        for case, (made, _) in found.items()
    )


def record_key(record: str) -> str:
    """A certificate's number as a key that tells nobody the number."""
    return keys.blind_index("points_record", model.plain_record(record))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
