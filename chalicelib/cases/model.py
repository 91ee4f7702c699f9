"""Kinds, states, checks and the rules between them, and what a case is made of. Pure."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from chalicelib import clock
from chalicelib.cases.merging import Merge, Outcome, Voice
from chalicelib.cases.values import (
    OPEN_CHECKS,
    Case,
    CaseCheck,
    CaseDocument,
    CaseEvent,
    CheckState,
    Receipt,
)
from chalicelib.errors import Conflict, Forbidden, NotFound
from chalicelib.shapes import Shape, Title

__all__ = [
    "OPEN_CHECKS",
    "Case",
    "CaseCheck",
    "CaseDocument",
    "CaseEvent",
    "CheckState",
    "Receipt",
    "Title",
]
_KINDS = Path(__file__).parent / "kinds"
_ESCALATION = Path(__file__).parent / "escalation.json"


class Transition(Shape):
    """An act: from which states, to which, and who may do it (roles, or ``owner`` and ``filer``)."""

    origins: list[str] = Field(alias="from")
    to: str
    who: list[str]


class CheckKind(Shape):
    """One question of a kind and the departments that answer it; ``merge`` joins what they say.

    In a file ``"department": "housing"`` alone is short for a check of that name with that one department.
    ``due_working_days`` is the departments' clock. With ``when`` only cases are asked about whose payload says so:
    has this value under the name, or a list with it.
    """

    code: str
    title: Title
    departments: list[str] = Field(min_length=1)
    department_titles: dict[str, Title] = {}
    merge: Merge = Merge(rule="single")
    due_working_days: int = Field(ge=0, le=60)
    automatic: bool = False
    when: dict[str, str | int | bool] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_one_department(cls, given: object) -> object:
        if not isinstance(given, dict) or "department" not in given:
            return given
        rest = {key: value for key, value in given.items() if key != "department"}
        return {"code": given["department"], "departments": [given["department"]], **rest}

    @model_validator(mode="after")
    def _is_whole(self) -> "CheckKind":
        if len(set(self.departments)) != len(self.departments):
            raise ValueError("a department answers a check once")
        self.merge.require_voices(self.departments)
        return self

    def concerns(self, payload: Mapping[str, Any]) -> bool:
        """Whether a case with this payload is asked about."""
        return all(_says(payload.get(name), value) for name, value in self.when.items())

    def title_for(self, department: str, language: str) -> str:
        """What a department's part is called: the check's title, and whose part where there are several."""
        title = self.title.in_language(language)
        if len(self.departments) == 1:
            return title
        named = self.department_titles.get(department)
        whose = named.in_language(language) if named else department
        return f"{title} ({whose})" if language == "en" else f"{title}（{whose}）"

    def part(self, department: str) -> str:
        """The id of one department's part: ``housing`` when it is alone, ``dwelling:housing`` otherwise."""
        return self.code if self.departments == [self.code] else f"{self.code}:{department}"


def _says(said: object, value: object) -> bool:
    return value in said if isinstance(said, list) else said == value


class Join(Shape):
    """Where the join moves a case: ``passed`` when its checks' merge passes, ``otherwise`` to a person."""

    passed: str = "accepted"
    otherwise: str = "review"


class Escalation(Shape):
    """Who takes over late work: the levels in order, those above a department, the working days each has."""

    levels: list[str]
    departments: list[str]
    working_days: int = Field(gt=0)

    def above(self, queue: str) -> list[str]:
        """The levels above a role or a department, the next one first."""
        return self.levels[self.levels.index(queue) + 1 :] if queue in self.levels else self.departments


@cache
def standard_escalation() -> Escalation:
    """The levels that hold for every kind that does not name its own."""
    return Escalation.model_validate(json.loads(_ESCALATION.read_text("utf-8")))


class DocumentKind(Shape):
    """A paper that may be attached: media types, size in bytes, how many.

    ``required``: it is asked for unless one of the parts in ``covered_by`` passes without it.
    ``reuse_days``: how long it serves later cases once a case was accepted with it; not at all without.
    ``keep_days``: how long its bytes stay after the case is decided. With ``when`` it is asked for only in
    cases whose payload says so.
    """

    kind: str
    title: Title
    media: list[str]
    max_bytes: int = Field(gt=0, le=20 * 1024 * 1024)
    max_count: int = Field(gt=0, le=20)
    required: bool = False
    covered_by: list[str] = []
    reuse_days: int | None = Field(default=None, gt=0, le=3650)
    keep_days: int = Field(default=365, gt=0, le=3650)
    when: dict[str, str | int | bool] = {}

    def concerns(self, payload: Mapping[str, Any]) -> bool:
        """Whether a case with this payload has to do with the paper."""
        return all(payload.get(name) == value for name, value in self.when.items())


