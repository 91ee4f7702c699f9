"""Three hundred families of a season: who they are, the files that departments have of them, and what each does through the API."""

import csv
import io
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from chalicelib.idnumbers import check_character
from infra.local.client import Client
from infra.local.smoke_steps import Person, Run, somebody

DISTRICT = "440606"
POLICY = "demo-2026"
AT_ONCE = 4
LEVELS = ("初中", "高中/中技/中职", "大专", "本科及以上")
HEADER = ("record_id", "name", "id_number", "birth_date", "sex", "phone", "town", "address", "seen_on")


@dataclass
class Family:
    """A parent with a child, where they live, and what became of them."""

    parent: Person
    child: Person
    town: str
    community: str
    number: int
    me: Client = field(init=False)
    points: str = ""
    school: str = ""
    total: str = ""


def families(run: Run, count: int, places: Sequence[tuple[str, str]]) -> list[Family]:
    """So many families, spread over communities."""
    found = []
    for number in range(count):
        town, community = places[number % len(places)]
        parent, child = _numbered("19870405", number), _numbered(f"{run.today.year - 6}0305", number)
        found.append(Family(parent, child, town, community, number))
    return found


def _numbered(born: str, number: int) -> Person:
    """Somebody whose number nobody else in this city has: chance would give two of three hundred the same."""
    one = somebody()
    number17 = f"450000{born}{number:03d}"
    return replace(one, id_number=number17 + check_character(number17), phone=f"1430000{number:04d}")


def department_files(run: Run, everybody: Sequence[Family]) -> None:
    """Put in what departments have: all are registered, all have a degree on record, two of three are insured, one of six owns a home."""
    day = (run.today - timedelta(days=3)).isoformat()
    insured = [each for each in everybody if each.number % 3]
    owners = [each for each in everybody if each.number % 6 == 1]
    dropped = [
        _drop(
            run,
            "registrations",
            ("community", "arrived_on", "housing", "registered_on", "status"),
            [(f, (f.community, "2020-03-01", "rented", "2020-03-02", "active")) for f in everybody],
            day,
        ),
        _drop(run, "education_records", ("level",), [(f, (LEVELS[f.number % 4],)) for f in everybody], day),
        _drop(
            run,
            "social_security",
            ("insured_from", "insured_to", "kinds"),
            [(f, (f"20{10 + f.number % 13}-02-01", "", "养老;医疗;失业")) for f in insured],
            day,
        ),
        _drop(run, "property", ("title_number",), [(f, (f"E2E{f.number:05d}",)) for f in owners], day),
    ]
    for key in dropped:
        report = run.report(key)
        assert report["rejected"] == 0, report


def _drop(
    run: Run, source: str, extra: Sequence[str], rows: Sequence[tuple[Family, Sequence[str]]], day: str
) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*HEADER, *extra])
    for one, values in rows:
        who = one.parent
        place = (one.town, f"试验路{one.number + 1}号{one.number % 30 + 101}", day)
        born = f"{who.id_number[6:10]}-{who.id_number[10:12]}-{who.id_number[12:14]}"
        told = (f"E2E-{source}-{one.number}", who.name, who.id_number, born, "男", who.phone)
        writer.writerow([*told, *place, *values])
    return run.drop(source, f"season-{secrets.token_hex(3)}.csv", out.getvalue().encode())


def each[T](some: Sequence[T], act: Callable[[T], None]) -> None:
    """Let everybody act, a few at once; raises what the first of them raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(act, one) for one in some]:
            done.result()


def apply_for_points(run: Run, one: Family) -> None:
    """Sign in, bind, and fill in one form: every tenth claims a home that no register shows."""
    one.me = run.bound(one.parent)
    claims: list[dict[str, Any]] = [{"indicator": "A3.2", "yes": True}] if one.number % 10 == 0 else []
    body = {
        "policy": POLICY,
        "scope": "school",
        "town": one.town,
        "child": named(one.child) | {"guardian_consent": True},
        "claims": claims,
    }
    one.points = one.me.post("/points-applications", body, key=f"points-{one.number}")["id"]


def named(who: Person) -> dict[str, Any]:
    """A child in a form."""
    return {"name": who.name, "id_number": who.id_number}


def apply_for_school(one: Family, choices: Sequence[str]) -> None:
    """Wish for schools, the own town's first."""
    child = named(one.child) | {"guardian_consent": True}
    body = {
        "child": child,
        "grade": 1,
        "district": DISTRICT,
        "choices": list(choices),
        "points_case": one.points,
    }
    one.school = one.me.post("/school-applications", body, key=f"school-{one.number}")["id"]
