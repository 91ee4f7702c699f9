"""The counters for staff: live numbers of work done, exact, by region and period."""

from pydantic import Field

from chalicelib.actors import STAFF_ROLES
from chalicelib.http import Api, Call
from chalicelib.monitoring import service
from chalicelib.monitoring.metrics import Metric
from chalicelib.monitoring.periods import By
from chalicelib.shapes import Page, Shape

api = Api("monitoring")


class CounterQuery(Shape):
    """Which numbers: ``from`` and ``to`` are both included, in Asia/Shanghai."""

    metric: str = Field(max_length=60)
    region: str = Field(max_length=20)
    by: By = "day"
    start: str | None = Field(None, alias="from", max_length=40)
    end: str | None = Field(None, alias="to", max_length=40)


@api.get(
    "/counters",
    who=dict.fromkeys(STAFF_ROLES, "region"),
    query=CounterQuery,
    answer=Page[service.CounterView],
    summary="A metric's numbers in a region by hour, day or month",
)
def get_counters(call: Call, query: CounterQuery) -> Page[service.CounterView]:
    """Numbers of every period in the range, zeros included."""
    return service.counters(
        call.actor, query.metric, query.region, query.by, query.start, query.end, call.now
    )


@api.get(
    "/metrics",
    who=dict.fromkeys(STAFF_ROLES, "any"),
    answer=Page[Metric],
    summary="What is counted, with titles",
)
def get_metrics(call: Call) -> Page[Metric]:
    """Every metric's code, kind and titles in both languages."""
    return service.metrics()
