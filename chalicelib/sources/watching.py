"""Whether a source comes when it should and with as many rows as usual. Pure: history in, alarms out.

Thresholds are the contract's (``expected_every_days``, ``volume``), the usual number of rows is the median of
the files before. An alarm tells people; it never holds up a file.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, NamedTuple

from chalicelib import texts
from chalicelib.shapes import Shape
from chalicelib.sources.model import Alarm, Bilingual, Contract, Drift

_SHOWN: Final = 6


class Past(NamedTuple):
    """An earlier file: its day, how many rows came, and how its columns differed from the contract."""

    day: date
    received: int
    drift: Drift = Drift()


class Standing(Shape):
    """How a source stands today. ``days_late``: beyond the day on which the next file was expected.

    ``usual_rows`` is the median of the files before the last one, ``change`` the last one's part more (or
    less) than that, both None without enough history.
    """

    source: str
    title: Bilingual
    department: Bilingual
    expected_every_days: int
    last_date: date | None
    days_late: int
    last_rows: int | None
    usual_rows: int | None
    change: float | None
    alarms: tuple[Alarm, ...]


def alarms(contract: Contract, now: Past, before: Sequence[Past]) -> tuple[Alarm, ...]:
    """What is unusual about a file that arrives; ``before`` are the source's other files in any order."""
    past = sorted(before, key=lambda file: file.day)
    last = past[-1] if past else None
    found: list[Alarm] = []
    if last and now.day < last.day:
        found.append(_alarm(contract, "older_than_last", f">= {last.day}", str(now.day)))
    elif last and (gap := (now.day - last.day).days) > contract.expected_every_days:
        found.append(_late(contract, gap))
    found += _volume(contract, now.received, [file.received for file in past])
    if last and now.drift.any and _columns(now.drift) != _columns(last.drift):
        found.append(_alarm(contract, "columns_changed", _columns(last.drift), _columns(now.drift)))
    return tuple(found)


def standing(contract: Contract, files: Sequence[Past], today: date) -> Standing:
    """How a source stands on a day, whether or not anything came. A source that never sent is not late."""
    past = sorted(files, key=lambda file: file.day)
    last = past[-1] if past else None
    gap = (today - last.day).days if last else 0
    late = max(0, gap - contract.expected_every_days)
    rows = [file.received for file in past]
    usual = _usual(contract, rows[:-1])
    found = [_late(contract, gap)] if late else []
    return Standing(
        source=contract.source,
        title=contract.title,
        department=contract.department,
        expected_every_days=contract.expected_every_days,
        last_date=last.day if last else None,
        days_late=late,
        last_rows=last.received if last else None,
        usual_rows=usual,
        change=round(last.received / usual - 1, 4) if last and usual else None,
        alarms=(*found, *(_volume(contract, rows[-1], rows[:-1]) if rows else ())),
    )


def _usual(contract: Contract, rows: list[int]) -> int | None:
    from statistics import median  # Only a look at the sources pays for it.

    return round(median(rows[-contract.volume.usual_files :])) if rows else None


def _volume(contract: Contract, received: int, before: list[int]) -> list[Alarm]:
    volume, usual = contract.volume, _usual(contract, before)
    found = []
    if received < volume.min_rows:
        found.append(_alarm(contract, "volume_low", f">= {volume.min_rows}", str(received)))
    if received > volume.max_rows:
        found.append(_alarm(contract, "volume_high", f"<= {volume.max_rows}", str(received)))
    if usual and abs(received - usual) > volume.change_share * usual:
        share = round(100 * (received / usual - 1))
        code = "fewer_rows" if share < 0 else "more_rows"
        text = _text(contract, code, percent=abs(share), usual=usual, found=received)
        found.append(Alarm(code="volume_changed", expected=str(usual), found=str(received), text=text))
    return found


def _late(contract: Contract, gap: int) -> Alarm:
    every = contract.expected_every_days
    text = _text(contract, "late", days=gap - every, gap=gap, every=every)
    return Alarm(code="late", expected=f"<= {every} d", found=f"{gap} d", text=text)


def _alarm(contract: Contract, code: str, expected: str, found: str) -> Alarm:
    text = _text(contract, code, expected=expected, found=found)
    return Alarm(code=code, expected=expected, found=found, text=text)  # type: ignore[arg-type]


def _text(contract: Contract, code: str, **params: str | int) -> Bilingual:
    """The alarm in words: ``Social insurance is 9 days late``."""
    return Bilingual(
        zh=texts.sentence(f"alarm_{code}", "zh-CN", title=contract.title.zh, **params),
        en=texts.sentence(f"alarm_{code}", "en", title=contract.title.en, **params),
    )


def _columns(drift: Drift) -> str:
    """A drift in a few words: ``-phone +note cost→fee``."""
    said = [f"-{name}" for name in drift.missing] + [f"+{name}" for name in drift.new]
    said += [f"{old}→{new}" for old, new in sorted(drift.renamed.items())]
    return _shortened(said) or "as agreed"


def _shortened(said: Iterable[str]) -> str:
    words = [word[:40] for word in said]
    return " ".join(words[:_SHOWN]) + (f" … ({len(words)})" if len(words) > _SHOWN else "")
