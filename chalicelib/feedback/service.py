"""The use cases of feedback: report, find near, support, take on, hand on, answer, rate, reopen, show."""

import json
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib import clock, keys, sealing, tables
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.model import Case
from chalicelib.cases.views import CaseView
from chalicelib.errors import Conflict, Field, Forbidden, Invalid, NotFound
from chalicelib.feedback import model, rights, store, views
from chalicelib.feedback.model import (
    Category,
    Clearing,
    FeedbackAnswer,
    Matter,
    NewReport,
    NotFixed,
    Position,
    Rating,
    Spot,
    Transfer,
)
from chalicelib.feedback.views import (
    CategoryList,
    MapQuery,
    MatterView,
    NearbyList,
    NearbyQuery,
    NearMatter,
    Reporter,
    ReportView,
)
from chalicelib.identity import service as identity
from chalicelib.places import service as places
from chalicelib.places.model import Crs, Point
from chalicelib.shapes import Page
from chalicelib.tables import Cancelled, Once

KIND: Final = "feedback"
COUNTER: Final = "counter_service"
# Boundaries of districts are some 100 m off: a point this near to one counts as inside.
BORDER_METRES: Final = 200


def categories(now: datetime, language: str) -> CategoryList:
    """What may be reported today, whose task each is, and how long an answer may take."""
    found = model.policy_on(clock.local_date(now)).categories
    return CategoryList(items=[views.category_view(category, language) for category in found])


