"""Write `docs/api.md`, the table of all routes, from their declarations: `python -m docs.routes [--check]`."""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from chalicelib import api
from chalicelib.actors import ROLES
from chalicelib.http import Route

PAGE = Path(__file__).with_name("api.md")
_INTRODUCTION = """\
# Routes

Written by `python -m docs.routes` from the route declarations (`chalicelib/*/routes.py`); do not edit. `GET /openapi.json`
of a running API holds the same with every field of every body and answer.

- Send `Authorization: Bearer <token>` on all but the public routes. `POST /sessions/wechat` and `POST /sessions/staff` give tokens.
- *own*: the caller's own things. *region*: things in the caller's scope. *any*: no narrower limit.
- Every `POST` that is not public takes an `Idempotency-Key`: a repeat gets the first status and body again.
- Failures are `application/problem+json` with a stable `code`, in Chinese, or in English with `Accept-Language: en`.
- Where a purpose is named, the header `Purpose` may name another one of: case_handling, visit, counter_service, complaint, audit, matching.
"""


def page(routes: Iterable[Route]) -> str:
    """The whole page for these routes."""
    ordered = sorted(routes, key=lambda route: (route.tag, route.path, route.method))
    parts = [_section(tag, list(group)) for tag, group in groupby(ordered, key=lambda route: route.tag)]
    return _INTRODUCTION + "".join(parts)


def _section(tag: str, routes: list[Route]) -> str:
    head = f"\n## {tag}\n\n| route | what | who | body | answer |\n|---|---|---|---|---|\n"
    return head + "".join(_row(route) for route in routes)


def _row(route: Route) -> str:
    body = route.body.__name__ if route.body else "query" if route.query else ""
    answer = route.answer.__name__ if route.answer else _plain_answer(route)
    what = f"{route.summary}; purpose: {route.purpose}" if route.purpose else route.summary
    return f"| `{route.method} {route.path}` | {what} | {_who(route)} | {body} | {route.status} {answer} |\n"


def _plain_answer(route: Route) -> str:
    return "" if route.media_type == "application/json" else route.media_type


def _who(route: Route) -> str:
    if isinstance(route.who, str):
        return {"public": "anyone", "signed_in": "anyone signed in"}[route.who]
    reaches = {
        reach: [role for role in ROLES if route.who.get(role) == reach] for reach in ("own", "region", "any")
    }
    return "; ".join(f"{', '.join(roles)} (*{reach}*)" for reach, roles in reaches.items() if roles)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only say whether it is current; the exit code says the same."""
    made = page(api.routes())
    if "--check" in arguments:
        current = PAGE.exists() and PAGE.read_text("utf-8") == made
        print("docs/api.md is current" if current else "docs/api.md is not: run python -m docs.routes")
        return 0 if current else 1
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
