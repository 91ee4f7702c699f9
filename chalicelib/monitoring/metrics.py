"""What is counted: the metrics' catalogue and the pure functions from a record to its contributions.

An image is a record as a stream shows it, as plain values. A record contributes by what it says
now, never by how it came to say it: a change contributes ``metrics_of(new) - metrics_of(old)``, so
the sum over a record's changes is what its last state contributes, whatever their order.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple

from chalicelib import clock, regions
from chalicelib.shapes import Shape

Kind = Literal["flow", "gauge"]
Image = Mapping[str, Any]
TABLES: Final = ("cases", "residence", "fieldwork")


class Metric(Shape):
    """Something that is counted; ``title`` by language."""

    code: str
    kind: Kind
    title: dict[str, str]


def _metric(code: str, kind: Kind, zh: str, en: str) -> Metric:
    return Metric(code=code, kind=kind, title={"zh-CN": zh, "en": en})


METRICS: Final = {
    metric.code: metric
    for metric in (
        _metric("residence_registrations", "flow", "居住登记申报数", "Residence registrations submitted"),
        _metric(
            "residence_registrations_active", "gauge", "有效居住登记数", "Residence registrations in force"
        ),
        _metric("permit_applications", "flow", "居住证申领数", "Residence permits applied for"),
        _metric("permits_granted", "flow", "居住证通过数", "Residence permits granted"),
        _metric("cases_submitted", "flow", "提交事项数", "Cases submitted"),
        _metric("cases_accepted", "flow", "办结通过数", "Cases granted"),
        _metric("cases_refused", "flow", "不予通过数", "Cases refused"),
        _metric("visits_planned", "flow", "安排走访数", "Visits planned"),
        _metric("visits_done", "flow", "完成走访数", "Visits done"),
        _metric("visits_registered", "flow", "走访后登记数", "Visits that led to a registration"),
        _metric("departures", "flow", "离开注销数", "Departures"),
    )
}


class Contribution(NamedTuple):
    """What a record adds to a metric: ``at`` is the hour in Asia/Shanghai (``2026-11-23T09``)."""

    metric: str
    region: str
    at: str
    amount: int


class Unreadable(ValueError):
    """A record that can never be counted as it is: a region or a time in it is not one."""


def hour_of(moment: str) -> str:
    """The hour in Asia/Shanghai of a stored time; a date counts from its first hour."""
    if len(moment) == 10:
        return f"{date.fromisoformat(moment)}T00"
    return clock.parse_iso(moment).astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H")


def metrics_of(table: str, image: Image | None) -> list[Contribution]:
    """What a record in this state contributes; nothing for no record and for items that are not counted.

    The region is the community, or the town or district where the record knows no community.
    Raises ``Unreadable`` when a region or a time in the record is not one.
    """
    if image is None or not (counted := _RULES[table](image)):
        return []
    try:
        place = regions.ancestors(str(image["region"]))[-1]
        return [Contribution(metric, place, hour_of(at), amount) for metric, at, amount in counted]
    except (KeyError, TypeError, ValueError):
        raise Unreadable(f"a record of {table} has no readable region or time") from None


_Counted = list[tuple[str, str, int]]
# A refusal stands while it is appealed, and when the appeal is turned down.
GRANTED: Final = frozenset({"accepted"})
REFUSED: Final = frozenset({"refused", "appealed", "closed"})


# Kinds that are counted by themselves as well.
SUBMITTED: Final = {
    "residence_registration": "residence_registrations",
    "permit_application": "permit_applications",
}


def _of_case(image: Image) -> _Counted:
    if image.get("sk") != "CASE" or not image.get("submitted_at"):
        return []
    found: _Counted = [("cases_submitted", image["submitted_at"], 1)]
    kind = image.get("case_kind")
    if kind in SUBMITTED:
        found.append((SUBMITTED[kind], image["submitted_at"], 1))
    if decided := image.get("decided_at"):
        if image.get("state") in GRANTED:
            found.append(("cases_accepted", decided, 1))
            if kind == "permit_application":
                found.append(("permits_granted", decided, 1))
        elif image.get("state") in REFUSED:
            found.append(("cases_refused", decided, 1))
    return found


def _of_residence(image: Image) -> _Counted:
    if not str(image.get("sk", "")).startswith("REG#"):
        return []
    found: _Counted = [("residence_registrations_active", image.get("registered_on", ""), 1)]
    ended = image.get("ended_on")
    if image.get("status") in {"moved", "departed"} and ended:
        found.append(("residence_registrations_active", ended, -1))
        if image["status"] == "departed":
            found.append(("departures", ended, 1))
    return found


def _of_fieldwork(image: Image) -> _Counted:
    if image.get("sk") != "VISIT":
        return []
    found: _Counted = [("visits_planned", image.get("created_at", ""), 1)]
    if image.get("status") == "done" and (done := image.get("outcome_at")):
        found.append(("visits_done", done, 1))
        if image.get("outcome") == "registered":
            found.append(("visits_registered", done, 1))
    return found


_RULES: Final[Mapping[str, Callable[[Image], _Counted]]] = {
    "cases": _of_case,
    "residence": _of_residence,
    "fieldwork": _of_fieldwork,
}
ATTRIBUTES: Final = {
    "cases": ("sk", "case_kind", "state", "region", "submitted_at", "decided_at"),
    "residence": ("sk", "status", "region", "registered_on", "ended_on"),
    "fieldwork": ("sk", "status", "region", "created_at", "outcome", "outcome_at"),
}


def closing(contributions: list[Contribution], removed_at: datetime) -> list[Contribution]:
    """What ends when a record is removed: gauges fall by what it still held, at the hour of removal."""
    held: dict[tuple[str, str], int] = {}
    for metric, region, _, amount in contributions:
        if METRICS[metric].kind == "gauge":
            held[metric, region] = held.get((metric, region), 0) + amount
    hour = removed_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%dT%H")
    return [
        Contribution(metric, region, hour, -amount) for (metric, region), amount in held.items() if amount
    ]