def report(
    actor: Actor, body: NewReport, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> CaseView:
    """Report something, for oneself or at the counter for the person present; routed to the category's owner in that town, with the category's deadline.

    One transaction and no read. Raises ``Invalid`` for an unknown category or place, ``Forbidden`` before real-name binding.
    """
    reporter = _reporter_of(actor, body, now)
    today = clock.local_date(now)
    policy = model.policy_on(today)
    category = policy.category(body.category)
    region, spot = _region(body), _wgs84(body.position)
    if actor.is_staff:
        actor.require_region(region)
        identity.record_disclosures(actor, [reporter], COUNTER, KIND, now)
    case_id = keys.new_id("C", now)
    matter = Matter(
        id=keys.stable_id("F", case_id),
        case=case_id,
        category=category.code,
        edition=today,
        region=region,
        lon=spot.lon,
        lat=spot.lat,
        state="reported",
        anonymous=body.anonymous,
        reported_at=now,
    )
    told = json.dumps({"text": body.text, "place": body.place}, ensure_ascii=False)
    submission = cases.Submission(
        kind=KIND,
        owner=reporter,
        filer=reporter,
        region=region,
        payload={"item": matter.id, "category": category.code, "queue": category.queue},
        sealed=sealing.seal(reporter, told, KIND),
        case_id=case_id,
        deadline=category.deadline(today),
    )
    also = store.new_writes(matter, reporter, _reach(category), policy.nearby_days)
    return cases.submit(submission, actor, now, once, also, language)


def _reporter_of(actor: Actor, body: NewReport, now: datetime) -> str:
    """Whose report it is: the caller's, or that of the person who is present at the counter."""
    if actor.is_staff:
        if body.person is None:
            raise Invalid("values_invalid", fields=[Field("/person", "person_needed")])
        named = body.person
        key = keys.person_key(named.id_number)
        known = {key: identity.KnownPerson(name=named.name, phone=named.phone)}
        return identity.people_for_keys([(key, named.id_number)], now, known)[key]
    if body.person is not None:
        raise Forbidden("counter_only")
    return identity.require_person(actor)


def _reach(category: Category) -> int:
    """How far around a matter it is offered; nobody is offered those that are not public."""
    return category.nearby_metres if category.public else 0


def _region(body: NewReport) -> str:
    """The community, or the town; raises ``Invalid`` when there is none such, or the point is not in its district."""
    town = places.division(body.town)
    if town is None or town.level != "town":
        raise Invalid("values_invalid", fields=[Field("/town", "town_unknown")])
    if body.community is not None:
        community = places.division(body.community)
        if community is None or community.parent != town.code:
            raise Invalid("values_invalid", fields=[Field("/community", "community_outside_town")])
    if not _is_near_district(_wgs84(body.position), town.parent):
        raise Invalid("values_invalid", fields=[Field("/position", "feedback_position_elsewhere")])
    return body.community or body.town


def _wgs84(position: Position) -> Spot:
    return Spot(*places.from_crs(Point(position.lon, position.lat), position.crs))


def _is_near_district(spot: Spot, district: str) -> bool:
    step = BORDER_METRES / model.DEGREE_METRES
    around = [(0.0, 0.0), (step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)]
    return any(places.district_at(Point(spot.lon + x, spot.lat + y)) == district for x, y in around)


def nearby(query: NearbyQuery, now: datetime, language: str) -> NearbyList:
    """Matters of that category near the caller that are not done yet: perhaps somebody reported it already.

    Two requests, whatever the number of reports: of a cell the 50 latest are offered. Empty for categories
    that concern single homes or people.
    """
    category = model.policy_on(clock.local_date(now)).category(query.category)
    if not category.public:
        return NearbyList(items=[])
    spot = _wgs84(Position(lon=query.lon, lat=query.lat, crs=query.crs))
    near = {
        matter_id: metres
        for matter_id, at in store.near(model.cell(spot), category.code, now)
        if (metres := model.metres_between(spot, at)) <= category.nearby_metres
    }
    found = [matter for matter in store.matters(near) if matter.state in model.PENDING]
    return NearbyList(
        items=[
            NearMatter(metres=10 * round(near[m.id] / 10), **_public(m, query.crs, language))
            for m in sorted(found, key=lambda m: near[m.id])
        ]
    )


def _public(matter: Matter, crs: Crs, language: str) -> dict[str, Any]:
    shown = Spot(*places.in_crs(Point(*views.coarsely(matter)), crs))
    return views.public_values(matter, shown, crs, language)


def support(
    actor: Actor, matter_id: str, now: datetime, once: Once | None = None, language: str = "zh-CN"
) -> MatterView:
    """Say "me too" to a matter, instead of reporting it again. Saying it twice counts once.

    Raises ``NotFound`` for what is not shown to others, ``Conflict`` for one's own report or a matter that is done.
    """
    person = identity.require_person(actor)
    matter = store.matter(matter_id, consistent=True)
    if matter is None or not matter.policy.category(matter.category).public:
        raise NotFound("feedback_matter_unknown")
    if matter.state not in model.PENDING:
        raise Conflict("feedback_matter_done")
    counted = matter.model_copy(update={"supporters": matter.supporters + 1})
    answer = MatterView(**_public(counted, "GCJ-02", language))
    try:
        tables.transact(*store.support(matter.id, person, now), once=once, answer=answer)
    except Cancelled:
        part = store.part_of(matter.id, person)
        if part is None:
            raise
        if part.part == "reporter":
            raise Conflict("feedback_own_report") from None
        return MatterView(**_public(matter, "GCJ-02", language))
    return answer


def town_map(query: MapQuery, now: datetime, language: str) -> Page[MatterView]:
    """What was taken on in a town lately: categories that concern everybody, to about 100 m, in the staff's words."""
    today = clock.local_date(now)
    since = today - timedelta(days=model.policy_on(today).map_days)
    found, following = store.on_map(query.town, since, query.limit, query.next)
    return Page(
        items=[MatterView(**_public(matter, query.crs, language)) for matter in found], next=following
    )


def report_for(actor: Actor, case_id: str, purpose: str, now: datetime, language: str) -> ReportView:
    """A report in full: for the reporter, and for staff whose it is, which the reporter sees.

    Somebody who stays unnamed is not named to staff. Raises ``NotFound``.
    """
    case, matter = _of(actor, case_id)
    reporter = None
    if actor.is_staff:
        identity.record_disclosures(actor, [case.owner], purpose, KIND, now)
        reporter = None if matter.anonymous else _reporter(case.owner)
    told = json.loads(sealing.open_sealed(case.owner, case.sealed, KIND)) if case.sealed else {}
    shown = places.in_crs(Point(*matter.spot), "GCJ-02")
    position = Position(lon=round(shown.lon, 6), lat=round(shown.lat, 6))
    return views.report_view(case, matter, told, position, reporter, language)


def _reporter(person_id: str) -> Reporter:
    profile = identity.profile(person_id)
    return Reporter(name=profile.masked_name, phone=profile.masked_phone)


def _of(actor: Actor, case_id: str) -> tuple[Case, Matter]:
    """The case and its matter, for somebody who may see them; raises ``NotFound``."""
    case = cases.case_for(actor, case_id)
    if case.kind != KIND:
        raise NotFound("case_not_found")
    return case, _matter(case)


def _matter(case: Case) -> Matter:
    matter = store.matter(case.payload["item"], consistent=True)
    if matter is None:
        raise NotFound("feedback_matter_unknown")
    return matter


def take_on(
    actor: Actor, case_id: str, body: Clearing, now: datetime, once: Once | None, language: str
) -> CaseView:
    """Staff accept a report as theirs; from now on the town's map shows the matter, if it concerns everybody."""
    case, matter = _of(actor, case_id)
    today = clock.local_date(now)
    actions = [store.state_is("handling"), store.MatterRow.accepted_on.set(today.isoformat())]
    if matter.policy.category(matter.category).public:
        actions += store.shown_on_map(matter, today)
        if body.public_text:
            actions.append(store.MatterRow.public_text.set(body.public_text))
    also = [store.change(matter, *actions)]
    return cases.act(case, "take_on", actor, now, once=once, language=language, also=also)


def hand_on(
    actor: Actor, case_id: str, body: Transfer, now: datetime, once: Once | None, language: str
) -> CaseView:
    """Give a report to the owner of another category; the deadline stays, and it may happen so often only."""
    case, matter = _of(actor, case_id)
    category = matter.policy.category(body.category)
    matter.require_transfer()
    before = matter.policy.category(matter.category)
    moved = matter.model_copy(update={"category": category.code})
    actions = [
        store.state_is("reported"),
        store.MatterRow.category.set(category.code),
        store.MatterRow.transferred.add(1),
        *store.off_the_map(),
    ]
    also: list[tables.Write] = [store.change(matter, *actions)]
    if category.code != before.code:
        also += store.no_longer_near(matter, _reach(before))
        also += store.near_again(moved, _reach(category), matter.policy.nearby_days)
    payload = case.payload | {"category": category.code, "queue": category.queue}
    return cases.act(
        case,
        "hand_on",
        actor,
        now,
        reason=body.reason,
        once=once,
        language=language,
        also=also,
        payload=payload,
    )


def answer(
    actor: Actor, case_id: str, body: FeedbackAnswer, now: datetime, once: Once | None, language: str
) -> CaseView:
    """Tell the reporter what was done; the reporter rates it, or says that it is not fixed."""
    case, matter = _of(actor, case_id)
    change = store.change(matter, store.state_is("answered"), store.MatterRow.answered_at.set(clock.iso(now)))
    return cases.act(
        case, "answer", actor, now, reason=body.text, once=once, language=language, also=[change]
    )


def rate(
    actor: Actor, case_id: str, body: Rating, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The reporter's stars; with them the report is settled."""
    case, matter = _of(actor, case_id)
    change = store.change(matter, store.state_is("settled"), store.MatterRow.stars.set(body.stars))
    return cases.act(case, "rate", actor, now, once=once, language=language, also=[change])


def reopen(
    actor: Actor, case_id: str, body: NotFixed, now: datetime, once: Once | None, language: str
) -> CaseView:
    """The reporter says that it is not fixed: back to whoever handles it, with a new deadline; so often only."""
    case, matter = _of(actor, case_id)
    today = clock.local_date(now)
    if case.state == "answered":
        matter.require_reopening(today)
    change = store.change(matter, store.state_is("handling"), store.MatterRow.reopened.add(1))
    deadline = clock.add_working_days(today, matter.policy.reopened_working_days)
    return cases.act(
        case,
        "not_fixed",
        actor,
        now,
        reason=body.reason,
        once=once,
        language=language,
        also=[change],
        deadline=deadline,
    )


def follow(case: Case, now: datetime) -> bool:
    """Bring the matter to its case's state, where that changed by the engine's own acts (withdrawn, refused, …).

    What is over is offered to nobody any more, what was not ours to do is off the map, and an appeal brings both back.
    Done once however often it is asked; returns whether this call changed anything.
    """
    matter = store.matter(case.payload["item"], consistent=True)
    over = case.state in rights.OVER
    if matter is None or (matter.state == case.state and not over):
        return False
    metres = _reach(matter.policy.category(matter.category))
    writes: list[tables.Write] = []
    if matter.state != case.state:
        writes.append(
            store.change(matter, store.state_is(case.state), *_map_actions(case, matter, metres > 0))
        )
    if over:
        writes += store.no_longer_near(matter, metres)
    elif matter.state in rights.OVER:
        writes += store.near_again(matter, metres, matter.policy.nearby_days)
    if writes:
        tables.transact(*writes)
    return bool(writes)


def _map_actions(case: Case, matter: Matter, public: bool) -> list[Any]:
    """What a new state of the case means for the map."""
    if case.state in ("withdrawn", "refused", "closed"):
        return store.off_the_map()
    if case.state == "handling" and public and matter.accepted_on:
        return store.shown_on_map(matter, matter.accepted_on)
    return []
