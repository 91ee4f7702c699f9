"""Who is seen in the city by several departments and not registered."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import batched
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chalicelib import audit, aws, clock, keys
from chalicelib.actors import SYSTEM
from chalicelib.identity import service as identity
from chalicelib.linkage import model, reviews, store
from chalicelib.linkage.model import Finding, Measured, State
from chalicelib.linkage.model import Visited as Visited
from chalicelib.tables import Delete, transact

if TYPE_CHECKING:  # Its module loads PyArrow, which the API must not.
    from chalicelib.linkage.outlook import Unregistered

decide = reviews.decide
events = reviews.events
quality = reviews.quality
question = reviews.question
take_turn = store.take_turn
end_turn = store.end_turn
undo = reviews.undo
waiting = reviews.waiting

Registered = Callable[[list[str]], set[str]]
PeopleForKeys = Callable[[list[tuple[str, str]], datetime], dict[str, str]]
Send = Callable[[str, list[dict[str, Any]]], None]
Progress = Callable[[str], None]
_ASKED_AT_ONCE = 1_000
_ERASED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search did: rows that count, candidates by the files, new findings, findings closed.

    ``compared`` tells what was compared anew (``searching.Compared``).
    """

    rows: int
    candidates: int
    registered: int
    new: int
    closed: int
    batches: int
    compared: Any


def find_unregistered(
    now: datetime,
    scratch: Path,
    registered: Registered,
    people_for_keys: PeopleForKeys,
    send: Send = aws.send,  # type: ignore[assignment]
    progress: Progress = lambda line: None,
    memory_mb: int | None = None,
    measured: Measured = MappingProxyType({}),
) -> Outcome:
    """Compare what arrived, then search all persons for those with enough signals who are not registered.

    ``registered(person_keys)`` gives those who are registered now or have left;
    ``people_for_keys([(person_key, id_number)], now)`` gives their person ids. A person is found once for
    each place, ever, and not again while a finding is open. New findings go to queue ``visits`` in
    batches; the batch is written with its findings and removed once sent, so that none is lost. May be
    run again at any time; ``scratch`` may keep copies of parts between runs. ``measured``: what visits found, by the
    combination of sources that had led to them; it counts for and against the next candidates of the same.
    """
    from chalicelib.linkage import finder, outlook, searching

    batches = send_unsent(send)
    policy = model.policy_on(clock.local_date(now))
    with finder.connect(scratch, memory_mb) as connection:
        compared = searching.bring_up_to_date(connection, scratch, now, progress)
        found = searching.search(connection, policy, now, measured)
        progress(f"{len(found.candidates)} candidates")
        live = _ask(registered, found.person_keys)
        closed, waiting = close_registered(registered, now, partial(searching.over, connection, found))
        wanted = [one for one in found.candidates if not live & set(one.keys) and one.key not in waiting]
        named = searching.named(connection, scratch, wanted)
        outlook.keep(connection, (one for one in found.candidates if not live & set(one.keys)))
    progress(f"{len(wanted)} to write, {closed} closed")
    numbers = [(one.key, named[one.key].id_number) for one in wanted if one.keys and one.key in named]
    people = people_for_keys([(key, number) for key, number in numbers if number], now)
    subjects = store.make_subjects((one.key for one in wanted if not one.keys), now)
    people |= {subject: subject for subject in subjects}
    made = [
        _finding(one, people[one.key], named[one.key])
        for one in wanted
        if one.key in people and one.key in named
    ]
    # Neighbours together: a grid worker then hears of one batch, not of many.
    new = _add_new(sorted(made, key=lambda pair: (pair[0].town or "", pair[0].address or "")), now)
    batches += send_unsent(send)
    return Outcome(compared.rows, len(found.candidates), len(live), new, closed, batches, compared)


def unregistered() -> Iterator["Unregistered"]:
    """Who the newest search found not registered, for counting: month of birth, place, sources; nobody named."""
    from chalicelib.linkage import outlook

    return outlook.read()


def _finding(one: Any, person_id: str, clear: Any) -> tuple[Finding, str]:
    """The finding, and the id that it would have if the person's number were not known yet."""
    from chalicelib.linkage import finder

    rules, candidate = finder.rules(), one.candidate
    place = model.place_key(candidate.town, candidate.address)
    made = Finding(
        id=keys.stable_id("N", person_id, place),
        person_id=person_id,
        person_key=one.key,
        state="open",
        name=clear.name,
        phone=clear.phone,
        town=candidate.town,
        address=candidate.address,
        sources=candidate.sources,
        confidence=candidate.confidence,
        because=model.because(candidate, rules),
        seen_on=candidate.seen_on,
    )
    return made, keys.stable_id("N", candidate.key, place)


def _add_new(made: list[tuple[Finding, str]], now: datetime) -> int:
    """Write what was never found before, neither under the person nor under the cluster of before."""
    there = store.known(id_ for finding, earlier in made for id_ in (finding.id, earlier))
    fresh = [finding for finding, earlier in made if not {finding.id, earlier} & there]
    return store.add(fresh, now)


def send_unsent(send: Send = aws.send) -> int:  # type: ignore[assignment]
    """Send the batches of findings that are not out yet; returns how many there were.

    A batch may go out twice when this is stopped between sending and marking; the receiver meets its
    findings' visits then.
    """
    count = 0
    for batch, ids in list(store.unsent()):
        send("visits", [{"findings": ids}])
        store.mark_sent(batch)
        count += 1
    return count


def close_registered(
    registered: Registered, now: datetime, over: Callable[[set[str]], set[str]] = lambda keys_: set()
) -> tuple[int, set[str]]:
    """Close open findings of people who registered meanwhile; how many, and the keys of those still open.

    ``over``: which of the keys the comparison itself has seen registered since, or does not look for any more.
    """
    open_ = {row.finding_id: row.person_key for row in store.in_state("open")}
    live = _ask(registered, list(open_.values())) | over(set(open_.values()))
    closed = sum(store.move(finding, "open", "closed", now) for finding, key in open_.items() if key in live)
    return closed, set(open_.values()) - live


def _ask(registered: Registered, person_keys: Iterable[str]) -> set[str]:
    live: set[str] = set()
    for some in batched(person_keys, _ASKED_AT_ONCE):
        live |= registered(list(some))
    return live


def findings(finding_ids: Iterable[str]) -> list[Finding]:
    """The open findings with these ids, opened. Closed, suppressed and visited ones are left out."""
    return [finding for finding in store.findings(finding_ids) if finding.state == "open"]


def settle(finding_id: str, state: State, now: datetime) -> bool:
    """Say what became of an open finding: ``visited``, ``suppressed`` (the person objects) or ``closed``.

    Returns False when it was not open any more. The same person and place are not found again.
    """
    return store.move(finding_id, "open", state, now)


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """What the comparison holds of a person."""
    found = [
        finding.model_dump(mode="json", exclude={"person_key"})
        for finding in store.opened(store.of_person(person_id))
    ]
    return found + reviews.export(person_id, now)


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Remove everything found of a person, whatever became of it; no law keeps it.

    A batch that is still to be sent may name a finding that is gone: who plans visits leaves it out.
    """
    reviews.erase(person_id, now)
    for rows in batched(store.of_person(person_id), _ERASED_AT_ONCE):
        note = audit.entry(SYSTEM, "findings.erased", person_id, now, findings=len(rows))
        transact(*(Delete(row) for row in rows), note)
    return []


identity.contribute(identity.Part("linkage", export=_export, erase=_erase))
