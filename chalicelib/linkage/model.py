"""Rules of the unregistered-resident finder: who may be named, how surely, and in which words. Pure."""

import json
import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import Field

from chalicelib.shapes import Shape

State = Literal["open", "suppressed", "visited", "closed"]
CERTAIN: Final = 0.99
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


class Policy(Shape):
    """One edition of the rules. A signal counts when it is at most ``horizon_days`` old."""

    valid_from: date = Field(alias="from")
    horizon_days: int = Field(ge=1)
    min_signals: int = Field(ge=2)
    weight_strong: float = Field(gt=0, lt=1)
    weight_ordinary: float = Field(gt=0, lt=1)
    ended_by: dict[str, Ending] = {}
    over_by: dict[str, Over] = {}

    def confidence(self, strong: int, ordinary: int) -> float:
        """How sure the signals make us: each independent one leaves a share of the doubt.

        A stated rule, not a measured precision; that comes from the visits' outcomes.
        """
        doubt = (1 - self.weight_strong) ** strong * (1 - self.weight_ordinary) ** ordinary
        return round(min(CERTAIN, 1 - doubt), 2)


@cache
def _editions() -> tuple[Policy, ...]:
    text = Path(__file__).with_name("policy.json").read_text("utf-8")
    found = [Policy.model_validate(edition) for edition in json.loads(text)["editions"]]
    return tuple(sorted(found, key=lambda edition: edition.valid_from))


def policy_on(day: date) -> Policy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    in_force = [edition for edition in _editions() if edition.valid_from <= day]
    if not in_force:
        raise LookupError("no rules of the finder are in force")
    return in_force[-1]


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
    most recent one that does.
    """

    key: str
    town: str
    address: str
    sightings: tuple[Sighting, ...]

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


def confidence(candidate: Candidate, rules: dict[str, SourceRule], policy: Policy) -> float:
    """The candidate's confidence: each independence group counts once, strong if any of it is."""
    groups: dict[str, bool] = {}
    for source in candidate.sources:
        rule = rules[source]
        groups[rule.group] = groups.get(rule.group, False) or rule.strong
    strong = sum(groups.values())
    return policy.confidence(strong, len(groups) - strong)


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
