"""Registrations and the rules about them. Pure."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc

from chalicelib import clock, idnumbers
from chalicelib.cases.model import Receipt, Title
from chalicelib.shapes import Shape

HOUSING = Literal["owned", "rented", "employer", "relative", "school"]
Status = Literal["active", "moved", "departed"]
Relation = Literal["spouse", "child", "parent", "sibling", "grandparent", "grandchild", "other"]
MINOR_AGE = 14  # PIPL art. 28: all data of children under 14 are sensitive.
REGISTER_WITHIN_WORKING_DAYS = 3
EARLIEST = date(1950, 1, 1)


class WrongValue(ValueError):
    """A value is wrong; ``code`` names the sentence that says how."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _employer(code: str) -> str:
    if not uscc.is_valid(code):
        raise WrongValue("employer_code_invalid")
    return str(uscc.compact(code))


def _id_number(text: str) -> str:
    return idnumbers.parse(text).number


IdNumber = Annotated[str, Field(max_length=40), AfterValidator(_id_number)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Phone = Annotated[str, Field(pattern=r"^1[3-9]\d{9}$")]
PaperId = Annotated[str, Field(pattern=r"^D[0-9A-Z]{26}$")]
EmployerCode = Annotated[str, Field(max_length=18), AfterValidator(_employer)]


class TypedAddress(Shape):
    """An address as a person gives it; codes of the statistics bureau."""

    town: str = Field(pattern=r"^\d{9}$")
    community: str = Field(pattern=r"^\d{12}$")
    line: str = Field(min_length=2, max_length=120, repr=False)
    room: str = Field(default="", max_length=40, repr=False)


class Named(Shape):
    """Somebody named by the one who files: a tenant, or the person at the counter."""

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)


class Landlord(Shape):
    """Whom one rents from."""

    name: Name = Field(repr=False)
    phone: Phone | None = Field(default=None, repr=False)


class Member(Shape):
    """A member of the household who registers at the same address.

    Under 14, the guardian's consent is needed (PIPL art. 31).
    """

    name: Name = Field(repr=False)
    id_number: IdNumber = Field(repr=False)
    relation: Relation
    guardian_consent: bool = False
    relation_proof: PaperId | None = None


class NewRegistration(Shape):
    """What is filed. ``tenant`` when a landlord files, ``person`` when staff do with the person present."""

    address: TypedAddress
    arrived_on: date
    housing: HOUSING
    landlord: Landlord | None = None
    employer_code: EmployerCode | None = None
    household: list[Member] = Field(default=[], max_length=12)
    dwelling_proof: list[PaperId] = Field(default=[], max_length=5)
    tenant: Named | None = None
    person: Named | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        numbers = [m.id_number for m in self.household]
        if len(set(numbers)) < len(numbers):
            raise PydanticCustomError(
                "household_repeats", "household_repeats", {"error": WrongValue("household_repeats")}
            )
        return self


class Departure(Shape):
    """The day on which somebody left or will leave the city."""

    left_on: date


class Registration(Shape):
    """One stay at one dwelling. ``registered_on`` is when the system knew; half a year counts from it."""

    id: str
    person_id: str
    status: Status
    region: str
    grid: str | None
    building: str
    arrived_on: date
    registered_on: date
    ended_on: date | None = None
    housing: HOUSING | None = None
    origin: Literal["api", "import"]
    case: str | None = None


class Standing(Shape):
    """What is in force for a person now. ``born``: year and month (``2020-03``), None where unknown."""

    person_id: str
    status: Literal["active", "departed"]
    registration_id: str
    region: str
    since: date
    born: str | None = None


class Resident(NamedTuple):
    """Somebody of the register, as counts need it. ``first``: when the city first had the person registered."""

    person_id: str
    region: str
    is_active: bool
    since: date
    first: date
    born: str | None


def month_of(born: date | None) -> str | None:
    """The year and month of a birth date: all that counting by age needs."""
    return born.isoformat()[:7] if born else None


