"""A permit and what can happen to it; what is filed, what is shown. Pure."""

from datetime import date, datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from chalicelib.errors import Conflict
from chalicelib.permits import lifetime
from chalicelib.permits.eligibility import Eligibility
from chalicelib.permits.lifetime import Due
from chalicelib.permits.policy import Ground, Policy
from chalicelib.residence.model import IdNumber, Name, Phone, WrongValue
from chalicelib.shapes import Shape

State = Literal["in_production", "active", "suspended", "cancelled"]
Shown = Literal["in_production", "active", "endorsement_window", "suspended", "cancelled"]
Happening = Literal[
    "accepted",
    "issued",
    "card_late",
    "window",
    "week",
    "suspended",
    "endorsed",
    "restored",
    "replaced",
    "cancelled",
]
Why = Literal["under_16", "old", "disabled"]
Kin = Literal["guardian", "spouse", "child", "parent", "sibling", "grandparent", "grandchild"]
Fault = Literal["lost", "damaged"]


class Ward(Shape):
    """Somebody for whom a guardian or close relative acts: under 16, old or disabled (Decree 663 art. 9).

    Both show their ID: the one who acts by the bound identity, the other by the number given here.
    """

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)
    why: Why
    relation: Kin


class Present(Shape):
    """The person who is present at the counter."""

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)


class Filing(Shape):
    """For whom something is filed: ``ward`` by a guardian or relative, ``person`` by staff at the counter."""

    ward: Ward | None = None
    person: Present | None = None


class NewApplication(Filing):
    """An application for a permit on one of the three grounds.

    ``objection``: why the applicant holds that the register is wrong about half a year; a person decides.
    """

    ground: Ground
    objection: str | None = Field(default=None, min_length=2, max_length=500, repr=False)


class NewEndorsement(Filing):
    """The yearly endorsement, or the make-up of one that was missed."""


class NewReplacement(Filing):
    """A new card for one that is lost or can no longer be read."""

    fault: Fault
    card_returned: bool = False

    @model_validator(mode="after")
    def _only_what_is_there_is_returned(self) -> Self:
        if self.fault == "lost" and self.card_returned:
            raise PydanticCustomError(
                "lost_card_returned", "lost_card_returned", {"error": WrongValue("lost_card_returned")}
            )
        return self


class Event(Shape):
    """Something that happened to a permit. ``day``: the date it belongs to in the calendar."""

    at: datetime
    day: date
    what: Happening


