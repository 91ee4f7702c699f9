"""HTTP views of forms."""

from chalicelib import http
from chalicelib.forms import service
from chalicelib.forms.model import Form
from chalicelib.forms.views import Asked, Draft, DraftList, FormList, FormQuery, NewDraft, Prefill
from chalicelib.http import Call
from chalicelib.identity import service as identity

api = http.Api("forms")

SELF: http.Who = {"citizen": "own", "landlord": "own"}


@api.get("/forms", who="public", answer=FormList, summary="Every form in force today")
def get_forms(call: Call) -> FormList:
    """Which kinds have a form, and its version."""
    return service.forms(call.now)


@api.get("/forms/{kind}", who="public", query=FormQuery, answer=Form, summary="A form: schema and hints")
def get_form(call: Call, kind: str, query: FormQuery) -> Form:
    """JSON Schema 2020-12 and what the screen needs; ``version`` for the form of an older case."""
    return service.form(kind, query.version, call.now)


@api.get("/me/prefill/{kind}", who=SELF, answer=Prefill, summary="What of a form is known already")
def get_my_prefill(call: Call, kind: str) -> Prefill:
    """Each value with its source and date; ``POST /corrections`` with its ``fact`` when it is wrong."""
    person = identity.require_person(call.actor)
    return service.prefill(person, service.in_force(kind, call.now), call.now, call.language)


@api.post("/me/known-facts", who=SELF, answer=Asked, status=202, summary="Ask what departments know of me")
def ask_departments(call: Call) -> Asked:
    """With the consent to department checks; the answer comes in a moment with the next prefilling."""
    person = identity.require_person(call.actor)
    return Asked(departments=service.ask_departments(person, call.actor, call.now))


@api.get("/me/drafts", who=SELF, answer=DraftList, summary="What I have begun")
def get_my_drafts(call: Call) -> DraftList:
    """Without the answers."""
    return service.listed(identity.require_person(call.actor), call.now, call.language)


@api.get("/me/drafts/{kind}", who=SELF, answer=Draft, summary="Go on with a form")
def get_my_draft(call: Call, kind: str) -> Draft:
    """The answers so far, and what is still missing."""
    return service.resume(identity.require_person(call.actor), kind, call.now, call.language)


@api.put("/me/drafts/{kind}", who=SELF, body=NewDraft, answer=Draft, summary="Keep a form half filled")
def put_my_draft(call: Call, kind: str, body: NewDraft) -> Draft:
    """Wrong and missing answers are kept too, and named."""
    return service.save(identity.require_person(call.actor), kind, body, call.now, call.language)


@api.delete("/me/drafts/{kind}", who=SELF, summary="Forget a draft")
def delete_my_draft(call: Call, kind: str) -> None:
    """Also when there is none."""
    service.drop(identity.require_person(call.actor), kind)
