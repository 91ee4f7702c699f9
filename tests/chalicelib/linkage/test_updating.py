"""The lasting comparison: any order of files, splits and repeats give the same persons; ids change by events."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from chalicelib.linkage import __main__, arrivals, review, updating
from chalicelib.linkage.increments import Model
from chalicelib.linkage.state import State
from chalicelib.linkage.updating import Judged, Updated
from tests.chalicelib.sources.rows import csv_text, number, row

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
TODAY = date(2026, 11, 23)
POLICY = review.policy_on(TODAY)


def fit(connection: Any) -> dict[str, Any]:
    """A stand-in knows nothing of the city as a whole."""
    connection.execute("CREATE OR REPLACE TABLE terms (kind VARCHAR, value VARCHAR, share DOUBLE)")
    connection.execute("CREATE OR REPLACE TABLE lists (source VARCHAR, bit BIGINT)")
    return {"fitted": True}


def by_likeness(connection: Any, settings: dict[str, Any]) -> None:
    """A stand-in for the model, so that rules are tried and not weights: a name and one thing more are enough."""
    connection.execute("""
        CREATE OR REPLACE TABLE scored AS
        SELECT join_key_l AS l, join_key_r AS r,
               CASE WHEN a.plain = b.plain AND a.birth = b.birth AND list_has_any(a.phones, b.phones) THEN 0.99
                    WHEN a.plain = b.plain AND list_has_any(a.phones, b.phones) THEN 0.95
                    WHEN a.plain = b.plain AND a.birth = b.birth THEN 0.5
                    WHEN list_has_any(a.phones, b.phones) THEN 0.3 ELSE 0.01 END AS chance, log2(chance / (1 - chance)) AS weight,
               '姓名相同 / same name' AS because
        FROM pairs JOIN nodes a ON a.node = join_key_l JOIN nodes b ON b.node = join_key_r
    """)


MODEL = Model("likeness", 3, 0, fit, by_likeness)


class City:
    """A state in a folder, and files that arrive."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.judged: list[Judged] = []
        self.told: list[dict[str, Any]] = []

    def arrive(self, model: Model = MODEL, **files: list[list[str]]) -> Updated:
        inbox = self.folder / "in"
        inbox.mkdir(exist_ok=True)
        for old in inbox.iterdir():
            old.unlink()
        for source, rows in files.items():
            (inbox / f"{source}.csv").write_text(csv_text(rows), "utf-8")
        state = State(self.folder / "state")
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false; SET threads = 2")
            state.open(connection)
            arrivals.stage_folder(connection, inbox, TODAY)
            arrivals.compare_with_state(connection)
            made = updating.update(connection, state, model, POLICY, NOW, {}, self.judged)
        state.keep(made.manifest)
        self.told = state.pending()
        return made

    def judge(self, id_: str, kind: str) -> Updated:
        """Somebody decides; the next run, which has no new row, obeys."""
        self.judged = [one for one in self.judged if one.id != id_]
        self.judged.append(Judged(id_, kind, f"2026-11-{len(self.judged) + 1:02d}"))
        return self.arrive()

    def persons(self) -> dict[tuple[str, str], str]:
        """The person of each record."""
        with duckdb.connect() as connection:
            State(self.folder / "state").open(connection)
            found = connection.execute(
                "SELECT source, record_id, person FROM kept_rows JOIN kept_persons USING (rid)"
            ).fetchall()
        assert len(found) == len({row[:2] for row in found})
        return {(source, record): person for source, record, person in found}

    def person(self, source: str, order: int) -> str:
        return self.persons()[source, f"R{order:05d}"]

    def partition(self) -> set[frozenset[tuple[str, str]]]:
        """Who is together, whatever the ids."""
        found: dict[str, set[tuple[str, str]]] = {}
        for record, person in self.persons().items():
            found.setdefault(person, set()).add(record)
        return {frozenset(held) for held in found.values()}

    def events(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["what"] == "event"]

    def questions(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["what"] == "question"]


@pytest.fixture
def city(tmp_path: Path) -> City:
    return City(tmp_path)


def unnumbered(order: int, like: int, **changes: str) -> list[str]:
    """A row without a number that looks like another one's person."""
    return row(order, id_number="", phone=f"1990000{like:04d}", address="", **changes)


def test_a_row_without_a_number_joins_whom_it_looks_like(city: City) -> None:
    city.arrive(registrations=[row(1), row(2)], tax=[unnumbered(7, 1), unnumbered(8, 5)])
    assert city.person("tax", 7) == city.person("registrations", 1)
    assert len(set(city.persons().values())) == 3


