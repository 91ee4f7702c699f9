"""HTTP: sessions, oneself, look-ups by staff, and the public keys."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.errors import Unauthenticated
from chalicelib.http import Api, Call
from chalicelib.identity import model, service
from chalicelib.outside import realname, wechat, wecom
from chalicelib.shapes import Page, Shape

api = Api("identity")

OWN = {"citizen": "own"}
EVERY_STAFF = dict.fromkeys(sorted(model.STAFF_ROLE_NAMES), "own")
FINDERS = dict.fromkeys(
    ("grid_worker", "coordinator", "reviewer", "district_officer", "city_officer"), "region"
)

COVERED = dict.fromkeys(FINDERS, "own")


class Paging(Shape):
    """Where a list continues."""

    next: Annotated[str | None, Field(max_length=2000)] = None


class MonthOfLog(Paging):
    """A month of the log, and where it continues."""

    month: Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]


class OfAbsent(Shape):
    """Whose cover; the caller's own unless named."""

    absent: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class Jwks(Shape):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


@api.post(
    "/sessions/wechat",
    who="public",
    body=model.SignIn,
    answer=model.SessionView,
    summary="Sign in as a citizen, with a WeChat code",
)
def sign_in_citizen(call: Call, body: model.SignIn) -> model.SessionView:
    """The account is made at the first sign-in."""
    return service.sign_in_citizen(body.code, call.ip, call.now, wechat.from_config())


@api.post(
    "/sessions/staff",
    who="public",
    body=model.SignIn,
    answer=model.SessionView,
    summary="Sign in as a member of staff, with a WeCom code",
)
def sign_in_staff(call: Call, body: model.SignIn) -> model.SessionView:
    """Only WeCom members who have a role here."""
    return service.sign_in_staff(body.code, call.ip, call.now, wecom.from_config())


@api.delete("/sessions/current", who="signed_in", summary="Sign out on every device")
def sign_out(call: Call) -> None:
    """All tokens issued to the caller until now are refused from now on."""
    service.sign_out(call.actor, call.now)


@api.get("/.well-known/jwks.json", who="public", answer=Jwks, summary="The public signing keys")
def get_jwks(call: Call) -> Jwks:
    """What verifies our sessions and receipts."""
    return Jwks.model_validate(service.jwks())


@api.get("/me", who=OWN, answer=model.Me, summary="Who one is, masked")
def get_me(call: Call) -> model.Me:
    """Before real-name binding everything but the id is null."""
    return service.me(call.actor)


@api.put(
    "/me/identity", who=OWN, body=model.Binding, answer=model.Me, summary="Bind one's account to oneself"
)
def put_identity(call: Call, body: model.Binding) -> model.Me:
    """Name, ID number and a WeChat phone code; five attempts a day."""
    return service.bind(call.actor, body, call.now, wechat.from_config(), realname.from_config())


@api.get(
    "/me/disclosures",
    who=OWN,
    query=Paging,
    answer=Page[model.DisclosureView],
    summary="Who of the administration looked at one's data, and why",
)
def get_disclosures(call: Call, query: Paging) -> Page[model.DisclosureView]:
    """The latest day first."""
    return service.disclosures(call.actor.id, query.next, call.now)


@api.get("/me/export", who=OWN, answer=model.Export, summary="Everything held about oneself")
def get_export(call: Call) -> model.Export:
    """In the clear; PIPL art. 45."""
    return service.export(call.actor, call.now)


@api.post(
    "/me/exports",
    who=OWN,
    answer=service.Archive,
    status=201,
    summary="Everything held about oneself as one zip",
)
def make_archive(call: Call) -> service.Archive:
    """JSON and files, for a quarter of an hour at the link; PIPL art. 45."""
    return service.archive(call.actor, call.now, call.once)


@api.get("/me/consents", who=OWN, answer=model.Consents, summary="What one consented to")
def get_consents(call: Call) -> model.Consents:
    """Every kind; those never spoken of are not given."""
    return model.Consents(items=service.consents(call.actor.id))


@api.put(
    "/me/consents",
    who=OWN,
    body=model.Consents,
    answer=model.Consents,
    summary="Give or withdraw consents",
)
def put_consents(call: Call, body: model.Consents) -> model.Consents:
    """Kinds that are not named stay as they are."""
    return model.Consents(items=service.set_consents(call.actor, body.items, call.now))


@api.delete("/me", who=OWN, answer=model.Deletion, summary="Delete oneself")
def delete_me(call: Call) -> model.Deletion:
    """Deletes, destroys the keys, and says what a law keeps; PIPL art. 47."""
    return service.delete(call.actor, call.now)


@api.get("/staff/me", who=EVERY_STAFF, answer=model.StaffMe, summary="One's roles and regions")
def get_staff_me(call: Call) -> model.StaffMe:
    """The member of staff who calls."""
    member = service.staff_member(call.actor.id)
    if member is None:
        raise Unauthenticated("staff_unknown")
    return model.StaffMe(
        user_id=member.user_id,
        name=member.name,
        roles=list(member.roles),
        scopes=list(member.scopes),
        department=member.department,
    )


@api.post(
    "/staff/covers",
    who=COVERED,
    body=model.NewCover,
    answer=model.Cover,
    status=201,
    summary="Let a colleague of the same role stand in for a period",
)
def arrange_cover(call: Call, body: model.NewCover) -> model.Cover:
    """For oneself, or for whom one stands above. Regions widen, roles never do."""
    return service.arrange_cover(call.actor, body, call.now, call.once)


@api.get("/staff/covers", who=COVERED, answer=Page[model.Cover], summary="For whom I stand in")
def get_covers(call: Call) -> Page[model.Cover]:
    """Now and later."""
    return Page(items=service.standing_in(call.actor.id, call.now))


@api.delete("/staff/covers/{substitute}", who=COVERED, query=OfAbsent, summary="End a cover early")
def end_cover(call: Call, substitute: str, query: OfAbsent) -> None:
    """The caller's own, or that of whom the caller stands above."""
    service.end_cover(call.actor, substitute, query.absent, call.now)


@api.post(
    "/people/lookups",
    who=FINDERS,
    body=model.LookUp,
    answer=model.FoundPerson,
    summary="Find a person in one's region by ID number",
)
def look_up(call: Call, body: model.LookUp) -> model.FoundPerson:
    """Masked; the person sees that it was done, by whom and why."""
    return service.look_up(call.actor, body, call.now)


@api.get(
    "/minor-accesses",
    who={"auditor": "any"},
    query=MonthOfLog,
    answer=Page[model.MinorAccessView],
    summary="The separate log of looks at children's data",
)
def get_minor_accesses(call: Call, query: MonthOfLog) -> Page[model.MinorAccessView]:
    """By month, in order of time."""
    return service.minor_accesses(query.month, query.next)
