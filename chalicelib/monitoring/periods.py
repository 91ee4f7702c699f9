"""The time axis of a counter: which periods a caller means, and the sum of each. Asia/Shanghai throughout."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final, Literal

from chalicelib import clock
from chalicelib.errors import Field, Invalid
from chalicelib.monitoring.metrics import Kind

By = Literal["hour", "day", "month"]
LIMITS: Final[dict[By, int]] = {"hour": 31 * 24, "day": 366, "month": 120}
DEFAULTS: Final[dict[By, int]] = {"hour": 24, "day": 30, "month": 12}
Rows = Mapping[str, Mapping[str, int]]
_FORM = re.compile(r"(\d{4}-\d\d)(-\d\d)?(?:T(\d\d)(?::\d\d(?::\d\d(?:\.\d+)?)?)?([+-]\d\d:\d\d|Z)?)?")


def periods(by: By, start: str | None, end: str | None, now: datetime) -> list[str]:
    """The periods from ``start`` to ``end``, both included: ``2026-11-23T09``, ``2026-11-23``, ``2026-11``.

    Without ``end`` up to now; without ``start`` the last 24 hours, 30 days or 12 months. A date as
    ``end`` means its last hour. Raises ``Invalid`` for what is no time, for an end before its start,
    and for more than 744 hours, 366 days or 120 months.
    """
    last = _parse(end, "to", at_end=True) if end else now.astimezone(clock.SHANGHAI).replace(tzinfo=None)
    first = _parse(start, "from", at_end=False) if start else _back(by, last)
    if first > last:
        raise Invalid("counter_range_backwards", fields=[Field("/to", "value_invalid")])
    count = _count(by, first, last)
    if count > LIMITS[by]:
        raise Invalid(
            "counter_range_too_long",
            fields=[Field("/from", "value_invalid")],
            periods=count,
            limit=LIMITS[by],
        )
    return [_name(by, first, n) for n in range(count)]


def _parse(text: str, where: str, *, at_end: bool) -> datetime:
    """A month, a date, an hour or a full time; a time with an offset is brought to Shanghai's clock."""
    # A plus sign that a client did not encode arrives as a space.
    if not (found := _FORM.fullmatch(text.strip().replace(" ", "+"))):
        raise Invalid("counter_time_invalid", fields=[Field(f"/{where}", "field_date")])
    month, day, hour, offset = found.groups()
    try:
        if hour and offset:
            given = datetime.fromisoformat(found.group()).astimezone(clock.SHANGHAI)
            return given.replace(tzinfo=None)
        if at_end and not day:
            following = datetime.fromisoformat(f"{month}-28") + timedelta(days=4)
            return following.replace(day=1) - timedelta(hours=1)
        moment = datetime.fromisoformat(f"{month}{day or '-01'}T{hour or '00'}:00")
    except (ValueError, OverflowError):
        raise Invalid("counter_time_invalid", fields=[Field(f"/{where}", "field_date")]) from None
    return moment.replace(hour=23) if at_end and not hour else moment


def _back(by: By, last: datetime) -> datetime:
    if by == "month":
        months = last.year * 12 + last.month - DEFAULTS[by]
        return last.replace(year=months // 12, month=months % 12 + 1, day=1)
    step = timedelta(hours=1) if by == "hour" else timedelta(days=1)
    return last - step * (DEFAULTS[by] - 1)


def _count(by: By, first: datetime, last: datetime) -> int:
    if by == "month":
        return (last.year - first.year) * 12 + last.month - first.month + 1
    if by == "day":
        return (last.date() - first.date()).days + 1
    hour = timedelta(hours=1)
    return (last.replace(minute=0, second=0, microsecond=0) - _on_hour(first)) // hour + 1


def _on_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _name(by: By, first: datetime, n: int) -> str:
    if by == "month":
        months = first.year * 12 + first.month - 1 + n
        return f"{months // 12:04}-{months % 12 + 1:02}"
    if by == "day":
        return (first.date() + timedelta(days=n)).isoformat()
    return (_on_hour(first) + timedelta(hours=n)).strftime("%Y-%m-%dT%H")


def row_range(kind: Kind, names: list[str]) -> tuple[str, str]:
    """The first and last row that these periods need: the months of a flow, all months so far of a gauge."""
    return (names[0][:7], names[-1][:7]) if kind == "flow" else ("0000", names[-1][:7])


def values(kind: Kind, by: By, names: list[str], rows: Rows) -> list[int]:
    """The number of each period: what happened in it (flow), or what is in force at its end (gauge)."""
    return _of_gauge(names, rows) if kind == "gauge" else _of_flow(by, names, rows)


def _of_flow(by: By, names: list[str], rows: Rows) -> list[int]:
    length = {"hour": 13, "day": 10, "month": 7}[by]
    sums: dict[str, int] = {}
    for month, slots in rows.items():
        for slot, amount in slots.items():
            name = f"{month}-{slot}"[:length]
            sums[name] = sums.get(name, 0) + amount
    return [sums.get(name, 0) for name in names]


def _of_gauge(names: list[str], rows: Rows) -> list[int]:
    changes = sorted(
        (f"{month}-{slot}", amount) for month, slots in rows.items() for slot, amount in slots.items()
    )
    found, total, place = [], 0, 0
    for name in names:
        # A day in a month sorts before the month's name followed by the highest character.
        end = f"{name}~" if len(name) == 7 else name[:10]
        while place < len(changes) and changes[place][0] <= end:
            total += changes[place][1]
            place += 1
        found.append(total)
    return found


def label(by: By, name: str) -> str:
    """How a period is named to callers: hours as ISO 8601 with offset, days and months as dates."""
    if by != "hour":
        return name
    return datetime.fromisoformat(f"{name}:00").replace(tzinfo=clock.SHANGHAI).isoformat()


def days_before(day: date) -> str:
    """The last closed day when the given day has begun."""
    return (day - timedelta(days=1)).isoformat()