def test_a_file_that_came_before_is_no_news(city: City) -> None:
    files = {"registrations": [row(1)], "tax": [unnumbered(7, 1)]}
    city.arrive(**files)
    before = city.persons()
    again = city.arrive(**files)
    assert (again.arrived, again.gone, again.pairs, again.concerned, again.events) == (0, 0, 0, 0, 0)
    assert city.persons() == before


def of_age(order: int, **changes: str) -> list[str]:
    """Somebody born in a year of their own."""
    year = str(1950 + order)
    given = {"id_number": number(order, f"{year}0101"), "phone": f"1990000{order:04d}"} | changes
    return row(order, birth_date=f"{year}-01-01", **given)


def test_an_increment_compares_what_it_touches_and_nothing_else(city: City) -> None:
    city.arrive(
        registrations=[of_age(i) for i in range(1, 40)],
        tax=[of_age(i, id_number="", address="") for i in range(1, 20)],
    )
    before = city.persons()
    made = city.arrive(skills=[of_age(30, id_number="", address="")])
    assert (made.arrived, made.gone, made.concerned) == (1, 0, 2)
    assert city.person("skills", 30) == before["registrations", "R00030"]
    assert {record: person for record, person in city.persons().items() if record in before} == before


def test_a_corrected_row_takes_the_place_of_the_one_before(city: City) -> None:
    city.arrive(registrations=[row(1), row(2)], tax=[unnumbered(7, 1)])
    city.arrive(tax=[unnumbered(7, 2, seen_on="2026-11-20")])
    assert city.person("tax", 7) == city.person("registrations", 2)
    (event,) = city.events()
    assert (event["kind"], event["records"], event["sources"]) == ("moved", 1, ["tax"])


def test_two_who_become_one_are_merged_under_the_older_id_by_a_told_event(city: City) -> None:
    city.arrive(registrations=[row(1)])
    old = city.person("registrations", 1)
    city.arrive(
        tax=[unnumbered(7, 5)], skills=[row(8, id_number="", phone="", address="佛山市禅城区季华五路1号")]
    )
    assert len(set(city.persons().values())) == 3
    city.arrive(tax=[unnumbered(7, 1, seen_on="2026-11-20")])
    assert city.person("tax", 7) == old
    assert [(e["kind"], e["after"]) for e in city.events()] == [("merged", old)]


def test_a_number_that_arrives_later_tells_two_apart_who_were_one(city: City) -> None:
    city.arrive(registrations=[row(1)], tax=[unnumbered(7, 1)])
    city.arrive(tax=[row(7, id_number=number(9), phone="19900000001", seen_on="2026-11-20")])
    assert city.person("tax", 7) != city.person("registrations", 1)
    assert [e["kind"] for e in city.events()] == ["split"]


def test_two_valid_numbers_never_meet_and_a_person_is_asked(city: City) -> None:
    same = {"phone": "19900000001", "address": ""}
    city.arrive(registrations=[row(1, **same), row(2, **same)], tax=[unnumbered(7, 1)])
    asked = city.questions()
    assert city.person("registrations", 1) != city.person("registrations", 2)
    assert [one["why"] for one in asked] == ["two_numbers"]
    assert number(1) not in str(asked) and "测试某" not in str(asked)


def test_a_grey_pair_is_asked_about_and_the_verdict_is_obeyed_by_every_later_run(city: City) -> None:
    city.arrive(registrations=[row(1)], tax=[row(7, id_number="", phone="", address="")])
    (asked,) = city.questions()
    assert (asked["why"], asked["probability"]) == ("grey", 0.5)
    city.judge(asked["id"], "together")
    assert city.person("tax", 7) == city.person("registrations", 1)
    city.arrive(skills=[unnumbered(9, 1)])
    city.arrive(tax=[row(7, id_number="", phone="", address="", seen_on="2026-11-20")])
    assert city.person("tax", 7) == city.person("registrations", 1)


def test_what_was_merged_is_undone_and_stays_undone(city: City) -> None:
    city.arrive(registrations=[row(1)])
    city.arrive(tax=[unnumbered(7, 5)])
    first = city.persons()
    city.arrive(tax=[unnumbered(7, 1, seen_on="2026-11-20")])
    (event,) = city.events()
    assert event["kind"] == "merged"
    city.judge(event["id"], "apart")
    assert city.partition() == {frozenset({record}) for record in first}
    city.arrive(tax=[unnumbered(7, 1, seen_on="2026-11-21")], skills=[unnumbered(8, 1)])
    assert city.person("tax", 7) != city.person("registrations", 1)
    assert city.person("registrations", 1) == first["registrations", "R00001"]


