"""Whatever anybody tries on a case of any kind, at any time: it moves as its kind's file says, or nothing changes.

Hypothesis draws the kind, who tries, what, and when. Before each try the test works out from the kind's file
alone whether it is allowed; a refusal must be a clear problem and leave every item of the case as it was.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib import clock
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, service, store
from chalicelib.cases.deadlines import chase
from chalicelib.cases.model import OPEN_CHECKS, Case
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Decision, view
from chalicelib.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from chalicelib.texts import catalogue

COMMUNITY, START = "440604010001", datetime(2026, 11, 23, 1, 30, tzinfo=clock.SHANGHAI)
OWNER = Actor("P-owner", "citizen", frozenset({"citizen"}))
FILER = Actor("P-filer", "citizen", frozenset({"citizen"}))
STRANGER = Actor("P-stranger", "citizen", frozenset({"citizen"}))


def staff(role: str, scope: str, department: str | None = None) -> Actor:
    return Actor(f"{role}-{scope}-{department}", "staff", frozenset({role}), (scope,), department)


OFFICERS = [
    staff("grid_worker", COMMUNITY),
    staff("coordinator", "440604010"),
    staff("district_officer", "440604"),
    staff("city_officer", "440600"),
    staff("coordinator", "440605011"),
]
EVERYBODY = [OWNER, FILER, STRANGER, *OFFICERS]
RESULTS = st.sampled_from(["passed", "failed", "unclear"])


def items(case_id: str) -> list[dict[str, Any]]:
    """Every item of a case as the table has it."""
    return [item.attribute_values for item in store.CaseItem.query(store.case_pk(case_id))]


def relations(actor: Actor) -> set[str]:
    found = set(actor.roles) if actor.is_staff else set()
    return found | ({"owner"} if actor is OWNER else set()) | ({"filer"} if actor is FILER else set())


class Moves(RuleBasedStateMachine):
    """One case and everybody who tries something on it."""

    now: datetime
    case_id: str

    @initialize(
        name=st.sampled_from(model.kinds()),
        confirming=st.booleans(),
        ground=st.sampled_from(["work", "home"]),
    )
    def submit(self, name: str, confirming: bool, ground: str) -> None:
        self.kind, self.now = model.kind(name), START
        confirming = confirming and "confirming" in self.kind.states
        queues = {queue[1:]: "coordinator" for queue in self.kind.work.values() if queue.startswith("@")}
        filed = Submission(
            name, OWNER.id, FILER.id, COMMUNITY, {"ground": ground, **queues}, needs_confirmation=confirming
        )
        self.case_id = service.submit(filed, FILER, self.now).id

    @property
    def case(self) -> Case:
        return service.case(self.case_id)

    @rule(days=st.integers(0, 9), chased=st.booleans())
    def time_passes(self, days: int, chased: bool) -> None:
        before = self.case
        for _ in range(days):
            self.now += timedelta(days=1)
            if chased:
                chase(clock.local_date(self.now) - timedelta(days=1), self.now)
        after = self.case
        assert after.state == before.state or (before.state in self.kind.lapses and chased)
        assert after.state != "refused" or before.state == "refused"
        assert [c.state for c in after.checks if c.state in ("failed", "passed")] == [
            c.state for c in before.checks if c.state in ("failed", "passed")
        ]

    @rule(actor=st.sampled_from(EVERYBODY), data=st.data())
    def try_an_act(self, actor: Actor, data: st.DataObject) -> None:
        before = self.case
        act = data.draw(st.sampled_from([*sorted(self.kind.transitions), "no_such_act"]), label="act")
        transition = self.kind.transitions.get(act)
        sees = actor in (OWNER, FILER) or actor.covers(COMMUNITY)
        may = (
            sees
            and transition is not None
            and before.state in transition.origins
            and bool(relations(actor) & set(transition.who))
            and not self._too_late(act, before)
        )
        if self._is_refused(lambda: self._act(actor, act), may):
            return
        assert transition is not None
        self._moved(before, transition.to, act)

    def _act(self, actor: Actor, act: str) -> None:
        found = service.case_for(actor, self.case_id)
        if act == "supplement":
            service.supplement(actor, self.case_id, None, self.now, None, "en")
        elif act == "appeal":
            service.appeal(actor, self.case_id, "it is not so", self.now, None, "en")
        elif actor.is_staff:
            service.decide(actor, self.case_id, Decision(decision=act, reason="a reason"), self.now)
        else:
            service.act(found, act, actor, self.now)

    def _too_late(self, act: str, before: Case) -> bool:
        """The owner's own clocks, worked out from the days in the kind's file."""
        days = {"supplement": self.kind.supplement_working_days, "appeal": self.kind.appeal_working_days}.get(
            act
        )
        began = {"supplement": before.since, "appeal": before.decided_at}.get(act)
        if days is None or began is None or before.state not in ("supplement", "refused"):
            return False
        return clock.local_date(self.now) > clock.add_working_days(clock.local_date(began), days)

    def _moved(self, before: Case, to: str, act: str) -> None:
        after = self.case
        nobody_asked = to == "checking" and not any(c.state in OPEN_CHECKS for c in after.checks)
        assert after.state == (self.kind.join.otherwise if nobody_asked else to)
        fresh = [event.what for event in after.events][len(before.events) :]
        assert sorted(e.what for e in after.events) == sorted(
            [*(e.what for e in before.events), f"case_{act}"]
        ), fresh
        if after.state != "checking":
            assert not any(check.listed for check in after.checks)

    @precondition(lambda self: self.kind.checks)
    @rule(result=RESULTS, data=st.data())
    def a_department_answers(self, result: str, data: st.DataObject) -> None:
        before = self.case
        ids = [part.id for part in self.kind.opened(before.since, before.payload)] + ["no_such_check"]
        part_id = data.draw(st.sampled_from(ids), label="part")
        part = next((check for check in before.checks if check.id == part_id), None)
        may = part is not None and part.state in OPEN_CHECKS and before.state == "checking"
        answer = lambda: service.record_check(self.case_id, part_id, result, SYSTEM, self.now)  # type: ignore[arg-type]  # noqa: E731
        if self._is_refused(answer, may):
            return
        after = self.case
        assert after.check(part_id).state == result
        if before.open_checks > 1:
            assert (after.state, after.open_checks) == ("checking", before.open_checks - 1)
            return
        agreed = self.kind.joined(after.checks).answer == "passed"
        assert after.state == (self.kind.join.passed if agreed else self.kind.join.otherwise)
        assert after.state != "refused" and after.open_checks == 0

    @rule(actor=st.sampled_from(EVERYBODY), data=st.data())
    def try_to_decide_a_check(self, actor: Actor, data: st.DataObject) -> None:
        """Nobody here is a department's reviewer: only whoever a silent department's part went to may answer."""
        before = self.case
        if not before.checks:
            return
        part = data.draw(st.sampled_from(before.checks), label="part")
        may = (
            actor.is_staff
            and actor.covers(COMMUNITY)
            and part.queue in actor.roles
            and part.state in OPEN_CHECKS
            and before.state == "checking"
        )
        decision = Decision(check=part.id, decision="approve", reason="a reason")
        if not self._is_refused(lambda: service.decide(actor, self.case_id, decision, self.now), may):
            assert self.case.check(part.id).state == "passed"

    def _is_refused(self, attempt: Callable[[], object], may: bool) -> bool:
        """Whether the attempt is refused, as it must be unless it may: with a clear problem and without a trace."""
        kept, problem = items(self.case_id), None
        try:
            attempt()
        except DomainError as refusal:
            problem = refusal
        assert (problem is None) == may, problem
        if problem is None:
            return False
        assert isinstance(problem, (Conflict, Forbidden, Invalid, NotFound)) and problem.code in catalogue()
        assert items(self.case_id) == kept
        return True

    def teardown(self) -> None:
        if not hasattr(self, "case_id"):
            return
        found = self.case
        shown = view(found, "en", date(2026, 11, 23))
        assert (shown.next is None) <= (found.state in self.kind.decided or found.queue is None)
        assert (found.state in self.kind.decided) <= (
            found.due is None or found.state in self.kind.state_working_days
        )


def test_a_case_moves_as_its_kind_says_or_not_at_all(cloud: None, pytestconfig: pytest.Config) -> None:
    """On moto and on DynamoDB Local; each run a case of a drawn kind and up to a dozen tries."""
    lots = settings(
        max_examples=25,
        stateful_step_count=10,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    run_state_machine_as_test(Moves, settings=lots)