class Permit(Shape):
    """A person's permit.

    ``received_on``: when the application was whole; the card is due from there. ``counts_from``: where the
    present run of years began, the issue or the make-up endorsement; ``years_before``: full years that were
    joined to it. ``endorsed_through``: the day on which the year under way is full; the function of the
    permit ends after it. ``card``: the case by which the present card was ordered, ``card_due_on`` until it
    is handed out; ``serial`` grows with each card. ``asked``: an endorsement that is not decided, and its day. ``told``: steps of the calendar that are done.
    """

    id: str
    person_id: str
    region: str
    ground: Ground
    state: State
    case: str
    accepted_on: date
    serial: int = 1
    card: str
    card_due_on: date | None
    issued_on: date | None = None
    counts_from: date | None = None
    years_before: int = 0
    endorsed_through: date | None = None
    suspended_on: date | None = None
    ended_on: date | None = None
    asked: str | None = None
    asked_on: date | None = None
    told: tuple[str, ...] = ()
    version: int = 0

    def on(self, day: date, policy: Policy) -> Shown:
        """How it stands on a day by its dates, whether or not the nightly run has been there.

        A year whose endorsement was asked for in time does not end while the office has not decided.
        """
        if self.state != "active" or self.endorsed_through is None:
            return self.state
        if day > self.endorsed_through and not self.waits_for_the_office:
            return "suspended"
        opens = lifetime.window_opens(self.endorsed_through, policy)
        return "endorsement_window" if day >= opens else "active"

    @property
    def waits_for_the_office(self) -> bool:
        """Whether an endorsement was asked for before the year was over and is not decided."""
        asked, through = self.asked_on, self.endorsed_through
        return asked is not None and through is not None and asked <= through

    def years(self, day: date, policy: Policy) -> int:
        """Full years of residence under the permit, those before a suspension joined (Decree 663 art. 10).

        Issued on 1 March 2025 and endorsed in time: 2 on 1 March 2027. Issued on 1 March 2025, suspended
        from 2 March 2026, made up on 10 June 2026: 1 on that day, 2 on 10 June 2027; the hundred days
        between count for nothing, and nothing before them is lost.
        """
        if self.counts_from is None or self.endorsed_through is None:
            return self.years_before
        last = min(day, self.endorsed_through, self.ended_on or day)
        return self.years_before + lifetime.full_years(self.counts_from, last, policy)

    def steps(self, policy: Policy) -> list[Due]:
        """What the calendar still has to do, earliest first."""
        found: list[Due] = []
        if self.card_due_on and self.state != "cancelled":
            found.append(Due(self.card_due_on + timedelta(days=1), "card_late", self.card_due_on))
        if self.state == "active" and self.endorsed_through:
            found += lifetime.endorsement_steps(self.endorsed_through, policy)
        return sorted(step for step in found if step.key not in self.told)

    def issued(self, day: date, policy: Policy) -> "Permit":
        """The card is handed out; the first one begins the years.

        Raises ``Conflict("permit_no_card_due")`` when none is being made.
        """
        if self.card_due_on is None or self.state == "cancelled":
            raise Conflict("permit_no_card_due")
        changes: dict[str, object] = {"card_due_on": None, "version": self.version + 1}
        if self.state == "in_production":
            changes |= {"state": "active", "issued_on": day, "counts_from": day}
            changes["endorsed_through"] = lifetime.year_end(day, day, policy)
        return self.model_copy(update=changes)

    def stepped(self, step: Due) -> "Permit":
        """The calendar's step done: remembered, and for the last one the function suspended."""
        changes: dict[str, object] = {"told": (*self.told, step.key), "version": self.version + 1}
        if step.what == "suspended":
            changes |= {"state": "suspended", "suspended_on": step.day}
        return self.model_copy(update=changes)

    def may_endorse(self, day: date, policy: Policy) -> None:
        """Raise ``Conflict`` before the window opens and for a permit that is not, or no longer, in force."""
        shown = self.on(day, policy)
        if shown in ("in_production", "cancelled"):
            raise Conflict("permit_not_in_force")
        if shown == "active":
            assert self.endorsed_through is not None
            opens = lifetime.window_opens(self.endorsed_through, policy)
            raise Conflict("permit_window_not_open", day=opens.isoformat())

    def endorsed(self, day: date, policy: Policy) -> tuple["Permit", Literal["endorsed", "restored"]]:
        """The year endorsed, or its function restored when the window was missed.

        In time, the next year ends on the corresponding day: full on 1 March 2027, endorsed on 5 February,
        the next is full on 1 March 2028. Late, the years before are joined and a new run begins with the
        make-up: made up on 10 June 2027, the next is full on 10 June 2028. ``day``: when it was asked for.
        """
        self.may_endorse(day, policy)
        assert self.counts_from is not None and self.endorsed_through is not None
        kept: dict[str, object] = {"state": "active", "suspended_on": None, "asked": None, "asked_on": None}
        kept["version"] = self.version + 1
        kept["told"] = tuple(key for key in self.told if key.startswith("card_late"))
        if day <= self.endorsed_through:
            kept["endorsed_through"] = lifetime.year_end(self.counts_from, self.endorsed_through, policy)
            return self.model_copy(update=kept), "endorsed"
        kept["years_before"] = self.years(day, policy) if policy.joins_years else 0
        kept |= {"counts_from": day, "endorsed_through": lifetime.year_end(day, day, policy)}
        return self.model_copy(update=kept), "restored"

    def replaced(self, case: str, received_on: date, policy: Policy) -> "Permit":
        """A new card is ordered and the old one no longer counts; the right goes on as it was."""
        if self.state in ("cancelled", "in_production"):
            raise Conflict("permit_not_in_force")
        changes = {"serial": self.serial + 1, "card": case, "version": self.version + 1}
        return self.model_copy(update=changes | {"card_due_on": lifetime.issue_by(received_on, policy)})

    def cancelled(self, day: date) -> "Permit":
        """The permit ended on that day; no step of the calendar is left."""
        changes = {"state": "cancelled", "ended_on": day, "card_due_on": None, "version": self.version + 1}
        return self.model_copy(update=changes)


class PermitView(Shape):
    """A permit as its person sees it. ``years``: full years so far, those before a suspension joined."""

    id: str
    state: Shown
    state_text: str
    ground: Ground
    region: str
    serial: int
    accepted_on: date
    card_due_on: date | None
    issued_on: date | None
    endorsed_through: date | None
    window_opens_on: date | None
    suspended_on: date | None
    ended_on: date | None
    years: int


class EventView(Shape):
    """A line of the permit's history in the caller's language."""

    at: datetime
    day: date
    what: Happening
    text: str


class MyPermit(Shape):
    """The caller's permit, or null; its history, newest first; and whether one may apply."""

    permit: PermitView | None
    history: list[EventView]
    eligibility: Eligibility


class Code(Shape):
    """The code that a verifier reads: a signed token that is over soon; ask anew after ``refresh_after``."""

    token: str
    expires_at: datetime
    refresh_after: int


class CardQuery(Shape):
    """Which part of the cards that are being made."""

    town: str = Field(pattern=r"^\d{9}$")
    limit: int = Field(default=49, ge=1, le=49)
    next: str | None = Field(default=None, max_length=2000)


class Card(Shape):
    """A card that is being made. ``case`` ordered it; ``name`` is masked."""

    case: str
    permit: str
    serial: int
    name: str
    region: str
    due_on: date
    late: bool


class Particulars(Shape):
    """What whoever decides needs to see of a filing: names and numbers masked, papers aside.

    ``how``: by the holder (``own``), by a guardian or relative (``ward``) or at the ``counter``; ``acted_by``,
    ``why`` and ``relation`` of a guardian; ``objection`` in the applicant's own words.
    """

    case: str
    name: str
    id_number: str
    how: str
    ground: Ground | None
    lived_since: date | None
    acted_by: str | None
    why: Why | None
    relation: Kin | None
    objection: str | None
