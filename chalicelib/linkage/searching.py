"""One run in the cloud: the state is brought up to what arrived, then its persons are searched."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib import clock
from chalicelib.linkage import (
    arrivals,
    finder,
    increments,
    keeping,
    parts,
    review,
    review_store,
    updating,
    weighing,
)
from chalicelib.linkage.model import Candidate, Measured, Policy
from chalicelib.linkage.state import State
from chalicelib.linkage.updating import Judged, Progress


class Compared(NamedTuple):
    """What a run compared: rows that count now, rows that were new, pairs, changes of ids, questions."""

    rows: int
    arrived: int = 0
    gone: int = 0
    pairs: int = 0
    events: int = 0
    asked: int = 0
    seconds: float = 0.0


class Sought(NamedTuple):
    """A candidate, and the person keys of the cluster: none where nobody in it has a number."""

    candidate: Candidate
    keys: tuple[str, ...]

    @property
    def key(self) -> str:
        """What the person is known by: the first person key, or the cluster's id."""
        return self.keys[0] if self.keys else self.candidate.key


class Search(NamedTuple):
    """What a search found."""

    candidates: list[Sought]

    @property
    def person_keys(self) -> list[str]:
        """The person keys of all candidates."""
        return [key for one in self.candidates for key in one.keys]


class Named(NamedTuple):
    """A candidate's newest clear columns; no number where none is known."""

    id_number: str | None
    name: str | None
    phone: str | None


def bring_up_to_date(
    connection: Any,
    scratch: Path,
    now: datetime,
    progress: Progress = lambda line: None,
    model: increments.Model | None = None,
) -> Compared:
    """Compare what arrived since the newest version, obey what was decided, and let the result count.

    Leaves the state's views in the connection. Raises ``Unavailable`` when another run was quicker.
    """
    state = keeping.fetch(scratch / "state", now)
    keeping.tell(state, now)
    state.open(connection)
    changed = parts.news(state.manifest.parts)
    judged = [Judged(row.sk, row.kind, row.at) for row in review_store.judgements()]
    obeyed = {one.id: f"{one.kind}{one.at}" for one in judged}
    if not changed and obeyed == state.manifest.judged:
        return Compared(_rows(connection))
    copies = parts.Parts(scratch / "parts")
    parts.stage(connection, copies, changed, clock.local_date(now))
    arrivals.compare_with_state(
        connection,
        [file for one in changed for file in one.files],
        [one.source for one in changed if one.whole],
    )
    policy = review.policy_on(clock.local_date(now))
    made = updating.update(
        connection,
        state,
        model or weighing.stored(),
        policy,
        now,
        state.manifest.parts | {one.source: one.files for one in changed},
        judged,
        progress,
    )
    keeping.keep(state, made.manifest, now)
    copies.tidy()
    _, asked = keeping.tell(state, now)
    State(state.folder, state.manifest).open(connection)
    return Compared(_rows(connection), made.arrived, made.gone, made.pairs, made.events, asked, made.seconds)


def _rows(connection: Any) -> int:
    return int(connection.execute("SELECT count(*) FROM kept_rows").fetchall()[0][0])


def search(connection: Any, policy: Policy, now: datetime, measured: Measured) -> Search:
    """The candidates of the day among all persons; ``measured`` is what visits found so far."""
    found = finder.search(connection, policy, clock.local_date(now), measured)
    held = finder.keys_of(connection, [candidate.key for candidate in found])
    return Search([Sought(candidate, held.get(candidate.key, ())) for candidate in found])


def over(connection: Any, found: Search, open_keys: set[str]) -> set[str]:
    """Which open findings' keys need no visit: registered by whatever row, or told by no department any more."""
    wanted = {one.key for one in found.candidates}
    clusters = {key for key in open_keys if ":" not in key}
    return (clusters - wanted) | finder.not_sought(connection, open_keys - clusters)


def named(connection: Any, scratch: Path, wanted: Iterable[Sought]) -> dict[str, Named]:
    """Number, name and phone of the candidates, and of nobody else, by what they are known by."""
    numbered = [one for one in wanted if one.keys]
    others = [one for one in wanted if not one.keys]
    copies = parts.Parts(scratch / "clear")
    clear = finder.clear_columns(
        connection, copies, [one.candidate._replace(key=one.key) for one in numbered]
    )
    copies.tidy()
    found = {key: Named(*columns) for key, columns in clear.items()}
    names = finder.names_of(connection, [one.candidate.key for one in others])
    return found | {cluster: Named(None, *known) for cluster, known in names.items()}
