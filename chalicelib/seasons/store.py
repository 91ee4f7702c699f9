"""Applications for points and ranking lists in DynamoDB. What tells of a person's life is sealed under that person's key.

``CASE#<case>``: ``APPLICATION``, ``ANSWERS#<department>``, ``DECISION#<number>``, ``STANDING#<ranking>#<list>#<try>``, ``RECHECK#<objection>``.
``PERSON#<person>``: ``APPLICATION#<case>``, ``ASKED#<scope>#<period>#<child>``, ``BAN``.
``POOL#<policy>@<version>#<scope>#<period>#<area>``: ``CASE#<case>``, who may be ranked. ``EVIDENCE#<period>#<record>``: whose it is.
``RANKINGS``: a ``RankingRow`` for each list. ``RANKING#<id>``: ``PLACE#<list>#<try>#<rank>`` and ``OBJECTION#<case>``.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from chalicelib import clock, tables
from chalicelib.seasons.model import Application, Ranked, Ranking
from chalicelib.seasons.rows import (
    AnswersRow,
    ApplicationRow,
    AskedRow,
    BanRow,
    DecisionRow,
    MineRow,
    ObjectionRow,
    PlaceRow,
    PoolRow,
    RankingRow,
    RecheckRow,
    SeasonItem,
    UsedRow,
)
from chalicelib.tables import Delete, Put, Update, Write

RANKINGS = "RANKINGS"


def case_pk(case_id: str) -> str:
    """The partition of an application."""
    return f"CASE#{case_id}"


def person_pk(person_id: str) -> str:
    """The partition of a person's applications."""
    return f"PERSON#{person_id}"


def ranking_pk(ranking_id: str) -> str:
    """The partition of a ranking's lines."""
    return f"RANKING#{ranking_id}"


def pool_pk(of: Application | Ranking) -> str:
    """The partition of those who may be ranked together: applications under one edition of a policy."""
    return f"POOL#{of.policy}@{of.policy_version}#{of.scope}#{of.period}#{of.area}"


def asked_sk(scope: str, period: str, child: str | None) -> str:
    """Where it is noted that a person has applied."""
    return f"ASKED#{scope}#{period}#{child or '-'}"


def used_pk(period: str, record: str) -> str:
    """The partition of a record that is somebody's evidence."""
    return f"EVIDENCE#{period}#{record}"


# --- applications


def application_writes(
    made: Application, sealed: str, cited: Sequence[str], takes: Sequence[str], over: str | None
) -> list[Write]:
    """The writes of a new application; refused where the person has one under way that is not ``over``.

    The first write notes that; those after the first three take the records of those cited that are nobody else's (``takes``).
    """
    asked = AskedRow(person_pk(made.person), asked_sk(made.scope, made.period, made.child), case=made.case)
    free = AskedRow.pk.does_not_exist()
    row = ApplicationRow(case_pk(made.case), "APPLICATION", cited=json.dumps(list(cited)))
    for name in _SAME:
        setattr(row, name, getattr(made, name))
    row.filed_at, row.claims, row.decisions = clock.iso(made.filed_at), sealed, 0
    mine = MineRow(person_pk(made.person), f"APPLICATION#{made.case}", case=made.case)
    return [
        Put(asked, free | (AskedRow.case == over) if over else free),
        tables.create(row),
        tables.create(mine),
        *[use(made.period, record, made.person, made.case) for record in takes],
    ]


_SAME = (
    "case",
    "person",
    "child",
    "child_person",
    "scope",
    "area",
    "town",
    "period",
    "policy",
    "policy_version",
    "policy_digest",
)


def use(period: str, record: str, person: str, case: str) -> Put:
    """The write that makes a record one person's evidence in a period; refused where it is another's.

    It is forgotten at the end of the year after the period's.
    """
    row = UsedRow(used_pk(period, record), "USED", person=person, case=case)
    row.expires_at = int(clock.end_of_day(date(int(period[:4]) + 1, 12, 31)).timestamp())
    return Put(row, UsedRow.pk.does_not_exist() | (UsedRow.person == person))


def users(period: str, records: Iterable[str]) -> dict[str, str]:
    """Whose evidence these records are already; those of nobody are left out."""
    wanted = {used_pk(period, record): record for record in records}
    found = UsedRow.batch_get([(pk, "USED") for pk in wanted])
    return {wanted[row.pk]: row.person for row in found}


