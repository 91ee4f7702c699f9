"""What the comparison remembers between runs, as Parquet files in a folder: rows, scores, persons.

A run never rewrites what is there: it adds files. ``rows`` are cleaned rows with their comparable values,
``gone`` the ids of those that no longer count; ``scores`` compared nodes, ``touched`` the nodes whose older
scores no longer count; ``persons`` each row's person, the newest counts; ``born`` when each person id was first
given; ``groups`` which records a question or an event is about; ``terms`` and ``lists`` what the model knows of the
city as a whole. The manifest names the files of the newest
version; what it does not name does not exist. After ``COMPACT_AFTER`` runs or ``COMPACT_DAYS`` the files become one of each again.
"""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from chalicelib.shapes import Shape

MANIFEST: Final = "manifest.json"
COMPACT_AFTER: Final = 12
# Objects of the bucket end after 400 days: what counts is written anew long before.
COMPACT_DAYS: Final = 30
SCHEMAS: Final = {
    "rows": "rid BIGINT, source VARCHAR, record_id VARCHAR, file VARCHAR, key VARCHAR, name VARCHAR, number BIGINT,"
    " written VARCHAR, repaired BOOLEAN, birth INTEGER, male BOOLEAN, phone BIGINT, town VARCHAR, address VARCHAR,"
    " seen_on DATE, status VARCHAR, left_on DATE, ended BOOLEAN, open BOOLEAN, node BIGINT, plain VARCHAR,"
    " sound VARCHAR, look VARCHAR, surname VARCHAR, room UBIGINT, building UBIGINT, shown VARCHAR, claim BIGINT,"
    " tail BIGINT",
    "gone": "rid BIGINT",
    "scores": "l BIGINT, r BIGINT, weight DOUBLE, because VARCHAR, run INTEGER",
    "touched": "node BIGINT, run INTEGER",
    "persons": "rid BIGINT, person VARCHAR, run INTEGER",
    "born": "person VARCHAR, run INTEGER",
    "groups": "id VARCHAR, side VARCHAR, label VARCHAR, run INTEGER",
    "terms": "kind VARCHAR, value VARCHAR, share DOUBLE",
    "lists": "source VARCHAR, bit BIGINT",
}
# What counts of each kind, from the views that read its files.
_KEPT: Final = {
    "rows": "SELECT * FROM all_rows ANTI JOIN all_gone USING (rid)",
    "scores": """
SELECT s.* FROM all_scores s
LEFT JOIN (SELECT node, max(run) AS run FROM all_touched GROUP BY node) tl ON tl.node = s.l
LEFT JOIN (SELECT node, max(run) AS run FROM all_touched GROUP BY node) tr ON tr.node = s.r
WHERE s.run >= greatest(coalesce(tl.run, 0), coalesce(tr.run, 0))""",
    "persons": """
WITH later AS (SELECT rid, arg_max(person, run) AS person, max(run) AS run FROM later_persons GROUP BY rid)
SELECT * FROM (
  SELECT * FROM first_persons ANTI JOIN later USING (rid) UNION ALL SELECT * FROM later
) ANTI JOIN all_gone USING (rid)""",
    "born": "SELECT * FROM all_born",
    "groups": "SELECT id, side, label, run FROM all_groups QUALIFY run = max(run) OVER (PARTITION BY id)",
    "terms": "SELECT * FROM all_terms",
    "lists": "SELECT * FROM all_lists",
}


class Manifest(Shape):
    """The newest version: its files by kind, the parts whose rows are in it, judgements obeyed, ids given."""

    version: int = 0
    next_rid: int = 1
    model: str = ""
    files: dict[str, list[str]] = Field(default_factory=dict)
    parts: dict[str, list[str]] = Field(default_factory=dict)
    judged: dict[str, str] = Field(default_factory=dict)
    settings: dict[str, Any] = Field(default_factory=dict)
    fitted_rows: int = 0
    whole_on: date = date.min
    pending: str = ""

    def names(self) -> set[str]:
        """Every file that the version is made of."""
        return {name for names in self.files.values() for name in names} | ({self.pending} - {""})


