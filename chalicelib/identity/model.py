"""Values and rules of identity: purposes, consents, staff, profiles, what minors need. Pure."""

import csv
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal, Protocol, get_args

from pydantic import Field

from chalicelib import clock, idnumbers, regions
from chalicelib.errors import Invalid
from chalicelib.shapes import Shape

Purpose = Literal["case_handling", "visit", "counter_service", "complaint", "audit", "matching"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
Sex = Literal["male", "female"]

CITIZEN_SESSION: Final = timedelta(hours=2)
STAFF_SESSION: Final = timedelta(hours=8)

# PIPL art. 31: what is known of children under 14 is sensitive and needs their guardian's consent.
MINOR_AGE: Final = 14
MINOR_ROLES: Final = frozenset({"coordinator", "district_officer", "city_officer"})

STAFF_ROLE_NAMES: Final = frozenset(
    {
        "grid_worker",
        "coordinator",
        "reviewer",
        "district_officer",
        "city_officer",
        "policy_officer",
        "auditor",
    }
)


class Limit(Shape):
    """So many times in a fixed window of seconds."""

    times: int
    seconds: int


DAY: Final = 86_400
# Many phones share one address behind an operator's network: the address limit is wide, the one on failures
# is not, and both pass within a minute. Codes cannot be guessed; this keeps floods from WeChat's door.
SIGN_INS_BY_ADDRESS: Final = Limit(times=600, seconds=60)
FAILED_SIGN_INS_BY_ADDRESS: Final = Limit(times=20, seconds=60)
BINDINGS_BY_ACCOUNT: Final = Limit(times=5, seconds=DAY)
BINDINGS_BY_NUMBER: Final = Limit(times=5, seconds=DAY)
LONGEST_COVER: Final = timedelta(days=92)
MOST_COVERS: Final = 10
LOOKUPS_BY_STAFF: Final = Limit(times=100, seconds=DAY)


class HasOpenid(Protocol):
    """WeChat's answer to a sign-in code."""

    @property
    def openid(self) -> str:
        """The user's stable id in our mini-program."""
        ...


class WechatSignIn(Protocol):
    """What identity asks of WeChat; both raise the kinds of ``outside.failures``."""

    def session(self, code: str) -> HasOpenid:
        """Who got this one-time sign-in code."""
        ...

    def phone_number(self, code: str) -> str:
        """The phone number, 11 digits, of whoever got this one-time phone code."""
        ...


class WecomSignIn(Protocol):
    """What identity asks of WeCom."""

    def user(self, code: str) -> str:
        """The member's user id; raises the kinds of ``outside.failures``."""
        ...


class RealNameCheck(Protocol):
    """What identity asks of the real-name check."""

    def check(self, name: str, id_number: str) -> bool:
        """Whether this name belongs to this ID number."""
        ...


ConsentKind = Literal[
    "privacy_notice", "sensitive_data", "department_checks", "service_messages", "guardian_of_minor"
]
CONSENT_KINDS: Final[tuple[ConsentKind, ...]] = get_args(ConsentKind)


class Consent(Shape):
    """One consent. ``subject`` is the child of a guardian's consent; ``at`` is when it was last set."""

    kind: ConsentKind
    given: bool
    text_version: str = Field(default="1", min_length=1, max_length=20)
    subject: str | None = Field(default=None, max_length=40)
    at: str | None = Field(default=None, max_length=40)


class Consents(Shape):
    """Consents, as they are read and as they are set."""

    items: list[Consent] = Field(max_length=20)


class SignIn(Shape):
    """A one-time code of WeChat or WeCom."""

    code: str = Field(min_length=1, max_length=512, repr=False)


class Binding(Shape):
    """What binds an account to a person; the ID number in any of its forms."""

    name: str = Field(min_length=1, max_length=60, repr=False)
    id_number: str = Field(min_length=1, max_length=40, repr=False)
    phone_code: str = Field(min_length=1, max_length=512, repr=False)


class Me(Shape):
    """The caller, masked. ``bound`` is false before real-name binding, and the rest is null."""

    id: str
    bound: bool
    roles: list[str]
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None
    sex: Sex | None = None
    verified_at: str | None = None


class StaffMe(Shape):
    """The member of staff who calls."""

    user_id: str
    name: str
    roles: list[str]
    scopes: list[str]
    department: str | None


class DisclosureView(Shape):
    """Somebody of the administration saw something of the person."""

    at: str
    staff: str
    role: str
    department: str | None
    purpose: str
    what: str
    reason: str | None


class MinorAccessView(Shape):
    """Somebody of the administration saw something of a child; ``approved``: by a role that may decide it."""

    at: str
    staff: str
    role: str
    person_id: str
    purpose: str
    what: str
    approved: bool


class LookUp(Shape):
    """Whom a member of staff looks for, and why."""

    id_number: str = Field(min_length=1, max_length=40, repr=False)
    purpose: Purpose
    reason: str = Field(min_length=2, max_length=200, repr=False)


class SessionView(Shape):
    """A session to send as ``Authorization: Bearer <token>`` until it expires."""

    token: str = Field(repr=False)
    expires_at: str


class Profile(Shape):
    """A person in the clear. For the code that must have it; never logged, never an answer as it is."""

    person_id: str
    name: str | None = Field(repr=False)
    id_number: str = Field(repr=False)
    phone: str | None = Field(repr=False)
    birth_date: date | None = Field(repr=False)
    sex: Sex | None = Field(repr=False)
    verified: bool

    @property
    def masked_name(self) -> str:
        """The family name and stars."""
        return mask_name(self.name or "")

    @property
    def masked_id_number(self) -> str:
        """The first three and last two characters."""
        return idnumbers.mask(self.id_number)

    @property
    def masked_phone(self) -> str:
        """The first three and last four digits, empty without a phone."""
        return mask_phone(self.phone or "")

    def is_minor(self, on: date) -> bool:
        """Whether the person is under 14 that day."""
        return is_minor(self.birth_date, on)


class KnownPerson(Shape):
    """What an import knows of a person besides the ID number."""

    name: str | None = Field(default=None, repr=False)
    phone: str | None = Field(default=None, repr=False)


class StaffMember(Shape):
    """Somebody of the administration, with what the role lets them do and where."""

    user_id: str
    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    department: str | None = None

    def covers(self, region: str) -> bool:
        """Whether the region lies in one of the member's scopes."""
        return any(regions.covers(scope, region) for scope in self.scopes)


class NewCover(Shape):
    """Who stands in, from which day until which, both included; ``absent`` is the caller unless named."""

    substitute: str = Field(min_length=1, max_length=64)
    first: date
    last: date
    absent: str | None = Field(default=None, min_length=1, max_length=64)


class Cover(Shape):
    """A member stands in for another in these regions, in the roles that both have."""

    absent: str
    substitute: str
    scopes: list[str]
    first: date
    last: date


class Kept(Shape):
    """What stays after a deletion because a law keeps it, and until when (a date, or when unknown why).

    ``needs_identity``: it cannot be kept without the sealed name and ID number, so these stay too.
    """

    what: str
    law: str
    until: date | None
    needs_identity: bool = False


class Summary(Shape):
    """What a context tells a staff look-up: the regions where the person is known, and facts to show."""

    name: str
    regions: tuple[str, ...]
    facts: dict[str, str | int | bool | None]


class FoundPerson(Shape):
    """A person as a look-up shows them: masked, with what contexts tell of them."""

    person_id: str
    name: str
    id_number: str
    phone: str
    sex: Sex | None
    known: list[Summary]


class Export(Shape):
    """Everything held about the caller: in the clear, it is theirs."""

    made_at: str
    account: dict[str, str | None]
    person: dict[str, str | bool | None] | None
    consents: list[Consent]
    disclosures: list[DisclosureView]
    others: dict[str, Any]


class Deletion(Shape):
    """What was deleted, and what a law keeps, until when."""

    deleted_at: str
    identity_deleted: bool
    kept: list[Kept]


class WalkReport(Shape):
    """How far a re-key walk has come: mappings seen, mappings changed, and whether it is through."""

    step: str
    version: str
    current: str
    walked: int
    changed: int
    done: bool


def is_minor(birth_date: date | None, on: date) -> bool:
    """Whether somebody is under 14 on a day (PIPL art. 31); an unknown birth date counts as adult."""
    return birth_date is not None and clock.age_on(birth_date, on) < MINOR_AGE


def minor_through(birth_date: date | None, on: date) -> str | None:
    """The year, as text, through which somebody is treated as a minor; None for adults.

    Rounded up to the year's end, so that the clear column does not tell a child's birthday.
    """
    return str(birth_date.year + MINOR_AGE) if birth_date and is_minor(birth_date, on) else None


def mask_name(name: str) -> str:
    """The first character and a star for each of the others."""
    return name[:1] + "*" * (len(name) - 1)


def mask_phone(phone: str) -> str:
    """``138****5678``."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "*" * len(phone)


def window_start(now: datetime, seconds: int) -> int:
    """The epoch second at which the fixed window around ``now`` began."""
    moment = int(now.timestamp())
    return moment - moment % seconds


def scope_group(role: str, region: str) -> str:
    """Which group of staff scopes a region's answer lies in: its town, or ``wide`` above towns."""
    return f"{role}#{region[:9]}" if len(region) >= 9 else f"{role}#wide"


def scope_groups(role: str, region: str) -> list[str]:
    """The groups that can hold somebody responsible for a region: at most two."""
    return list(dict.fromkeys([scope_group(role, region), f"{role}#wide"]))


STAFF_COLUMNS: Final = ("user_id", "name", "role", "scopes", "department")


def read_staff(lines: Iterable[str]) -> list[StaffMember]:
    """Staff from CSV with the columns ``user_id`` (or ``user``), ``name``, ``role``, ``scopes``, ``department``.

    Several roles or scopes are separated by spaces or semicolons. Raises ``Invalid("staff_file_wrong")``
    with the number of the first wrong row.
    """
    members = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        user_id = (row.get("user_id") or row.get("user") or "").strip()
        roles, scopes = _several(row.get("role")), _several(row.get("scopes"))
        if not user_id or not roles or not set(roles) <= STAFF_ROLE_NAMES or not _are_regions(scopes):
            raise Invalid("staff_file_wrong", row=number)
        name, department = (row.get("name") or "").strip(), (row.get("department") or "").strip()
        members.append(
            StaffMember(user_id=user_id, name=name, roles=roles, scopes=scopes, department=department or None)
        )
    return members


def _several(text: str | None) -> tuple[str, ...]:
    return tuple((text or "").replace(";", " ").split())


def _are_regions(codes: tuple[str, ...]) -> bool:
    try:
        return all(regions.level(code) for code in codes)
    except ValueError:
        return False
