"""Every code that can be raised or shown has its sentence in both languages, and no sentence is for nothing."""

import ast
import json
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chalicelib import errors, problems, texts
from chalicelib.cases import model as cases
from chalicelib.errors import DomainError

ROOT = Path(__file__).parents[1]
RAISED = {cls.__name__ for cls in DomainError.__subclasses__() if cls.__module__ == errors.__name__}
# Calls whose text argument is the code of a sentence, and where it stands; `_Internal` is the edge's own.
CODED = {
    **dict.fromkeys(RAISED, 0),
    "Field": 1,
    "Place": 1,
    "_Internal": 0,
    "WrongValue": 0,
    "InvalidIdNumber": 0,
}
CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+")
# A visit's and a file's reasons are told by codes that are put together: prefix and stem.
COMPOSED = (
    "alarm_",
    "next_",
    "role_",
    "state_",
    "case_",
    "check_",
    "document_",
    "fix_",
    "file_",
    "message_kind_",
    "ground_",
    "ranking_",
    "paper_",
    "permit_state_",
    "permit_event_",
    "points_event_",
    "school_event_",
    "school_said_",
    "points_answer_",
    "points_more_",
    "points_unit_",
)


@dataclass(frozen=True)
class Told:
    """A code in the sources, and the names of the values that go with it (None: not known from the text)."""

    code: str
    params: frozenset[str] | None
    place: str


def sources() -> list[Path]:
    return [*sorted((ROOT / "chalicelib").rglob("*.py")), *sorted((ROOT / "functions").rglob("*.py"))]


def told_in(path: Path) -> Iterator[Told]:
    """Codes in calls of our errors, with the parameters given."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called not in CODED or len(node.args) <= CODED[called]:
            continue
        given = node.args[CODED[called]]
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            keywords = {keyword.arg for keyword in node.keywords}
            params = (
                None
                if None in keywords or called not in RAISED
                else frozenset(map(str, keywords - {"fields"}))
            )
            yield Told(given.value, params, f"{path.relative_to(ROOT)}:{node.lineno}")


TOLD = [told for path in sources() for told in told_in(path)]
CATALOGUE = texts.catalogue()


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_the_walk_finds_the_codes() -> None:
    codes = {told.code for told in TOLD}
    assert {"case_not_found", "role_not_allowed", "field_choice", "household_repeats"} <= codes and len(
        TOLD
    ) > 100


def test_every_code_that_is_raised_has_a_sentence() -> None:
    assert {f"{told.code} at {told.place}" for told in TOLD if told.code not in CATALOGUE} == set()


def test_every_code_of_a_wrong_value_has_a_sentence() -> None:
    codes = set(problems._BY_PREFIX.values()) | {"field_type", "value_invalid", "values_invalid"}
    assert codes <= CATALOGUE.keys()


def test_every_raise_fills_its_sentences_placeholders_and_no_more() -> None:
    wrong = [
        f"{told.code} at {told.place}: given {sorted(told.params)}"
        for told in TOLD
        if told.params is not None and told.code in CATALOGUE
        if told.params != placeholders(CATALOGUE[told.code]["en"])
    ]
    assert wrong == []


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_a_sentence_is_there_in_both_languages_with_the_same_placeholders(code: str) -> None:
    found = CATALOGUE[code]
    assert found.keys() == {"zh-CN", "en"} and CODE.fullmatch(code)
    assert placeholders(found["zh-CN"]) == placeholders(found["en"])
    assert re.search("[一-鿿]", found["zh-CN"]) and not re.search("[一-鿿]", found["en"])
    assert all(text == text.strip() and text for text in found.values())


def used() -> set[str]:
    """Every text in the sources and data files that has the form of a code."""
    found: set[str] = set()
    for path in [*sources(), *sorted((ROOT / "chalicelib").rglob("*.json"))]:
        if path.name != "texts.json":
            found |= set(re.findall(r"[\"'/]([a-z][a-z0-9_]+)[\"']", path.read_text("utf-8")))
    return found


def composed() -> set[str]:
    """Codes made of a prefix and a word of the sources or of a kind's file: ``state_accepted``, ``fix_row_cut``."""
    words = used() | set(cases.kinds())
    return {prefix + word for prefix in COMPOSED for word in words}


# API Gateway answers these itself; the template's GatewayResponses carry them.
GATEWAYS = {"route_unknown", "method_not_allowed"}


def test_no_sentence_is_for_nothing() -> None:
    assert CATALOGUE.keys() - used() - composed() - GATEWAYS == set()


def test_every_state_and_act_of_every_kind_has_a_sentence() -> None:
    for name in cases.kinds():
        kind = cases.kind(name)
        states = {kind.first_state} | {t.to for t in kind.transitions.values()}
        wanted = {f"state_{state}" for state in states} | {f"case_{act}" for act in kind.transitions}
        assert wanted <= CATALOGUE.keys(), name


def test_one_code_is_never_in_two_files() -> None:
    files = [*(ROOT / "chalicelib").glob("texts.json"), *(ROOT / "chalicelib").glob("*/texts.json")]
    codes = [code for path in files for code in json.loads(path.read_text("utf-8"))]
    assert len(codes) == len(set(codes)) == len(CATALOGUE)