class State:
    """A folder with a version of the state, and the connection's views on it.

    ``token`` tells the files of this run from those of another one that runs at the same time.
    """

    def __init__(self, folder: Path, manifest: Manifest | None = None, token: str = "") -> None:
        self.folder, self.token = folder, token
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / MANIFEST
        self.manifest = manifest or (
            Manifest.model_validate_json(path.read_text("utf-8")) if path.exists() else Manifest()
        )
        self._files = {kind: list(self.manifest.files.get(kind, [])) for kind in SCHEMAS}

    @property
    def run(self) -> int:
        """The number of the run that is under way."""
        return self.manifest.version + 1

    def open(self, connection: Any) -> None:
        """Make views ``all_…`` of what was ever written and ``kept_…`` of what counts."""
        for kind in SCHEMAS:
            connection.execute(f"CREATE OR REPLACE VIEW all_{kind} AS {self._read(kind, self._files[kind])}")
        # Nearly every row is in the first file, once: only the few of later ones need be gathered by row.
        first, later = self._files["persons"][:1], self._files["persons"][1:]
        connection.execute(f"CREATE OR REPLACE VIEW first_persons AS {self._read('persons', first)}")
        connection.execute(f"CREATE OR REPLACE VIEW later_persons AS {self._read('persons', later)}")
        for kind, query in _KEPT.items():
            connection.execute(f"CREATE OR REPLACE VIEW kept_{kind} AS {query}")

    def _read(self, kind: str, files: list[str]) -> str:
        if not files:
            columns = (column.split() for column in SCHEMAS[kind].split(", "))
            return f"SELECT {', '.join(f'CAST(NULL AS {of}) AS {name}' for name, of in columns)} WHERE false"
        paths = ", ".join(f"'{self.folder / name}'" for name in files)
        return f"SELECT * FROM read_parquet([{paths}])"

    def add(self, connection: Any, kind: str, query: str) -> int:
        """Write what a query gives as a file of a kind; nothing when it gives no row. Returns how many rows."""
        columns = ", ".join(column.split()[0] for column in SCHEMAS[kind].split(", "))
        path = self.folder / f"{kind}-{self.run:05d}-{len(self._files[kind])}{self.token}.parquet"
        made = connection.execute(
            f"COPY (SELECT {columns} FROM ({query})) TO '{path}' (COMPRESSION zstd)"
        ).fetchall()[0]
        if made[0]:
            self._files[kind].append(path.name)
        else:
            path.unlink()
        return int(made[0])

    def replace(self, connection: Any, kind: str, query: str) -> int:
        """Write what a query gives as the only file of a kind."""
        self._files[kind] = []
        return self.add(connection, kind, query)

    def finish(
        self,
        connection: Any,
        *,
        next_rid: int,
        model: str,
        parts: dict[str, list[str]],
        judged: dict[str, str],
        settings: dict[str, Any],
        today: date,
        pending: Iterable[dict[str, Any]] = (),
    ) -> Manifest:
        """The manifest of the run's version. ``pending`` is what is to be told of it once it counts."""
        told = list(pending)
        name = f"pending-{self.run:05d}{self.token}.json" if told else ""
        if told:
            (self.folder / name).write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        before = self.manifest
        whole_on = before.whole_on if before.version else today
        if max(map(len, self._files.values())) > COMPACT_AFTER or (today - whole_on).days >= COMPACT_DAYS:
            self._compact(connection)
            whole_on = today
        refitted = settings != before.settings
        return Manifest(
            version=self.run,
            next_rid=next_rid,
            model=model,
            files=self._files,
            parts=parts,
            judged=judged,
            settings=settings,
            fitted_rows=self._count(connection) if refitted else before.fitted_rows,
            whole_on=whole_on,
            pending=name,
        )

    def _count(self, connection: Any) -> int:
        self.open(connection)
        return int(connection.execute("SELECT count(*) FROM kept_rows").fetchall()[0][0])

    def _compact(self, connection: Any) -> None:
        """One file of each kind that says the same: what counts, and nothing that no longer does."""
        self.open(connection)
        whole: dict[str, list[str]] = {kind: [] for kind in SCHEMAS}
        for kind in _KEPT:
            path = self.folder / f"{kind}-{self.run:05d}-whole{self.token}.parquet"
            made = connection.execute(
                f"COPY (SELECT * FROM kept_{kind}) TO '{path}' (COMPRESSION zstd)"
            ).fetchall()[0]
            if made[0]:
                whole[kind].append(path.name)
            else:
                path.unlink()
        self._files = whole

    def keep(self, manifest: Manifest, name: str = MANIFEST) -> None:
        """Let a version count in this folder, and delete files that it does not need."""
        half = self.folder / f"{name}.half"
        half.write_text(manifest.model_dump_json(indent=2), "utf-8")
        half.rename(self.folder / name)
        self.manifest = manifest
        for path in set(self.folder.iterdir()):
            if path.name not in manifest.names() | {name}:
                path.unlink()

    def pending(self) -> list[dict[str, Any]]:
        """What is still to be told of the newest version."""
        if not self.manifest.pending:
            return []
        told: list[dict[str, Any]] = json.loads((self.folder / self.manifest.pending).read_text("utf-8"))
        return told
