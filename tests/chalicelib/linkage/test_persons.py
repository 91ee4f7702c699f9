"""The rules of lasting ids: they change by a told event, and in no other way."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.linkage.persons import Assignment, assign, person_id

labels = st.integers(0, 14).map("r{:02d}".format)
partitions = st.lists(st.tuples(labels, st.integers(0, 5)), unique_by=lambda pair: pair[0]).map(
    lambda drawn: tuple(tuple(label for label, group in drawn if group == n) for n in {g for _, g in drawn})
)
histories = st.lists(partitions, min_size=1, max_size=5)


class City:
    """What is remembered between runs."""

    def __init__(self) -> None:
        self.person_of: dict[str, str] = {}
        self.since: dict[str, int] = {}
        self.runs = 0

    def run(self, *clusters: tuple[str, ...]) -> Assignment:
        self.runs += 1
        told = assign(clusters, self.person_of, self.since)
        self.since |= dict.fromkeys(told.born, self.runs)
        self.person_of = told.person_of
        return told


@given(histories)
def test_an_id_changes_by_exactly_one_event_and_every_event_tells_a_change(
    history: list[tuple[tuple[str, ...], ...]],
) -> None:
    city = City()
    for clusters in history:
        before = city.person_of
        told = city.run(*clusters)
        changed = Counter(
            (label, before[label], person)
            for label, person in told.person_of.items()
            if label in before and before[label] != person
        )
        assert Counter((label, e.before, e.after) for e in told.events for label in e.labels) == changed


@given(histories)
def test_each_cluster_has_one_id_and_no_two_share_one(history: list[tuple[tuple[str, ...], ...]]) -> None:
    city = City()
    for clusters in history:
        told = city.run(*clusters)
        ids = [{told.person_of[label] for label in cluster} for cluster in clusters]
        assert all(len(one) == 1 for one in ids)
        assert len({person for one in ids for person in one}) == len(clusters)


@given(histories)
def test_an_id_is_given_once_ever(history: list[tuple[tuple[str, ...], ...]]) -> None:
    city = City()
    given_out: list[str] = []
    for clusters in history:
        given_out += city.run(*clusters).born
    assert len(given_out) == len(set(given_out))


@given(partitions, st.randoms())
def test_the_same_clusters_again_change_nothing(
    clusters: tuple[tuple[str, ...], ...], chance: object
) -> None:
    city = City()
    first = city.run(*clusters)
    shuffled = [tuple(reversed(cluster)) for cluster in reversed(clusters)]
    again = city.run(*shuffled)
    assert (again.person_of, again.born, again.events) == (first.person_of, (), ())


@given(histories)
def test_a_person_who_lives_on_keeps_most_of_the_records_or_is_outlived_by_an_older_one(
    history: list[tuple[tuple[str, ...], ...]],
) -> None:
    city = City()
    for clusters in history:
        before = city.person_of
        told = city.run(*clusters)
        for person in set(before.values()):
            shares = Counter(told.person_of[x] for x in before if before[x] == person and x in told.person_of)
            if not shares:
                continue
            most = max(shares.values())
            largest = [heir for heir, size in shares.items() if size == most]
            assert person in largest or any(city.since[heir] <= city.since[person] for heir in largest)


def test_a_merge_keeps_the_older_id_even_of_the_smaller_part() -> None:
    city = City()
    old = city.run(("b",)).person_of["b"]
    young = city.run(("b",), ("a", "c", "d")).person_of["a"]
    told = city.run(("a", "b", "c", "d"))
    assert set(told.person_of.values()) == {old}
    (event,) = told.events
    assert event == ("merged", young, old, ("a", "c", "d"), ("b",))


def test_of_two_of_one_run_the_larger_part_keeps_the_id() -> None:
    city = City()
    first = city.run(("a",), ("b", "c")).person_of
    assert set(city.run(("a", "b", "c")).person_of.values()) == {first["b"]}


def test_a_split_leaves_the_id_with_the_larger_part_and_says_who_left() -> None:
    city = City()
    whole = city.run(("a", "b", "c")).person_of["a"]
    told = city.run(("a",), ("b", "c"))
    assert told.person_of["b"] == whole != told.person_of["a"]
    assert told.events == (("split", whole, told.person_of["a"], ("a",), ("b", "c")),)


def test_what_was_merged_and_split_again_gets_an_id_never_used_before() -> None:
    city = City()
    first = city.run(("a",), ("b", "c")).person_of
    city.run(("a", "b", "c"))
    told = city.run(("a",), ("b", "c"))
    assert told.person_of["a"] == person_id("a", 1) != first["a"]
    assert told.person_of["b"] == first["b"]


def test_a_record_that_changes_sides_has_moved() -> None:
    city = City()
    first = city.run(("a", "b", "c"), ("x", "y")).person_of
    (event,) = city.run(("a", "b"), ("c", "x", "y")).events
    assert event == ("moved", first["a"], first["x"], ("c",), ("x", "y"))


def test_a_record_that_goes_and_comes_back_to_its_cluster_comes_back_to_its_id() -> None:
    city = City()
    first = city.run(("a", "b")).person_of["a"]
    city.run(("a",))
    assert city.run(("a", "b")).person_of["b"] == first
