"""Looking at a season: one's own points, a list, what was filed."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from chalicelib import sealing
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.errors import NotFound
from chalicelib.identity import service as identity
from chalicelib.identity.model import Profile, mask_name
from chalicelib.seasons import deciding, list_store, objecting, store
from chalicelib.seasons.filing import APPLICATION
from chalicelib.seasons.model import Application, Ranked, Ranking
from chalicelib.seasons.rankings import get
from chalicelib.seasons.verifying import answers_in, claims_of
from chalicelib.seasons.views import (
    MyApplication,
    MyPoints,
    Particulars,
    PlaceQuery,
    PlaceView,
    RankingList,
    RankingPage,
    Standing,
    ranking_view,
    within,
)
from chalicelib.texts import Language

MAKERS: Final = frozenset({"policy_officer", "city_officer", "district_officer"})


def mine(person: str, now: datetime, language: Language) -> MyPoints:
    """The person's applications with the receipt of each point, rank and cut-off; and until when they may not apply."""
    found = store.ban(person)
    return MyPoints(
        items=[each for case in store.cases_of(person) if (each := _mine(case, language))],
        banned_until=found[0] if found else None,
    )


def _mine(case_id: str, language: Language) -> MyApplication | None:
    held = store.application(case_id)
    if held is None:
        return None
    application = held[0]
    decisions = store.decisions_of(case_id)
    known = deciding.opened(application.person, decisions[-1].sealed) if decisions else None
    score = deciding.score_of(known[0], language) if known else None
    shown = application.model_dump(include=set(MyApplication.model_fields))
    return MyApplication(
        **shown,
        state=cases.case(case_id).state,
        applied_at=known[0].applied_at if known else None,
        total=known[1].total if known else None,
        eligible=known[1].eligible if known else None,
        lines=score.lines if score else [],
        conditions=score.conditions if score else [],
        standings=_standings(case_id),
        inputs=decisions[-1].digest if decisions else None,
    )


def _standings(case_id: str) -> list[Standing]:
    """Where an application stands in each list that is public or was."""
    found = []
    for ranking, row in list_store.standings_of(case_id):
        if ranking.state in ("making", "made"):
            continue
        current = int(row.list_number) == ranking.list_number
        place = list_store.place_at(ranking, int(row.rank)) if current else None
        found.append(
            Standing(
                ranking=ranking.id,
                **ranking.model_dump(
                    include={"state", "area", "round", "cut_off", "public_through", "objections_through"}
                ),
                rank=int(row.rank) if current else None,
                of=ranking.count,
                within_quota=within(int(row.rank), ranking.quota) if current else None,
                outcome=place.outcome if place and place.case == case_id else None,
            )
        )
    return found


def page(actor: Actor, ranking_id: str, query: PlaceQuery, language: str) -> RankingPage:
    """A ranking with a page of its list, names masked. Before publicity only those who make it may look.

    Staff who look see no more than everybody does; no disclosure comes of it.
    """
    ranking = get(ranking_id)
    if not _may_see(actor, ranking):
        raise NotFound("ranking_not_found")
    lines, following = list_store.places(ranking, query.limit, query.next)
    who = identity.profiles([one.person for _, one in lines])
    items = [_line(actor, ranking, rank, one, who.get(one.person)) for rank, one in lines]
    shown = ranking_view(ranking, language).model_dump()
    return RankingPage(**shown, items=items, next=following)


def _may_see(actor: Actor, ranking: Ranking) -> bool:
    """Whether a list is public, or made for the region of whoever makes lists."""
    if ranking.state not in ("making", "made"):
        return True
    return bool(actor.roles & MAKERS) and actor.covers(ranking.area)


def _line(actor: Actor, ranking: Ranking, rank: int, one: Ranked, who: Profile | None) -> PlaceView:
    return PlaceView(
        rank=rank,
        name=who.masked_name if who else "*",
        total=one.total,
        within_quota=within(rank, ranking.quota),
        mine=one.person == actor.id,
    )


def rankings(actor: Actor, language: str) -> RankingList:
    """All rankings, the latest first; those that are not public yet only for those who make them."""
    found = [each for each in store.rankings() if _may_see(actor, each)]
    return RankingList(items=[ranking_view(each, language) for each in found])


def particulars(actor: Actor, case_id: str, purpose: str, now: datetime) -> Particulars:
    """What was filed and established, for the staff whose part it is; the applicant sees that they looked, and the log of minors has it.

    Of an objection, the application that it is about, and the objector's reason; the objector sees that as well. Raises ``NotFound`` out of scope.
    """
    case = cases.case_for(actor, case_id)
    if case.kind not in (APPLICATION, objecting.OBJECTION):
        raise NotFound("case_not_found")
    about = case_id if case.kind == APPLICATION else str(case.payload["about"])
    held = store.application(about)
    if held is None:
        raise NotFound("case_not_found")
    application, sealed = held
    objector = [case.owner] if case.kind != APPLICATION else []
    identity.record_disclosures(actor, [*application.people, *objector], purpose, "points", now)
    family = _family(about, application)
    established = {
        department: answers_in(application.person, text)
        for department, (text, _) in store.answers_of(about).items()
    }
    return Particulars(
        case=about,
        name=_name(identity.profiles([application.person]).values()),
        child=family.get("child"),
        spouse=family.get("spouse"),
        policy=application.policy,
        policy_version=application.policy_version,
        scope=application.scope,
        town=application.town,
        claims=claims_of(application, sealed),
        established=established,
        objection=objecting.reason_of(case) if case.kind != APPLICATION else None,
    )


def _name(found: Sequence[Profile] | Any) -> str:
    return next((one.masked_name for one in found), "")


def _family(case_id: str, application: Application) -> dict[str, str]:
    """Child and spouse, masked."""
    case = cases.case(case_id)
    if case.sealed is None:
        return {}
    held = json.loads(sealing.open_sealed(application.person, case.sealed, APPLICATION))
    return {who: mask_name(each["name"]) for who, each in held.items()}
