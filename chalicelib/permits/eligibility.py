"""Who may have a permit, and when: worked out from the register, told before anybody applies. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Literal, Protocol

from chalicelib.permits.lifetime import months_after
from chalicelib.permits.policy import GROUNDS, Ground, Policy
from chalicelib.shapes import Shape

Requirement = Literal["registered", "half_year", "ground", "no_permit"]


class Stay(Protocol):
    """What is asked of a registration: residence's own has it."""

    @property
    def registered_on(self) -> date:
        """When the system knew."""
        ...

    @property
    def ended_on(self) -> date | None:
        """When it ended; None while it is in force."""
        ...


class Criterion(Shape):
    """One thing that the law asks for: met, not met, or (null) shown only by the application itself.

    ``met_on``: the day from which it is or will be met, where that can be told.
    """

    requirement: Requirement
    met: bool | None
    met_on: date | None = None
    said: str


class GroundView(Shape):
    """One of the three grounds and the papers of which any one shows it."""

    ground: Ground
    title: str
    papers: list[str]


class Eligibility(Shape):
    """Whether one may apply today; if not, what is missing and from when it will be there.

    ``from_day`` is null when no day can be told: somebody who is not registered starts with that.
    """

    eligible: bool
    from_day: date | None
    lived_since: date | None
    criteria: list[Criterion]
    grounds: list[GroundView]


class Residence(Shape):
    """What the register says: the day from which residence runs without a gap, and the day of half a year."""

    since: date | None
    half_year_on: date | None

    def met(self, on: date) -> bool:
        """Whether half a year of registered residence is full on that day."""
        return self.half_year_on is not None and self.half_year_on <= on


def residence(stays: Iterable[Stay], policy: Policy) -> Residence:
    """From when somebody's registered residence runs, and when it is half a year.

    Half a year counts from the registration date in the system (Decree 663 art. 2 with Foshan's guide of
    2016); at a move inside the city a gap of 3 days or less does not break it. Worked by hand:

    - registered on 10 January 2026, still there: half a year is full on 10 July 2026;
    - registered on 31 August 2026: full on 28 February 2027, there being no 31 February;
    - 10 January to 1 April, registered anew on 4 April: the gap is 3 days, so it runs from 10 January and
      is full on 10 July;
    - 10 January to 1 April, registered anew on 5 April: 4 days, so it runs from 5 April, full on 5 October;
    - left on 1 April and not registered since: it does not run at all.

    Stays that overlap are one. The order in which they come does not matter.
    """
    ordered = sorted(stays, key=lambda stay: (stay.registered_on, stay.ended_on or date.max))
    since: date | None = None
    end: date | None = date.min
    for stay in ordered:
        joined = end is None or (stay.registered_on - end).days <= policy.gap_days
        if since is None or not joined:
            since, end = stay.registered_on, stay.ended_on
        elif end is not None:
            end = None if stay.ended_on is None else max(end, stay.ended_on)
    if since is None or end is not None:
        return Residence(since=None, half_year_on=None)
    return Residence(since=since, half_year_on=months_after(since, policy.residence_months))


def judge(
    found: Residence, has_permit: bool, policy: Policy, today: date, sentence: "Sentence"
) -> Eligibility:
    """Everything that the law asks for, met or not, in words; ``sentence`` finds them by code."""
    criteria = [
        _registered(found, sentence),
        _half_year(found, today, sentence),
        Criterion(requirement="ground", met=None, said=sentence("permit_needs_ground")),
    ]
    if has_permit:
        criteria.append(Criterion(requirement="no_permit", met=False, said=sentence("permit_is_there")))
    papers = [
        GroundView(
            ground=ground,
            title=sentence(f"ground_{ground}"),
            papers=[sentence(f"paper_{paper}") for paper in policy.grounds[ground].papers],
        )
        for ground in GROUNDS
    ]
    return Eligibility(
        eligible=all(criterion.met is not False for criterion in criteria),
        from_day=None if has_permit or found.half_year_on is None else max(found.half_year_on, today),
        lived_since=found.since,
        criteria=criteria,
        grounds=papers,
    )


class Sentence(Protocol):
    """Finds the sentence of a code in the caller's language."""

    def __call__(self, code: str, /, **params: str | int) -> str:
        """The sentence with its parameters filled in."""
        ...


def _registered(found: Residence, sentence: Sentence) -> Criterion:
    there = found.since is not None
    code = "permit_registered" if there else "permit_not_registered"
    return Criterion(requirement="registered", met=there, met_on=found.since, said=sentence(code))


def _half_year(found: Residence, today: date, sentence: Sentence) -> Criterion:
    day = found.half_year_on
    if day is None:
        return Criterion(requirement="half_year", met=False, said=sentence("permit_half_year_unknown"))
    code = "permit_half_year_met" if day <= today else "permit_half_year_on"
    said = sentence(code, day=day.isoformat())
    return Criterion(requirement="half_year", met=day <= today, met_on=day, said=said)
