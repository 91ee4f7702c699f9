"""Ids that last: which person id each cluster carries after records came, changed or went. Pure.

- A person's *heir* is the cluster that holds most of the person's records, of equals the one with the
  first of them. The id goes there.
- A cluster that is heir to several keeps the id of the oldest; of equally old ones of the one that brought
  most records, then the smallest id. The others are ``merged`` into it.
- A cluster that is nobody's heir gets an id of its own. If its records had an id, that person was ``split``.
- Records that left a person who lives on elsewhere, into a cluster that is another's, have ``moved``.

A record that was there before and has another id now is named by exactly one event: ids change in no other way.
A person whose records are all gone keeps the id for ever: it is not given again.
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from typing import Literal, NamedTuple

Kind = Literal["merged", "split", "moved"]
PREFIX = "C"


class Event(NamedTuple):
    """A change of ids: ``labels``, all of person ``before`` until now, are of person ``after`` from now on.

    ``stayed`` are the records that were of ``after`` already (merged, moved) or are still of ``before`` (split).
    """

    kind: Kind
    before: str
    after: str
    labels: tuple[str, ...]
    stayed: tuple[str, ...]


class Assignment(NamedTuple):
    """The person of each record, the persons who are new, and what changed."""

    person_of: dict[str, str]
    born: tuple[str, ...]
    events: tuple[Event, ...]


def person_id(label: str, again: int = 0) -> str:
    """The id that a cluster gets from its first record; ``again`` counts when that id was given before."""
    seed = label if again == 0 else f"{label}\x1f{again}"
    return PREFIX + hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()[:20].upper()


def assign(
    clusters: Iterable[tuple[str, ...]],
    before: Mapping[str, str],
    since: Mapping[str, int],
    taken: Container[str] = (),
) -> Assignment:
    """Give each cluster its person.

    ``before`` is the person of each record until now; ``since`` the run in which those persons first
    appeared; ``taken`` holds every id that was ever given, beside those of ``since``. All records of a
    person who is concerned must be given, or have gone.
    """
    ordered = sorted(tuple(sorted(cluster)) for cluster in clusters)
    shares = [Counter(before[label] for label in cluster if label in before) for cluster in ordered]
    heirs = _heirs(ordered, shares, before)
    person_of: dict[str, str] = {}
    born: dict[str, None] = {}
    for place, cluster in enumerate(ordered):
        mine = [person for person, heir in heirs.items() if heir == place]
        if mine:
            person = min(mine, key=lambda p: (since[p], -shares[place][p], p))
        else:
            person = _new_id(cluster[0], taken, since, born)
            born[person] = None
        person_of |= dict.fromkeys(cluster, person)
    return Assignment(person_of, tuple(born), _events(ordered, before, person_of))


def _heirs(
    clusters: list[tuple[str, ...]], shares: list[Counter[str]], before: Mapping[str, str]
) -> dict[str, int]:
    """The place of each person's heir."""
    best: dict[str, tuple[int, str, int]] = {}
    for place, cluster in enumerate(clusters):
        firsts: dict[str, str] = {}
        for label in cluster:
            if label in before:
                firsts.setdefault(before[label], label)
        for person, first in firsts.items():
            claim = (-shares[place][person], first, place)
            best[person] = min(claim, best.get(person, claim))
    return {person: place for person, (_, _, place) in best.items()}


def _new_id(label: str, taken: Container[str], since: Mapping[str, int], born: Container[str]) -> str:
    again = 0
    while (made := person_id(label, again)) in taken or made in since or made in born:
        again += 1
    return made


def _events(
    clusters: list[tuple[str, ...]], before: Mapping[str, str], person_of: Mapping[str, str]
) -> tuple[Event, ...]:
    """What changed for records that had an id, in canonical order."""
    changed: dict[tuple[str, str], list[str]] = {}
    alive: dict[str, list[str]] = {}
    stayed: dict[str, list[str]] = {}
    for cluster in clusters:
        for label in cluster:
            alive.setdefault(person_of[label], []).append(label)
            was = before.get(label)
            if was is not None and was != person_of[label]:
                changed.setdefault((was, person_of[label]), []).append(label)
            elif was is not None:
                stayed.setdefault(was, []).append(label)
    return tuple(
        Event(
            kind := _kind(was, person, alive, stayed),
            was,
            person,
            tuple(labels),
            tuple(stayed.get(was if kind == "split" else person, ())),
        )
        for (was, person), labels in sorted(changed.items())
    )


def _kind(was: str, person: str, alive: Mapping[str, list[str]], stayed: Mapping[str, list[str]]) -> Kind:
    if person not in stayed:
        return "split"
    return "moved" if was in alive else "merged"
