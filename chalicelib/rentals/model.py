"""Leases, and what their terms must keep to. Pure."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from chalicelib.cases.model import Receipt, Title
from chalicelib.editions import Edition, Editions
from chalicelib.errors import Field as Place
from chalicelib.errors import Invalid
from chalicelib.residence.model import Finding, Named, TypedAddress
from chalicelib.shapes import Shape

Side = Literal["landlord", "tenant"]
Part = Literal[
    "whole", "room", "living_room", "kitchen", "toilet", "balcony", "passage", "basement_store", "garage"
]
Status = Literal["active", "ended"]
RULE_NAMES: Final = ("deposit", "area", "part", "term", "house", "filing")
EARLIEST: Final = date(1990, 1, 1)
LARGEST_M2: Final = Decimal(10_000)
MOST_FEN: Final = 100_000_000


class Rules(Edition):
    """One edition of what a lease must keep to, for contracts signed from a day on.

    ``deposit_months``: the deposit in months of rent. ``area_alone_m2`` for one person, ``area_each_m2`` a head for more.
    ``basis`` says on what each rule rests; ``assumed`` names what still needs the city's word.
    """

    deposit_months: int = Field(ge=0, le=12)
    area_alone_m2: Decimal = Field(gt=0)
    area_each_m2: Decimal = Field(gt=0)
    not_to_be_let_alone: frozenset[Part]
    longest_years: int = Field(ge=1)
    file_within_days: int = Field(ge=1)
    basis: dict[str, Title]
    assumed: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """How receipts call this edition."""
        return self.valid_from.isoformat()


_EDITIONS: Final = Editions(Path(__file__).with_name("rules.json"), Rules, "leases")


def editions() -> tuple[Rules, ...]:
    """Every edition, the oldest first."""
    return _EDITIONS.all


def rules_on(day: date, among: tuple[Rules, ...] | None = None) -> Rules:
    """The rules for a contract signed on that day; the oldest ones for one signed before them all."""
    known = among or editions()
    return next((rules for rules in reversed(known) if rules.valid_from <= day), known[0])


class Terms(Shape):
    """What the parties agreed. Money in fen a month; ``ends_on`` is None for a lease without an end."""

    rent_fen: int = Field(ge=0, le=MOST_FEN)
    deposit_fen: int = Field(ge=0, le=MOST_FEN)
    signed_on: date
    starts_on: date
    ends_on: date | None = None
    part: Part = "whole"
    area_m2: Decimal = Field(gt=0, le=LARGEST_M2, decimal_places=2)
    occupants: int = Field(ge=1, le=200)
    house_is_legal_and_safe: bool = True

    def area_needed(self, rules: Rules) -> Decimal:
        """Square metres that this many people need at least."""
        return rules.area_alone_m2 if self.occupants == 1 else rules.area_each_m2 * self.occupants


class NewLease(Shape):
    """A lease that was signed. ``side`` is that of the caller, or of the ``person`` at the counter when staff file;
    ``other`` is the other party, in real names.
    """

    side: Side
    other: Named
    address: TypedAddress
    terms: Terms
    person: Named | None = None


class LeaseChange(Shape):
    """The terms as they are from a day on; the whole of them, not the differences. ``person`` as in a filing."""

    from_day: date
    terms: Terms
    person: Named | None = None


class LeaseEnd(Shape):
    """The last day of the lease, and whether the parties agreed or one gave notice. ``person`` as in a filing."""

    ended_on: date
    because: Literal["expired", "agreed", "notice", "moved_out"] = "agreed"
    person: Named | None = None


class Breach(Shape):
    """A rule that the terms do not keep to: where in the terms, which rule, on what it rests."""

    rule: str
    path: str
    code: str
    basis: Title
    version: str


def dates_wrong(terms: Terms, today: date) -> list[Place]:
    """Dates that cannot be, whatever the rules: signed in the future or long ago, ending before the beginning."""
    wrong = []
    if not EARLIEST <= terms.signed_on <= today:
        wrong.append(Place("/terms/signed_on", "lease_signed_when"))
    if terms.starts_on < EARLIEST or terms.starts_on > today + timedelta(days=366):
        wrong.append(Place("/terms/starts_on", "lease_starts_when"))
    if terms.ends_on is not None and terms.ends_on <= terms.starts_on:
        wrong.append(Place("/terms/ends_on", "lease_ends_before_start"))
    return wrong


def breaches(terms: Terms, rules: Rules) -> list[Breach]:
    """The rules that the terms do not keep to; empty for a lease that is as it should be.

    A deposit of three months' rent is allowed, a fen more is not. Two people in 6 m² are allowed, in 5.99 m² not.
    """
    longest = _years_later(terms.starts_on, rules.longest_years)
    found: list[tuple[str, str, str, bool]] = [
        (
            "deposit",
            "deposit_fen",
            "lease_deposit_too_high",
            terms.deposit_fen > rules.deposit_months * terms.rent_fen,
        ),
        ("area", "area_m2", "lease_area_too_small", terms.area_m2 < terms.area_needed(rules)),
        ("part", "part", "lease_part_not_alone", terms.part in rules.not_to_be_let_alone),
        ("term", "ends_on", "lease_term_too_long", bool(terms.ends_on and terms.ends_on > longest)),
        ("house", "house_is_legal_and_safe", "lease_house_unsafe", not terms.house_is_legal_and_safe),
    ]
    return [
        Breach(rule=rule, path=f"/terms/{path}", code=code, basis=rules.basis[rule], version=rules.version)
        for rule, path, code, broken in found
        if broken
    ]


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February of a year that is none.
        return date(day.year + years, 3, 1)


def is_late(happened_on: date, today: date, rules: Rules) -> bool:
    """Whether the days for filing have passed; said, never punished."""
    return today > happened_on + timedelta(days=rules.file_within_days)


def require_sound(terms: Terms, side: Side, today: date) -> list[Breach]:
    """What a person will have to look at; raises ``Invalid`` for what cannot be filed so.

    A landlord can mend the contract before filing it, so a breach is refused with the field and the rule. A tenant cannot,
    and must not lose the filing by it: the breach goes to a person, who takes it up with the landlord.
    """
    if wrong := dates_wrong(terms, today):
        raise Invalid("values_invalid", fields=wrong)
    found = breaches(terms, rules_on(terms.signed_on))
    if found and side == "landlord":
        raise Invalid("lease_terms_unlawful", fields=[Place(breach.path, breach.code) for breach in found])
    return found


class Lease(Shape):
    """A lease on file. ``number`` is that of its certificate; ``filed_by`` whoever told the city."""

    id: str
    number: str
    case: str
    status: Status
    landlord: str
    tenant: str
    filed_by: Side
    region: str
    grid: str | None = None
    building: str
    starts_on: date
    ends_on: date | None = None
    ended_on: date | None = None
    filed_on: date
    version: int = 1

    def in_force_on(self, day: date) -> bool:
        """Whether somebody had a home by this lease on that day."""
        last = self.ended_on or self.ends_on
        return self.starts_on <= day and (last is None or day <= last)

    def side_of(self, person_id: str) -> Side | None:
        """Which party the person is, or None."""
        return "landlord" if person_id == self.landlord else "tenant" if person_id == self.tenant else None


class PartyLease(Shape):
    """A lease as one of its parties sees it; what the two agreed stays between them and the city."""

    id: str
    number: str
    side: Side
    status: Status
    region: str
    address: str
    room: str
    starts_on: date
    ends_on: date | None
    ended_on: date | None
    filed_on: date
    rent_fen: int
    deposit_fen: int
    area_m2: Decimal
    occupants: int


class MyLeases(Shape):
    """The leases that the caller is a party of, the latest first; never paged."""

    items: list[PartyLease]
    next: None = None


class CertificateProof(Shape):
    """What anybody may learn from a certificate's QR code: that it is ours, and whether the lease is in force."""

    valid: bool
    number: str
    filed_on: date
    status: Literal["in_force", "not_begun", "ended"]
    starts_on: date
    ends_on: date | None


