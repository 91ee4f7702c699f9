"""Route × role × scope, without an untested cell.

The cells follow from the declarations: nobody signed in; each role that is not in ``who``; each role that
is, as the one whom the thing concerns (own, in the region) and as one whom it does not.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib import http
from chalicelib.actors import CITIZEN_ROLES, ROLES, STAFF_ROLES, Actor
from tests.route_samples import SAMPLES, Asked, ask, name, routes
from tests.town import Town, outside_systems, staff


@dataclass(frozen=True)
class Cell:
    """One question to a route: in which role, and whether the thing concerns the caller."""

    role: str | None
    reach: str
    inside: bool = True


def cells(route: http.Route) -> list[Cell]:
    """Every cell of a route."""
    if route.who == "public":
        return [Cell(None, "public"), *(Cell(role, "public") for role in ROLES)]
    found = [Cell(None, "no session")]
    for role in ROLES:
        if role not in route.roles:
            found.append(Cell(role, "not in who"))
            continue
        reach = "any" if isinstance(route.who, str) else route.who[role]
        found.append(Cell(role, reach))
        if reach != "any":
            found.append(Cell(role, reach, inside=False))
    return found


def anybody(role: str) -> Actor:
    """Somebody with one role, for cells where nothing needs to be theirs."""
    if role in STAFF_ROLES:
        return staff(role)
    return Actor(
        "P404" if role in CITIZEN_ROLES else "X",
        "citizen" if role in CITIZEN_ROLES else "partner",
        frozenset({role}),
    )


def acting(town: Town, cell: Cell, department: str) -> Actor:
    """Who asks in a cell that is allowed."""
    assert cell.role is not None
    if cell.role in STAFF_ROLES:
        return staff(cell.role, near=cell.inside, department=department)
    if cell.role == "partner":
        return anybody("partner")
    known = town.owner if cell.inside else town.stranger
    return Actor(known.id, known.kind, frozenset({cell.role}), session=known.session)


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def code(answer: http.Answer) -> str:
    return str(json.loads(answer.body).get("code", "")) if answer.status >= 400 else ""


def test_every_route_has_a_sample_and_every_sample_a_route() -> None:
    assert {name(route) for route in routes()} == set(SAMPLES), (
        "write the new route's sample in tests/route_samples.py"
    )


def test_the_matrix_has_no_untested_cell(capsys: pytest.CaptureFixture[str]) -> None:
    tested = {(name(route), cell.role) for route in routes() for cell in cells(route)}
    assert tested == {(name(route), role) for route in routes() for role in (None, *ROLES)}
    kinds: dict[str, int] = {}
    for route in routes():
        for cell in cells(route):
            kind = cell.reach if cell.inside else f"{cell.reach}, a stranger"
            kinds[kind] = kinds.get(kind, 0) + 1
    with capsys.disabled():
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"\nroutes matrix: {len(routes())} routes, {sum(kinds.values())} cells ({told})")


@pytest.mark.parametrize("route", routes(), ids=name)
def test_nobody_gets_in_without_a_session_or_in_another_role(route: http.Route, now: datetime) -> None:
    for cell in cells(route):
        if cell.reach == "no session":
            answer = ask(route, Asked(), None)
            assert (answer.status, code(answer)) == (401, "session_required"), cell
        elif cell.reach == "not in who":
            assert cell.role is not None
            answer = ask(route, Asked(), anybody(cell.role))
            assert (answer.status, code(answer)) == (403, "role_not_allowed"), cell


@pytest.mark.parametrize("route", routes(), ids=name)
def test_whom_it_concerns_is_served_and_whom_it_does_not_is_not(route: http.Route, town: Town) -> None:
    sample = SAMPLES[name(route)]
    wrong = []
    for number, cell in enumerate(cells(route), start=1):
        if cell.reach in ("no session", "not in who"):
            continue
        # A deletion takes the owner away: each cell that could has a town of its own.
        here = Town(town.now, number) if route.method == "DELETE" else town
        actor = acting(here, cell, sample.department) if cell.role else None
        asked = sample.make(here, actor or here.stranger)
        answer = ask(route, asked, actor, here)
        if problem := _wrong(cell, sample.foreign, answer, here, sample.statuses):
            wrong.append(f"{cell.role} ({cell.reach}, {'inside' if cell.inside else 'outside'}): {problem}")
    assert not wrong, "\n".join(wrong)


def _wrong(cell: Cell, foreign: str, answer: http.Answer, town: Town, statuses: tuple[int, ...]) -> str:
    """What is wrong with the answer in this cell, or nothing."""
    said = f"{answer.status} {code(answer)} {answer.body[:300]}"
    if cell.inside:
        return "" if answer.status < 300 or answer.status in statuses else said
    # Staff of another region are refused even where a citizen would only see nothing.
    if foreign == "refused" or cell.reach == "region":
        return "" if answer.status in (403, 404) and code(answer) != "role_not_allowed" else said
    return said if answer.status >= 500 or town.owner.id in answer.body or "测试owner" in answer.body else ""