def unuse(period: str, record: str, person: str) -> Delete:
    """The write by which a record is a person's evidence no more; refused where it is another's."""
    return Delete(UsedRow(used_pk(period, record), "USED"), UsedRow.person == person)


def cited(case_id: str) -> list[str]:
    """The records that an application cites, as keys."""
    row = ApplicationRow.find(case_pk(case_id), "APPLICATION", consistent=True)
    return list(json.loads(row.cited)) if row else []


def asked(person: str, scope: str, period: str, child: str | None) -> str | None:
    """The case that a person has under way, or had, for a scope, period and child."""
    row = AskedRow.find(person_pk(person), asked_sk(scope, period, child), consistent=True)
    return row.case if row else None


def application(case_id: str) -> tuple[Application, str | None] | None:
    """The application and its sealed claims, or None."""
    row = ApplicationRow.find(case_pk(case_id), "APPLICATION", consistent=True)
    return (_application(row), row.claims) if row else None


def applications(case_ids: Iterable[str]) -> dict[str, tuple[Application, str | None]]:
    """Many applications by case, in batches."""
    found = ApplicationRow.batch_get([(case_pk(case), "APPLICATION") for case in case_ids])
    return {row.case: (_application(row), row.claims) for row in found}


def cases_of(person: str) -> list[str]:
    """The cases of a person's applications, the latest first."""
    rows = MineRow.query(person_pk(person), MineRow.sk.startswith("APPLICATION#"))
    return sorted((row.case for row in rows), reverse=True)


def _application(row: ApplicationRow) -> Application:
    held = {name: getattr(row, name) for name in _SAME}
    return Application(**held, filed_at=clock.parse_iso(row.filed_at), decisions=int(row.decisions))


# --- answers and decisions


def answers_put(case: str, department: str, person: str, sealed: str, how: str, at: str) -> Put:
    """The write of what a department established; the last word counts."""
    row = AnswersRow(case_pk(case), f"ANSWERS#{department}", person=person, sealed=sealed, how=how, at=at)
    return Put(row)


def answers_of(case: str) -> dict[str, tuple[str | None, str]]:
    """What each department established, sealed, and how."""
    rows = AnswersRow.query(case_pk(case), AnswersRow.sk.startswith("ANSWERS#"), consistent_read=True)
    return {row.sk.removeprefix("ANSWERS#"): (row.sealed, row.how) for row in rows}


def decision_writes(made: Application, row: DecisionRow, number: int) -> list[Write]:
    """The writes of an application's next decision; refused when another made it."""
    head = ApplicationRow(case_pk(made.case), "APPLICATION")
    count = [ApplicationRow.decisions.set(number)]
    return [tables.create(row), Update(head, count, ApplicationRow.decisions == number - 1)]


def decision_row(case: str, number: int) -> DecisionRow:
    """An empty row of an application's decision."""
    return DecisionRow(case_pk(case), f"DECISION#{number:04d}")


def decisions_of(case: str) -> list[DecisionRow]:
    """An application's decisions, the first first."""
    return list(DecisionRow.query(case_pk(case), DecisionRow.sk.startswith("DECISION#")))


# --- the pool


def pool_put(made: Application, ranked: Ranked, *, eligible: bool) -> Put:
    """The write that lets an application be ranked."""
    row = PoolRow(pool_pk(made), case_pk(made.case))
    fill(row, ranked)
    row.eligible = int(eligible)
    return Put(row)


def pool_drop(made: Application) -> Delete:
    """The write that takes an application out of the pool."""
    return Delete(PoolRow(pool_pk(made), case_pk(made.case)))


def pool(pk: str) -> list[Ranked]:
    """Who may be ranked; without those who do not qualify."""
    return [line_of(row) for row in PoolRow.query(pk, PoolRow.sk.startswith("CASE#")) if row.eligible]


def fill(row: PoolRow | PlaceRow, ranked: Ranked) -> None:
    """Put into a row what is ranked."""
    row.case, row.person, row.child = ranked.case, ranked.person, ranked.child
    row.total, row.ties = str(ranked.total), json.dumps([str(tie) for tie in ranked.ties])
    row.applied_at, row.digest = clock.iso(ranked.applied_at), ranked.digest