class Kind(Shape):
    """A kind of case, as its file says. A case keeps the version it was made under.

    ``supplement_restarts``: the case's clock begins anew with the applicant's last supplement.
    """

    kind: str
    version: str
    in_force_from: date | None = None
    title: Title
    basis: str
    receipt: str
    first_state: str
    transitions: dict[str, Transition]
    work: dict[str, str]
    checks: list[CheckKind]
    merge: Merge
    join: Join = Join()
    deadline_working_days: int = Field(gt=0)
    appeal_working_days: int = Field(gt=0)
    supplement_working_days: int = Field(gt=0)
    supplement_restarts: bool = False
    state_working_days: dict[str, int] = {}
    lapses: dict[str, str] = {}
    escalation: Escalation = Field(default_factory=standard_escalation)
    decided: list[str] = ["accepted", "refused", "withdrawn", "closed"]
    told: list[str] = ["confirming", "review", "supplement", "accepted", "refused", "closed"]
    bulk: list[str] = []
    documents: list[DocumentKind]

    @property
    def states(self) -> set[str]:
        """Every state that a case of this kind can be in."""
        named = {self.first_state} | {t.to for t in self.transitions.values()}
        named |= {"confirming"} & {s for t in self.transitions.values() for s in t.origins}
        return named | ({self.join.passed, self.join.otherwise} if self.checks else set())

    @model_validator(mode="after")
    def _is_whole(self) -> "Kind":
        if loose := {s for t in self.transitions.values() for s in t.origins} - self.states:
            raise ValueError(f"no transition leads to {sorted(loose)}")
        if missing := ({*self.work, *self.state_working_days, *self.bulk}) - self.states:
            raise ValueError(f"unknown states {sorted(missing)}")
        if any("system" in t.who and t.to == "refused" for t in self.transitions.values()):
            raise ValueError("a program never refuses")
        for state, act in self.lapses.items():
            if "system" not in self.transition(act, state).who:
                raise ValueError(f"{act} is not for the engine to do")
        if self.checks:
            self._require_join()
        return self

    def _require_join(self) -> None:
        codes = [check.code for check in self.checks]
        if len(set(codes)) != len(codes):
            raise ValueError("two checks of one name")
        self.merge.require_voices(codes)
        if self.merge.needs_values and not all(c.merge.rule in _VALUED for c in self.checks):
            raise ValueError("values are merged of checks that have one")
        if self.join.otherwise not in self.work or self.join.passed == "refused":
            raise ValueError("whatever is not clear goes to a person: a program never refuses")

    def transition(self, act: str, state: str) -> Transition:
        """The transition of an act from a state; raises ``Conflict`` when the state does not allow it."""
        found = self.transitions.get(act)
        if found is None or state not in found.origins:
            raise Conflict("case_state_forbids", state=state)
        return found

    def deadline(self, submitted: datetime) -> date:
        """The day by which the case must be decided."""
        return clock.add_working_days(clock.local_date(submitted), self.deadline_working_days)

    def due(
        self, state: str, entered: datetime, deadline: date, payload: Mapping[str, Any] | None = None
    ) -> date | None:
        """The day on which a state's clock runs out; None for a state that waits for nothing.

        What the case's payload has under ``working_days`` goes before the kind's. A state without a clock of
        its own has the case's deadline, or the next working day when that is over.
        """
        said = (payload or {}).get("working_days", {})
        own = {"supplement": self.supplement_working_days, **self.state_working_days, **said}.get(state)
        today = clock.local_date(entered)
        if own is not None:
            return clock.add_working_days(today, own)
        if state in self.decided:
            return None
        return max(deadline, clock.add_working_days(today, 1))

    def queue(self, state: str, payload: Mapping[str, Any]) -> str | None:
        """Whose worklist a state's work is on; ``"@owner"`` in the file is what the payload has under ``owner``."""
        named = self.work.get(state)
        return str(payload[named[1:]]) if named and named.startswith("@") else named

    def next_level(self, state: str, queue: str) -> str | None:
        """Who takes over late work of a state: the next level that may act there, None above the highest."""
        acting = {role for t in self.transitions.values() if state in t.origins for role in t.who}
        return next((level for level in self.escalation.above(queue) if level in acting), None)

    def late_work_due(self, now: datetime) -> date:
        """The day until which whoever takes over late work has time."""
        return clock.add_working_days(clock.local_date(now), self.escalation.working_days)

    def opened(self, entered: datetime, payload: Mapping[str, Any]) -> list[CaseCheck]:
        """The parts that departments are asked for when a case enters ``checking``, each with its clock."""
        today = clock.local_date(entered)
        return [
            CaseCheck(
                id=check.part(department),
                code=check.code,
                department=department,
                state="open",
                due=clock.add_working_days(today, check.due_working_days),
            )
            for check in self.checks
            if check.concerns(payload)
            for department in check.departments
        ]

    def check(self, code: str) -> CheckKind:
        """The check of this code; raises ``NotFound`` when the kind has none."""
        for found in self.checks:
            if found.code == code:
                return found
        raise NotFound("check_unknown")

    def needs_value(self, code: str) -> bool:
        """Whether whoever passes this check has to give a value."""
        return self.merge.needs_values or self.check(code).merge.needs_values

    def joined(self, parts: list[CaseCheck]) -> Outcome:
        """What the answers of all departments come to; every part is answered.

        First each check's rule over its departments, then the kind's rule over its checks.
        """
        said: dict[str, list[Voice]] = {}
        for part in parts:
            if part.state in OPEN_CHECKS:
                raise ValueError("silence is not merged")
            said.setdefault(part.code, []).append(Voice(part.department, part.state, part.value))  # type: ignore[arg-type]
        outcomes = {code: self.check(code).merge.join(voices) for code, voices in said.items()}
        return self.merge.join([Voice(code, *outcome) for code, outcome in outcomes.items()])

    def document(self, kind: str) -> DocumentKind:
        """The document kind; raises ``NotFound`` when this kind of case takes no such paper."""
        for found in self.documents:
            if found.kind == kind:
                return found
        raise NotFound("document_kind_unknown")


