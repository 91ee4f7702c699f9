"""One working request for every route: the walks over all routes start from these."""

import json
from datetime import timedelta
from typing import Any

from chalicelib import api, http
from chalicelib.actors import Actor
from chalicelib.cases import receipts, working
from chalicelib.cases import service as cases
from chalicelib.corrections import service as corrections
from chalicelib.corrections.model import NewCorrection
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from tests import (
    samples_of_insight,
    samples_of_leases_and_reports,
    samples_of_points,
    samples_of_schools,
    samples_of_seasons,
)
from tests.chalicelib.linkage import questions
from tests.chalicelib.permits import holders
from tests.route_shapes import Asked, Make, Sample
from tests.town import COMMUNITY, TOWN, Town, id_number


def _nothing(town: Town, actor: Actor) -> Asked:
    return Asked()


def _query(**values: str) -> Make:
    return lambda town, actor: Asked(query=values)


def _body(value: Any) -> Make:
    return lambda town, actor: Asked(body=value)


def _case(body: Any = None, **facts: Any) -> Make:
    return lambda town, actor: Asked(path={"id": town.case(**facts)}, body=body)


def _paper(town: Town, actor: Actor) -> Asked:
    case_id, document = town.document()
    return Asked(path={"id": case_id, "document": document})


def _receipt(town: Town, actor: Actor) -> Asked:
    return Asked(path={"token": receipts.token(cases.case(town.case()), town.now)})


def _decision(town: Town, actor: Actor) -> Asked:
    body = {"decision": "approve", "reason": "a test's reason"}
    if "reviewer" in actor.roles:
        return Asked(path={"id": town.case()}, body=body | {"check": "housing"})
    if "grid_worker" in actor.roles:
        return Asked(path={"id": town.case(kind="residence_departure")}, body=body)
    return Asked(path={"id": town.case(state="review")}, body=body)


def _work(town: Town, actor: Actor) -> tuple[str, dict[str, Any]]:
    """A piece of work for the actor: the department's part, or a departure that waits for the station."""
    if "reviewer" in actor.roles:
        case_id = town.case()
        cases.to_person(case_id, "housing", "silent", town.now)
        return case_id, {"check": "housing"}
    return town.case(kind="residence_departure"), {}


def _claim(town: Town, actor: Actor) -> Asked:
    case_id, body = _work(town, actor)
    return Asked(path={"id": case_id}, body=body)


def _release(town: Town, actor: Actor) -> Asked:
    case_id, body = _work(town, actor)
    if actor.covers(COMMUNITY):
        working.claim(actor, case_id, body.get("check"), town.now, None, "en")
    return Asked(path={"id": case_id}, body=body)


def _hand_over(town: Town, actor: Actor) -> Asked:
    case_id, body = _work(town, actor)
    to = "reviewer-near" if "reviewer" in actor.roles else "grid_worker-near"
    return Asked(path={"id": case_id}, body=body | {"to": to})


def _acceptances(town: Town, actor: Actor) -> Asked:
    case_id, body = _work(town, actor)
    return Asked(body={"items": [body | {"case": case_id}], "reason": "a test's reason"})


def _cover(town: Town, actor: Actor) -> Asked:
    other = actor.id.replace("near", "far") if "near" in actor.id else actor.id.replace("far", "near")
    return Asked(body={"substitute": other, "first": "2026-11-23", "last": "2026-11-30"})


def _cover_to_end(town: Town, actor: Actor) -> Asked:
    body = _cover(town, actor).body
    identity.arrange_cover(actor, identities.NewCover.model_validate(body), town.now)
    return Asked(path={"substitute": body["substitute"]})


def _worklist(town: Town, actor: Actor) -> Asked:
    town.case()
    return (
        Asked() if "grid_worker" in actor.roles and actor.covers(COMMUNITY) else Asked(query={"town": TOWN})
    )


def _visits(town: Town, actor: Actor) -> Asked:
    town.visit()
    return Asked(query={"town": TOWN})


def _outcome(town: Town, actor: Actor) -> Asked:
    return Asked(path={"id": town.visit()}, body={"outcome": "not_here"})


def _overview(town: Town, actor: Actor) -> Asked:
    return Asked(query={"town": TOWN})


def _look_up(town: Town, actor: Actor) -> Asked:
    town.registration()
    return Asked(
        body={"id_number": id_number(town.order), "purpose": "counter_service", "reason": "at the counter"}
    )


def _registration(town: Town, actor: Actor) -> Asked:
    return Asked(body=town.body_of_registration(actor))


def _departure(town: Town, actor: Actor) -> Asked:
    return Asked(path={"id": town.registration()}, body={"left_on": "2026-11-20"})


def _binding(town: Town, actor: Actor) -> Asked:
    order = town.order if actor.id == town.owner.id else town.order + 1
    body = {"name": "测试甲", "id_number": id_number(order), "phone_code": f"phone-1380000{order:04d}"}
    return Asked(body=body)


def _counters(town: Town, actor: Actor) -> Asked:
    return Asked(query={"metric": "cases_submitted", "region": COMMUNITY, "by": "day"})