class RegistrationView(Shape):
    """A registration as its person sees it."""

    id: str
    status: Status
    region: str
    arrived_on: date
    registered_on: date
    ended_on: date | None


class MyRegistrations(Shape):
    """All of a person's registrations, newest first."""

    items: list[RegistrationView]
    next: str | None = None


def require_dates(arrived_on: date, today: date) -> None:
    """Raise ``WrongValue`` for an arrival that lies in the future or before anybody alive came."""
    if arrived_on > today:
        raise WrongValue("arrived_in_future")
    if arrived_on < EARLIEST:
        raise WrongValue("arrived_too_early")


def is_late(arrived_on: date, today: date) -> bool:
    """Whether the three working days of Foshan's 2014 measure have passed; said, never punished."""
    return today > clock.add_working_days(arrived_on, REGISTER_WITHIN_WORKING_DAYS)


def minors_without_consent(household: list[Member], today: date) -> list[int]:
    """Places of the members under 14 whose guardian has not consented."""
    found = []
    for place, member in enumerate(household):
        born = idnumbers.parse(member.id_number).birth_date
        if born and clock.age_on(born, today) < MINOR_AGE and not member.guardian_consent:
            found.append(place)
    return found


Facts = Callable[[str, str], list[dict[str, Any]]]
"""From a source's name and a person id to that person's curated records."""


class Finding(Shape):
    """What a department's data says about a claim: agreement, or a reason for a person to look."""

    result: Literal["passed", "person"]
    reason: str
    receipt: Receipt


def identity_finding(verified: bool, version: str, today: date) -> Finding:
    """Public security's part: the name belongs to the number, by the real-name check."""
    said = {"zh-CN": "姓名与证件号码已通过实名核验", "en": "Name and ID number passed the real-name check"}
    if not verified:
        said = {
            "zh-CN": "尚未实名核验，由工作人员核对",
            "en": "No real-name check yet; a person will compare",
        }
    receipt = Receipt(
        rule="real_name", version=version, source="real_name_check", record_date=today, said=Title(**said)
    )
    return Finding(result="passed" if verified else "person", reason="identity", receipt=receipt)


def dwelling_finding(claim: dict[str, Any], facts: list[dict[str, Any]], version: str) -> Finding:
    """Housing's part: a lease or title in this person's name at the claimed place.

    ``facts``: records of the person with ``source``, ``seen_on``, ``community`` or ``town``, and
    ``building`` where known. The same building agrees; so does the same community where the record has no
    building. Anything else, and silence, is for a person.
    """
    best = max(facts, key=lambda fact: (_nearness(claim, fact), str(fact.get("seen_on") or "")), default=None)
    if best is None:
        said = {
            "zh-CN": "没有查到租赁或产权记录，由工作人员核对",
            "en": "No lease or title on record; a person will look",
        }
        receipt = Receipt(rule="dwelling", version=version, said=Title(**said))
        return Finding(result="person", reason="no_record", receipt=receipt)
    agrees = _nearness(claim, best) > 0
    said = {"zh-CN": "与登记的租赁或产权记录一致", "en": "Agrees with the lease or title on record"}
    if not agrees:
        said = {
            "zh-CN": "记录中的住所不同，由工作人员核对",
            "en": "The record shows another dwelling; a person will look",
        }
    receipt = Receipt(
        rule="dwelling",
        version=version,
        source=str(best["source"]),
        record_date=best.get("seen_on"),
        said=Title(**said),
    )
    return Finding(
        result="passed" if agrees else "person",
        reason="agrees" if agrees else "address_differs",
        receipt=receipt,
    )


def _nearness(claim: dict[str, Any], fact: dict[str, Any]) -> int:
    """2 for the same building, 1 for the same community when no building is known, 0 otherwise."""
    if fact.get("building"):
        return 2 if fact["building"] == claim["building"] else 0
    return 1 if fact.get("community") == claim["region"] else 0


def verification_day(moment: datetime) -> date:
    """The date that a check made now carries."""
    return clock.local_date(moment)
