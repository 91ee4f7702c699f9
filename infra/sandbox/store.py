"""What the sandbox keeps: one SQLite file, so a restart loses nothing."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.clock import iso

LASTING = -1  # A long-term consent: it is not used up.

_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (openid TEXT PRIMARY KEY, who TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS people_by_name ON people (who);
CREATE TABLE IF NOT EXISTS codes (
    code TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL,
    issued_at REAL NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, system TEXT NOT NULL, issued_at REAL NOT NULL, expires_at REAL NOT NULL,
    revoked INTEGER NOT NULL, forced INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS consents (
    openid TEXT NOT NULL, template TEXT NOT NULL, remaining INTEGER NOT NULL, PRIMARY KEY (openid, template));
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, receiver TEXT NOT NULL,
    template TEXT NOT NULL, data TEXT NOT NULL, sent_at REAL NOT NULL, status TEXT NOT NULL,
    answered INTEGER NOT NULL, page TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_receiver ON messages (receiver, channel, sent_at);
CREATE TABLE IF NOT EXISTS repeats (fingerprint TEXT PRIMARY KEY, sent_at REAL NOT NULL);
"""


class Store:
    """Rows by name. Methods belong inside ``transaction()``, which one request at a time holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(
            folder / "sandbox.sqlite3", check_same_thread=False, isolation_level=None
        )
        self._rows.row_factory = sqlite3.Row
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute("PRAGMA synchronous=NORMAL")
        self._rows.executescript(_SCHEMA)

    def close(self) -> None:
        """Write everything out and let the file go."""
        with self._lock:
            self._rows.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing; others wait."""
        with self._lock:
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.execute("ROLLBACK")
                raise
            self._rows.execute("COMMIT")

    # People and codes

    def know(self, openid: str, who: str) -> None:
        """Remember a follower; the first name given stays."""
        self._rows.execute("INSERT OR IGNORE INTO people VALUES (?, ?)", (openid, who))

    def is_known(self, openid: str) -> bool:
        """Whether somebody with this openid ever used the mini-program."""
        return self._rows.execute("SELECT 1 FROM people WHERE openid = ?", (openid,)).fetchone() is not None

    def issue(self, code: str, kind: str, subject: str, at: float) -> None:
        """Keep a single-use code."""
        self._rows.execute("INSERT INTO codes VALUES (?, ?, ?, ?, 0)", (code, kind, subject, at))

    def use(self, code: str, kind: str, not_before: float) -> tuple[str, str]:
        """Use a code up: ``("ok", subject)``, ``("used", "")``, or ``("invalid", "")`` when not good."""
        row = self._rows.execute("SELECT * FROM codes WHERE code = ? AND kind = ?", (code, kind)).fetchone()
        if row is None or row["issued_at"] <= not_before:
            return "invalid", ""
        if row["used"]:
            return "used", ""
        self._rows.execute("UPDATE codes SET used = 1 WHERE code = ?", (code,))
        return "ok", row["subject"]

    # Tokens

    def add_token(self, system: str, token: str, at: float, seconds: int, forced: bool = False) -> None:
        """Give out a token; a forced one ends those before it at once."""
        if forced:
            self._rows.execute("UPDATE tokens SET revoked = 1 WHERE system = ?", (system,))
        self._rows.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, 0, ?)", (token, system, at, at + seconds, forced)
        )

    def current_token(self, system: str, at: float) -> sqlite3.Row | None:
        """The newest token still good at ``at``: ``token``, ``issued_at``, ``expires_at``."""
        row: sqlite3.Row | None = self._rows.execute(
            "SELECT * FROM tokens WHERE system = ? AND revoked = 0 AND expires_at > ?"
            " ORDER BY issued_at DESC LIMIT 1",
            (system, at),
        ).fetchone()
        return row

    def judge_token(self, system: str, token: str, at: float) -> str:
        """``ok``, ``expired`` or ``invalid``."""
        row = self._rows.execute(
            "SELECT * FROM tokens WHERE system = ? AND token = ?", (system, token)
        ).fetchone()
        if row is None or row["revoked"]:
            return "invalid"
        return "ok" if row["expires_at"] > at else "expired"

    def forced_since(self, system: str, start: float) -> int:
        """How many forced refreshes there were since ``start``."""
        return self._count(
            "SELECT COUNT(*) FROM tokens WHERE system = ? AND forced = 1 AND issued_at >= ?", system, start
        )

    def revoke_tokens(self, system: str) -> None:
        """End every token of a system, as happens when somebody else refreshes by force."""
        self._rows.execute("UPDATE tokens SET revoked = 1 WHERE system = ?", (system,))

    # Consents

    def grant(self, openid: str, template: str, count: int) -> int:
        """Add consents, or a lasting one; the number there is now (-1 when lasting)."""
        now = self.consents(openid, template)
        total = LASTING if LASTING in (count, now) else now + count
        self._rows.execute("INSERT OR REPLACE INTO consents VALUES (?, ?, ?)", (openid, template, total))
        return total

    def consents(self, openid: str, template: str) -> int:
        """How many messages may still be sent; -1 when there is no limit."""
        row = self._rows.execute(
            "SELECT remaining FROM consents WHERE openid = ? AND template = ?", (openid, template)
        ).fetchone()
        return int(row["remaining"]) if row else 0

    def spend(self, openid: str, template: str) -> None:
        """Use one consent up; a lasting one stays."""
        self._rows.execute(
            "UPDATE consents SET remaining = remaining - 1"
            " WHERE openid = ? AND template = ? AND remaining > 0",
            (openid, template),
        )

    # Messages

    def keep(
        self, channel: str, receiver: str, template: str, data: Mapping[str, Any], at: float,
        status: str = "delivered", answered: bool = True, page: str = "",
    ) -> int:  # fmt: skip
        """Keep a message; its number."""
        row = self._rows.execute(
            "INSERT INTO messages (channel, receiver, template, data, sent_at, status, answered, page)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (channel, receiver, template, json.dumps(data, ensure_ascii=False), at, status, answered, page),
        )
        return int(row.lastrowid or 0)

    def delivered_since(self, channel: str, receiver: str, start: float) -> int:
        """How many messages reached a receiver after ``start``."""
        return self._count(
            "SELECT COUNT(*) FROM messages"
            " WHERE channel = ? AND receiver = ? AND sent_at > ? AND status = 'delivered'",
            channel, receiver, start,
        )  # fmt: skip

    def is_repeat(self, fingerprint: str, at: float, seconds: int) -> bool:
        """Whether the same was sent less than ``seconds`` ago; if not, it counts as sent now."""
        row = self._rows.execute(
            "SELECT sent_at FROM repeats WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row and row["sent_at"] > at - seconds:
            return True
        self._rows.execute("INSERT OR REPLACE INTO repeats VALUES (?, ?)", (fingerprint, at))
        return False

    def messages(
        self, to: str = "", channel: str = "", limit: int = 500, after: int = 0, newest: bool = False
    ) -> list[dict[str, Any]]:
        """Messages in the order sent, at most ``limit`` after number ``after``; ``newest``: last ones first.

        ``to`` is an openid, ``citizen-<name>``, a WeCom userid (with or without ``staff-``) or a phone.
        """
        where: list[str] = ["id > ?"]
        values: list[str | int] = [after]
        if channel:
            where, values = [*where, "channel = ?"], [*values, channel]
        if to:
            names = self._receivers_called(to)
            where, values = [*where, f"receiver IN ({', '.join('?' * len(names))})"], [*values, *names]
        found = self._rows.execute(
            "SELECT messages.*, people.who FROM messages LEFT JOIN people ON people.openid = receiver"
            f" WHERE {' AND '.join(where)} ORDER BY id {'DESC' if newest else 'ASC'} LIMIT ?",
            [*values, limit],
        )
        return [_message(row) for row in found]

    def _receivers_called(self, to: str) -> list[str]:
        """The ids that a receiver may be kept under."""
        openids = self._rows.execute("SELECT openid FROM people WHERE who = ?", (to,)).fetchall()
        return [to, to.removeprefix("staff-"), to.removeprefix("+86"), *(row["openid"] for row in openids)]

    def receivers(self) -> list[dict[str, Any]]:
        """Everybody who was sent something: ``{to, who, channel, count}``, the latest first."""
        found = self._rows.execute(
            "SELECT receiver, channel, people.who, COUNT(*) AS n, MAX(id) AS last FROM messages"
            " LEFT JOIN people ON people.openid = receiver"
            " GROUP BY receiver, channel ORDER BY last DESC LIMIT 500"
        )
        return [
            {
                "to": row["receiver"],
                "who": row["who"] or row["receiver"],
                "channel": row["channel"],
                "count": row["n"],
            }
            for row in found
        ]

    def totals(self) -> dict[str, int]:
        """How many messages there are by channel."""
        return dict(self._rows.execute("SELECT channel, COUNT(*) FROM messages GROUP BY channel").fetchall())

    def _count(self, question: str, *values: object) -> int:
        return int(self._rows.execute(question, values).fetchone()[0])


def _message(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "channel": row["channel"],
        "to": row["receiver"],
        "who": row["who"] or row["receiver"],
        "template": row["template"],
        "data": json.loads(row["data"]),
        "page": row["page"],
        "sent_at": iso(datetime.fromtimestamp(row["sent_at"], UTC)),
        "status": row["status"],
        "answered": bool(row["answered"]),
    }
