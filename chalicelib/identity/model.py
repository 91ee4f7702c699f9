"""Values and rules of identity: purposes, consents, staff, profiles, what minors need. Pure."""

import csv
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final, Literal, Protocol, get_args

from pydantic import Field

from chalicelib import clock, idnumbers, regions
from chalicelib.errors import Invalid
from chalicelib.shapes import Shape

Purpose = Literal["case_handling", "visit", "counter_service", "complaint", "audit"]
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
# Many phones share one address behind an operator's network: the address limit is wide, failures are not.
SIGN_INS_BY_ADDRESS: Final = Limit(times=3000, seconds=600)
FAILED_SIGN_INS_BY_ADDRESS: Final = Limit(times=20, seconds=600)
BINDINGS_BY_ACCOUNT: Final = Limit(times=5, seconds=DAY)
BINDINGS_BY_NUMBER: Final = Limit(times=5, seconds=DAY)
LOOKUPS_BY_STAFF: Final = Limit(times=100, seconds=DAY)


class WechatSignIn(Protocol):
    """What identity asks of WeChat; both raise ``DomainError`` for a code that is not good."""

    def openid(self, code: str) -> str:
        """The stable openid of whoever got this one-time sign-in code."""
        ...

    def phone_number(self, code: str) -> str:
        """The phone number, 11 digits, of whoever got this one-time phone code."""
        ...


class WecomSignIn(Protocol):
    """What identity asks of WeCom."""

    def user_id(self, code: str) -> str:
        """The member's user id; raises ``DomainError`` for a code that is not good."""
        ...


class RealNameCheck(Protocol):
    """What identity asks of the real-name check."""

    def matches(self, name: str, id_number: str) -> bool:
        """Whether this name belongs to this ID number."""
        ...


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


def is_minor(birth_date: date | None, on: date) -> bool:
    """Whether somebody is under 14 on a day (PIPL art. 31); an unknown birth date counts as adult."""
    return birth_date is not None and clock.age_on(birth_date, on) < MINOR_AGE


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
