"""What identity offers to other contexts, functions and routes; each name is documented where it is made."""

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

__all__ = [
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
    "staff_for",
    "staff_member",
    "throttle",
]
