"""What the levels of likeness are worth, learned from rows without anybody's labels.

u, how often a level is seen between two people: from random pairs of settled people, who are different by their
valid numbers. m, how often it is seen within one person: by expectation maximisation over pairs that agree
elsewhere. The blocks are narrow on purpose: among all who share a phone or a room, the maximisation would take
families for people; twins would spoil names where phone and birth date agree.
"""

import json
from pathlib import Path
from typing import Any, Final

from splink import DuckDBAPI, Linker

from chalicelib.linkage import comparing
from chalicelib.linkage.nodes import SETTLED

MODEL: Final = Path(__file__).with_name("weights.json")
# A level that training never saw is not impossible; nothing is.
LEAST_M: Final = 3e-4
LEAST_U: Final = 1e-9
_SESSIONS: Final = (
    "l.plain = r.plain AND l.birth = r.birth",
    "l.phone1 = r.phone1 AND l.plain = r.plain",
    "substr(l.digits, 1, 17) = substr(r.digits, 1, 17)",
)


def train(connection: Any, version: str, max_pairs: float = 1e7, seed: int = 1) -> dict[str, Any]:
    """Learn a model from table ``nodes`` (see ``nodes.gather``); returns it as ``weights.json`` keeps it."""
    connection.execute(f"CREATE OR REPLACE VIEW settled AS SELECT * FROM nodes WHERE {SETTLED}")
    api = DuckDBAPI(connection)
    apart = Linker(api.register("settled"), comparing.settings(without="number"), log_level=None)
    apart.training.estimate_u_using_random_sampling(
        max_pairs=max_pairs, seed=seed, min_count_per_level=50, num_chunks=4
    )
    half = apart.misc.save_model_to_json()
    half["comparisons"].append(comparing.comparison("number"))
    linker = Linker(api.register("nodes"), half, log_level=None)
    for rule in _SESSIONS:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    trained = linker.misc.save_model_to_json()
    people = connection.execute("SELECT count(*) FROM settled").fetchone()[0]
    return {"version": version, "trained_on": {"people": int(people)}, "settings": _whole(trained)}


def _whole(trained: dict[str, Any]) -> dict[str, Any]:
    """The model with a value for every level, those of the address given the phone."""
    for comparison in trained["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for level in levels:
            level["m_probability"] = max(level.get("m_probability") or 0.0, LEAST_M)
            level["u_probability"] = max(level.get("u_probability") or 0.0, LEAST_U)
        if comparison["output_column_name"] == "address":
            for kind in comparing.PHONE_KINDS:
                _share([level for level in levels if level["label_for_charts"].endswith(f"_{kind}")])
    return trained


def _share(levels: list[dict[str, Any]]) -> None:
    for value in ("m_probability", "u_probability"):
        total = sum(level[value] for level in levels)
        for level in levels:
            level[value] = level[value] / total


def save(model: dict[str, Any], path: Path) -> None:
    """Write a model."""
    path.write_text(json.dumps(model, ensure_ascii=False, indent=1) + "\n", "utf-8")


def load(path: Path = MODEL) -> dict[str, Any]:
    """A stored model: ``version``, ``trained_on``, and Splink's ``settings``."""
    made: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return made
