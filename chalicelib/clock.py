"""Times, dates and China's working days.

Instants are aware ``datetime`` in UTC; what people and rules speak of is the date in
Asia/Shanghai. Working days follow the State Council's yearly notices as ``chinesecalendar`` carries
them; for a year whose notice is not out, weekends alone are free and the answer may still move.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def utc_now() -> datetime:
    """The instant now. Only the HTTP edge and functions call this; all else is handed ``now``."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in Asia/Shanghai with offset and milliseconds: ``2026-11-23T09:30:00.000+08:00``."""
    return moment.astimezone(SHANGHAI).isoformat(timespec="milliseconds")


def parse_iso(text: str) -> datetime:
    """The aware instant that ``iso`` wrote; raises ``ValueError`` without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    return moment.astimezone(UTC)


def from_epoch(seconds: int) -> datetime:
    """The instant of an ``expires_at``: seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def local_date(moment: datetime) -> date:
    """The date in Asia/Shanghai."""
    return moment.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """The last whole second of a day in Asia/Shanghai: when a deadline on that day passes."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=SHANGHAI).astimezone(UTC)


@cache
def is_working_day(day: date) -> bool:
    """Whether offices work that day, holidays moved onto weekends included."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:  # The library's word for a year whose notice it does not have.
        return day.weekday() < 5


def add_working_days(day: date, count: int) -> date:
    """The ``count``-th working day after ``day``; the day itself does not count.

    Civil Code art. 201: the day on which a period begins is not counted.
    """
    if count < 0:
        raise ValueError("count must not be negative")
    while count > 0:
        day += timedelta(days=1)
        if is_working_day(day):
            count -= 1
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after ``start`` up to and with ``end``; 0 when ``end`` is not later."""
    days = (end - start).days
    return sum(is_working_day(start + timedelta(days=n)) for n in range(1, days + 1))


def age_on(born: date, day: date) -> int:
    """Full years of age; somebody born on 29 February is a year older on 1 March of common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
