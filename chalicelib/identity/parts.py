"""What other contexts hold about a person, told to identity without identity knowing them.

A context's ``service`` calls ``contribute(Part("residence", export=…, erase=…, summarise=…))`` when it
is imported; export, deletion and staff look-ups then ask each part.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.identity.model import Kept, Summary


@dataclass(frozen=True)
class File:
    """Bytes of a person's in bucket ``documents``: what they are called in the person's copy, where they lie, how many."""

    name: str
    key: str
    size: int


@dataclass(frozen=True)
class Part:
    """What one context knows of a person.

    ``export`` returns everything held, as JSON values. ``erase`` deletes what no law keeps and says what
    stays; it must be safe to repeat, and may raise ``Conflict`` when something open forbids deletion.
    ``files`` names the bytes that belong to it. ``summarise`` tells where the person is registered and what a look-up shows; None when nothing is known.
    """

    name: str
    export: Callable[[str, datetime], object] | None = None
    erase: Callable[[str, datetime], list[Kept]] | None = None
    summarise: Callable[[str], Summary | None] | None = None
    files: Callable[[str], Iterable[File]] | None = None


_parts: dict[str, Part] = {}


def contribute(part: Part) -> None:
    """Let a context take part; the same name again replaces."""
    _parts[part.name] = part


def withdraw(name: str) -> None:
    """Take a part out again: for tests that bring one of their own."""
    _parts.pop(name, None)


def exports(person_id: str, now: datetime) -> dict[str, object]:
    """Everything the other contexts hold, by context."""
    return {name: part.export(person_id, now) for name, part in sorted(_parts.items()) if part.export}


def files(person_id: str) -> list[File]:
    """All bytes of a person's, by context."""
    return [file for _, part in sorted(_parts.items()) if part.files for file in part.files(person_id)]


def erase(person_id: str, now: datetime) -> list[Kept]:
    """Let every context delete; returns what they must keep."""
    return [kept for _, part in sorted(_parts.items()) if part.erase for kept in part.erase(person_id, now)]


def summaries(person_id: str) -> list[Summary]:
    """What each context tells a look-up."""
    told = [part.summarise(person_id) for _, part in sorted(_parts.items()) if part.summarise]
    return [summary for summary in told if summary is not None]
