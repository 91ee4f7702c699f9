"""Departments' checks answered from records: a batch at once, each source read once for everybody in it.

Agreement is recorded; a doubt is a person's work item. What the records show is kept either way, sealed for
the applicant, with the record behind each answer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter

from chalicelib import clock, sealing, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.cases.model import Receipt
from chalicelib.errors import Conflict, NotFound
from chalicelib.permits import service as permits
from chalicelib.points import service as points
from chalicelib.points.model import Policy
from chalicelib.residence import service as residence
from chalicelib.seasons import evidence, store
from chalicelib.seasons.evidence import Doubt, Judged, Row
from chalicelib.seasons.filing import CLAIMS, record_key
from chalicelib.seasons.model import Application, Claim, Established, Shown
from chalicelib.shapes import Title
from chalicelib.tables import Cancelled

ANSWERS: Final = "points_answers"
Read = Callable[[str, Sequence[str]], Mapping[str, Sequence[Row]]]
"""From a source and person ids to each person's records there."""
OWN: Final = ("permits", "residence")
_Claims: Final = TypeAdapter(list[Claim])


class Asked(NamedTuple):
    """An open check: the case, the department, and since when it is asked (the application's time)."""

    case: str
    department: str
    at: datetime


class Answer(NamedTuple):
    """What records say to an open check. ``cited``: the keys of the certificates that are claimed of it, by indicator."""

    asked: Asked
    application: Application
    judged: Judged
    cited: Mapping[str, str]


def verify(asked: Sequence[Asked], read: Read, now: datetime) -> dict[str, int]:
    """Answer a batch of open checks; returns how many passed, went to a person, or had been answered before.

    Doing it again is harmless. A check whose application is gone is left.
    """
    done = {"passed": 0, "person": 0, "left": 0}
    for answer in judge_all(asked, read):
        done[_record(answer, now)] += 1
    done["left"] += len(asked) - sum(done.values())
    return done


def judge_all(asked: Sequence[Asked], read: Read) -> list[Answer]:
    """What records say to each check, nothing written: every source is asked once for all persons."""
    known = store.applications({each.case for each in asked})
    open_ones = [(each, *known[each.case]) for each in asked if each.case in known]
    policies = _policies(application for _, application, _ in open_ones)
    wanted: dict[str, set[str]] = {}
    for each, application, _ in open_ones:
        policy = policies[application.policy, application.policy_version]
        for source in evidence.sources(policy, application.scope, each.department):
            wanted.setdefault(source, set()).add(application.person)
    rows = {source: read(source, sorted(people)) for source, people in wanted.items() if source not in OWN}
    sealing.sealers({application.person for _, application, _ in open_ones})
    return [
        _answered(
            each,
            application,
            policies[application.policy, application.policy_version],
            claims_of(application, claims),
            rows,
        )
        for each, application, claims in open_ones
    ]


def _policies(applications: Iterable[Application]) -> dict[tuple[str, str], Policy]:
    """The editions of these applications, each read once."""
    named = {(each.policy, each.policy_version) for each in applications}
    return {(name, version): points.policy(name, version) for name, version in named}


def _answered(
    asked: Asked,
    application: Application,
    policy: Policy,
    claims: Sequence[Claim],
    rows: Mapping[str, Mapping[str, Sequence[Row]]],
) -> Answer:
    scope, applied = application.scope, clock.local_date(asked.at)
    mine = {source: people.get(application.person, ()) for source, people in rows.items()}
    for source in set(evidence.sources(policy, scope, asked.department)) & set(OWN):
        mine[source] = _own(source, application.person, policy, application, applied)
    said = {claim.indicator: claim for claim in claims}
    judged = evidence.judge(policy, scope, asked.department, said, mine, applied)
    own = {each.code for each in evidence.indicators_of(policy, scope, asked.department)}
    cited = {code: record_key(c.record) for code, c in said.items() if code in own and c.record}
    return Answer(asked, application, judged, cited)


def claims_of(application: Application, sealed: str | None) -> list[Claim]:
    """What was claimed; nothing once it was deleted on request."""
    if sealed is None:
        return []
    text = sealing.open_sealed(application.person, sealed, CLAIMS)
    return _Claims.validate_json(text)


def _own(source: str, person: str, policy: Policy, application: Application, applied: date) -> list[Row]:
    """What the city itself keeps of the applicant, as records: the permit, the registrations."""
    if source == "permits":
        codes = policy.by_scope[application.scope]
        days = {evidence.counted_until(policy, application.scope, code, applied) for code in codes}
        found = permits.record_of(person, days)
        return [found] if found else []
    return [
        {
            "record_id": stay.id,
            "seen_on": applied.isoformat(),
            "registered_on": stay.registered_on.isoformat(),
            "ended_on": stay.ended_on.isoformat() if stay.ended_on else None,
        }
        for stay in residence.registrations_of(person)
    ]


