"""Who takes part in a run, with what: applications, proven claims and the final points, put together. Pure."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chalicelib import clock
from chalicelib.schooling import model
from chalicelib.schooling.model import Application, Cutoff, Entry, PointsPlace, Run, School, Wish
from chalicelib.schooling.policy import Policy
from chalicelib.schooling.sealed import Inputs


@dataclass(frozen=True)
class Earlier:
    """What the rounds before this one left: applications that have or gave up a place, and the schools as they ended."""

    done: frozenset[str] = frozenset()
    kept: Mapping[str, int] | None = None


def seats(run: Run, rules: Policy, schools: Mapping[str, School], earlier: Earlier) -> dict[str, int]:
    """The places that a round has to give, by school of the grade: the plan's, less those that families keep."""
    kept = earlier.kept or {}
    offered = {
        s.id: s.seats(run.grade, rules.grades[run.grade]) for s in schools.values() if run.grade in s.classes
    }
    return {school: max(0, count - kept.get(school, 0)) for school, count in sorted(offered.items())}


def earlier_rounds(entries: Iterable[Entry], standing: Mapping[str, Application]) -> Earlier:
    """What the entries of all earlier rounds come to. A place is kept unless it was refused or its application is over."""
    done, kept = set(), dict[str, int]()
    for entry in entries:
        if entry.school is None:
            continue
        done.add(entry.case)
        application = standing.get(entry.case)
        if entry.answer != "refuse" and application is not None and application.status == "accepted":
            kept[entry.school] = kept.get(entry.school, 0) + 1
    return Earlier(frozenset(done), kept)


def entries(
    run: Run,
    rules: Policy,
    schools: Mapping[str, School],
    taking_part: Sequence[Application],
    points: Sequence[PointsPlace],
    reference: Callable[[str], str],
) -> list[Entry]:
    """A line for each application, by case id, those that are left out with the reason.

    The points are those of the application that was named, or of the same child: only one parent's count, and the season has
    settled whose (the higher). Without points only a proven policy pupil takes part, behind all with points in its class.
    """
    by_case = {place.case: place for place in points}
    # A child may be in the lists of two towns, each parent having applied in one: the higher line counts.
    by_child = {place.child: place for place in sorted(points, key=_last_first) if place.child}
    rank = model.ranks(points)
    last = max(rank.values(), default=0) + 1
    found = []
    for application in sorted(taking_part, key=lambda each: each.case):
        place = by_child.get(application.child_key) or _named(application, by_case)
        wishes = _wishes(run, rules, schools, application)
        without = place is None and not application.policy
        entry = Entry(
            case=application.case,
            owner=application.owner,
            child=application.child,
            ref=reference(application.case),
            rank=rank[place.case] if place else last,
            total=place.total if place else None,
            tie=_tie(place),
            wishes=() if without else wishes,
            left_out="no_points" if without else None if wishes else "no_school_in_reach",
        )
        found.append(entry)
    return found


def _last_first(place: PointsPlace) -> tuple[Decimal, tuple[Decimal, ...], float]:
    return place.total, place.ties, -place.applied_at.timestamp()


def _tie(place: PointsPlace | None) -> tuple[str, ...]:
    return (*(str(tie) for tie in place.ties), clock.iso(place.applied_at)) if place else ()


def _named(application: Application, by_case: Mapping[str, PointsPlace]) -> PointsPlace | None:
    """The ranking's line of the points application that was named; only the own one, or one for no particular child."""
    place = by_case.get(application.points_case or "")
    return (
        place
        if place and place.owner == application.owner and place.child in ("", application.child_key)
        else None
    )


def _wishes(
    run: Run, rules: Policy, schools: Mapping[str, School], application: Application
) -> tuple[Wish, ...]:
    reach = rules.reach(run.round)
    counting = [schools[name] for name in application.choices if name in schools]
    return tuple(
        Wish(school=school.id, cls=rules.class_of(model.flags(application, school)))
        for school in counting
        if school.within(application.region, reach) and run.grade in school.classes
    )


def inputs(run: Run, rules: Policy, places: Mapping[str, int], lines: Iterable[Entry]) -> Inputs:
    """The file that is sealed and published."""
    pupils = [
        {
            "ref": line.ref,
            "rank": line.rank,
            "choices": [(wish.school, wish.cls) for wish in line.wishes],
        }
        for line in lines
        if line.left_out is None
    ]
    return Inputs.model_validate(
        {
            "run": run.id,
            "policy": rules.id,
            "mechanism": rules.mechanism,
            "commitment": run.commitment if rules.lottery else "",
            "seats": dict(places),
            "pupils": pupils,
        }
    )


def ground_digest(lines: Iterable[Entry]) -> str:
    """SHA-256 of what the published file comes from and does not hold: whose line it is, points and what breaks ties."""
    plain = [
        [
            line.case,
            line.ref,
            line.rank,
            str(line.total),
            line.tie,
            [[w.school, w.cls] for w in line.wishes],
            line.left_out,
        ]
        for line in sorted(lines, key=lambda each: each.case)
    ]
    return hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()


def cutoffs(
    places: Mapping[str, int], lines: Iterable[Entry], rules: Policy, lots: Mapping[str, str]
) -> list[Cutoff]:
    """What each school gave, and whom it admitted last by class, rank and lot."""
    admitted: dict[str, list[tuple[int, int, str, Entry]]] = {school: [] for school in places}
    for line in lines:
        if line.school is not None:
            cls = next(wish.cls for wish in line.wishes if wish.school == line.school)
            admitted[line.school].append((cls, line.rank, lots.get(line.ref, ""), line))
    return [_cutoff(school, places[school], found, len(rules.classes)) for school, found in admitted.items()]


def _cutoff(school: str, count: int, found: list[tuple[int, int, str, Entry]], classes: int) -> Cutoff:
    by_class = tuple(sum(each[0] == cls for each in found) for cls in range(classes))
    if not found:
        return Cutoff(school=school, seats=count, admitted=0, by_class=by_class)
    cls, rank, _, line = max(found, key=lambda each: (each[:3], each[3].ref))
    return Cutoff(
        school=school,
        seats=count,
        admitted=len(found),
        last_class=cls,
        last_rank=rank,
        last_total=line.total,
        by_class=by_class,
    )
