"""What identity offers to other contexts, functions and routes; each name is documented where it is made."""

from chalicelib.identity.archives import Archive, archive
from chalicelib.identity.binding import bind, me
from chalicelib.identity.consents import (
    consent_writes,
    consents,
    has_consent,
    has_guardian_consent,
    set_consents,
)
from chalicelib.identity.covers import arrange as arrange_cover
from chalicelib.identity.covers import end as end_cover
from chalicelib.identity.covers import standing_in
from chalicelib.identity.disclosures import (
    disclosure_writes,
    disclosures,
    minor_accesses,
    record_disclosures,
)
from chalicelib.identity.lookups import look_up
from chalicelib.identity.model import Kept, KnownPerson, Summary
from chalicelib.identity.parts import File, Part, contribute, withdraw
from chalicelib.identity.people import (
    people_for_keys,
    person_ids,
    profile,
    profiles,
    receiver_of,
    require_person,
)
from chalicelib.identity.rekey import clean, successors, walk
from chalicelib.identity.rights import delete, export, purge
from chalicelib.identity.sessions import actor_for, sign_in_citizen, sign_in_staff, sign_out
from chalicelib.identity.staff import import_staff, staff_for, staff_member
from chalicelib.identity.throttles import throttle
from chalicelib.identity.tokens import jwks, rotate, sign, verify

__all__ = [
    "Archive",
    "File",
    "Kept",
    "KnownPerson",
    "Part",
    "Summary",
    "actor_for",
    "archive",
    "arrange_cover",
    "bind",
    "clean",
    "consent_writes",
    "consents",
    "contribute",
    "delete",
    "disclosure_writes",
    "disclosures",
    "end_cover",
    "export",
    "has_consent",
    "has_guardian_consent",
    "import_staff",
    "jwks",
    "look_up",
    "me",
    "minor_accesses",
    "people_for_keys",
    "person_ids",
    "profile",
    "profiles",
    "purge",
    "receiver_of",
    "record_disclosures",
    "require_person",
    "rotate",
    "set_consents",
    "sign",
    "sign_in_citizen",
    "sign_in_staff",
    "sign_out",
    "staff_for",
    "staff_member",
    "standing_in",
    "successors",
    "throttle",
    "verify",
    "walk",
    "withdraw",
]
