"""A year's schools: brought in by the policy officer, read by everybody."""

from datetime import datetime
from itertools import batched
from pathlib import Path
from typing import Final

from chalicelib import audit, clock, tables
from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Field, Invalid
from chalicelib.places import service as places
from chalicelib.schooling import policy, store
from chalicelib.schooling.model import Plan, School
from chalicelib.schooling.views import PlanView, SchoolList, SchoolsQuery, SchoolView
from chalicelib.tables import Write

AT_ONCE: Final = 99
SHIPPED: Final = Path(__file__).parent / "plans"  # Invented schools, for demonstrations.


def bring_in(actor: Actor, plan: Plan, now: datetime) -> PlanView:
    """Replace the schools of the districts that the plan names; safe to repeat.

    Raises ``Invalid`` for towns that do not exist, ``Conflict("school_plan_in_use")`` once a run of one of the districts was opened:
    families chose by these places.
    """
    _require_sound(plan)
    year = plan.year
    districts = sorted({school.district for school in plan.schools})
    for district in districts:
        actor.require_region(district)
        if store.runs(year, district):
            raise Conflict("school_plan_in_use")
    named = {school.id for school in plan.schools}
    gone = [s for district in districts for s in store.schools(year, district).values() if s.id not in named]
    writes: list[Write] = [store.school_put(year, school) for school in plan.schools]
    writes += [store.school_delete(year, school) for school in gone]
    for some in batched(writes, AT_ONCE):
        note = audit.entry(actor, "school_plan.brought_in", f"PLAN-{year}", now, schools=len(some))
        tables.transact(*some, note)
    return PlanView(year=year, schools=len(plan.schools), districts=districts)


def _require_sound(plan: Plan) -> None:
    wrong = [
        Field(f"/schools/{place}/town", "school_town_unknown")
        for place, school in enumerate(plan.schools)
        if places.division(school.town) is None
    ]
    if wrong:
        raise Invalid("values_invalid", fields=wrong)


def schools(query: SchoolsQuery, now: datetime, language: str) -> SchoolList:
    """A district's schools and places."""
    year = query.year or clock.local_date(now).year
    return SchoolList(items=[_view(s, language) for s in store.schools(year, query.district).values()])


def _view(school: School, language: str) -> SchoolView:
    rules = policy.policy(policy.DEFAULT).grades
    return SchoolView(
        id=school.id,
        name=school.name.in_language(language),
        town=school.town,
        zone=list(school.zone),
        seats={str(g): school.seats(g, rules[g]) for g in policy.GRADES if g in school.classes},
    )
