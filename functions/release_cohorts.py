"""Monthly: the register and the finder's people are counted, and the cohorts released through disclosure control.

Acts on the event's time: the same day's event again replaces that day's release, as things are now.
"""

from collections.abc import Iterator
from itertools import batched
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.fieldwork import service as fieldwork
from chalicelib.fieldwork.model import right_of_told
from chalicelib.identity import service as identity
from chalicelib.insight import service as insight
from chalicelib.insight.service import Precision
from chalicelib.linkage import service as linkage
from chalicelib.logs import logger
from chalicelib.places import service as places
from chalicelib.regions import CITY
from chalicelib.residence import service as residence

log = logger("release_cohorts")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Make the release of the event's day; the answer is its summary."""
    moment = clock.parse_iso(event["time"])
    summary = insight.release_cohorts(residents(), unregistered(), precision(), moment, clock.utc_now())
    metrics = Metrics(service="release_cohorts")
    metrics.add_metric("CohortCells", MetricUnit.Count, summary.cells)
    metrics.add_metric("CohortCellsSuppressed", MetricUnit.Count, summary.suppressed)
    share = 100 * summary.unknown / max(1, summary.people)
    metrics.add_metric("CohortUnknownPercent", MetricUnit.Percent, share)
    metrics.flush_metrics()
    told = summary.model_dump()
    log.info("cohorts released", extra=told)
    return told


def residents() -> Iterator[residence.Resident]:
    """Everybody of the register. Whose standing was written before it told the month of birth is opened for it."""
    for some in batched(residence.residents(), 1_000):
        silent = [one.person_id for one in some if one.born is None and one.is_active]
        profiles = identity.profiles(silent) if silent else {}
        for one in some:
            known = profiles.get(one.person_id)
            yield one._replace(born=residence.month_of(known.birth_date)) if known else one


def unregistered() -> Iterator[tuple[str, str | None, str]]:
    """Who the newest comparison found not registered: id, month of birth, the finest region that the address tells."""
    for one in linkage.unregistered():
        place = places.locate(one.address, one.town or None)
        town = one.town if places.division(one.town) else CITY
        yield one.cluster, one.born, place.community if place else town


def precision() -> Precision:
    """What all visits together found, of those that could tell."""
    told = [right_of_told(one.outcomes) for one in fieldwork.precision()]
    return Precision(right=sum(right for right, _ in told), told=sum(whole for _, whole in told))
