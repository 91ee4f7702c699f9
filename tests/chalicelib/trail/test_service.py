"""Linking once whatever happens; sealing days; reading what was done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise

import pytest

from chalicelib import aws, config
from chalicelib.actors import Actor
from chalicelib.audit import CHAINS, chain_of
from chalicelib.trail import roots, service, store
from chalicelib.trail.model import Entry, extend
from chalicelib.trail.verification import verify
from tests.chalicelib.monitoring.city import one_request_at_a_time
from tests.chalicelib.trail.acts import (
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    act,
    acts,
    all_links,
    audit_cloud,
    no_pause,
    raw,
    written,
)

AUDITOR = Actor("auditor", "staff", frozenset({"auditor"}), ("440600",))
MON = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _audit_cloud(cloud: None, monkeypatch: pytest.MonkeyPatch) -> None:
    audit_cloud(monkeypatch)


def test_entries_become_links_of_their_chains() -> None:
    entries = acts(40, MONDAY)
    chains = all_links()
    assert sorted(link.entry_id for links in chains for link in links) == sorted(e.entry_id for e in entries)
    for links in chains:
        assert [link.seq for link in links] == list(range(1, len(links) + 1))
        assert all(later.prev == earlier.hash for earlier, later in pairwise(links))
        assert all(chain_of(link.entry_id) == link.chain for link in links)
    verdict = verify(MONDAY)
    assert (verdict.intact, verdict.entries, verdict.chains, verdict.pending) == (True, 40, CHAINS, 0)


def test_a_redelivered_entry_is_linked_once() -> None:
    entries = acts(10, MONDAY)
    assert service.link([*entries, *entries], MONDAY, no_pause) == []
    assert sum(map(len, all_links())) == 10


def test_concurrent_invocations_make_one_chain_each_with_every_entry_once() -> None:
    rows = written([(MONDAY + timedelta(milliseconds=n), "C1") for n in range(60)])
    entries = [Entry(row.entry_id, row.digest) for row in rows]
    batches = [entries[n : n + 20] for n in (0, 10, 20, 30, 40)]
    with one_request_at_a_time(), ThreadPoolExecutor(5) as pool:
        again = list(pool.map(lambda batch: service.link(batch, MONDAY, no_pause), batches))
    waiting = {entry_id for left in again for entry_id in left}
    assert service.link([e for e in entries if e.entry_id in waiting], MONDAY, no_pause) == []
    verdict = verify(MONDAY)
    assert (verdict.intact, verdict.entries) == (True, 60)


def test_a_chain_that_grew_meanwhile_is_read_again() -> None:
    before = store.head(0)
    ours, theirs = Entry("AOURS", "d1"), Entry("ATHEIRS", "d2")
    store.append(before, extend(before, [theirs], MONDAY))
    with pytest.raises(service.Cancelled):
        store.append(before, extend(before, [ours], MONDAY))
    assert service._link_some(0, [ours], MONDAY, no_pause) == []
    assert [link.entry_id for link in all_links()[0]] == ["ATHEIRS", "AOURS"]


def test_a_days_root_holds_the_heads_at_its_end_and_the_root_before() -> None:
    acts(20, MONDAY)
    at_night = {c: store.head(c) for c in range(CHAINS)}
    acts(20, TUESDAY)
    monday, tuesday = service.seal(MON, TUESDAY) + service.seal(MON + timedelta(days=1), WEDNESDAY)
    assert {h.chain: (h.seq, h.hash) for h in monday.heads} == {
        c: (h.seq, h.hash) for c, h in at_night.items()
    }
    assert tuesday.previous == monday.hash
    verdict = verify(WEDNESDAY)
    assert (verdict.intact, verdict.roots, verdict.unsealed) == (True, 2, 0)


def test_a_root_is_locked_in_the_bucket() -> None:
    acts(3, MONDAY)
    service.seal(MON, TUESDAY)
    answer = aws.client("s3").head_object(Bucket=config.bucket("audit"), Key="roots/2026-11-23.json")
    assert answer["ObjectLockMode"] == "GOVERNANCE"
    assert answer["ObjectLockRetainUntilDate"] > TUESDAY


def test_sealing_again_changes_nothing_and_days_left_out_are_caught_up() -> None:
    acts(5, MONDAY)
    service.seal(MON, TUESDAY)
    acts(5, TUESDAY)
    assert service.seal(MON, WEDNESDAY) == []
    caught_up = service.seal(MON + timedelta(days=3), MONDAY + timedelta(days=4))
    assert [root.date for root in caught_up] == ["2026-11-24", "2026-11-25", "2026-11-26"]
    assert verify(MONDAY + timedelta(days=4)).intact


def test_an_open_day_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="over"):
        service.seal(MON, MONDAY)


def test_two_runs_that_seal_one_day_leave_one_root() -> None:
    acts(3, MONDAY)
    root = service.seal(MON, TUESDAY)[0]
    with pytest.raises(roots.RootExists):
        roots.store(roots.sign(root), TUESDAY)
    assert len(roots.days()["2026-11-23"]) == 1


def test_an_auditor_reads_what_was_done_to_a_thing_and_is_written_down_too() -> None:
    written([(MONDAY + timedelta(seconds=n), "C7") for n in range(60)])
    act(MONDAY, "C8")
    first = service.entries_about(AUDITOR, "C7", None, TUESDAY)
    assert len(first.items) == service.PAGE
    assert first.items[0].at > first.items[-1].at
    second = service.entries_about(AUDITOR, "C7", first.next, TUESDAY)
    assert {item.target for item in [*first.items, *second.items]} == {"C7"}
    searched = [item for item in second.items if item.act == "audit.searched"]
    assert len(first.items) + len(second.items) - len(searched) == 60


def test_nothing_of_an_entry_can_be_added_after_it_was_written() -> None:
    row = act(MONDAY)
    with pytest.raises(service.Cancelled):
        store.tables.transact(store.create(row))
    found = raw().get_item(TableName=config.table("audit"), Key={"pk": {"S": row.pk}, "sk": {"S": "ENTRY"}})
    assert found["Item"]["digest"]["S"] == row.digest