Facts = Callable[[str, str], list[dict[str, Any]]]
"""From a source's name and a person id to that person's curated records."""


def terms_finding(found: list[Breach]) -> Finding | None:
    """The receipt for terms that break a rule, for a person to look at; None when they break none."""
    if not found:
        return None
    first = found[0]
    receipt = Receipt(rule=f"lease_{first.rule}", version=first.version, said=first.basis)
    return Finding(result="person", reason="lease_terms", receipt=receipt)


def parties_finding(verified: dict[Side, bool], version: str, today: date) -> Finding:
    """Public security's part: both names belong to their numbers, by the real-name check."""
    good = all(verified.values())
    said = {"zh-CN": "双方均已通过实名核验", "en": "Both parties passed the real-name check"}
    if not good:
        said = {
            "zh-CN": "有一方尚未实名核验，由工作人员核对",
            "en": "One party has no real-name check yet; a person will compare",
        }
    receipt = Receipt(
        rule="lease_real_name",
        version=version,
        source="real_name_check",
        record_date=today,
        said=Title(**said),
    )
    return Finding(result="passed" if good else "person", reason="identity", receipt=receipt)


def title_finding(claim: dict[str, Any], facts: list[dict[str, Any]], version: str) -> Finding:
    """Housing's part: the landlord has a title to the building that is let.

    ``facts``: the landlord's records of source ``property``. No record, or one elsewhere, is for a person: landlords let
    homes of relatives and villages' houses that no register knows.
    """
    here = [fact for fact in facts if fact.get("building") and fact["building"] == claim["building"]]
    best = max(here, key=lambda fact: str(fact.get("seen_on") or ""), default=None)
    said = {"zh-CN": "出租人在该楼有产权记录", "en": "The landlord has a title in this building"}
    if best is None:
        said = {
            "zh-CN": "没有查到出租人在该楼的产权记录，由工作人员核对",
            "en": "No title of the landlord's in this building; a person will look",
        }
    receipt = Receipt(
        rule="lease_title",
        version=version,
        source="property" if best else None,
        record_date=best.get("seen_on") if best else None,
        said=Title(**said),
    )
    return Finding(
        result="passed" if best else "person", reason="agrees" if best else "no_record", receipt=receipt
    )


def agreed_finding(version: str) -> Finding:
    """Housing's part in a change that both parties confirmed and that no rule speaks against."""
    said = Title(
        **{"zh-CN": "双方已确认，内容符合规定", "en": "Both parties confirmed it, and it keeps to the rules"}
    )
    return Finding(
        result="passed", reason="agrees", receipt=Receipt(rule="lease_terms", version=version, said=said)
    )
