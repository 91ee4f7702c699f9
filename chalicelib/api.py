"""The list of contexts that have routes: the one place to add a new one."""

import importlib
import json
import pkgutil
from functools import cache
from pathlib import Path
from typing import Literal

import chalicelib
from chalicelib import clock, config, http, openapi
from chalicelib.actors import Actor
from chalicelib.shapes import Shape

VERSION = "0.1.0"
# Contexts without routes that hold something of people: once imported they take part in export and deletion.
TAKING_PART = ("linkage",)
OPENAPI = "application/json; profile=openapi"
_own = http.Api("service")


@cache
def routes() -> list[http.Route]:
    """Every declared route: each context's ``routes.api``, and the API's own two."""
    found = list(_own.routes)
    for package in pkgutil.iter_modules(chalicelib.__path__):
        if package.ispkg and (Path(str(chalicelib.__path__[0])) / package.name / "routes.py").exists():
            module = importlib.import_module(f"chalicelib.{package.name}.routes")
            found += module.api.routes
    for name in TAKING_PART:
        importlib.import_module(f"chalicelib.{name}.service")
    return found


def actor_for(authorization: str) -> Actor:
    """The actor of an ``Authorization: Bearer …`` header; raises ``Unauthenticated``."""
    from chalicelib.identity import service

    scheme, _, token = authorization.partition(" ")
    return service.actor_for(token if scheme.lower() == "bearer" else "", clock.utc_now())


@_own.get("/openapi.json", who="public", summary="This description", media_type=OPENAPI)
def get_openapi(call: http.Call) -> str:
    """OpenAPI 3.1, from the route declarations."""
    return _document()


@cache
def _document() -> str:
    return json.dumps(openapi.describe(routes(), VERSION, config.public_url()), ensure_ascii=False)


class Health(Shape):
    """Whether the API answers."""

    status: Literal["ok"]


@_own.get("/health", who="public", summary="Whether the API answers", answer=Health)
def get_health(call: http.Call) -> Health:
    """A constant: it says that the gateway and the function work, and nothing about the tables."""
    return Health(status="ok")
