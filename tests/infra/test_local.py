"""The local cloud's own parts that need no running cloud."""

import json
import socket
import subprocess
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.__main__ import _people
from infra.local.place import HOST, Place, Trouble, demand_free, free_port, write_json
from infra.local.up import _look_back
from infra.package import ROOT


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder for a city that is not running."""
    return Place(tmp_path / "city", free_port(), free_port())


def test_endpoints_say_what_outsiders_rely_on(place: Place) -> None:
    told = place.endpoints()
    assert {"api", "sandbox", "aws_endpoint", "region", "inbox_bucket", "credentials"} <= set(told)
    assert told["api"].startswith(told["aws_endpoint"] + "/_aws/execute-api/")
    assert set(told["credentials"]) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}


def test_each_city_has_its_own_root_key_and_keeps_it(place: Place, tmp_path: Path) -> None:
    assert place.credentials() == place.credentials()
    assert Place(tmp_path / "other", 1, 2).credentials() != place.credentials()
    assert (place.folder / "root_key.json").stat().st_mode & 0o077 == 0


def test_a_taken_port_is_told_in_one_line_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(
            Trouble, match=r"^port \d+ is taken: stop what uses it, or choose another with PORT=\.\.\.$"
        ):
            demand_free(taken.getsockname()[1], "PORT")


def test_a_free_port_is_taken_without_a_word() -> None:
    demand_free(free_port(), "PORT")


@pytest.mark.parametrize("text", ["many", "-5", "0", "5000001", "1e3"])
def test_a_city_of_no_sensible_size_is_refused(text: str) -> None:
    with pytest.raises(Trouble, match="CITY="):
        _people(text)


def test_stream_positions_are_cut_off_the_kept_state_and_nothing_else(tmp_path: Path) -> None:
    kept = tmp_path / "lambda.json"
    payload = {"functions": {"f": "x" * 2_000_000}, "esms": [1], "dynamodb_stream_positions": {"e": 7}}
    kept.write_text(json.dumps({"__ministack_format__": 2, "payload": payload}))
    processes._forget_stream_positions(kept)
    assert json.loads(kept.read_text()) == {
        "__ministack_format__": 2,
        "payload": payload | {"dynamodb_stream_positions": {}},
    }


def test_a_state_without_positions_stays_as_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "lambda.json"
    kept.write_text('{"payload": {}}')
    processes._forget_stream_positions(kept)
    processes._forget_stream_positions(tmp_path / "missing.json")
    assert kept.read_text() == '{"payload": {}}'


def test_a_process_that_got_the_number_of_ours_is_not_ours(place: Place) -> None:
    write_json(place.folder / "processes.json", {"ministack": 1, "infra.sandbox": 2**22 + 1})
    assert processes.running(place) == {}


def test_a_city_that_was_never_ready_is_begun_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    (place.folder / "state").mkdir(parents=True)
    (place.folder / "half_made").touch()
    _look_back(place)
    assert not (place.folder / "state").exists()
    assert "beginning again" in capsys.readouterr().out


def test_a_killed_city_goes_on_from_its_last_clean_stop(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(place.folder / "processes.json", {"ministack": 2**22 + 1})
    write_json(place.folder / "state" / "cloudformation.json", {})
    _look_back(place)
    assert (place.folder / "state" / "cloudformation.json").exists()
    assert "last clean stop" in capsys.readouterr().out


def test_the_python_that_is_found_is_new_enough() -> None:
    found = subprocess.run([ROOT / "infra" / "find-python"], capture_output=True, text=True, check=True)
    version = subprocess.run(
        [found.stdout.strip(), "-c", "import sys; print(sys.version_info >= (3, 12))"],
        capture_output=True,
        text=True,
    )
    assert version.stdout.strip() == "True"


def test_without_a_fitting_python_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    told = subprocess.run(
        ["/bin/sh", ROOT / "infra" / "find-python"],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert "pyenv install 3.13" in told.stderr


def test_what_functions_unpacked_is_out_of_the_way_at_once_and_gone_soon(tmp_path: Path) -> None:
    unpacked = tmp_path / "tmp" / "layer"
    unpacked.mkdir(parents=True)
    (unpacked / "module.py").touch()
    processes.throw_away(tmp_path / "tmp")
    assert not (tmp_path / "tmp").exists()
    assert processes.wait_until(lambda: not list(tmp_path.iterdir()), 20)


def test_a_folder_that_is_not_there_needs_no_throwing_away(tmp_path: Path) -> None:
    processes.throw_away(tmp_path / "tmp")
    assert list(tmp_path.iterdir()) == []
