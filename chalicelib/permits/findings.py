"""What the register and the departments say to an application: agreement, or a reason for a person to look. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.cases.model import Case, Receipt, Title
from chalicelib.permits.eligibility import Residence
from chalicelib.permits.policy import GroundRule, Proof
from chalicelib.residence.model import Finding

_SAID = {
    "half_year": ("居住登记已满半年，身份已核实", "Half a year of registered residence is full; identity verified"),
    "half_year_short": ("按登记尚未满半年，申请人有异议，由工作人员核对", "By the register half a year is not full; the applicant objects, a person will look"),
    "still_registered": ("居住登记连续有效", "Registered without a gap"),
    "gap": ("居住登记有间断，由工作人员核对", "The registration has a gap; a person will look"),
    "guardian": ("由监护人或近亲属代办，工作人员核对双方证件", "A guardian or relative acts; a person compares both IDs"),
    "not_verified": ("尚未实名核验，由工作人员核对", "No real-name check yet; a person will compare"),
    "identity": ("身份已核实", "Identity verified"),
    "proven": ("与部门记录一致", "Agrees with the department's record"),
    "no_record": ("没有查到记录，由工作人员核对材料", "Nothing on record; a person will look at the papers"),
    "over": ("记录显示已结束，由工作人员核对材料", "The record says that it is over; a person will look at the papers"),
    "not_recent": ("记录不是近期的，由工作人员核对材料", "The record is not recent; a person will look at the papers"),
}  # fmt: skip
_PASSED = frozenset({"half_year", "still_registered", "identity", "proven"})


def finding(code: str, case: Case, *, source: str | None = None, record: str | None = None) -> Finding:
    """The finding of a code with its receipt: rule and version, source and date, in words."""
    zh, en = _SAID[code]
    receipt = Receipt(
        rule=f"permit_{code}",
        version=case.kind_version,
        source=source,
        record_date=date.fromisoformat(record) if record else None,
        said=Title.model_validate({"zh-CN": zh, "en": en}),
    )
    return Finding(result="passed" if code in _PASSED else "person", reason=code, receipt=receipt)


def identity_finding(case: Case, verified: bool) -> Finding | None:
    """What a person has to compare before anything else; None when the owner is known to have filed.

    Staff at the counter have seen the ID; a guardian's part is always looked at by a person.
    """
    if case.payload["how"] == "ward":
        return finding("guardian", case)
    if case.payload["how"] == "own" and not verified:
        return finding("not_verified", case)
    return None


def residence_finding(case: Case, found: Residence) -> Finding:
    """Whether half a year was full on the day of filing, by the register as it is now."""
    met = found.met(clock.local_date(case.submitted_at))
    record = found.since.isoformat() if found.since else None
    return finding("half_year" if met else "half_year_short", case, source="register", record=record)


def continuity_finding(case: Case, found: Residence, since: date | None) -> Finding:
    """Whether the holder has lived here without a gap since the year under way began."""
    unbroken = found.since is not None and since is not None and found.since <= since
    record = found.since.isoformat() if found.since else None
    return finding("still_registered" if unbroken else "gap", case, source="register", record=record)


def ground_finding(case: Case, rule: GroundRule, facts: Iterable[Mapping[str, Any]]) -> Finding:
    """Whether a record of one of the ground's sources proves it on the day of filing.

    ``facts``: the person's records with ``source`` and ``seen_on``. The most recent that proves it is named;
    where none does, the most telling reason is.
    """
    today = clock.local_date(case.submitted_at)
    proofs = {proof.source: proof for proof in rule.sources}
    said: dict[str, Mapping[str, Any]] = {}
    for fact in sorted(facts, key=lambda fact: str(fact.get("seen_on") or "")):
        said[_judged(fact, proofs[fact["source"]], today)] = fact
    for code in ("proven", "over", "not_recent"):
        if code in said:
            return finding(code, case, source=str(said[code]["source"]), record=said[code].get("seen_on"))
    return finding("no_record", case)


def _judged(fact: Mapping[str, Any], proof: Proof, today: date) -> str:
    ended = fact.get(proof.until) if proof.until else None
    if ended:  # A record that says until when it holds need not be recent.
        return "proven" if date.fromisoformat(ended) >= today else "over"
    seen = fact.get("seen_on")
    recent = seen is not None and date.fromisoformat(seen) >= today - timedelta(days=proof.days)
    return "proven" if recent else "not_recent"
