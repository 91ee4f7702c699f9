"""Rules of the unregistered-resident finder: who may be named, how surely, and in which words. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from pydantic import Field

from chalicelib.editions import Edition, Editions
from chalicelib.shapes import Shape

State = Literal["open", "suppressed", "visited", "closed"]
CERTAIN: Final = 0.999
_NOISE = re.compile(r"[\s,，.。;；:：\-—_()（）#/]+")
_OUTER = re.compile(r"^(?:中国)?(?:广东省?)?(?:佛山市?)?")


class Ending(Shape):
    """Values of a source's column that end every search for the person."""

    column: str
    values: tuple[str, ...]


class Over(Shape):
    """What in a source's column says that the row tells of the past: one of the values, or a day when none is given.

    A job that was left or an insurance that ended is no sign that somebody lives here.
    """

    column: str
    values: tuple[str, ...] = ()


class Kinds(Shape):
    """A value for people of whom some row has a usable number, and one for those of whom none has."""

    numbered: float
    bare: float


class Doubts(Shape):
    """How probable it is that somebody is registered though no row of the register was joined.

    ``apart``: before anything more is known. ``even_weight``: what a pair with a row of the register weighs (log2 of the odds) when it is as
    probably one person as not, given that it was not joined. ``at_most``: nothing makes it more probable than that. Both hold where there are
    ``registered_a_suspect`` registered people for each who is not found in the register; where there are more, so is the doubt.
    """

    registered_a_suspect: float = Field(gt=0)
    apart: Kinds
    even_weight: Kinds
    at_most: float = Field(gt=0, lt=1)


class Fresh(Shape):
    """Of people last seen at most so many days ago, the share that still lives here."""

    days: int = Field(ge=0)
    here: float = Field(ge=0, lt=1)


class Policy(Edition):
    """One edition of the rules. A signal counts when it is at most ``horizon_days`` old.

    Somebody is named from a confidence of ``name_from``. ``here`` goes from the freshest on. The confidence counts as much as the outcomes
    of ``visits_as_prior`` visits that the same departments led to.
    """

    horizon_days: int = Field(ge=1)
    min_signals: int = Field(ge=2)
    name_from: float = Field(ge=0, lt=1)
    here: tuple[Fresh, ...]
    doubts: Doubts
    visits_as_prior: float = Field(gt=0)
    ended_by: dict[str, Ending] = {}
    over_by: dict[str, Over] = {}

    def still_here(self, days: int) -> float:
        """How probable it is that somebody last seen so many days ago still lives here; 0 beyond what is known."""
        return next((one.here for one in self.here if days <= one.days), 0.0)


_EDITIONS: Final = Editions(Path(__file__).with_name("policy.json"), Policy, "the finder")


def policy_on(day: date) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return _EDITIONS.on(day)


class SourceRule(NamedTuple):
    """What the finder needs to know of a source: its titles, signal and independence group."""

    source: str
    zh: str
    en: str
    strong: bool
    group: str


class Sighting(NamedTuple):
    """The newest time that a source saw a person; ``seen_on`` None when it did not say."""

    source: str
    seen_on: date | None


class Candidate(NamedTuple):
    """Somebody with enough signals and no registration in the register that was compared.

    ``town`` and ``address`` are of the most recent strong sighting that has an address, else of the
    most recent one that does. ``confidence``: how probable it is that the person lives here and is not registered.
    """

    key: str
    town: str
    address: str
    sightings: tuple[Sighting, ...]
    confidence: float = 0.0

    @property
    def sources(self) -> tuple[str, ...]:
        """The departments, each once, in alphabetical order."""
        return tuple(sighting.source for sighting in self.sightings)

    @property
    def seen_on(self) -> date | None:
        """When somebody last saw the person."""
        return max((s.seen_on for s in self.sightings if s.seen_on), default=None)


class Finding(Shape):
    """A person seen by departments at an address, and not registered."""

    id: str
    person_id: str
    person_key: str = Field(repr=False)
    state: State
    name: str | None = Field(default=None, repr=False)
    phone: str | None = Field(default=None, repr=False)
    town: str
    community: str | None = None
    address: str = Field(repr=False)
    sources: tuple[str, ...]
    confidence: float
    because: dict[str, str]
    seen_on: date | None


def place_key(town: str, address: str) -> str:
    """What two spellings of one address most often share; a person is found once for each place."""
    plain = _NOISE.sub("", unicodedata.normalize("NFKC", address)).lower()
    return f"{town}|{_OUTER.sub('', plain)}"


class Visited(NamedTuple):
    """What visits found whom a combination of departments had led to: how many were right, of those that could tell."""

    right: int
    told: int


Measured = Mapping[tuple[str, ...], Visited]


def confidence(
    days: int,
    doubt: float,
    sources: tuple[str, ...],
    policy: Policy,
    measured: Measured = MappingProxyType({}),
) -> float:
    """How probable it is that somebody lives here and is not registered; four digits, never certain.

    ``days`` since the person was last seen, ``doubt`` that a row of the register is theirs (``doubts``). What visits found
    counts against that as so many more cases beside ``visits_as_prior`` imagined ones (the mean of a beta distribution), so
    that few visits change little.
    """
    expected = policy.still_here(days) * (1 - doubt)
    right, told = measured.get(sources, Visited(0, 0))
    found = (right + policy.visits_as_prior * expected) / (told + policy.visits_as_prior)
    return round(min(CERTAIN, found), 4)


def because(candidate: Candidate, rules: dict[str, SourceRule]) -> dict[str, str]:
    """Why the person is named, for people, in both languages; without names or numbers."""
    zh = "、".join(_seen(rules[s.source].zh, s.seen_on) for s in candidate.sightings)
    en = ", ".join(_seen(rules[s.source].en, s.seen_on) for s in candidate.sightings)
    return {
        "zh-CN": f"下列部门近期登记过住址：{zh}；未查到有效的居住登记。",
        "en": f"Recently seen at an address by: {en}; no valid residence registration was found.",
    }


def _seen(title: str, day: date | None) -> str:
    return f"{title} {day}" if day else title


def enough(sources: Sequence[str], rules: dict[str, SourceRule], policy: Policy) -> bool:
    """Whether these sources justify naming somebody: one strong signal, or enough independent ones."""
    known = [rules[s] for s in sources if s in rules]
    return any(r.strong for r in known) or len({r.group for r in known}) >= policy.min_signals
