"""A clean stop keeps everything, and what is started by streams wakes up again."""

import pytest

from infra.local import processes, up
from infra.local.place import STACK
from tests.e2e.city import City

# One worker for all of these: they share one city.
pytestmark = pytest.mark.xdist_group("e2e")


def _chained(city: City) -> int:
    """How many items beside the entries themselves the audit table holds: the chains' links."""
    pages = city.session.client("dynamodb").get_paginator("scan").paginate(TableName=f"{STACK}-audit")
    return sum(not item["pk"]["S"].startswith("ENTRY#") for page in pages for item in page["Items"])


def test_after_a_restart_what_was_kept_is_there_and_streams_start_functions_again(city: City) -> None:
    before = _chained(city)
    signed_in = city.call("POST", "/sessions/wechat", {"code": "citizen-restart"})
    assert signed_in.status in (200, 201), city.said("api")[-3:]
    city.eventually(lambda: _chained(city) > before)
    linked = _chained(city)

    processes.stop(city.place)
    up.start(city.place)

    assert city.call("GET", "/me", token=signed_in.body["token"]).status == 200
    assert _chained(city) >= linked
    assert city.call("POST", "/sessions/wechat", {"code": "citizen-after-restart"}).status in (200, 201)
    city.eventually(lambda: _chained(city) > linked)