_VALUED = ("single", "highest", "sum")


@cache
def kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return tuple(sorted(path.stem for path in _KINDS.glob("*.json") if "@" not in path.stem))


@cache
def versions(name: str) -> dict[str, Kind]:
    """Every version of a kind that has a file; raises ``NotFound`` for a kind that none describes.

    ``<kind>.json`` is the first; ``<kind>@<version>.json`` are those before it and those to come.
    """
    if name not in kinds():
        raise NotFound("case_kind_unknown")
    paths = [_KINDS / f"{name}.json", *sorted(_KINDS.glob(f"{name}@*.json"))]
    found = [Kind.model_validate(json.loads(path.read_text("utf-8"))) for path in paths]
    for path, each in zip(paths, found, strict=True):
        if path.stem not in (each.kind, f"{each.kind}@{each.version}"):
            raise ValueError(f"{path.name} describes {each.kind} {each.version}")
    if len({each.version for each in found}) != len(found):
        raise ValueError(f"two files of one version of {name}")
    return {each.version: each for each in found}


def kind(name: str, version: str | None = None) -> Kind:
    """The kind of this name, as its own file says or as it was in a version.

    Raises ``NotFound`` for a kind or version that no file describes.
    """
    known = versions(name)
    if version is None:
        return next(iter(known.values()))
    if version not in known:
        raise NotFound("case_kind_unknown")
    return known[version]


def kind_of(case: Case) -> Kind:
    """The kind in the version that the case was made under."""
    return kind(case.kind, case.kind_version)


def in_force(name: str, day: date) -> Kind:
    """The version under which a case submitted that day is made: the latest that is in force by then.

    A file without ``in_force_from`` has always been in force. Raises ``NotFound`` before the first.
    """
    begun = [
        each for each in versions(name).values() if each.in_force_from is None or each.in_force_from <= day
    ]
    if not begun:
        raise NotFound("case_kind_unknown")
    return max(begun, key=lambda each: each.in_force_from or date.min)


def require_role(transition: Transition, relations: set[str]) -> None:
    """Raise ``Forbidden`` unless one of the caller's roles or relations may do this."""
    if not relations & set(transition.who):
        raise Forbidden("act_not_allowed")
