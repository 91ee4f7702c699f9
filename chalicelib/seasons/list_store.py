"""The lines of ranking lists, and where each application stands in them: of each try at making a list, under its own name."""

from collections.abc import Iterable
from typing import Any

from chalicelib import tables
from chalicelib.seasons import store
from chalicelib.seasons.model import Ranked, Ranking
from chalicelib.seasons.rows import PlaceRow, SeasonItem, StandingRow
from chalicelib.tables import Update


def _list(made: Ranking) -> str:
    """The name of a ranking's present list: its number and the try that counts."""
    return f"{made.list_number:03d}#{made.tries[-1] if made.tries else '-'}"


def _place_sk(made: Ranking, rank: int) -> str:
    """Where a line of a ranking's present list lies."""
    return f"PLACE#{_list(made)}#{rank:08d}"


def place_rows(made: Ranking, lines: Iterable[Ranked]) -> Iterable[SeasonItem]:
    """The rows of a list: each line, and each owner's standing; of this try alone."""
    for rank, ranked in enumerate(lines, start=1):
        row = PlaceRow(store.ranking_pk(made.id), _place_sk(made, rank), rank=rank)
        store.fill(row, ranked)
        yield row
        standing = StandingRow(store.case_pk(ranked.case), _standing_sk(made), ranking=made.id, rank=rank)
        standing.list_number, standing.attempt = made.list_number, made.tries[-1]
        yield standing


def _standing_sk(made: Ranking) -> str:
    return f"STANDING#{made.id}#{_list(made)}"


def left_over(made: Ranking) -> list[SeasonItem]:
    """The rows that other tries at making a ranking's present list left: their lines, and standings by them."""
    whole, own = f"PLACE#{made.list_number:03d}#", f"PLACE#{_list(made)}#"
    found: list[SeasonItem] = []
    for low, high in ((whole, own), (f"{own}~", f"{whole}~")):
        for row in PlaceRow.query(store.ranking_pk(made.id), PlaceRow.sk.between(low, high)):
            standing = row.sk.removeprefix("PLACE#").rpartition("#")[0]
            found += [row, StandingRow(store.case_pk(row.case), f"STANDING#{made.id}#{standing}")]
    return found


def standings_of(case: str) -> list[tuple[Ranking, StandingRow]]:
    """Each ranking that an application is or was in, with the last standing that counted."""
    rows = StandingRow.query(store.case_pk(case), StandingRow.sk.startswith("STANDING#"))
    by_ranking: dict[str, list[StandingRow]] = {}
    for row in rows:
        by_ranking.setdefault(row.ranking, []).append(row)
    found = []
    for name, of_ranking in by_ranking.items():
        made = store.ranking(name)
        counted = [row for row in of_ranking if made and made.counted(int(row.list_number), row.attempt)]
        if made and counted:
            found.append((made, max(counted, key=lambda row: int(row.list_number))))
    return found


def standing_of(case: str, made: Ranking) -> StandingRow | None:
    """Where an application stands in a ranking's present list, or None."""
    found: StandingRow | None = StandingRow.find(store.case_pk(case), _standing_sk(made), consistent=True)
    return found


def places(made: Ranking, limit: int, token: str | None) -> tuple[list[tuple[int, Ranked]], str | None]:
    """A page of a ranking's list by rank."""
    scope = f"places:{made.id}:{_list(made)}"
    found = PlaceRow.query(
        store.ranking_pk(made.id),
        _lines(made),
        limit=limit,
        page_size=limit,
        last_evaluated_key=tables.position(token, scope),
    )
    rows, following = tables.page(found, scope)
    return [(int(row.rank), store.line_of(row)) for row in rows], following


def all_places(made: Ranking) -> list[tuple[int, Ranked, str | None]]:
    """A ranking's whole list by rank, with what became of each line."""
    rows = PlaceRow.query(store.ranking_pk(made.id), _lines(made))
    return [(int(row.rank), store.line_of(row), row.outcome) for row in rows]


def _lines(made: Ranking) -> Any:
    """The lines of the present list."""
    return PlaceRow.sk.startswith(f"PLACE#{_list(made)}#")


def place_at(made: Ranking, rank: int) -> PlaceRow | None:
    """One line of a ranking's present list, or None."""
    found: PlaceRow | None = PlaceRow.find(store.ranking_pk(made.id), _place_sk(made, rank))
    return found


def settle_place(made: Ranking, rank: int, case: str, outcome: str) -> Update:
    """The write that says what became of a line of the present list, once."""
    row = PlaceRow(store.ranking_pk(made.id), _place_sk(made, rank))
    free = PlaceRow.outcome.does_not_exist() | (PlaceRow.outcome == outcome)
    return Update(row, [PlaceRow.outcome.set(outcome)], (PlaceRow.case == case) & free)
