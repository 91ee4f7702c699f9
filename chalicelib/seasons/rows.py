"""The rows of table ``seasons``; their keys are in ``store``."""

from pynamodb.attributes import DiscriminatorAttribute, NumberAttribute, UnicodeAttribute

from chalicelib import tables
from chalicelib.tables import Row


class SeasonItem(Row):
    """Any item of a season."""

    Meta = tables.meta("seasons")
    row = DiscriminatorAttribute()


class ApplicationRow(SeasonItem, discriminator="application"):
    """An application: under which policy it was made, and what was claimed (sealed)."""

    case = UnicodeAttribute()
    person = UnicodeAttribute()
    child = UnicodeAttribute(null=True)
    child_person = UnicodeAttribute(null=True)
    scope = UnicodeAttribute()
    area = UnicodeAttribute()
    town = UnicodeAttribute()
    period = UnicodeAttribute()
    policy = UnicodeAttribute()
    policy_version = UnicodeAttribute()
    policy_digest = UnicodeAttribute()
    filed_at = UnicodeAttribute()
    claims = UnicodeAttribute(null=True)
    decisions = NumberAttribute(default=0)
    cited = UnicodeAttribute()


class AnswersRow(SeasonItem, discriminator="answers"):
    """What one department's data, or a person of it, established; sealed with its evidence."""

    person = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    how = UnicodeAttribute()


class DecisionRow(SeasonItem, discriminator="decision"):
    """An application's points with all they came from (sealed), and the digest of that."""

    person = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    digest = UnicodeAttribute()
    total = UnicodeAttribute()
    at = UnicodeAttribute()


class MineRow(SeasonItem, discriminator="mine"):
    """That a person has this application."""

    case = UnicodeAttribute()


class AskedRow(SeasonItem, discriminator="asked"):
    """That a person has an application under way for this scope, period and child: one at a time."""

    case = UnicodeAttribute()


class BanRow(SeasonItem, discriminator="ban"):
    """That a person may not apply until a day, because of which case."""

    until = UnicodeAttribute()
    case = UnicodeAttribute()
    at = UnicodeAttribute()


class PoolRow(SeasonItem, discriminator="pool"):
    """An application that may be ranked."""

    case = UnicodeAttribute()
    person = UnicodeAttribute()
    child = UnicodeAttribute(null=True)
    total = UnicodeAttribute()
    ties = UnicodeAttribute()
    applied_at = UnicodeAttribute()
    digest = UnicodeAttribute()
    eligible = NumberAttribute()


class UsedRow(SeasonItem, discriminator="used"):
    """Whose evidence a department's record is in a period."""

    person = UnicodeAttribute()
    case = UnicodeAttribute()


class RankingRow(SeasonItem, discriminator="ranking"):
    """A ranking list as it stands."""

    held = UnicodeAttribute()
    state = UnicodeAttribute()
    version = NumberAttribute()


class PlaceRow(SeasonItem, discriminator="place"):
    """A line of a ranking list."""

    case = UnicodeAttribute()
    person = UnicodeAttribute()
    child = UnicodeAttribute(null=True)
    rank = NumberAttribute()
    total = UnicodeAttribute()
    ties = UnicodeAttribute()
    applied_at = UnicodeAttribute()
    digest = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)


class RecheckRow(SeasonItem, discriminator="recheck"):
    """What a department says to an objection, sealed; ``done`` once it counts."""

    person = UnicodeAttribute()
    department = UnicodeAttribute()
    sealed = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    done = NumberAttribute(default=0)


class StandingRow(SeasonItem, discriminator="standing"):
    """Where an application stands in a list of one try at making it: for its owner, where that try counts."""

    ranking = UnicodeAttribute()
    rank = NumberAttribute()
    list_number = NumberAttribute()
    attempt = UnicodeAttribute()


class ObjectionRow(SeasonItem, discriminator="objection"):
    """An objection to a ranking, and how far it is."""

    case = UnicodeAttribute()
    about = UnicodeAttribute()
    department = UnicodeAttribute()
    state = UnicodeAttribute()
