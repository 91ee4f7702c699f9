"""The whole register as a stream, for counting. A scan: for scheduled functions only, never a request path."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import groupby
from typing import Any, Final

from chalicelib import config, tables
from chalicelib.residence.model import Resident

SEGMENTS: Final = 4
_ATTRIBUTES: Final = ("pk", "sk", "person_id", "region", "status", "since", "registered_on", "born")
Item = dict[str, Any]


def residents(segments: int = SEGMENTS) -> Iterator[Resident]:
    """Everybody who is or was registered, once; a page of each segment in memory at a time.

    A segment gives a person's items one after the other, though a page may end between them.
    """
    open_: list[list[Item]] = [[] for _ in range(segments)]
    for segment, items in _pages(segments):
        people = [list(of_one) for _, of_one in groupby(open_[segment] + items, lambda item: item["pk"]["S"])]
        open_[segment] = people.pop() if people else []
        yield from _read(people)
    yield from _read(person for person in open_ if person)


def _read(people: Iterable[list[Item]]) -> Iterator[Resident]:
    for items in people:
        standing = next((item for item in items if item["sk"]["S"] == "STANDING"), None)
        stays = [item["registered_on"]["S"] for item in items if "registered_on" in item]
        if standing:
            since = standing["since"]["S"]
            yield Resident(
                standing["person_id"]["S"],
                standing["region"]["S"],
                standing["status"]["S"] == "active",
                date.fromisoformat(since),
                date.fromisoformat(min(stays, default=since)),
                standing.get("born", {}).get("S"),
            )


def _pages(segments: int) -> Iterator[tuple[int, list[Item]]]:
    """Pages of all segments, read side by side."""
    names = {f"#{n}": name for n, name in enumerate(_ATTRIBUTES)}
    request: Item = {
        "TableName": config.table("residence"),
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
        "TotalSegments": segments,
    }
    client: Any = tables.connection().client
    call = client.scan
    waiting = {segment: request | {"Segment": segment} for segment in range(segments)}
    with ThreadPoolExecutor(segments) as pool:
        while waiting:
            answers = list(pool.map(lambda one: (one["Segment"], call(**one)), waiting.values()))
            for segment, answer in answers:
                yield segment, answer["Items"]
                if "LastEvaluatedKey" in answer:
                    waiting[segment] |= {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
                else:
                    del waiting[segment]
