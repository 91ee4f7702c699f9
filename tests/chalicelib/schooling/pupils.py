"""Made-up runs: inputs of a few pupils and schools, drawn by hypothesis or by seed."""

from hypothesis import strategies as st

from chalicelib.schooling import lottery
from chalicelib.schooling.sealed import Inputs, Pupil

SEED = "5e" * 32
MECHANISMS = ("deferred_acceptance", "points_first")


def pupil(ref: str, rank: int, *choices: tuple[str, int]) -> Pupil:
    """A pupil's line; each choice a school and the class there."""
    return Pupil(ref=ref, rank=rank, choices=choices)


def inputs(
    seats: dict[str, int], *pupils: Pupil, mechanism: str = "deferred_acceptance", seed: str = SEED
) -> Inputs:
    """A run's inputs; with an empty ``seed`` one without a lot."""
    return Inputs.model_validate(
        {
            "run": "2026-440604-1-1",
            "policy": "demo-2026",
            "mechanism": mechanism,
            "commitment": lottery.commitment(seed) if seed else "",
            "seats": seats,
            "pupils": [each.model_dump(by_alias=True) for each in pupils],
        }
    )


@st.composite
def runs(draw: st.DrawFn, mechanism: str = "deferred_acceptance", most: int = 7) -> Inputs:
    """Up to so many pupils and four schools, with equal ranks, classes, empty lists and schools without a place."""
    schools = [f"S{number}" for number in range(draw(st.integers(1, 4)))]
    seats = {school: draw(st.integers(0, 3)) for school in schools}
    found = []
    for number in range(draw(st.integers(0, most))):
        wished = draw(st.lists(st.sampled_from(schools), unique=True))
        own = draw(st.integers(0, 2))
        cls = {s: own if mechanism == "points_first" else draw(st.integers(0, 2)) for s in wished}
        found.append(pupil(f"R{number}", draw(st.integers(1, 4)), *cls.items()))
    return inputs(seats, *found, mechanism=mechanism)
