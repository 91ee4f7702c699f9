"""Files whose time is over, and people who asked to be deleted: what leaves the zones, and when.

A contract states for how long its rows are kept (``retention_days``); the days count from the file's own
date, since no row of it can be older knowledge. Acts on the day it is given, and may be run again.
"""

from datetime import date, datetime, timedelta

from chalicelib.sources import catalogue, parts, store
from chalicelib.sources.store import FileRow


def is_over(row: FileRow, retention_days: int, today: date) -> bool:
    """Whether the file's rows may no longer be kept: the day after the last one."""
    return date.fromisoformat(row.date) + timedelta(days=retention_days) < today


def retire(today: date, now: datetime) -> dict[str, int]:
    """Drop every file beyond its contract's retention; returns rows dropped by source.

    First its rows stop counting, then its parts go, then what was known about it: a run that is stopped
    in between goes on the next time. A file that changes at the same moment is left for the next run.
    """
    dropped: dict[str, int] = {}
    for source, contract in catalogue.contracts().items():
        for row in store.files(source):
            if row.state != "retiring" and not (
                is_over(row, contract.retention_days, today) and store.retire(row)
            ):
                continue
            parts.delete([*row.stale_parts, *parts.keys_of(row, contract.kind)])
            store.retired(row, now)
            dropped[source] = dropped.get(source, 0) + int(row.rows)
    return dropped
