"""The rules of clusters: canonical, within limits, and obedient to what people judged."""

import random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.linkage.clusters import Judgement, Pair, Partition, Record, partition

LINK, REVIEW = 0.9, 0.4
labels = st.integers(0, 11).map("r{:02d}".format)
records = st.dictionaries(labels, st.sampled_from([None, None, "n1", "n2", "n3"]), min_size=1)
chances = st.sampled_from([0.2, 0.5, 0.8, 0.9, 0.95, 0.95, 0.99, 1.0])
pairs = st.lists(st.builds(Pair, labels, labels, chances), max_size=30)
judgements = st.lists(
    st.builds(
        Judgement,
        st.integers(0, 99).map(str),
        st.sampled_from(["together", "apart"]),
        st.frozensets(labels, min_size=1, max_size=3),
        st.frozensets(labels, min_size=1, max_size=3),
        st.sampled_from(["2026-01", "2026-02", "2026-03"]),
    ),
    max_size=3,
    unique_by=lambda one: one.id,
)


def made(numbers: dict[str, str | None], *rest: list[Pair] | list[Judgement]) -> Partition:
    found = [Record(label, number) for label, number in numbers.items()]
    return partition(found, *rest, link_at=LINK, review_from=REVIEW)  # type: ignore[arg-type]


def cluster_of(told: Partition) -> dict[str, int]:
    return {label: place for place, cluster in enumerate(told.clusters) for label in cluster}


def joined(told: Partition) -> set[frozenset[str]]:
    return {frozenset(cluster) for cluster in told.clusters}


@given(records, pairs, judgements, st.randoms())
def test_order_repeats_and_directions_change_nothing(
    numbers: dict[str, str | None], scored: list[Pair], judged: list[Judgement], chance: random.Random
) -> None:
    first = made(numbers, scored, judged)
    again = [Pair(p.right, p.left, p.weight) for p in scored] + scored
    shuffled = list(numbers.items())
    for listed in (again, shuffled, judged):
        chance.shuffle(listed)
    assert made(dict(shuffled), again, judged) == first


@given(records, pairs, judgements)
def test_every_record_is_in_one_cluster(
    numbers: dict[str, str | None], scored: list[Pair], judged: list[Judgement]
) -> None:
    told = made(numbers, scored, judged)
    assert sorted(label for cluster in told.clusters for label in cluster) == sorted(numbers)


@given(records, pairs)
def test_two_valid_numbers_are_never_in_one_cluster_and_one_number_never_in_two(
    numbers: dict[str, str | None], scored: list[Pair]
) -> None:
    told = made(numbers, scored)
    held = [{numbers[label] for label in cluster} - {None} for cluster in told.clusters]
    assert all(len(one) <= 1 for one in held)
    assert len([n for one in held for n in one]) == len(set(numbers.values()) - {None})


@given(records, pairs, judgements)
def test_a_sure_pair_is_joined_or_refused_with_a_reason(
    numbers: dict[str, str | None], scored: list[Pair], judged: list[Judgement]
) -> None:
    told = made(numbers, scored, judged)
    where = cluster_of(told)
    refused = {frozenset((where[one.left], where[one.right])) for one in told.refused}
    for left, right, probability in scored:
        if probability >= LINK and left in numbers and right in numbers and where[left] != where[right]:
            assert frozenset((where[left], where[right])) in refused


@given(records, pairs, judgements)
def test_what_is_grey_would_change_something_and_is_not_forbidden(
    numbers: dict[str, str | None], scored: list[Pair], judged: list[Judgement]
) -> None:
    told = made(numbers, scored, judged)
    where = cluster_of(told)
    for left, right, probability in told.grey:
        assert REVIEW <= probability < LINK
        assert where[left] != where[right]
        held = {numbers[label] for label in told.clusters[where[left]] + told.clusters[where[right]]} - {None}
        # People may have put two numbers together; otherwise two different ones are no question.
        assert len(held) <= 1 or judged


@given(records, pairs, st.frozensets(labels, min_size=1), st.frozensets(labels, min_size=1))
def test_records_judged_apart_stay_apart(
    numbers: dict[str, str | None], scored: list[Pair], left: frozenset[str], right: frozenset[str]
) -> None:
    told = made(numbers, scored, [Judgement("1", "apart", left - right, right - left)])
    for cluster in told.clusters:
        assert not (set(cluster) & (left - right) and set(cluster) & (right - left))


@given(records, pairs, st.frozensets(labels, min_size=1))
def test_records_judged_together_stay_together(
    numbers: dict[str, str | None], scored: list[Pair], group: frozenset[str]
) -> None:
    where = cluster_of(made(numbers, scored, [Judgement("1", "together", group, frozenset())]))
    assert len({where[label] for label in group if label in where}) <= 1


@given(records, pairs, judgements)
def test_parts_that_nothing_connects_may_be_clustered_alone(
    numbers: dict[str, str | None], scored: list[Pair], judged: list[Judgement]
) -> None:
    apart = {f"z{label}": number and f"z{number}" for label, number in numbers.items()}
    more = [Pair(f"z{left}", f"z{right}", chance) for left, right, chance in scored]
    both = made(numbers | apart, scored + more, judged)
    assert joined(both) == joined(made(numbers, scored, judged)) | joined(made(apart, more))


def test_a_newer_judgement_counts_against_an_older_one() -> None:
    together = Judgement("1", "together", frozenset({"a"}), frozenset({"b"}), "2026-01")
    apart = Judgement("2", "apart", frozenset({"a"}), frozenset({"b"}), "2026-02")
    two: dict[str, str | None] = {"a": None, "b": None}
    assert made(two, [], [together, apart]).clusters == (("a",), ("b",))
    assert made(two, [], [together._replace(at="2026-03"), apart]).clusters == (("a", "b"),)


def test_a_person_may_put_two_numbers_together_and_the_program_may_not() -> None:
    two: dict[str, str | None] = {"a": "n1", "b": "n2"}
    sure = [Pair("a", "b", 0.99)]
    (refusal,) = made(two, sure).refused
    assert refusal.why == "two_numbers"
    judged = [Judgement("1", "together", frozenset({"a"}), frozenset({"b"}))]
    assert made(two, sure, judged) == ((("a", "b"),), (), ())


def test_of_two_ways_to_join_the_surer_one_is_taken() -> None:
    three: dict[str, str | None] = {"a": "n1", "b": "n2", "x": None}
    told = made(three, [Pair("a", "x", 0.93), Pair("b", "x", 0.97)])
    assert told.clusters == (("a",), ("b", "x"))
    assert [(one.left, one.right, one.why) for one in told.refused] == [("a", "x", "two_numbers")]


def test_two_people_who_share_a_number_can_be_told_apart() -> None:
    judged = [Judgement("1", "apart", frozenset({"a"}), frozenset({"b"}))]
    assert made({"a": "n1", "b": "n1", "c": "n1"}, [], judged).clusters == (("a", "c"), ("b",))