def _permit_filing(**more: Any) -> Make:
    def make(town: Town, actor: Actor) -> Asked:
        person, named = holders.somebody(town, actor)
        if "ground" not in more:
            holders.holding(person)
        return Asked(body={**more, **({"person": named} if named else {})})

    return make


def _filed(town: Town, actor: Actor) -> Asked:
    person, _ = holders.somebody(town, town.owner)
    payload = {"how": "own", "why": None, "ground": "home", "since": "2026-01-05"}
    return Asked(path={"id": holders.case_of(person, payload, town.tick())})


def _my_permit(town: Town, actor: Actor) -> Asked:
    holders.holding(town.owner.id)
    return Asked()


def _card(town: Town, actor: Actor) -> Asked:
    case_id = town.case(kind="permit_replacement")
    holders.holding(town.owner.id, case_id, made=False)
    return Asked(path={"id": case_id})


def _my_things(town: Town, actor: Actor) -> Asked:
    town.case()
    town.registration()
    return Asked()


def _form(town: Town, actor: Actor) -> Asked:
    return Asked(path={"kind": "residence_departure"})


def _form_begun(town: Town, actor: Actor) -> Asked:
    revision = town.draft_revision(actor)
    return Asked(
        path={"kind": "residence_departure"},
        body={"answers": {"left_on": "2026-11-20"}, "revision": revision},
    )


def _draft(town: Town, actor: Actor) -> Asked:
    town.draft()
    return Asked(path={"kind": "residence_departure"})


def _match(town: Town, actor: Actor) -> Asked:
    number = town.number()
    return Asked(path={"id": questions.put_question(town.now, number, town=TOWN)}, body={"verdict": "unsure"})


def _cluster_event(town: Town, actor: Actor) -> Asked:
    number = town.number()
    return Asked(path={"id": questions.put_event(town.now, number)}, body={"reason": "different_people"})


def _consented(town: Town, actor: Actor) -> Asked:
    consent = identities.Consent(kind="department_checks", given=True)
    identity.set_consents(actor, [consent], town.now)
    return Asked()


def _correction(town: Town, actor: Actor) -> Asked:
    # A lease is the housing department's: the reviewers of this town are of that one.
    wrong = NewCorrection(fact="lease_filings.end_on", says="it ends a year later")
    town.registration()
    return Asked(path={"id": corrections.ask(town.owner, wrong, town.tick()).id})


NEW_PAPER = {
    "case_kind": "residence_registration",
    "kind": "dwelling_proof",
    "media_type": "image/png",
    "size": 100,
}


def _paper_of_mine(town: Town, actor: Actor) -> Asked:
    return Asked(path={"document": town.paper()})


def _paper_of_mine_listed(town: Town, actor: Actor) -> Asked:
    town.paper()
    return Asked()


def _drafts(town: Town, actor: Actor) -> Asked:
    town.draft()
    return Asked()


