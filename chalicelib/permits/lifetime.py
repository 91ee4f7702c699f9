"""The permit's dates: half a year, the years, the month in which one is endorsed. Pure.

Periods follow the Civil Code: the day on which one begins is not counted (art. 201), and it ends on the
corresponding day of the last month, on that month's last day where there is none (art. 202).
"""

import calendar
from datetime import date, timedelta
from typing import Literal, NamedTuple

from chalicelib.permits.policy import Policy

Step = Literal["card_late", "window", "week", "suspended"]


class Due(NamedTuple):
    """Something that happens to a permit on a day by the calendar alone; ``of`` is the year or card it is about.

    A year is named by the day on which it is full, a card by its last day: a step is taken once for each,
    also where a new edition of the rules moves its day.
    """

    day: date
    what: Step
    of: date

    @property
    def key(self) -> str:
        """What is remembered of a step that was taken."""
        return f"{self.what}:{self.of.isoformat()}"


def months_after(day: date, months: int) -> date:
    """The day that is so many months later; negative numbers go back.

    By Civil Code art. 202: a month after 31 January is 28 February (29 in a leap year), half a year after
    31 August is 28 February; a year after 29 February 2028 is 28 February 2029.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def full_years(start: date, on: date, policy: Policy) -> int:
    """How many full years lie between two days; 0 before the first is full.

    A year that began on 29 February 2028 is full on 28 February 2029, the second on 28 February 2030.
    """
    count = 0
    while months_after(start, (count + 1) * policy.year_months) <= on:
        count += 1
    return count


def year_end(start: date, after: date, policy: Policy) -> date:
    """The day on which the first year that is not yet full ``after`` that day becomes full.

    Counted from ``start`` each time, so that a leap day comes back: from 29 February 2028 the years are full
    on 28 February of 2029, 2030 and 2031 and on 29 February 2032.
    """
    return months_after(start, (full_years(start, after, policy) + 1) * policy.year_months)


def window_opens(year_full_on: date, policy: Policy) -> date:
    """The first day on which this year can be endorsed: a month before it is full (Decree 663 art. 10).

    A year that is full on 1 March 2027 is endorsed from 1 February, one that is full on 31 March from
    28 February.
    """
    return months_after(year_full_on, -policy.window_months)


def endorsement_steps(year_full_on: date, policy: Policy) -> list[Due]:
    """What the calendar brings to a permit in force: the window, the last week, the suspension.

    The function ends after the day on which the year is full: full on 1 March 2027, it is suspended from
    2 March, and the person was told on 1 February and 22 February.
    """
    week = year_full_on - timedelta(days=policy.remind_days_before)
    return [
        Due(window_opens(year_full_on, policy), "window", year_full_on),
        Due(week, "week", year_full_on),
        Due(year_full_on + timedelta(days=1), "suspended", year_full_on),
    ]


def issue_by(received_on: date, policy: Policy) -> date:
    """The last day for the card: 15 days from acceptance, the day itself not counted (Decree 663 art. 9).

    Received whole on 1 November 2026, it is out on 16 November. A last day that is a holiday is not put
    off: the clock runs against the office, not against the person.
    """
    return received_on + timedelta(days=policy.issue_days)