def test_a_row_that_goes_takes_what_it_held_together_with_it(city: City, tmp_path: Path) -> None:
    city.arrive(registrations=[row(1)], tax=[unnumbered(7, 1)])
    state = State(tmp_path / "state")
    with duckdb.connect() as connection:
        state.open(connection)
        connection.execute(arrivals.STAGED)
        arrivals.compare_with_state(connection, whole=["registrations"])
        made = updating.update(connection, state, MODEL, POLICY, NOW, {})
    state.keep(made.manifest)
    assert (made.arrived, made.gone, list(city.persons())) == (0, 1, [("tax", "R00007")])


def test_files_of_many_runs_become_one_of_each_and_say_the_same(city: City, tmp_path: Path) -> None:
    city.arrive(registrations=[of_age(i) for i in range(1, 20)])
    for i in range(1, 15):
        city.arrive(tax=[of_age(i, id_number="", address="")])
    whole = City(tmp_path / "other")
    whole.folder.mkdir()
    whole.arrive(
        registrations=[of_age(i) for i in range(1, 20)],
        tax=[of_age(i, id_number="", address="") for i in range(1, 15)],
    )
    assert city.partition() == whole.partition()
    names = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert any(name.endswith("whole.parquet") for name in names) and len(names) < 20


def test_another_model_compares_everything_again_and_persons_keep_their_ids(city: City) -> None:
    city.arrive(registrations=[of_age(i) for i in range(1, 6)], tax=[of_age(3, id_number="", address="")])
    before = city.persons()
    made = city.arrive(MODEL._replace(version="another"))
    assert (made.arrived, made.gone, made.events) == (6, 6, 0)
    assert city.persons() == before
    assert city.arrive(MODEL._replace(version="another")).arrived == 0


def test_the_command_updates_a_folder_and_names_every_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "tax.csv").write_text(csv_text([row(1), unnumbered(2, 1)]), "utf-8")
    told = ["update", str(tmp_path / "in"), str(tmp_path / "state")]
    assert __main__.main(told) == 0
    assert capsys.readouterr().out.startswith("2 rows new or changed, ")
    lines = (tmp_path / "state" / "clusters.csv").read_text("utf-8").splitlines()
    assert [line.rsplit(",", 1)[0] for line in sorted(lines)] == [
        "source,record_id",
        "tax,R00001",
        "tax,R00002",
    ]
    assert __main__.main(told) == 0
    assert capsys.readouterr().out.startswith("0 rows new or changed, 0 pairs")


people = st.integers(1, 4)
drawn_rows = st.lists(
    st.tuples(
        st.sampled_from(["registrations", "tax", "skills"]),
        st.integers(1, 6),
        st.sampled_from(["", "1", "2", "3"]),
        people,
        people,
        st.sampled_from(["测试某", "测试甲"]),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda drawn: drawn[:2],
)


def files_of(drawn: Iterable[tuple[str, int, str, int, int, str]]) -> Iterator[tuple[str, list[str]]]:
    for source, order, numbered, phone, house, name in drawn:
        made = row(
            order,
            name=name,
            id_number=number(int(numbered)) if numbered else "",
            phone=f"1990000{phone:04d}",
            address=f"佛山市禅城区季华五路{house}号",
        )
        yield source, made


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(drawn_rows, st.integers(1, 5), st.randoms(use_true_random=False))
def test_any_order_of_files_splits_and_repeats_give_the_same_persons(
    drawn: list[tuple[str, int, str, int, int, str]], size: int, chance: random.Random
) -> None:
    with TemporaryDirectory() as at_once, TemporaryDirectory() as bit_by_bit:
        whole, parts = City(Path(at_once)), City(Path(bit_by_bit))
        everything = list(files_of(drawn))
        whole.arrive(**gathered(everything))
        chance.shuffle(everything)
        for some in batched(everything, size):
            before = parts.persons() if (Path(bit_by_bit) / "state").exists() else {}
            parts.arrive(**gathered(some))
            changed = {r for r, person in parts.persons().items() if before.get(r, person) != person}
            assert sum(e["records"] for e in parts.events()) == len(changed)
        parts.arrive(**gathered(everything[: len(everything) // 2]))
        assert parts.partition() == whole.partition()


def gathered(rows: Iterable[tuple[str, list[str]]]) -> dict[str, list[list[str]]]:
    files: dict[str, list[list[str]]] = {}
    for source, cells in rows:
        files.setdefault(source, []).append(cells)
    return files
