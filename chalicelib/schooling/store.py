"""Schools, applications and runs in DynamoDB.

``PLAN#<year>#<district>`` / ``SCHOOL#<id>``. ``POOL#<year>#<district>#<grade>`` / ``CASE#<id>``: an application, ``CHILD#<person>`` / ``<year>`` that
the child has one whose kinship is shown, ``CHILD#<person>`` / ``<year>#<owner>`` that this owner has one for it, ``PERSON#<id>`` / ``CASE#<id>`` the way from parent to it. ``RUNS#<year>#<district>`` / ``<run>``: a run, and ``RUNS#OPEN`` / ``<run>``
while it is not over; ``RUN#<id>`` / ``PLACE#<case>`` a pupil in it, ``SCHOOL#<id>`` a school in it.
"""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import batched
from typing import Final

from chalicelib import tables
from chalicelib.schooling.model import Application, Cutoff, Entry, Run, School, Wish
from chalicelib.schooling.rows import ApplicationRow, CutoffRow, EntryRow, PointerRow, RunRow, SchoolRow
from chalicelib.tables import Delete, Put, Row, Update, Write

OPEN: Final = "RUNS#OPEN"


def plan_pk(year: int, district: str) -> str:
    """The partition of a district's schools in a year."""
    return f"PLAN#{year}#{district}"


def pool_pk(year: int, district: str, grade: int) -> str:
    """The partition of the applications of a year, district and grade."""
    return f"POOL#{year}#{district}#{grade}"


def run_pk(run_id: str) -> str:
    """The partition of what happened in a run."""
    return f"RUN#{run_id}"


def runs_pk(year: int, district: str) -> str:
    """The partition of a district's runs in a year."""
    return f"RUNS#{year}#{district}"


def school_put(year: int, school: School) -> Put:
    """The write of a school in a plan."""
    row = SchoolRow(
        plan_pk(year, school.district), f"SCHOOL#{school.id}", plan=school.model_dump_json(by_alias=True)
    )
    return Put(row)


def school_delete(year: int, school: School) -> Delete:
    """The write that takes a school out of a plan."""
    return Delete(SchoolRow(plan_pk(year, school.district), f"SCHOOL#{school.id}"))


def schools(year: int, district: str) -> dict[str, School]:
    """A district's schools by id; one query."""
    rows = SchoolRow.query(plan_pk(year, district), SchoolRow.sk.startswith("SCHOOL#"))
    found = [School.model_validate_json(row.plan) for row in rows]
    return {school.id: school for school in found}


def create_writes(application: Application) -> list[Put]:
    """The writes of a new application; refused when the owner has one for the child this year, and, with kinship shown, when the child has one."""
    pool = _pool(application)
    child = [child_put(application)] if application.kin else []
    parent = PointerRow(
        f"PERSON#{application.owner}", f"CASE#{application.case}", pool=pool, case=application.case
    )
    claim, row = _pointer(application, _claim(application)), _application_row(application)
    return [tables.create(claim), tables.create(row), tables.create(parent), *child]


def child_put(application: Application) -> Put:
    """The write by which an application is the child's this year; refused when another is."""
    return tables.create(_pointer(application, str(application.year)))


def _pointer(application: Application, sk: str) -> PointerRow:
    return PointerRow(f"CHILD#{application.child}", sk, pool=_pool(application), case=application.case)


def _claim(application: Application) -> str:
    return f"{application.year}#{application.owner}"


def is_taken(application: Application) -> bool:
    """Whether another application stands in this one's way: the child's, or an earlier one of the same owner."""
    ways = {str(application.year), _claim(application)} if application.kin else {_claim(application)}
    rows = PointerRow.query(f"CHILD#{application.child}", consistent_read=True)
    return any(row.sk in ways and row.case != application.case for row in rows)


def _pool(application: Application) -> str:
    return pool_pk(application.year, application.district, application.grade)


def _application_row(application: Application) -> ApplicationRow:
    row = ApplicationRow(_pool(application), f"CASE#{application.case}", owner=application.owner)
    row.child, row.child_key = application.child, application.child_key
    row.region, row.status = application.region, application.status
    row.choices, row.points_case = json.dumps(application.choices), application.points_case
    row.proven = json.dumps(
        {"policy": application.policy, "sibling_at": application.sibling_at, "kin": application.kin}
    )
    row.version = application.version
    return row


def save(before: Application, after: Application) -> Put:
    """The write of a changed application; refused when it is no longer as it was read."""
    moved = after.model_copy(update={"version": before.version + 1})
    return Put(_application_row(moved), ApplicationRow.version == before.version)


