"""The whole API as a WSGI application in this process: routes, authorizer and unknown paths as behind the gateway."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from chalicelib import http, problems
from chalicelib.actors import Actor
from chalicelib.errors import DomainError, NotFound, Unauthenticated
from tests.route_samples import routes

StartResponse = Callable[[str, list[tuple[str, str]]], object]


@cache
def _patterns() -> list[tuple[re.Pattern[str], http.Route]]:
    found = [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)), route) for route in routes()]
    return sorted(found, key=lambda pair: "{" in pair[1].path)


def _route(method: str, path: str) -> tuple[http.Route, dict[str, str]]:
    for pattern, route in _patterns():
        if route.method == method and (found := pattern.fullmatch(path)):
            return route, found.groupdict()
    raise NotFound("route_unknown")


class Gateway:
    """Answers as API Gateway does in front of the house; `now` is the house's clock, `actors` who holds which token."""

    def __init__(self, now: datetime, actors: dict[str, Actor]) -> None:
        self.now = now
        self.actors = actors

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """One request."""
        try:
            answer = self._answer(environ)
        except DomainError as error:
            body = problems.encode(problems.problem(error, "en", "urn:request:edge"))
            answer = http.Answer(
                error.status, body, {"Content-Type": problems.MEDIA_TYPE, **problems.headers(error)}
            )
        start(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [answer.body.encode()]

    def _answer(self, environ: dict[str, Any]) -> http.Answer:
        # WSGI hands paths over decoded, as Latin-1.
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        route, given = _route(environ["REQUEST_METHOD"], path)
        context: dict[str, Any] = {"requestId": "in-process"}
        if route.who != "public":
            token = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
            if token not in self.actors:
                raise Unauthenticated("session_required")
            context["authorizer"] = {"actor": http.pack(self.actors[token])}
        headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        if kind := environ.get("CONTENT_TYPE"):
            headers["content-type"] = kind
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        return http.respond(route, http.Request(headers, query, given, body, context), self.now)
