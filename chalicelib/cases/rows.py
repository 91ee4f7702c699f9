"""The items of a case's collection and the indexes over them.

``CASE#<id>``: ``CASE`` the header, ``CHECK#<part>``, ``EVENT#<time>#<id>``, ``DOCUMENT#<id>``.
Indexes: ``by_owner`` (a person's cases), ``by_filer`` (filed for somebody else), ``by_work`` (what waits
for a role or department, by area and due date), ``by_due`` (everything due on a day).
"""

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex

from chalicelib import tables
from chalicelib.tables import Row


class ByOwner(GlobalSecondaryIndex["CaseItem"]):
    """A person's own cases, newest last."""

    Meta = tables.index_meta("by_owner")
    by_owner_pk = UnicodeAttribute(hash_key=True)
    by_owner_sk = UnicodeAttribute(range_key=True)


class ByFiler(GlobalSecondaryIndex["CaseItem"]):
    """Cases that somebody filed for another person."""

    Meta = tables.index_meta("by_filer")
    by_filer_pk = UnicodeAttribute(hash_key=True)
    by_filer_sk = UnicodeAttribute(range_key=True)


class ByWork(GlobalSecondaryIndex["CaseItem"]):
    """What waits for a role or department: ``<queue>`` / ``<area>#<due day>#<case>``. Sparse."""

    Meta = tables.index_meta("by_work")
    by_work_pk = UnicodeAttribute(hash_key=True)
    by_work_sk = UnicodeAttribute(range_key=True)


class ByDue(GlobalSecondaryIndex["CaseItem"]):
    """Everything with a clock, by the day it runs out. Sparse."""

    Meta = tables.index_meta("by_due")
    by_due_pk = UnicodeAttribute(hash_key=True)
    by_due_sk = UnicodeAttribute(range_key=True)


class CaseItem(Row):
    """Any item of a case's collection."""

    Meta = tables.meta("cases")
    row = DiscriminatorAttribute()
    by_owner = ByOwner()
    by_filer = ByFiler()
    by_work = ByWork()
    by_due = ByDue()
    by_owner_pk = UnicodeAttribute(null=True)
    by_owner_sk = UnicodeAttribute(null=True)
    by_filer_pk = UnicodeAttribute(null=True)
    by_filer_sk = UnicodeAttribute(null=True)
    by_work_pk = UnicodeAttribute(null=True)
    by_work_sk = UnicodeAttribute(null=True)
    by_due_pk = UnicodeAttribute(null=True)
    by_due_sk = UnicodeAttribute(null=True)


class CaseRow(CaseItem, discriminator="case"):
    """The header."""

    case_kind = UnicodeAttribute()
    kind_version = UnicodeAttribute()
    form_version = UnicodeAttribute(null=True)
    state = UnicodeAttribute()
    since = UnicodeAttribute(null=True)
    due = UnicodeAttribute(null=True)
    queue = UnicodeAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    owner = UnicodeAttribute()
    filer = UnicodeAttribute()
    region = UnicodeAttribute()
    submitted_at = UnicodeAttribute()
    deadline = UnicodeAttribute()
    receipt_number = UnicodeAttribute()
    open_checks = NumberAttribute()
    payload = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    value = UnicodeAttribute(null=True)
    decided_at = UnicodeAttribute(null=True)


class CheckRow(CaseItem, discriminator="check"):
    """One department's part in a check. ``automatic`` ones are verified from the stream."""

    case_kind = UnicodeAttribute()
    kind_version = UnicodeAttribute(null=True)
    code = UnicodeAttribute(null=True)
    department = UnicodeAttribute()
    state = UnicodeAttribute()
    region = UnicodeAttribute()
    due = UnicodeAttribute()
    queue = UnicodeAttribute(null=True)
    claimed_by = UnicodeAttribute(null=True)
    opened_at = UnicodeAttribute(null=True)
    automatic = NumberAttribute()
    value = UnicodeAttribute(null=True)
    decided_at = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    receipt = UnicodeAttribute(null=True)


class EventRow(CaseItem, discriminator="event"):
    """A line of the timeline."""

    at = UnicodeAttribute()
    what = UnicodeAttribute()
    who = UnicodeAttribute()
    params = UnicodeAttribute(null=True)


class DocumentRow(CaseItem, discriminator="document"):
    """A paper: where its bytes lie and whether they were looked at."""

    document_id = UnicodeAttribute()
    document_kind = UnicodeAttribute()
    state = UnicodeAttribute()
    media_type = UnicodeAttribute()
    size = NumberAttribute()
    at = UnicodeAttribute()
    place = UnicodeAttribute(null=True)
    proven_on = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    thumbnail = NumberAttribute(null=True)
