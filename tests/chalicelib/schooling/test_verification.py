"""The lot, the sealed files, the independent checker, and the command that anybody runs."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from chalicelib.schooling import __main__ as command
from chalicelib.schooling import checking, lottery, sealed, verification
from chalicelib.schooling.checking import Fault
from tests.chalicelib.schooling.pupils import SEED, inputs, pupil

THREE = inputs(
    {"A": 1, "B": 1},
    pupil("r1", 1, ("A", 1), ("B", 1)),
    pupil("r2", 2, ("A", 1), ("B", 1)),
    pupil("r3", 3, ("A", 0), ("B", 1)),
)
GOOD = sealed.solve(THREE, SEED)


def test_the_good_result_is_what_it_should_be() -> None:
    assert GOOD.places == {"r3": "A", "r1": "B", "r2": None}
    assert checking.faults(THREE, GOOD) == []


@pytest.mark.parametrize(
    ("places", "fault"),
    [
        ({"r1": "A", "r2": "B", "r3": None}, Fault("envied", "r3", "A")),
        ({"r1": None, "r2": None, "r3": "A"}, Fault("wasted", "r1", "B")),
        ({"r1": "B", "r2": "B", "r3": "A"}, Fault("overfull", "", "B")),
        ({"r1": "B", "r3": "A"}, Fault("missing", "r2")),
        ({"r1": "B", "r2": None, "r3": "A", "r4": None}, Fault("unknown", "r4")),
        ({"r1": "C", "r2": "B", "r3": "A"}, Fault("not_wished", "r1", "C")),
    ],
)
def test_the_checker_finds_what_is_wrong(places: dict[str, str | None], fault: Fault) -> None:
    assert fault in checking.faults(THREE, GOOD.model_copy(update={"places": places}))


def test_another_seed_than_the_promised_one_is_found_and_refused() -> None:
    other = "00" * 32
    assert checking.faults(THREE, GOOD.model_copy(update={"seed": other})) == [Fault("seed")]
    assert checking.faults(THREE, GOOD.model_copy(update={"seed": "no hex"})) == [Fault("seed")]
    with pytest.raises(ValueError, match="promised"):
        sealed.solve(THREE, other)
    assert not lottery.keeps("no hex", THREE.commitment) and lottery.keeps(SEED, THREE.commitment)


def test_the_lot_decides_between_equals_and_only_there() -> None:
    lines = [pupil("x", 1, ("A", 0)), pupil("y", 1, ("A", 0)), pupil("z", 2, ("A", 0))]
    winners = {
        sealed.solve(inputs({"A": 1}, *lines, seed=f"{n:02x}" * 32), f"{n:02x}" * 32).places["x"]
        for n in range(20)
    }
    assert winners == {"A", None}
    first = min("xy", key=lambda ref: lottery.lot(SEED, ref))
    assert sealed.solve(inputs({"A": 1}, *lines), SEED).places[first] == "A"


def test_two_seeds_are_never_the_same() -> None:
    assert lottery.new_seed() != lottery.new_seed()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: inputs({"A": -1}),
        lambda: inputs({"A": 1}, pupil("r", 1, ("B", 0))),
        lambda: inputs({"A": 1}, pupil("r", 1), pupil("r", 2)),
        lambda: pupil("r", 1, ("A", 0), ("A", 1)),
        lambda: pupil("r", 0),
    ],
)
def test_inputs_that_cannot_be_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        wrong()  # type: ignore[operator]


def files(folder: Path, result: sealed.Result = GOOD) -> list[str]:
    (folder / "inputs.json").write_bytes(sealed.canonical(THREE))
    (folder / "result.json").write_bytes(sealed.canonical(result))
    return ["verify", str(folder / "inputs.json"), str(folder / "result.json")]


def test_anybody_verifies_a_published_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(files(tmp_path)) == 0
    said = capsys.readouterr().out
    assert sealed.digest(THREE) in said and "2 of 3" in said and "holds" in said


def test_a_changed_result_and_changed_inputs_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = GOOD.model_copy(update={"places": {"r1": "A", "r2": "B", "r3": None}})
    assert command.main(files(tmp_path, swapped)) == 1
    assert "envied r3 A" in capsys.readouterr().out
    asked = files(tmp_path)
    changed = json.loads((tmp_path / "inputs.json").read_text())
    changed["pupils"][0]["rank"] = 3
    (tmp_path / "inputs.json").write_text(json.dumps(changed))
    assert command.main(asked) == 1
    assert "inputs" in capsys.readouterr().out


def test_a_stable_result_that_is_not_the_mechanisms_is_found() -> None:
    """Two pupils who would rather have each other's school: both ways are stable, one is the pupils' best."""
    pair = inputs({"A": 1, "B": 1}, pupil("p", 1, ("A", 1), ("B", 0)), pupil("q", 1, ("B", 1), ("A", 0)))
    best = sealed.solve(pair, SEED)
    other = best.model_copy(update={"places": {"p": "B", "q": "A"}})
    assert checking.faults(pair, other) == [] and best.places == {"p": "A", "q": "B"}
    assert verification.verify(sealed.canonical(pair), sealed.canonical(best)).holds
    assert not verification.verify(sealed.canonical(pair), sealed.canonical(other)).holds


def test_other_files_are_told_from_a_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert command.main(["verify", str(tmp_path / "x.json"), str(tmp_path / "x.json")]) == 2
    assert command.main(["verify", str(tmp_path / "none.json"), str(tmp_path / "x.json")]) == 2
    assert "not the files of a run" in capsys.readouterr().err