def let_child_go(application: Application) -> bool:
    """Let a child have another application this year, also of the same owner; False when that was so, or others are there already."""
    freed = [_freed(application, sk) for sk in (str(application.year), _claim(application))]
    return any(freed)


def free_child(application: Application) -> bool:
    """The same, but the owner has this one still."""
    return _freed(application, str(application.year))


def _freed(application: Application, sk: str) -> bool:
    row = PointerRow(f"CHILD#{application.child}", sk)
    try:
        tables.transact(Delete(row, PointerRow.case == application.case))
    except tables.Cancelled:
        return False
    return True


def application(year: int, district: str, grade: int, case: str) -> Application | None:
    """One application, consistent, or None."""
    return _application_at(pool_pk(year, district, grade), case)


def _application_at(pool: str, case: str) -> Application | None:
    row = ApplicationRow.find(pool, f"CASE#{case}", consistent=True)
    return _application(row) if row else None


def pool(year: int, district: str, grade: int) -> list[Application]:
    """All applications of a pool, by case id."""
    rows = ApplicationRow.query(
        pool_pk(year, district, grade), ApplicationRow.sk.startswith("CASE#"), consistent_read=True
    )
    return [_application(row) for row in rows]


def applications_of(person: str) -> list[Application]:
    """What a person has filed, the latest first; one query and a get each."""
    rows = PointerRow.query(f"PERSON#{person}", PointerRow.sk.startswith("CASE#"), scan_index_forward=False)
    found = [_application_at(row.pool, row.case) for row in rows]
    return [each for each in found if each is not None]


def applications_for(child: str) -> list[Application]:
    """The applications of a child, by year."""
    ways = {row.case: row.pool for row in PointerRow.query(f"CHILD#{child}")}
    found = [_application_at(pool, case) for case, pool in ways.items()]
    return [each for each in found if each is not None]


def _application(row: ApplicationRow) -> Application:
    _, year, district, grade = row.pk.split("#")
    proven = json.loads(row.proven)
    return Application.model_validate(
        {
            "case": row.sk.removeprefix("CASE#"),
            "owner": row.owner,
            "child": row.child,
            "child_key": row.child_key,
            "year": int(year),
            "district": district,
            "grade": int(grade),
            "region": row.region,
            "choices": tuple(json.loads(row.choices)),
            "points_case": row.points_case,
            "status": row.status,
            "policy": proven["policy"],
            "sibling_at": tuple(proven["sibling_at"]),
            "kin": proven.get("kin", False),
            "version": int(row.version),
        }
    )


def application_deletes(application: Application) -> list[Write]:
    """The writes that forget an application, with its ways to it."""
    rows: list[Row] = [
        ApplicationRow(_pool(application), f"CASE#{application.case}"),
        PointerRow(f"PERSON#{application.owner}", f"CASE#{application.case}"),
    ]
    held = PointerRow.query(f"CHILD#{application.child}", consistent_read=True)
    rows += [PointerRow(row.pk, row.sk) for row in held if row.case == application.case]
    return [Delete(row) for row in rows]


def run_create(run: Run, seed: str) -> list[Put]:
    """The writes of a new run; refused when there is one of its round."""
    return [tables.create(_run_row(run, seed)), Put(PointerRow(OPEN, run.id, pool=run.district, case=run.id))]


def _run_row(run: Run, seed: str | None) -> RunRow:
    row = RunRow(runs_pk(run.year, run.district), run.id, state=run.state, version=run.version)
    row.facts, row.seed = run.model_dump_json(exclude={"state", "version"}), seed
    return row


def run_save(before: Run, after: Run, seed: str | None) -> list[Write]:
    """The writes of a run that went on; refused when it is no longer as it was read."""
    moved = after.model_copy(update={"version": before.version + 1})
    put = Put(_run_row(moved, seed), RunRow.version == before.version)
    return [put, Delete(PointerRow(OPEN, after.id))] if after.state == "final" else [put]


def run(run_id: str, *, consistent: bool = True) -> tuple[Run, str | None] | None:
    """A run with its sealed seed, or None, also for an id that is none."""
    year, _, rest = run_id.partition("-")
    row = RunRow.find(f"RUNS#{year}#{rest[:6]}", run_id, consistent=consistent)
    return (_run(row), row.seed) if row else None


def runs(year: int, district: str) -> list[Run]:
    """A district's runs in a year; one query."""
    return [_run(row) for row in RunRow.query(runs_pk(year, district))]


def open_runs() -> list[str]:
    """The ids of runs that are not over."""
    return [row.sk for row in PointerRow.query(OPEN)]


