"""The same people carry the same small noise; on the whole there is none."""

import random
from statistics import fmean, pvariance

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.insight.perturbation import (
    LIMIT,
    MODULUS,
    VARIANCE,
    Tally,
    p_row,
    perturbed,
    tally,
    united,
    variance_of,
)

KEYS = st.integers(0, MODULUS - 1)


@pytest.mark.parametrize("count", [*range(LIMIT + 2), 1_000_000])
def test_a_row_of_the_p_table_keeps_its_constraints(count: int) -> None:
    shares = p_row(count)
    assert sum(shares.values()) == 65_536 and all(share > 0 for share in shares.values())
    assert sum(noise * share for noise, share in shares.items()) == 0
    assert all(max(-count, -LIMIT) <= noise <= LIMIT for noise in shares)
    assert variance_of(shares) == pytest.approx(VARIANCE * min(count, LIMIT) / LIMIT, abs=0.001)


def test_the_p_table_is_the_one_that_releases_were_made_with() -> None:
    """Another one would draw all noise anew: whoever has two looks at a cell knows more than one tells."""
    assert list(p_row(4).values()) == [1284, 3717, 7944, 12530, 14586, 12530, 7944, 3717, 1284]
    assert list(p_row(1).values()) == [20854, 27282, 14205, 2944, 243, 8]


@settings(max_examples=100, deadline=None)
@given(st.lists(KEYS, max_size=40))
def test_noise_is_bounded_and_nobody_is_made_of_nobody(keys: list[int]) -> None:
    published = perturbed(tally(keys))
    assert abs(published - len(keys)) <= LIMIT and published >= 0
    assert published == 0 or keys


@settings(max_examples=60, deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=40), st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_same_people_carry_the_same_noise_however_they_are_put_together(
    keys: list[int], chance: random.Random, parts: int
) -> None:
    mixed = chance.sample(keys, len(keys))
    together = united(tally(mixed[part::parts]) for part in range(parts))
    assert perturbed(together) == perturbed(tally(keys))


def test_over_many_cells_the_noise_has_the_stated_mean_and_variance() -> None:
    chance = random.Random(20261123)
    noise = [perturbed(Tally(50, chance.randrange(MODULUS))) - 50 for _ in range(40_000)]
    assert fmean(noise) == pytest.approx(0, abs=0.03)  # 3.5 standard errors.
    assert pvariance(noise) == pytest.approx(VARIANCE, abs=0.1)


def test_a_difference_of_two_overlapping_cells_does_not_tell_whether_one_person_is_in_both() -> None:
    """Somebody knows all of a cell but one person, and asks for it with and without that person."""
    chance = random.Random(31)
    grew = 0
    for _ in range(4_000):
        others, person = [chance.randrange(MODULUS) for _ in range(30)], chance.randrange(MODULUS)
        grew += perturbed(tally([*others, person])) > perturbed(tally(others))
    # Two unlike cells of the same size differ upwards nearly as often: P(d > 0) of independent noise is 0.42.
    assert 0.5 < grew / 4_000 < 0.66
