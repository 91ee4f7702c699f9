"""What a person is asked about a match: the question, the evidence side by side, the measure. Pure.

Evidence is masked when it is made: what is kept of a question shows where two records agree and differ, and
neither's whole name, number or phone (PIPL art. 6: no more than the purpose needs).
"""

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import Field

from chalicelib import idnumbers
from chalicelib.editions import Edition, Editions
from chalicelib.identity.model import mask_name, mask_phone
from chalicelib.shapes import Shape

Why = Literal["grey", "two_numbers", "sample"]
Verdict = Literal["same", "different", "unsure"]
Agreement = Literal["equal", "close", "different", "missing"]
FIELDS: Final = ("name", "id_number", "birth_date", "sex", "phone", "address")
ASKED_FIRST: Final[tuple[Why, ...]] = ("two_numbers", "grey", "sample")


class MatchingPolicy(Edition):
    """One edition of the rules. Pairs from ``review_from`` up to the model's threshold are for a person to decide.

    One joined pair in ``sample_one_in`` is asked about too, so that precision is measured where the program
    decides. At most ``open_at_most`` questions wait; each ``question_days`` at most. ``bands`` are the
    lower ends of the bands that are measured.
    """

    review_from: float = Field(gt=0, lt=1)
    sample_one_in: int = Field(ge=1)
    open_at_most: int = Field(ge=1)
    question_days: int = Field(ge=1)
    undo_days: int = Field(ge=1)
    deciding_departments: tuple[str, ...]
    bands: tuple[float, ...]

    def band(self, probability: float) -> str:
        """The band of a probability, by its lower end: ``0.95``; ``0`` below the lowest."""
        return format(max((low for low in self.bands if low <= probability), default=0), "g")


_EDITIONS: Final = Editions(Path(__file__).with_name("matching.json"), MatchingPolicy, "matching")


def policy_on(day: date) -> MatchingPolicy:
    """The rules in force on a day; raises ``LookupError`` before the first edition."""
    return _EDITIONS.on(day)


class Seen(Shape):
    """One record of a question, masked."""

    source: str
    seen_on: str | None = None
    town: str | None = None
    name: str | None = Field(default=None, repr=False)
    id_number: str | None = Field(default=None, repr=False)
    birth_year: int | None = None
    sex: str | None = None
    phone: str | None = Field(default=None, repr=False)
    address: str | None = Field(default=None, repr=False)


class Evidence(Shape):
    """Two records side by side, and for each field whether they agree."""

    left: Seen
    right: Seen
    fields: dict[str, Agreement]


class Question(NamedTuple):
    """A pair that a person shall look at.

    ``keys`` are the person keys of the two clusters: who is told that somebody looked. ``because`` is the
    model's own reason, by language.
    """

    id: str
    why: Why
    probability: float
    model: str
    town: str
    because: dict[str, str]
    evidence: Evidence
    keys: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def urgency(self) -> str:
        """What is asked first sorts first: impossible joins, then the surest grey pairs, then samples."""
        return f"{ASKED_FIRST.index(self.why)}{round((1 - self.probability) * 10_000):05d}"

    def as_json(self) -> dict[str, object]:
        """The question as JSON values; ``question_of`` reads them."""
        return self._asdict() | {"evidence": self.evidence.model_dump(mode="json")}


def question_of(told: Mapping[str, Any]) -> Question:
    """The question that ``as_json`` wrote."""
    given = {name: told[name] for name in Question._fields}
    sides = (tuple(told["keys"][0]), tuple(told["keys"][1]))
    return Question(**given | {"evidence": Evidence.model_validate(told["evidence"]), "keys": sides})


def evidence(left: Mapping[str, str | None], right: Mapping[str, str | None]) -> Evidence:
    """Two cleaned records (``source, seen_on, town`` and ``FIELDS``, empty or None where not known), masked."""
    fields = {name: agreement(name, left.get(name), right.get(name)) for name in FIELDS}
    return Evidence(left=masked(left), right=masked(right), fields=fields)


