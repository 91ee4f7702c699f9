"""Kinds of a test's own: a kind is a data file, so a test's lies in a folder of the test's."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.cases import model

TITLE = {"zh-CN": "测试", "en": "Test"}
STAFF = ["coordinator", "district_officer", "city_officer"]


def check(code: str, *departments: str, **more: Any) -> dict[str, Any]:
    """A check as a kind's file has it, answered by persons within three working days."""
    return {
        "code": code,
        "title": TITLE,
        "departments": list(departments),
        "due_working_days": 3,
        "automatic": False,
        **more,
    }


BASE: dict[str, Any] = {
    "kind": "trial",
    "version": "1",
    "title": TITLE,
    "basis": "none: a test's own",
    "receipt": "TT",
    "first_state": "checking",
    "transitions": {
        "withdraw": {"from": ["checking", "review"], "to": "withdrawn", "who": ["owner"]},
        "look_at": {"from": ["checking"], "to": "review", "who": STAFF},
        "approve": {"from": ["review"], "to": "accepted", "who": STAFF},
        "refuse": {"from": ["review"], "to": "refused", "who": STAFF},
    },
    "work": {"review": "coordinator"},
    "checks": [check("housing", "housing")],
    "merge": "all_agree",
    "deadline_working_days": 15,
    "appeal_working_days": 10,
    "supplement_working_days": 10,
    "documents": [],
}


@contextmanager
def kinds(folder: Path, *files: dict[str, Any]) -> Iterator[None]:
    """These kinds, each what it says over ``BASE``, and the house's own beside them."""
    ours = model._KINDS
    for path in ours.glob("*.json"):
        (folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    named: set[str] = set()
    for each in [BASE | file for file in files]:
        stem = f"{each['kind']}@{each['version']}" if each["kind"] in named else each["kind"]
        named.add(each["kind"])
        (folder / f"{stem}.json").write_text(json.dumps(each), "utf-8")
    model._KINDS = folder
    forget()
    try:
        yield
    finally:
        model._KINDS = ours
        forget()


def forget() -> None:
    """Drop what was read of the kinds' folder."""
    model.kinds.cache_clear()
    model.versions.cache_clear()
