"""Who acts: a citizen, a member of staff, a partner's system, or the system itself."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from chalicelib import regions
from chalicelib.errors import Forbidden

Role = Literal[
    "citizen",
    "landlord",
    "grid_worker",
    "coordinator",
    "reviewer",
    "district_officer",
    "city_officer",
    "policy_officer",
    "auditor",
    "partner",
]
ROLES: tuple[Role, ...] = get_args(Role)
CITIZEN_ROLES: tuple[Role, ...] = ("citizen", "landlord")
STAFF_ROLES: tuple[Role, ...] = tuple(r for r in ROLES if r not in (*CITIZEN_ROLES, "partner"))


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody with roles and regions.

    ``id`` is a person id (``P…``) for citizens and the user id for staff; ``scopes`` are region
    codes, empty for citizens; ``department`` is set for reviewers.
    """

    id: str
    kind: Literal["citizen", "staff", "partner", "system"]
    roles: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    department: str | None = None
    session: str = field(default="", compare=False)

    def covers(self, region: str) -> bool:
        """Whether the region lies within one of the actor's own."""
        return self.kind == "system" or any(regions.covers(scope, region) for scope in self.scopes)

    def require_region(self, region: str) -> None:
        """Raise ``Forbidden`` unless the region is within the actor's scope."""
        if not self.covers(region):
            raise Forbidden("region_out_of_scope")

    @property
    def is_staff(self) -> bool:
        """Whether this is somebody of the administration."""
        return self.kind == "staff"


SYSTEM = Actor(id="system", kind="system")