def masked(record: Mapping[str, str | None]) -> Seen:
    """A record as a reviewer may see it: family name and stars, ends of numbers, the year of birth."""
    born = record.get("birth_date") or ""
    return Seen(
        source=record["source"] or "",
        seen_on=record.get("seen_on") or None,
        town=record.get("town") or None,
        name=mask_name(record.get("name") or "") or None,
        id_number=idnumbers.mask(record.get("id_number") or "") or None,
        birth_year=int(born[:4]) if born[:4].isdigit() else None,
        sex=record.get("sex") or None,
        phone=mask_phone(record.get("phone") or "") or None,
        address=record.get("address") or None,
    )


def agreement(field: str, left: str | None, right: str | None) -> Agreement:
    """How two values of a field agree; ``close``: one character differs, or two have changed places.

    An address is close when one begins with the other: the room, or the road's town, is left out.
    """
    if not left or not right:
        return "missing"
    if left == right:
        return "equal"
    if field == "address":
        return "close" if left.startswith(right) or right.startswith(left) else "different"
    return "close" if field != "sex" and _one_slip(left, right) else "different"


def _one_slip(left: str, right: str) -> bool:
    """Whether one character was mistyped, left out, put in, or swapped with its neighbour."""
    if len(left) == len(right):
        wrong = [place for place, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
        if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
            a, b = wrong
            return left[a] == right[b] and left[b] == right[a]
        return len(wrong) == 1
    short, long = sorted((left, right), key=len)
    return len(long) == len(short) + 1 and any(
        long[:gap] + long[gap + 1 :] == short for gap in range(len(long))
    )


class BandQuality(Shape):
    """What people decided about pairs of one band, beside what the model said.

    ``precision``: the share of ``same`` among those decided; ``low`` and ``high`` its 95 % interval
    (Wilson). ``agreement``: the share where the person decided as the model did (joined, or not).
    """

    model: str
    band: str
    why: str
    same: int
    different: int
    unsure: int
    precision: float | None
    low: float | None
    high: float | None
    agreement: float | None


def measured(model: str, band: str, why: str, counts: Mapping[str, int]) -> BandQuality:
    """The measure of a band from its counts of verdicts. The model joined ``sample`` pairs and no others."""
    same, different = counts.get("same", 0), counts.get("different", 0)
    decided = same + different
    low, high = wilson(same, decided)
    agreed = same if why == "sample" else different
    return BandQuality(
        model=model,
        band=band,
        why=why,
        same=same,
        different=different,
        unsure=counts.get("unsure", 0),
        precision=round(same / decided, 4) if decided else None,
        low=low,
        high=high,
        agreement=round(agreed / decided, 4) if decided else None,
    )


def wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float | None, float | None]:
    """Wilson's interval of a share (E. B. Wilson, JASA 22, 1927); nothing known of no tries."""
    if not tries:
        return None, None
    share, squared = hits / tries, z * z
    middle = (share + squared / (2 * tries)) / (1 + squared / tries)
    spread = (
        z * math.sqrt(share * (1 - share) / tries + squared / (4 * tries * tries)) / (1 + squared / tries)
    )
    return round(max(0.0, middle - spread), 4), round(min(1.0, middle + spread), 4)


class ReviewItem(Shape):
    """A question that waits; nobody is named."""

    id: str
    why: Why
    probability: float
    town: str
    sources: list[str]
    asked_at: str


class ReviewView(ReviewItem):
    """A question with its evidence, masked. ``because`` is the model's reason in the caller's language."""

    because: str
    left: Seen
    right: Seen
    fields: dict[str, Agreement]


class NewVerdict(Shape):
    """What a person decided: one person, two people, or not to be told from these records."""

    verdict: Verdict


class ReviewOutcome(Shape):
    """A question that was answered."""

    id: str
    verdict: Verdict
    at: str


class EventItem(Shape):
    """A change of ids: the records of ``before`` went to ``after``. Ids of clusters, which name nobody."""

    id: str
    kind: Literal["merged", "split", "moved"]
    before: str
    after: str
    records: int
    sources: list[str]
    town: str
    at: str
    state: Literal["done", "undone"]


class NewUndo(Shape):
    """Why an event is undone."""

    reason: Literal["different_people", "same_person", "wrong_number"]


class RegionQuery(Shape):
    """Which region, and where the list continues."""

    region: str | None = Field(default=None, pattern=r"^[0-9]{6}([0-9]{3})?$")
    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = Field(default=None, max_length=2000)
