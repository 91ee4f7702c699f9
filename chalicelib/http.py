"""The HTTP edge: a route is declared once, and everything else follows from the declaration.

::

    api = Api("residence")

    @api.post("/residence-registrations", who={"citizen": "own"}, body=NewRegistration,
              answer=CaseView, status=201, summary="Register where one lives")
    def register(call: Call, body: NewRegistration) -> CaseView:
        return service.register(call.actor, body, call.now, call.once)

From it come validation, authorisation, the idempotency key, problem+json, OpenAPI (``openapi``) and
the tests that walk every route. A route that does not say who may call it fails at import.
``who`` is ``"public"``, ``"signed_in"`` or a mapping from role to how far it reaches: ``"own"`` things,
things of a ``"region"`` in the caller's scope, or ``"any"``.
"""

import base64
import json
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol
from urllib.parse import unquote

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from pynamodb.exceptions import PynamoDBException

from chalicelib import clock, problems, shapes
from chalicelib.actors import ROLES, Actor
from chalicelib.errors import (
    DomainError,
    Forbidden,
    Malformed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from chalicelib.logs import logger
from chalicelib.tables import Once, Repeated, is_passing
from chalicelib.texts import Language, preferred

Reach = Literal["own", "region", "any"]
Who = Literal["public", "signed_in"] | Mapping[str, Reach]
PURPOSES: Final = ("case_handling", "visit", "counter_service", "complaint", "audit", "matching")
BODY_LIMIT: Final = 64 * 1024
PATH_PART_LIMIT: Final = 900  # Bytes. A part becomes part of a key, and DynamoDB's keys end at 1,024.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_REPEATABLE: Final = {404, 409, 410, 422}


class FormCheck(Protocol):
    """A form that a body is checked by before it becomes the route's model; raises ``Invalid``."""

    @property
    def kind(self) -> str:
        """The kind of application that the form is of."""
        ...

    def __call__(self, answers: Any, now: datetime) -> None:
        """Check answers by the edition in force."""
        ...


@dataclass(frozen=True)
class Route:
    """Everything that is to be known of a route."""

    method: str
    path: str
    view: Callable[..., Any]
    who: Who
    summary: str
    tag: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    purpose: str | None = None
    media_type: str = "application/json"
    body_limit: int = BODY_LIMIT
    form: FormCheck | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that may call, in the contract's order; all for ``signed_in``, none for public."""
        if self.who == "public":
            return ()
        return tuple(r for r in ROLES if self.who == "signed_in" or r in self.who)


@dataclass(frozen=True)
class Request:
    """What a route needs of the outside world's request, whoever carries it."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: bytes
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The request's id, for support and logs."""
        return str(self.context.get("requestId", ""))

    @property
    def ip(self) -> str:
        """The caller's address as the gateway saw it."""
        return str(self.context.get("identity", {}).get("sourceIp", ""))


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Call:
    """One authorised call, as a view sees it."""

    now: datetime
    language: Language
    ip: str
    request_id: str
    purpose: str | None = None
    once: Once | None = None
    signed_in: Actor | None = None

    @property
    def actor(self) -> Actor:
        """Who calls; raises ``Unauthenticated`` on a public route without a session."""
        if self.signed_in is None:
            raise Unauthenticated("session_required")
        return self.signed_in


class Api:
    """The routes of one context."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[Route] = []

    def route[F: Callable[..., Any]](
        self, method: str, path: str, *, who: Who, summary: str, **rest: Any
    ) -> Callable[[F], F]:
        """Declare a route; ``rest`` are the other fields of ``Route``."""
        _check(who, path)

        def declare(view: F) -> F:
            self.routes.append(Route(method, path, view, who, summary, self.tag, **rest))
            return view

        return declare

    def get[F: Callable[..., Any]](self, path: str, **rest: Any) -> Callable[[F], F]:
        """Declare a reading route."""
        return self.route("GET", path, **rest)

    def post[F: Callable[..., Any]](self, path: str, **rest: Any) -> Callable[[F], F]:
        """Declare a route that creates or acts."""
        return self.route("POST", path, **rest)

    def put[F: Callable[..., Any]](self, path: str, **rest: Any) -> Callable[[F], F]:
        """Declare a route that replaces."""
        return self.route("PUT", path, **rest)

    def delete[F: Callable[..., Any]](self, path: str, **rest: Any) -> Callable[[F], F]:
        """Declare a route that removes."""
        return self.route("DELETE", path, **rest)


def _check(who: Who, path: str) -> None:
    if who in ("public", "signed_in"):
        return
    if not isinstance(who, Mapping) or not who or set(who) - set(ROLES):
        raise TypeError(f"{path}: say who may call, as 'public', 'signed_in' or roles of actors.Role")


def respond(route: Route, request: Request, now: datetime | None = None) -> Answer:
    """Answer one request: authorise, read, call the view, write. Never raises."""
    language = preferred(request.headers.get("accept-language"))
    moment = now or clock.utc_now()
    once: Once | None = None
    try:
        actor = _actor(route, request)
        once = _once(route, request, actor, moment)
        call = Call(moment, language, request.ip, request.id, _purpose(route, request), once, actor)
        return _success(route, _call_view(route, request, call))
    except Repeated as repeated:
        return Answer(repeated.status, repeated.body, _headers(route))
    except DomainError as error:
        return _refusal(route, error, once, language, request)
    except Exception as error:  # The edge: whatever was not foreseen ends here, logged without its text.
        return _problem(_unforeseen(route, request, error), language, request)


class _Internal(DomainError):
    status = 500
    title = "Internal Server Error"


def _unforeseen(route: Route, request: Request, error: Exception) -> DomainError:
    """A table that is busy is no fault of ours or the caller's; everything else is logged."""
    if isinstance(error, PynamoDBException) and is_passing(error):
        return Unavailable("busy_try_again")
    _log_unknown(route, request, error)
    return _Internal("internal_error")


def _refusal(
    route: Route, error: DomainError, once: Once | None, language: Language, request: Request
) -> Answer:
    """A refusal; but a repeat of a request that succeeded gets its first answer again."""
    if once and error.status in _REPEATABLE:
        try:
            first = once.first_answer()
        except DomainError as reuse:
            return _problem(reuse, language, request)
        if first:
            return Answer(first.status, first.body, _headers(route))
    return _problem(error, language, request)


def _call_view(route: Route, request: Request, call: Call) -> Any:
    given: dict[str, Any] = {name: unquote(value) for name, value in request.path.items()}
    if any(len(value.encode()) > PATH_PART_LIMIT for value in given.values()):
        raise NotFound("route_unknown")
    try:
        if route.query:
            given["query"] = route.query.model_validate(dict(request.query))
        if route.body:
            given["body"] = _read_body(route, request, call.now)
    except ValidationError as error:
        if any(finding["type"] == "json_invalid" for finding in error.errors()):
            raise Malformed("body_not_json") from None
        asked = [model for model in (route.query, route.body) if model]
        raise problems.invalid(error, *asked) from None
    return route.view(call, **given)


def _read_body(route: Route, request: Request, now: datetime) -> BaseModel:
    """The body as its model; by the form first, where the route has one: it names fields as people know them."""
    assert route.body
    raw = _body(route, request)
    if route.form:
        try:
            answers = from_json(raw, allow_inf_nan=False)
        except ValueError:
            raise Malformed("body_not_json") from None
        route.form(answers, now)
    return route.body.model_validate_json(raw)


def _body(route: Route, request: Request) -> bytes:
    if len(request.body) > route.body_limit:
        raise TooLarge("body_too_large", limit=route.body_limit)
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind != "application/json":
        raise Unsupported("media_type_unsupported")
    return request.body or b"{}"


def _actor(route: Route, request: Request) -> Actor | None:
    packed = request.context.get("authorizer", {}).get("actor")
    actor = unpack(packed) if packed else None
    if route.who == "public":
        return actor
    if actor is None:
        raise Unauthenticated("session_required")
    if not actor.roles & set(route.roles):
        raise Forbidden("role_not_allowed")
    return actor


def _once(route: Route, request: Request, actor: Actor | None, now: datetime) -> Once | None:
    key = request.headers.get("idempotency-key")
    if key is None or actor is None or route.method != "POST":
        return None
    if not (1 <= len(key) <= 128 and key.isascii() and key.isprintable()):
        raise Malformed("idempotency_key_invalid")
    place = json.dumps([route.method, route.path, sorted(request.path.items())]).encode()
    return Once(actor.id, key, place + b"\n" + request.body, route.status, now)


def _purpose(route: Route, request: Request) -> str | None:
    named = request.headers.get("purpose")
    if named is not None and named not in PURPOSES:
        raise Malformed("purpose_unknown", allowed=", ".join(PURPOSES))
    return named or route.purpose


def _success(route: Route, result: Any) -> Answer:
    if result is None:
        return Answer(204 if route.answer is None else route.status, "", _headers(route))
    body = shapes.dump(result) if isinstance(result, BaseModel) else str(result)
    return Answer(route.status, body, _headers(route))


def _headers(route: Route) -> dict[str, str]:
    return {"Content-Type": route.media_type, **_HEADERS}


def _problem(error: DomainError, language: Language, request: Request) -> Answer:
    body = problems.encode(problems.problem(error, language, f"urn:request:{request.id}"))
    headers = {"Content-Type": problems.MEDIA_TYPE, "Content-Language": language}
    return Answer(error.status, body, headers | _HEADERS | problems.headers(error))


def _log_unknown(route: Route, request: Request, error: Exception) -> None:
    frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
    facts = {"route": f"{route.method} {route.path}", "request_id": request.id, "frames": frames}
    logger("api").error("unforeseen %s", type(error).__name__, extra=facts)


def pack(actor: Actor) -> str:
    """An actor as text, as the authorizer hands it to the API through the gateway's context."""
    facts = [
        actor.id,
        actor.kind,
        sorted(actor.roles),
        list(actor.scopes),
        actor.department,
        actor.session,
    ]
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()


def unpack(text: str) -> Actor:
    """What ``pack`` made."""
    who, kind, roles, scopes, department, session = json.loads(base64.urlsafe_b64decode(text))
    return Actor(who, kind, frozenset(roles), tuple(scopes), department, session)


def mount(app: Any, routes: list[Route], authorizer: Any) -> None:
    """Register the routes with a Chalice app; the authorizer guards all but the public ones."""
    for route in routes:
        rest = {} if route.who == "public" else {"authorizer": authorizer}
        app.route(route.path, methods=[route.method], content_types=["*/*"], **rest)(_view(app, route))


def _view(app: Any, route: Route) -> Callable[..., Any]:
    from chalice.app import Response

    def view(**path: str) -> Response:
        event = app.current_request
        request = Request(
            event.headers, dict(event.query_params or {}), path, event.raw_body or b"", event.context
        )
        answer = respond(route, request)
        return Response(answer.body, status_code=answer.status, headers={**answer.headers})

    view.__name__ = f"{route.method.lower()}_{route.view.__name__}"
    return view