def _record(answer: Answer, now: datetime) -> str:
    """Write one answer: ``passed``, ``person``, or ``left`` where it was answered before."""
    asked, application = answer.asked, answer.application
    judged = _without_others(answer, now)
    kept = store.answers_put(
        asked.case,
        asked.department,
        application.person,
        sealing.seal(application.person, judged.established.model_dump_json(), ANSWERS),
        "data",
        clock.iso(now),
    )
    receipt = _receipt(application, judged, clock.local_date(asked.at))
    try:
        if judged.doubts:
            reason = judged.doubts[0].code
            handed = cases.to_person(asked.case, asked.department, reason, now, receipt, [kept])
            return "person" if handed else "left"
        cases.record_check(
            asked.case,
            asked.department,
            "passed",
            SYSTEM,
            now,
            reason="agrees",
            receipt=receipt,
            also=[kept],
        )
    except (Conflict, NotFound):
        return "left"  # Answered, withdrawn or decided between: that word stands.
    return "passed"


def _without_others(answer: Answer, now: datetime) -> Judged:
    """The judgement without answers that rest on a record which is another applicant's evidence this season.

    The records of the others become this applicant's: whoever comes second is looked at by a person. So is a claim
    whose certificate another cites, whichever of the two holds it; what this applicant's own records show stays.
    """
    established, doubts = answer.judged
    period, person = answer.application.period, answer.application.person
    found = {
        code: taken_key(shown) for code, shown in established.evidence.items() if shown.source not in OWN
    }
    taken = found and _taken(period, set(found.values()), person, answer.asked.case)
    looked_up = {*answer.cited.values(), *(found.values() if taken else ())}
    others = {key for key, who in store.users(period, looked_up).items() if who != person}
    if not others:
        return answer.judged
    shared = [code for code, key in found.items() if key in others]
    cited = [code for code, key in answer.cited.items() if key in others and code not in shared]
    kept = {code: value for code, value in established.answers.items() if code not in shared}
    shown = {code: each for code, each in established.evidence.items() if code not in shared}
    return Judged(
        Established(answers=kept, evidence=shown),
        [*[Doubt(code, "shared") for code in (*shared, *cited)], *doubts],
    )


def taken_key(shown: Shown) -> str:
    """A department's record, or the thing that it is about, as a key that tells nobody its number."""
    return record_key(f"{shown.source}:{shown.proof or shown.record}")


def _taken(period: str, records: Iterable[str], person: str, case: str) -> bool:
    """Take records as a person's evidence; whether one of them is another's already."""
    try:
        tables.transact(*[store.use(period, record, person, case) for record in sorted(records)])
    except Cancelled:
        return True
    return False


_SAID: Final = {
    "agrees": ("与部门记录一致", "Agrees with the department's records"),
    "silent": ("没有查到记录，由工作人员核对；没有记录不等于没有分", "Nothing on record; a person will look. No record is not zero"),
    "differs": ("与部门记录不同，由工作人员核对", "The records say something else; a person will look"),
    "weak_match": ("记录的证件号码有误，由工作人员核对是否本人", "The record's ID number had a mistake; a person will see whether it is yours"),
    "no_data": ("没有可以查询的数据，由工作人员核对材料", "There is no data to ask; a person will look at the papers"),
    "condition": ("申请条件由工作人员核对", "A person will look whether the condition is met"),
    "shared": ("同一份记录已被另一申请人使用，由工作人员核对", "Another applicant has used the same record; a person will look"),
}  # fmt: skip


def _receipt(application: Application, judged: Judged, applied: date) -> Receipt:
    """Which rule of which policy, from which record; in words, with the indicators that a person looks at."""
    code = judged.doubts[0].code if judged.doubts else "agrees"
    zh, en = _SAID[code]
    if judged.doubts:
        named = "、".join(dict.fromkeys(doubt.indicator for doubt in judged.doubts))
        zh, en = f"{zh}（{named}）", f"{en} ({named.replace('、', ', ')})"
    newest = max(judged.established.evidence.values(), key=lambda each: each.seen_on, default=None)
    return Receipt(
        rule=f"points_{code}",
        version=f"{application.policy}@{application.policy_version}",
        source=newest.source if newest else None,
        record_date=newest.seen_on if newest else applied,
        said=Title.model_validate({"zh-CN": zh, "en": en}),
    )


def answers_in(person: str, sealed: str | None) -> Established:
    """What a department established; nothing once it was deleted on request."""
    if sealed is None:
        return Established(answers={})
    return Established.model_validate_json(sealing.open_sealed(person, sealed, ANSWERS))


def as_answer(value: Any) -> Any:
    """A claim's value as JSON keeps answers: exact numbers as the number that was written."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
