"""The rows of table ``schooling``; ``store`` says where each lies."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib import tables
from chalicelib.tables import Row


class SchoolRow(Row):
    """A school of a year's plan."""

    Meta = tables.meta("schooling")
    plan = UnicodeAttribute()


class ApplicationRow(Row):
    """An application."""

    Meta = tables.meta("schooling")
    owner = UnicodeAttribute()
    child = UnicodeAttribute()
    child_key = UnicodeAttribute()
    region = UnicodeAttribute()
    choices = UnicodeAttribute()
    points_case = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    proven = UnicodeAttribute()
    version = NumberAttribute()


class PointerRow(Row):
    """Where an application lies: from its parent, and from its child."""

    Meta = tables.meta("schooling")
    pool = UnicodeAttribute()
    case = UnicodeAttribute()


class RunRow(Row):
    """A run. ``facts``: all of it but what conditions ask for; ``seed``: sealed under the run's own key until it is revealed."""

    Meta = tables.meta("schooling")
    state = UnicodeAttribute()
    facts = UnicodeAttribute()
    seed = UnicodeAttribute(null=True)
    version = NumberAttribute()


class EntryRow(Row):
    """A pupil in a run."""

    Meta = tables.meta("schooling")
    owner = UnicodeAttribute()
    child = UnicodeAttribute()
    ref = UnicodeAttribute()
    rank = NumberAttribute()
    total = UnicodeAttribute(null=True)
    tie = UnicodeAttribute()
    wishes = UnicodeAttribute()
    school = UnicodeAttribute(null=True)
    answer = UnicodeAttribute(null=True)
    left_out = UnicodeAttribute(null=True)


class CutoffRow(Row):
    """A school in a run."""

    Meta = tables.meta("schooling")
    facts = UnicodeAttribute()