def line_of(row: Any) -> Ranked:
    """What a row says of who is ranked."""
    return Ranked(
        case=row.case,
        person=row.person,
        child=row.child,
        total=Decimal(row.total),
        ties=tuple(Decimal(tie) for tie in json.loads(row.ties)),
        applied_at=clock.parse_iso(row.applied_at),
        digest=row.digest,
    )


# --- bans


def ban_put(person: str, until: date, case: str, at: str) -> Put:
    """The write that a person may not apply until a day."""
    return Put(BanRow(person_pk(person), "BAN", until=until.isoformat(), case=case, at=at))


def ban_drop(person: str, case: str) -> Delete:
    """The write that lifts the ban that came of a case."""
    return Delete(BanRow(person_pk(person), "BAN"), BanRow.case == case)


def ban(person: str) -> tuple[date, str] | None:
    """The last day of a person's ban and the case it came of, or None."""
    row = BanRow.find(person_pk(person), "BAN", consistent=True)
    return (date.fromisoformat(row.until), row.case) if row else None


# --- rankings


def ranking(ranking_id: str) -> Ranking | None:
    """The ranking, or None."""
    row = RankingRow.find(RANKINGS, ranking_id, consistent=True)
    return _ranking(row) if row else None


def rankings() -> list[Ranking]:
    """Every ranking, the latest first: some dozens a year."""
    return [_ranking(row) for row in RankingRow.query(RANKINGS, scan_index_forward=False)]


def ranking_put(made: Ranking, before: Ranking | None) -> Put:
    """The write of a ranking, refused when another changed it since ``before`` was read."""
    row = RankingRow(RANKINGS, made.id, held=made.model_dump_json(), state=made.state, version=made.version)
    if before is None:
        return tables.create(row)
    return Put(row, RankingRow.version == before.version)


def _ranking(row: RankingRow) -> Ranking:
    return Ranking.model_validate_json(row.held)


# --- objections


def objection_put(ranking_id: str, case: str, about: str, department: str) -> Put:
    """The write of a new objection."""
    row = ObjectionRow(ranking_pk(ranking_id), f"OBJECTION#{case}", case=case, about=about)
    row.department, row.state = department, "received"
    return tables.create(row)


def objection_moved(ranking_id: str, case: str, state: str) -> Update:
    """The write of how far an objection is."""
    row = ObjectionRow(ranking_pk(ranking_id), f"OBJECTION#{case}")
    return Update(row, [ObjectionRow.state.set(state)], ObjectionRow.pk.exists())


def objections(ranking_id: str) -> list[ObjectionRow]:
    """The objections to a ranking."""
    return list(ObjectionRow.query(ranking_pk(ranking_id), ObjectionRow.sk.startswith("OBJECTION#")))


def recheck_put(about: str, objection: str, department: str, person: str, sealed: str, at: str) -> Put:
    """The write of what a department says to an objection."""
    row = RecheckRow(case_pk(about), f"RECHECK#{objection}", department=department, person=person, at=at)
    row.sealed, row.done = sealed, 0
    return Put(row)


def recheck_of(about: str, objection: str) -> RecheckRow | None:
    """What a department said to an objection, or None."""
    found: RecheckRow | None = RecheckRow.find(case_pk(about), f"RECHECK#{objection}", consistent=True)
    return found


def recheck_done(row: RecheckRow) -> Update:
    """The write that it counts."""
    return Update(RecheckRow(row.pk, row.sk), [RecheckRow.done.set(1)], RecheckRow.pk.exists())


# --- people's rights


def drop_application(case: str) -> list[Write]:
    """The writes that forget an application; its lines in lists stay, and name nobody."""
    held = application(case)
    rows = list(SeasonItem.query(case_pk(case), consistent_read=True))
    return [*[Delete(row) for row in rows], *([pool_drop(held[0])] if held else [])]


def drop_person(person: str, *, keep_ban: bool) -> list[Write]:
    """The writes that forget a person's partition."""
    rows = SeasonItem.query(person_pk(person), consistent_read=True)
    return [Delete(row) for row in rows if not (keep_ban and isinstance(row, BanRow))]
