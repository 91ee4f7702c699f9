"""Links and roots, pure."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.trail.model import NOTHING, Entry, Head, HeadView, Root, check_entries, check_link, extend
from tests.chalicelib.trail.acts import MONDAY


def chain(count: int) -> list:  # type: ignore[type-arg]
    return extend(Head(2), [Entry(f"A{n}", f"{n:064}") for n in range(count)], MONDAY)


@given(st.integers(1, 40), st.data())
def test_any_change_of_any_link_shows(count: int, data: st.DataObject) -> None:
    links = chain(count)
    place = data.draw(st.integers(0, count - 1))
    name = data.draw(st.sampled_from(["seq", "entry_id", "entry_digest", "at", "prev", "hash"]))
    value = 999 if name == "seq" else "changed"
    links[place] = replace(links[place], **{name: value})
    before, found = Head(2), []
    for link in links:
        found += check_link(link, before)
        before = link.head
    assert found


@given(st.integers(1, 40))
def test_an_untouched_chain_holds(count: int) -> None:
    before = Head(2)
    for link in chain(count):
        assert check_link(link, before) == []
        before = link.head
    assert before.seq == count


def test_a_chain_begins_behind_nothing_and_counts_from_one() -> None:
    first = chain(1)[0]
    assert (first.seq, first.prev) == (1, NOTHING)


def test_the_time_of_links_never_runs_backwards() -> None:
    first = extend(Head(0), [Entry("A1", "d")], MONDAY)[0]
    second = extend(first.head, [Entry("A2", "d")], MONDAY - timedelta(seconds=5))[0]
    assert second.at == first.at


def test_entries_that_are_gone_or_say_something_else_are_told_apart() -> None:
    links = chain(3)
    digests = {"A0": links[0].entry_digest, "A1": "else"}
    assert [(b.kind, b.entry) for b in check_entries(links, digests)] == [
        ("entry_changed", "A1"),
        ("entry_missing", "A2"),
    ]


def test_a_root_covers_its_date_its_heads_and_the_root_before() -> None:
    root = Root(date="2026-11-23", heads=[HeadView(chain=0, seq=1, hash="a")], previous=NOTHING)
    others = [
        root.model_copy(update={"date": "2026-11-24"}),
        root.model_copy(update={"previous": "b"}),
        root.model_copy(update={"heads": [HeadView(chain=0, seq=1, hash="b")]}),
    ]
    assert len({one.hash for one in [root, *others]}) == 4
