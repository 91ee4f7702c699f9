"""No number of a person in anything we keep in the repository, and none on its way into a log."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from chalicelib import idnumbers

ROOT = Path(__file__).parents[1]
EIGHTEEN = re.compile(r"(?<![\w.])[1-9]\d{5}(?:18|19|20)\d{9}[\dXx](?!\w)")
PHONE = re.compile(r"(?<![\w.])1[3-9]\d{9}(?![\w.])")
TEXT = {
    ".py",
    ".json",
    ".jsonl",
    ".csv",
    ".md",
    ".txt",
    ".toml",
    ".yaml",
    ".yml",
    ".ts",
    ".tsx",
    ".js",
    ".html",
    ".svg",
}
LOCKS = {"package-lock.json"}
# Divisions that never were: whoever sees such a number knows that it is nobody's.
SYNTHETIC_DIVISIONS = ("440699", "999999", "990000", "110199")
# One subscriber block in tests and documentation, 1380000…, 1390000… or digits in a row: nobody's by agreement here.
SYNTHETIC_PHONES = re.compile(
    r"1[3-9](?:\d0000|00000|00001|99999)\d+|1[3-9]812345678|1[3-9]012345678|13911112222|19\d\d0101\d{3}"
)
LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "log"}
# What may not be handed to a log line by name, whatever it holds at the moment.
PERSONAL = {
    "name",
    "id_number",
    "phone",
    "address",
    "line",
    "body",
    "raw_body",
    "payload",
    "sealed",
    "openid",
    "token",
}


def kept() -> list[Path]:
    """Every text file under version control."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / name for name in listed.decode().split("\0") if name]
    return [p for p in paths if p.suffix in TEXT and p.name not in LOCKS and p.is_file()]


KEPT = kept()


def test_the_walk_sees_the_sources_and_the_sample_events() -> None:
    assert len(KEPT) > 100
    assert {"chalicelib", "tests", "functions"} <= {path.relative_to(ROOT).parts[0] for path in KEPT}


def test_no_identity_number_of_a_possible_person_is_kept() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {number[:6]}…"
        for path in KEPT
        for number in EIGHTEEN.findall(path.read_text("utf-8", errors="ignore"))
        if idnumbers.is_valid(number) and not number.startswith(SYNTHETIC_DIVISIONS)
    ]
    assert found == []


def test_no_mobile_number_of_a_possible_person_is_kept() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {number}"
        for path in KEPT
        for number in PHONE.findall(path.read_text("utf-8", errors="ignore"))
        if not SYNTHETIC_PHONES.fullmatch(number)
    ]
    assert found == []


def production() -> list[Path]:
    return [
        path
        for path in KEPT
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ("chalicelib", "functions")
    ]


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def _identifiers(node: ast.AST) -> set[str]:
    found = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    return found | {inner.attr for inner in ast.walk(node) if isinstance(inner, ast.Attribute)}


@pytest.mark.parametrize("path", production(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_in_the_cloud_prints_and_no_log_line_is_handed_a_persons_values(path: Path) -> None:
    """Commands (``__main__`` and what they call) speak to the operator who called them."""
    for call in calls(path):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        if name == "print":
            assert path.stem in ("__main__", "command"), f"line {call.lineno}: print"
        if (
            name in LOGGING
            and isinstance(call.func, ast.Attribute)
            and "log" in ast.unparse(call.func.value).lower()
        ):
            given = set().union(
                *(_identifiers(part) for part in [*call.args, *(k.value for k in call.keywords)]), set()
            )
            assert not given & PERSONAL, f"line {call.lineno}: {sorted(given & PERSONAL)}"


@pytest.mark.parametrize("path", production(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_logger_is_the_one_that_masks(path: Path) -> None:
    """Telling a library's logger to say less is no logger of ours."""
    if path.name != "logs.py":
        assert not re.search(r"logging\.getLogger\([^)]*\)(?!\.setLevel)|\bLogger\(", path.read_text("utf-8"))


def test_the_guard_would_see_a_number() -> None:
    first17 = "44060119900101" + "123"
    number = first17 + idnumbers.check_character(first17)
    assert EIGHTEEN.findall(f'"{number}"') == [number] and idnumbers.is_valid(number)
    assert PHONE.findall("tel 13" + "712349876.") != [] or PHONE.findall("tel 13" + "712349876 ") != []