SAMPLES: dict[str, Sample] = {
    **samples_of_leases_and_reports.SAMPLES,
    **samples_of_points.SAMPLES,
    **samples_of_insight.SAMPLES,
    **samples_of_schools.SAMPLES,
    **samples_of_seasons.SAMPLES,
    "GET /openapi.json": Sample(_nothing),
    "GET /health": Sample(_nothing),
    "GET /.well-known/jwks.json": Sample(_nothing),
    "POST /sessions/wechat": Sample(_body({"code": "citizen-walker"})),
    "POST /sessions/staff": Sample(_body({"code": "staff-coordinator-near"})),
    "DELETE /sessions/current": Sample(_nothing, statuses=(204, 409)),
    "GET /me": Sample(_nothing, "unseen"),
    "PUT /me/identity": Sample(_binding, "unseen"),
    "GET /me/disclosures": Sample(_nothing, "unseen"),
    "GET /me/export": Sample(_my_things, "unseen"),
    "POST /me/exports": Sample(_my_things, "unseen"),
    "GET /me/consents": Sample(_nothing, "unseen"),
    "PUT /me/consents": Sample(_body({"items": [{"kind": "service_messages", "given": True}]}), "unseen"),
    "DELETE /me": Sample(_nothing, "unseen"),
    "GET /staff/me": Sample(_nothing, "unseen"),
    "POST /people/lookups": Sample(_look_up),
    "GET /minor-accesses": Sample(_query(month="2026-11")),
    "GET /divisions": Sample(_query(parent=TOWN[:6])),
    "GET /addresses": Sample(_query(q="季华五路"), statuses=(503,)),
    "POST /residence-registrations": Sample(_registration, "unseen"),
    "POST /residence-registrations/{id}/departure": Sample(_departure),
    "GET /me/residence-registrations": Sample(_my_things, "unseen"),
    "POST /permit-applications": Sample(
        _permit_filing(ground="work", objection="I have lived here for longer"), "unseen"
    ),
    "POST /permit-endorsements": Sample(_permit_filing(), "unseen"),
    "POST /permit-replacements": Sample(_permit_filing(fault="lost"), "unseen"),
    "GET /me/permit": Sample(_my_permit, "unseen"),
    "GET /me/permit/code": Sample(_my_permit, "unseen"),
    "GET /me/permit/code.svg": Sample(_my_permit, "unseen"),
    "GET /permit-filings/{id}": Sample(_filed),
    "GET /permit-cards": Sample(_query(town=TOWN)),
    # A card is handed out once: the next who asks is told so.
    "POST /permit-cards/{id}/issuance": Sample(_card, statuses=(409,)),
    "GET /forms": Sample(_nothing),
    "GET /forms/{kind}": Sample(_form),
    "GET /me/prefill/{kind}": Sample(_form, "unseen"),
    "POST /me/known-facts": Sample(_consented, "unseen"),
    "POST /corrections": Sample(_body({"fact": "identity.name", "says": "it is another"}), "unseen"),
    "GET /corrections/{id}": Sample(_correction),
    "GET /me/drafts": Sample(_drafts, "unseen"),
    "GET /me/drafts/{kind}": Sample(_draft),
    "PUT /me/drafts/{kind}": Sample(_form_begun, "unseen"),
    "DELETE /me/drafts/{kind}": Sample(_form, "unseen"),
    "GET /me/cases": Sample(_my_things, "unseen"),
    "GET /cases/{id}": Sample(_case()),
    "POST /cases/{id}/withdraw": Sample(_case({"reason": None})),
    "POST /cases/{id}/confirm": Sample(_case({}, tenant=True)),
    "POST /cases/{id}/decline": Sample(_case({}, tenant=True)),
    "POST /cases/{id}/supplement": Sample(_case({}, state="supplement")),
    "POST /cases/{id}/appeals": Sample(_case({"reason": "it is there"}, state="refused")),
    "POST /cases/{id}/documents": Sample(
        _case({"kind": "dwelling_proof", "media_type": "image/png", "size": 100})
    ),
    "GET /cases/{id}/documents/{document}": Sample(_paper),
    "GET /me/documents": Sample(_paper_of_mine_listed, "unseen"),
    "POST /me/documents": Sample(_body(NEW_PAPER), "unseen"),
    "GET /me/documents/{document}": Sample(_paper_of_mine),
    "DELETE /me/documents/{document}": Sample(_paper_of_mine),
    "GET /cases/{id}/receipt.svg": Sample(_case()),
    "GET /receipts/{token}": Sample(_receipt),
    "GET /worklist": Sample(_worklist),
    "POST /cases/{id}/claim": Sample(_claim),
    "POST /cases/{id}/release": Sample(_release),
    "POST /cases/{id}/hand-over": Sample(_hand_over),
    "POST /worklist/acceptances": Sample(_acceptances, "unseen"),
    "POST /staff/covers": Sample(_cover, "unseen"),
    "GET /staff/covers": Sample(_nothing, "unseen"),
    "DELETE /staff/covers/{substitute}": Sample(_cover_to_end, "unseen"),
    "POST /cases/{id}/decisions": Sample(_decision),
    "GET /visits": Sample(_visits),
    "GET /visits/overview": Sample(_overview),
    "GET /visits/precision": Sample(_nothing),
    "POST /visits/{id}/outcome": Sample(_outcome),
    "GET /matches/reviews": Sample(_query(region=TOWN), department="public_security"),
    "GET /matches/reviews/{id}": Sample(_match, department="public_security"),
    "POST /matches/reviews/{id}/verdict": Sample(_match, department="public_security"),
    "GET /matches/events": Sample(_query(region=TOWN), department="public_security"),
    "POST /matches/events/{id}/undo": Sample(_cluster_event, department="public_security"),
    "GET /matches/quality": Sample(_nothing),
    "GET /counters": Sample(_counters),
    "GET /metrics": Sample(_nothing),
    "GET /sources": Sample(_nothing),
    "GET /audit/verify": Sample(_nothing),
    "GET /audit/entries": Sample(_query(target="C1")),
    "GET /me/messages": Sample(_nothing, "unseen"),
    "GET /me/message-consents": Sample(_nothing, "unseen"),
    "POST /me/message-consents": Sample(_body({"template": "case_state", "count": 1}), "unseen"),
    "GET /cases/{id}/messages": Sample(_case()),
    "GET /messages/troubles": Sample(_query(day="2026-11-23")),
}


def name(route: http.Route) -> str:
    """How a route is called here."""
    return f"{route.method} {route.path}"


def routes() -> list[http.Route]:
    """Every declared route."""
    return api.routes()


def ask(
    route: http.Route, asked: Asked, actor: Actor | None, town: Town | None = None, **headers: str
) -> http.Answer:
    """The answer to a sample's request; header names with underscores for hyphens."""
    context: dict[str, Any] = {"requestId": "walk", "identity": {"sourceIp": "192.0.2.7"}}
    if actor is not None:
        context["authorizer"] = {"actor": http.pack(actor)}
    body = b"" if asked.body is None else json.dumps(asked.body).encode()
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    request = http.Request(named, asked.query, asked.path, body, context)
    return http.respond(route, request, town.now + timedelta(seconds=1) if town else None)
