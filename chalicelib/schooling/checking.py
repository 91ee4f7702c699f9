"""The independent checker: looks at inputs and result alone, and shares no code with what made the result. Pure.

It knows nothing of algorithms, heaps or numbers of pupils: for every pupil and every school that the pupil wished for more it asks
the definition itself, whether there was a place left, and whether somebody was taken there who comes after. Neither may be: then the result is
stable and nobody has reason for envy (Abdulkadiroğlu and Sönmez 2003, section I: elimination of justified envy, non-wastefulness).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chalicelib.schooling.sealed import Inputs, Pupil, Result

Standing = tuple[int, int, str, str]
Wrong = Literal["unknown", "missing", "not_wished", "overfull", "wasted", "envied", "seed", "inputs"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, with whom or where: references and schools, nobody's name."""

    what: Wrong
    ref: str = ""
    school: str = ""


def faults(inputs: Inputs, result: Result) -> list[Fault]:
    """Everything that is wrong with a result; empty for one that may be published."""
    found = list(_of_lot(inputs, result))
    if found:
        return found
    found = [*_of_places(inputs, result), *_of_capacity(inputs, result)]
    return found or list(_of_stability(inputs, result))


def _of_lot(inputs: Inputs, result: Result) -> Iterator[Fault]:
    if inputs.commitment:
        try:
            revealed = hashlib.sha256(bytes.fromhex(result.seed)).hexdigest()
        except ValueError:
            revealed = ""
        if revealed != inputs.commitment:
            yield Fault("seed")


def _of_places(inputs: Inputs, result: Result) -> Iterator[Fault]:
    """Every pupil has an answer, nobody else has, and each got what was wished for or nothing."""
    known = {pupil.ref: {school for school, _ in pupil.choices} for pupil in inputs.pupils}
    yield from (Fault("unknown", ref) for ref in result.places.keys() - known.keys())
    for ref, wished in known.items():
        if ref not in result.places:
            yield Fault("missing", ref)
            continue
        school = result.places[ref]
        if school is not None and school not in wished:
            yield Fault("not_wished", ref, school)


def _of_capacity(inputs: Inputs, result: Result) -> Iterator[Fault]:
    taken: dict[str, int] = {}
    for school in result.places.values():
        if school is not None:
            taken[school] = taken.get(school, 0) + 1
    yield from (Fault("overfull", "", at) for at, count in taken.items() if count > inputs.seats.get(at, 0))


def _of_stability(inputs: Inputs, result: Result) -> Iterator[Fault]:
    """Nobody wished more for a school that had a place left, or that took somebody who comes after."""
    last, taken = _last_admitted(inputs, result)
    for pupil in inputs.pupils:
        got, within = result.places[pupil.ref], _within_class(pupil, result.seed)
        for school, cls in pupil.choices:
            if school == got:
                break
            if taken.get(school, 0) < inputs.seats[school]:
                yield Fault("wasted", pupil.ref, school)
            elif school in last and (cls, *within) < last[school]:
                yield Fault("envied", pupil.ref, school)


def _within_class(pupil: Pupil, seed: str) -> tuple[int, str, str]:
    """Where a pupil stands among those of its class: by rank, lot, reference; the smaller comes first."""
    drawn = hashlib.sha256(bytes.fromhex(seed) + b"\x1f" + pupil.ref.encode()).hexdigest() if seed else ""
    return pupil.rank, drawn, pupil.ref


def _last_admitted(inputs: Inputs, result: Result) -> tuple[dict[str, Standing], dict[str, int]]:
    last: dict[str, Standing] = {}
    taken: dict[str, int] = {}
    for pupil in inputs.pupils:
        school = result.places[pupil.ref]
        if school is None:
            continue
        cls = next(cls for wished, cls in pupil.choices if wished == school)
        own = (cls, *_within_class(pupil, result.seed))
        last[school] = max(last.get(school, own), own)
        taken[school] = taken.get(school, 0) + 1
    return last, taken