def _run(row: RunRow) -> Run:
    return Run.model_validate(json.loads(row.facts) | {"state": row.state, "version": int(row.version)})


def keep_entries(run_id: str, entries: Iterable[Entry]) -> int:
    """Write pupils of a run before it is allocated; a repeat is harmless. Returns how many.

    Raises ``Cancelled`` when one of them has a school already: a worker that comes late takes nobody's place away.
    """
    writes = [Put(entry_row(run_id, entry), EntryRow.school.does_not_exist()) for entry in entries]
    for some in batched(writes, 100):
        tables.transact(*some)
    return len(writes)


def entry_row(run_id: str, entry: Entry) -> EntryRow:
    """A pupil's row."""
    row = EntryRow(run_pk(run_id), f"PLACE#{entry.case}", owner=entry.owner, child=entry.child)
    row.ref, row.rank, row.total = entry.ref, entry.rank, None if entry.total is None else str(entry.total)
    row.tie, row.wishes = (
        json.dumps(entry.tie),
        json.dumps([[wish.school, wish.cls] for wish in entry.wishes]),
    )
    row.school, row.answer, row.left_out = entry.school, entry.answer, entry.left_out
    return row


def entries(run_id: str) -> list[Entry]:
    """All pupils of a run, by case id."""
    rows = EntryRow.query(run_pk(run_id), EntryRow.sk.startswith("PLACE#"), consistent_read=True)
    return [_entry(row) for row in rows]


def entry_page(run_id: str, limit: int, token: str | None) -> tuple[list[Entry], str | None]:
    """A page of a run's pupils, and the token of the next."""
    scope = f"school-places#{run_id}"
    results = EntryRow.query(
        run_pk(run_id),
        EntryRow.sk.startswith("PLACE#"),
        limit=limit,
        last_evaluated_key=tables.position(token, scope),
    )
    rows, following = tables.page(results, scope)
    return [_entry(row) for row in rows], following


def entry(run_id: str, case: str) -> Entry | None:
    """One pupil of a run, consistent, or None."""
    row = EntryRow.find(run_pk(run_id), f"PLACE#{case}", consistent=True)
    return _entry(row) if row else None


def answer_update(run_id: str, case: str, answer: str) -> Update:
    """The write of a family's answer; refused when there was another or no place."""
    row = EntryRow(run_pk(run_id), f"PLACE#{case}")
    unanswered = EntryRow.school.exists() & (EntryRow.answer.does_not_exist() | (EntryRow.answer == answer))
    return Update(row, [EntryRow.answer.set(answer)], unanswered)


def place(run_id: str, placed: Iterable[Entry]) -> int:
    """Write the schools that pupils got, each beside whatever the family has answered meanwhile; a repeat is harmless. Returns how many.

    Raises ``Cancelled`` when a line is no longer there.
    """
    writes = [
        Update(
            EntryRow(run_pk(run_id), f"PLACE#{one.case}"),
            [EntryRow.school.set(one.school)],
            EntryRow.ref == one.ref,
        )
        for one in placed
        if one.school is not None
    ]
    for some in batched(writes, 100):
        tables.transact(*some)
    return len(writes)


def entry_delete(run_id: str, case: str) -> Delete:
    """The write that forgets a pupil of a run."""
    return Delete(EntryRow(run_pk(run_id), f"PLACE#{case}"))


def _entry(row: EntryRow) -> Entry:
    return Entry.model_validate(
        {
            "case": row.sk.removeprefix("PLACE#"),
            "owner": row.owner,
            "child": row.child,
            "ref": row.ref,
            "rank": int(row.rank),
            "total": None if row.total is None else Decimal(row.total),
            "tie": tuple(json.loads(row.tie)),
            "wishes": tuple(Wish(school=school, cls=cls) for school, cls in json.loads(row.wishes)),
            "school": row.school,
            "answer": row.answer,
            "left_out": row.left_out,
        }
    )


def keep_cutoffs(run_id: str, found: Sequence[Cutoff]) -> int:
    """Write the schools of a run; a repeat is harmless."""
    rows = [CutoffRow(run_pk(run_id), f"SCHOOL#{one.school}", facts=one.model_dump_json()) for one in found]
    return tables.batch_put(rows)


def cutoffs(run_id: str) -> dict[str, Cutoff]:
    """The schools of a run by id; one query."""
    rows = CutoffRow.query(run_pk(run_id), CutoffRow.sk.startswith("SCHOOL#"))
    found = [Cutoff.model_validate_json(row.facts) for row in rows]
    return {one.school: one for one in found}
