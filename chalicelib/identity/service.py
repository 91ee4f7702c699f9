"""What identity offers to other contexts, functions and routes; each name is documented where it is made."""

from chalicelib.identity.model import KnownPerson
from chalicelib.identity.people import (
    people_for_keys,
    person_ids,
    profile,
    profiles,
    receiver_of,
    require_person,
)
from chalicelib.identity.sessions import actor_for, sign_in_citizen, sign_in_staff, sign_out
from chalicelib.identity.staff import import_staff, staff_for, staff_member
from chalicelib.identity.throttles import throttle
from chalicelib.identity.tokens import sign, verify

__all__ = [
    "KnownPerson",
    "actor_for",
    "import_staff",
    "people_for_keys",
    "person_ids",
    "profile",
    "profiles",
    "receiver_of",
    "require_person",
    "sign_in_citizen",
    "sign_in_staff",
    "sign_out",
    "sign",
    "staff_for",
    "staff_member",
    "throttle",
    "verify",
]
