"""Uploaded editions in DynamoDB. ``POLICIES`` holds ``<id>@<version>``, a head each, and ``PERIODS#<id>``, which grows with
each edition that is published; ``POLICY#<id>@<version>`` holds ``DOCUMENT``; ``SIMULATION#<id>`` holds ``SIMULATION``.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute

from chalicelib import clock, shapes, tables
from chalicelib.points.model import Policy
from chalicelib.points.views import SimulationView
from chalicelib.tables import Delete, Put, Row, Update

_LIST: Final = "POLICIES"
SIGNATURES: Final = 2


class PolicyItem(Row):
    """Any item about an uploaded edition."""

    Meta = tables.meta("points")
    row = DiscriminatorAttribute()


class HeadRow(PolicyItem, discriminator="head"):
    """How far an edition is: who signed it, as a list of officer and time."""

    policy_id = UnicodeAttribute()
    policy_version = UnicodeAttribute()
    digest = UnicodeAttribute()
    uploaded_by = UnicodeAttribute()
    uploaded_at = UnicodeAttribute()
    signatures = UnicodeAttribute()
    revision = NumberAttribute()


class DocumentRow(PolicyItem, discriminator="document"):
    """The document itself, as canonical JSON."""

    digest = UnicodeAttribute()
    text = UnicodeAttribute()


class PeriodsRow(PolicyItem, discriminator="periods"):
    """How many editions of an id were published: two that are signed at once meet here."""

    editions = NumberAttribute()


class SimulationRow(PolicyItem, discriminator="simulation"):
    """A simulation that was asked for, with its result when there is one: numbers of groups."""

    state = UnicodeAttribute()
    text = UnicodeAttribute()


@dataclass(frozen=True)
class Head:
    """An uploaded edition: what was signed is never changed."""

    policy_id: str
    version: str
    hash: str
    uploaded_by: str
    uploaded_at: datetime
    signatures: tuple[tuple[str, datetime], ...]
    revision: int

    @property
    def name(self) -> str:
        """Id and version as one word."""
        return f"{self.policy_id}@{self.version}"

    @property
    def is_signed(self) -> bool:
        """Whether enough officers signed."""
        return len(self.signatures) >= SIGNATURES


def heads() -> list[Head]:
    """Every uploaded edition, drafts included; a few dozen at most."""
    found = HeadRow.query(_LIST, consistent_read=True)
    return [_head(row) for row in found if isinstance(row, HeadRow)]


def head(name: str) -> Head | None:
    """One uploaded edition, or None."""
    row = HeadRow.find(_LIST, name, consistent=True)
    return _head(row) if row else None


def document(name: str) -> Policy | None:
    """The document of an uploaded edition, or None."""
    row = DocumentRow.find(f"POLICY#{name}", "DOCUMENT", consistent=True)
    return Policy.model_validate_json(row.text) if row else None


def put_draft(policy: Policy, officer: str, before: Head | None, now: datetime) -> list[Put]:
    """The writes of a draft, without signatures; refused when somebody changed it since ``before`` was read."""
    made = Head(
        policy.id, policy.version, policy.hash, officer, now, (), before.revision + 1 if before else 1
    )
    text = DocumentRow(f"POLICY#{policy.name}", "DOCUMENT", digest=policy.hash, text=shapes.dump(policy))
    return [_put(made, before), Put(text)]


def put_signature(signed: Head, before: Head) -> Put:
    """The write of a signature; refused when the draft changed, or another signed, since ``before`` was read."""
    return _put(signed, before)


def _put(head: Head, before: Head | None) -> Put:
    row = HeadRow(_LIST, head.name, policy_id=head.policy_id, policy_version=head.version, digest=head.hash)
    row.uploaded_by, row.uploaded_at = head.uploaded_by, clock.iso(head.uploaded_at)
    row.signatures = json.dumps([[officer, clock.iso(at)] for officer, at in head.signatures])
    row.revision = head.revision
    if before is None:
        return tables.create(row)
    return Put(row, HeadRow.revision == before.revision)


def drop_draft(before: Head) -> list[Delete]:
    """The writes that forget a draft, refused when it changed since it was read."""
    return [
        Delete(HeadRow(_LIST, before.name), HeadRow.revision == before.revision),
        Delete(DocumentRow(f"POLICY#{before.name}", "DOCUMENT")),
    ]


def periods(policy_id: str) -> int:
    """How many editions of an id were published by officers."""
    row = PeriodsRow.find(_LIST, f"PERIODS#{policy_id}", consistent=True)
    return int(row.editions) if row else 0


def count_period(policy_id: str, before: int) -> Put:
    """The write that publishing one more edition makes, refused when another was published since it was counted."""
    row = PeriodsRow(_LIST, f"PERIODS#{policy_id}", editions=before + 1)
    return Put(row, PeriodsRow.editions == before) if before else tables.create(row)


def put_simulation(view: SimulationView, now: datetime, over: datetime) -> Put:
    """The write of a simulation that was asked for; it goes by itself when it is ``over``."""
    row = SimulationRow(f"SIMULATION#{view.id}", "SIMULATION", state=view.state, text=shapes.dump(view))
    row.expires_at = int(over.timestamp())
    return tables.create(row)


def settle_simulation(view: SimulationView) -> Update:
    """The write of what came of it, refused when another run settled it meanwhile."""
    actions = [SimulationRow.state.set(view.state), SimulationRow.text.set(shapes.dump(view))]
    row = SimulationRow(f"SIMULATION#{view.id}", "SIMULATION")
    return Update(row, actions, SimulationRow.state == "waiting")


def simulation(simulation_id: str, now: datetime) -> SimulationView | None:
    """A simulation, or None when there is none or its time is over."""
    row = SimulationRow.find(f"SIMULATION#{simulation_id}", "SIMULATION", consistent=True)
    return None if row is None or row.is_over(now) else SimulationView.model_validate_json(row.text)


def _head(row: HeadRow) -> Head:
    signatures = tuple((officer, clock.parse_iso(at)) for officer, at in json.loads(row.signatures))
    return Head(
        policy_id=row.policy_id,
        version=row.policy_version,
        hash=row.digest,
        uploaded_by=row.uploaded_by,
        uploaded_at=clock.parse_iso(row.uploaded_at),
        signatures=signatures,
        revision=int(row.revision),
    )
