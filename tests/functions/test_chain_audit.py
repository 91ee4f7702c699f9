"""The audit table's stream becomes links; everything else on it is left out."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from functions.chain_audit import handler
from tests.chalicelib.monitoring.city import busy
from tests.chalicelib.trail.acts import all_links

pytestmark = pytest.mark.usefixtures("cloud")
EVENT = json.loads(Path("events/chain_audit.json").read_text("utf-8"))
ENTRIES = {
    record["dynamodb"]["NewImage"]["entry_id"]["S"]: record["dynamodb"]["NewImage"]["digest"]["S"]
    for record in EVENT["Records"]
    if record["dynamodb"]["Keys"]["pk"]["S"].startswith("ENTRY#")
}


def linked() -> dict[str, str]:
    links = [link for chain in all_links() for link in chain]
    assert len({link.entry_id for link in links}) == len(links)
    return {link.entry_id: link.entry_digest for link in links}


def test_each_entry_gets_one_link_with_its_own_digest() -> None:
    assert handler(EVENT, None) == {"batchItemFailures": []}
    assert linked() == ENTRIES
    assert len(ENTRIES) == 3


def test_a_batch_delivered_again_links_nothing_twice() -> None:
    handler(EVENT, None)
    assert handler(EVENT, None) == {"batchItemFailures": []}
    assert linked() == ENTRIES


def test_links_and_heads_on_the_stream_are_left_out() -> None:
    handler({"Records": EVENT["Records"][-1:]}, None)
    assert linked() == {}


@pytest.mark.parametrize("what", ["MODIFY", "REMOVE"])
def test_a_change_of_a_written_entry_is_an_alarm(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    record = deepcopy(EVENT["Records"][0]) | {"eventName": what}
    assert handler({"Records": [record]}, None) == {"batchItemFailures": []}
    assert '"AuditTampered":[1.0]' in capsys.readouterr().out.replace(" ", "")
    assert linked() == {}


def test_a_busy_table_names_the_records_to_deliver_again() -> None:
    with busy(1000):
        failures = handler({"Records": EVENT["Records"][:1]}, None)["batchItemFailures"]
    assert failures == [{"itemIdentifier": EVENT["Records"][0]["dynamodb"]["SequenceNumber"]}]
