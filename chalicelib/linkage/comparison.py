"""The SQL of the comparison, for any DuckDB connection that has the rows.

Expected: table ``seen(source, record_id, key, town, address, seen_on DATE, status, left_on DATE, ended
BOOLEAN)``, one row for each record, with what ``doubts`` needs; ``left_on`` tells when the person left, or when the row's job or insurance
ended, which is no sighting any more; ``key`` is null where a row names no person for sure. And ``met(l, r, weight)``, pairs that the
comparison weighed, by key. Plain SQL that SQLGlot carries over, apart from ``list``/``struct``.
"""

from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from chalicelib.linkage import doubts, model
from chalicelib.linkage.model import Candidate, Measured, Policy, Sighting, SourceRule

REGISTER: Final = "registrations"

_REGISTERED = f"""
CREATE OR REPLACE TEMP TABLE registered AS
SELECT DISTINCT key FROM seen
WHERE source = '{REGISTER}' AND key IS NOT NULL AND coalesce(status, 'active') <> 'departed'
"""
_GONE = f"""
CREATE OR REPLACE TEMP TABLE gone AS
SELECT key, max(coalesce(left_on, DATE '9999-12-31')) AS left_on FROM seen
WHERE key IS NOT NULL AND (ended OR (source = '{REGISTER}' AND status = 'departed'))
GROUP BY key
"""
# When a job, an insurance or a tenancy ended, only who was seen afterwards is still here.
_OVER = """
CREATE OR REPLACE TEMP TABLE over_since AS
SELECT key, max(left_on) AS left_on FROM seen
WHERE key IS NOT NULL AND source <> 'registrations' AND left_on <= $today GROUP BY key
"""
_SIGHTINGS = """
CREATE OR REPLACE TEMP TABLE sightings AS
SELECT seen.key, seen.source, seen.record_id, seen.seen_on, seen.town, seen.address, rules.strong, rules.grp
FROM seen JOIN rules ON rules.source = seen.source
LEFT JOIN registered ON registered.key = seen.key
LEFT JOIN gone ON gone.key = seen.key
LEFT JOIN over_since ON over_since.key = seen.key
WHERE seen.key IS NOT NULL AND registered.key IS NULL
  AND coalesce(seen.seen_on, $today) >= $earliest
  AND (gone.key IS NULL OR seen.seen_on > gone.left_on)
  AND (seen.left_on IS NULL OR seen.left_on > $today)
  AND (over_since.key IS NULL OR seen.seen_on > over_since.left_on)
"""
_SUSPECTS = """
CREATE OR REPLACE TEMP TABLE suspects AS
SELECT key FROM sightings GROUP BY key HAVING bool_or(strong) OR count(DISTINCT grp) >= $signals
"""
_CANDIDATES = """
WITH newest AS (
  SELECT key, source, max(seen_on) AS seen_on FROM sightings
  WHERE key IN (SELECT key FROM suspects) GROUP BY key, source
), listed AS (
  SELECT key, list({'source': source, 'seen_on': seen_on} ORDER BY source) AS sources FROM newest GROUP BY key
), placed AS (
  SELECT key, town, address, row_number() OVER (
    PARTITION BY key
    ORDER BY (address IS NOT NULL)::INT + (address IS NOT NULL AND strong)::INT DESC,
             (town IS NOT NULL) DESC, seen_on DESC NULLS LAST, source, record_id
  ) AS place
  FROM sightings WHERE key IN (SELECT key FROM suspects)
)
SELECT listed.key, coalesce(placed.town, ''), coalesce(placed.address, ''), listed.sources, coalesce(doubted.chance, 0)
FROM listed JOIN placed ON placed.key = listed.key AND placed.place = 1
LEFT JOIN doubted ON doubted.key = listed.key
ORDER BY listed.key
"""


def candidates(
    connection: Any,
    rules: dict[str, SourceRule],
    policy: Policy,
    today: date,
    measured: Measured = MappingProxyType({}),
) -> list[Candidate]:
    """Who has enough signals within the horizon, no active row in the register, and confidence enough; by key.

    ``measured``: what visits found, by combination of sources.
    """
    connection.execute("CREATE OR REPLACE TEMP TABLE rules (source VARCHAR, strong BOOLEAN, grp VARCHAR)")
    if rules:
        connection.executemany(
            "INSERT INTO rules VALUES (?, ?, ?)", [(r.source, r.strong, r.group) for r in rules.values()]
        )
    connection.execute(_REGISTERED)
    connection.execute(_GONE)
    connection.execute(_OVER, {"today": today})
    earliest = today - timedelta(days=policy.horizon_days)
    connection.execute(_SIGHTINGS, {"today": today, "earliest": earliest})
    connection.execute(_SUSPECTS, {"signals": policy.min_signals})
    doubts.find(connection, policy.doubts)
    found = (_candidate(row, policy, today, measured) for row in connection.execute(_CANDIDATES).fetchall())
    return [candidate for candidate in found if candidate.confidence >= policy.name_from]


def _candidate(row: tuple[Any, ...], policy: Policy, today: date, measured: Measured) -> Candidate:
    key, town, address, told, doubt = row
    candidate = Candidate(key, town, address, tuple(Sighting(s["source"], s["seen_on"]) for s in told))
    # Who says no day speaks of the file's.
    days = (today - (candidate.seen_on or today)).days
    sure = model.confidence(days, float(doubt), candidate.sources, policy, measured)
    return candidate._replace(confidence=sure)
