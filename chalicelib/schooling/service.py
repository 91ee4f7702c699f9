"""The use cases of school places; this module is what others import, each name is documented where it is made."""

from datetime import datetime

from chalicelib.cases.model import Case
from chalicelib.identity import service as identity
from chalicelib.schooling import filing, kinship, model, policy, rights, store, verifying
from chalicelib.schooling.answering import answer
from chalicelib.schooling.filing import KIND, change_choices, enact, file, follow
from chalicelib.schooling.model import Facts, Finding, PointsPlace
from chalicelib.schooling.plans import bring_in, schools
from chalicelib.schooling.running import close_run, open_run, proceed, settle
from chalicelib.schooling.showing import counts, my_places, public_list, run, runs
from chalicelib.schooling.telling import Told, to_tell
from chalicelib.schooling.views import PolicyList

__all__ = [
    "KIND",
    "PointsPlace",
    "Told",
    "answer",
    "bring_in",
    "change_choices",
    "close_run",
    "counts",
    "enact",
    "file",
    "follow",
    "my_places",
    "open_run",
    "policies",
    "proceed",
    "public_list",
    "rights",
    "run",
    "runs",
    "schools",
    "settle",
    "to_tell",
    "verify",
]


def policies() -> PolicyList:
    """Every edition of the rules, as its file says."""
    return PolicyList(items=list(policy.policies().values()))


def verify(case: Case, part: str, facts: Facts, now: datetime) -> Finding:
    """What the education department's data says of an application's part. Never ``failed``: doubt and silence are for a person."""
    said = case.payload
    check = case.check(part).code
    if check == "kinship":
        found = filing.of_case(case)
        return verifying.finding((kinship.of(found) if found else None) or "no_kin", case)
    if check == "sibling":
        rolls = {claim["person"]: facts(verifying.ROLLS, claim["person"]) for claim in said["siblings"]}
        return verifying.siblings(case, rolls, store.schools(said["year"], said["district"]))
    if check == "sixth_grade":
        return verifying.sixth_grade(case, facts(verifying.ROLLS, said["child"]))
    run = store.run(model.run_id(said["year"], said["district"], said["grade"], 1))
    rules = policy.policy(run[0].policy if run else policy.DEFAULT)
    return verifying.age(case, identity.profile(said["child"]).birth_date, rules.grades[said["grade"]])
