"""A request and its answer, as the imitated systems see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from infra.sandbox.credentials import Credentials


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read and decoded; ``answered`` is false when its answer will be lost on purpose."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    now: datetime
    credentials: Credentials
    answered: bool = True

    @property
    def at(self) -> float:
        """``now`` in seconds since 1970."""
        return self.now.timestamp()

    def text(self, name: str) -> str:
        """A text of the body, or an empty one."""
        value = self.body.get(name, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON unless ``html`` is set."""

    body: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
