"""Daily: department data past its time is dropped, people who asked leave the files, lateness is told.

Retention acts on the event's time, as every daily job does, but never on a time to come: nothing brings back
what was dropped too early. A missed night is made up for by the next.
"""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from chalicelib import clock
from chalicelib.identity import service as identity
from chalicelib.logs import logger
from chalicelib.messaging import service as messaging
from chalicelib.sources import service as sources

MARGIN_MS: Final = 60_000
CITY: Final = "4406"
log = logger("tend_sources")


class Context(Protocol):
    """The part of Lambda's context that is used here."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        ...


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Retire, erase, watch; the answer counts what was done."""

    def proceed() -> bool:
        return context.get_remaining_time_in_millis() > MARGIN_MS

    now = min(clock.parse_iso(event["time"]), clock.utc_now())
    dropped = sources.retire(clock.local_date(now), now)
    with tempfile.TemporaryDirectory(prefix="tend-") as scratch:
        erased = sources.erase(now, Path(scratch), proceed)
    late, odd = _watch(now)
    total = {"dropped": sum(dropped.values()), "erased": erased["rows"], "late": late, "odd": odd}
    log.info("department data tended", extra=total | {"by_source": dropped, "erasure_done": erased["done"]})
    return total | {"done": erased["done"]}


def _watch(now: datetime) -> tuple[int, int]:
    """Tell metrics and the city's officers which sources are late or odd; how many of each."""
    standings = [standing for standing in sources.standings(now) if standing.alarms]
    late = [standing for standing in standings if standing.days_late]
    odd = [standing for standing in standings if any(a.code != "late" for a in standing.alarms)]
    metrics = Metrics(service="tend_sources")
    metrics.add_metric("SourcesLate", MetricUnit.Count, len(late))
    metrics.add_metric("SourcesOdd", MetricUnit.Count, len(odd))
    metrics.flush_metrics()
    for standing in standings:
        log.warning(
            "a source needs a look",
            extra={
                "source": standing.source,
                "days_late": standing.days_late,
                "alarms": [alarm.text.en for alarm in standing.alarms if alarm.text],
            },
        )
        _tell(standing, now)
    return len(late), len(odd)


def _tell(standing: sources.Standing, now: datetime) -> None:
    """One message for a source and its last file, and another for each week that it stays late."""
    said = [text for alarm in standing.alarms if (text := alarm.text)]
    alarm = f"{' '.join(text.zh for text in said)} / {' '.join(text.en for text in said)}"
    week = standing.days_late // 7
    event = (
        f"source:{standing.source}:{standing.last_date}:{week}:{'+'.join(a.code for a in standing.alarms)}"
    )
    for officer in identity.staff_for("city_officer", CITY):
        messaging.request("wecom", officer.user_id, "source_alarm", {"alarm": alarm}, event, now)
