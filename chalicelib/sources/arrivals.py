"""One delivered file on its way: checked, kept, reported, told on. The heavy half of ``service``."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib import aws, clock, keys, texts
from chalicelib.places import service as places
from chalicelib.sources import catalogue, headers, model, parts, staging, store, watching, zones
from chalicelib.sources.catalogue import regions
from chalicelib.sources.checking import Checker, Raw, Refused
from chalicelib.sources.model import Contract, Delivery, Drift, InboxKey, Report, Unreadable
from chalicelib.sources.packing import LIMITS, Limits
from chalicelib.sources.reading import Table, open_table
from chalicelib.sources.repairs import RepairFile
from chalicelib.sources.store import FileRow
from chalicelib.sources.watching import Past


@dataclass(slots=True)
class _Work:
    """One file while it is being read."""

    key: InboxKey
    contract: Contract
    scratch: Path
    digest: str
    repairs: RepairFile
    sink: staging.Staging | staging.Counting
    pieces: zones.Pieces | None
    received: int = 0
    accepted: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    problem: str | None = None
    detail: str = ""
    table: Table | None = None
    header: headers.Header | None = None
    perhaps: dict[str, str] = field(default_factory=dict)
    buckets: int = 0


def receive(
    delivery: Delivery,
    now: datetime,
    scratch: Path,
    limits: Limits = LIMITS,
    contract_of: Callable[[str], Contract] = catalogue.contract,
) -> Report:
    """Take one delivered file in: check it, keep what can be used, report, and tell who waits for it.

    Doing it again is harmless. Raises ``Unreadable`` only for a key that cannot be read (``refuse_key``
    records it); passing faults of the cloud are raised as they are, so that the event comes again.
    """
    started = time.monotonic()
    key = model.inbox_key(delivery.key)
    try:
        agreed = contract_of(key.source)
        path = scratch / f"arrived.{key.format}"
        digest = zones.download(delivery.bucket, delivery.key, path, limits)
    except Unreadable as problem:
        return _refuse(key, problem, now, None)
    before = store.file(key.source, key.date, key.name)
    if before and before.digest == digest and before.key == key.key:
        return _again(before, delivery, agreed)
    if before is None and (same := store.same_content(key.source, digest)):
        return _repeat(key, same, now)
    work = _work(key, agreed, scratch, digest)
    _read(work, path, limits)
    if not work.accepted:
        return _refuse(key, Unreadable(work.problem or "nothing_usable", work.detail), now, work)
    row = _keep(work, before, delivery, now, time.monotonic() - started)
    return _finish(row, delivery.bucket, agreed)


def _work(key: InboxKey, agreed: Contract, scratch: Path, digest: str) -> _Work:
    sink: staging.Staging | staging.Counting = staging.Counting()
    if agreed.kind == "people":
        sink = staging.Staging(scratch, agreed, keys.person_key_maker(), places.matcher())
    pieces = zones.Pieces(zones.file_id(key, digest)) if key.source == "registrations" else None
    return _Work(key, agreed, scratch, digest, RepairFile(scratch / "repairs.csv"), sink, pieces)


def _read(work: _Work, path: Path, limits: Limits) -> None:
    """Read the file to its end; what is wrong with it as a whole is named, never raised."""
    try:
        work.table = open_table(path, work.key.format, work.key.gzipped, work.contract, limits)
        checker = _checker(work, work.table)
        for raw in work.table.batches():
            _take(work, checker, raw)
        if work.table.present is not None:  # Only at its end is known which columns such a file has.
            work.header = headers.read_header(work.contract, work.table.header, work.table.present)
        work.warnings += Counter(work.table.noticed)
        work.problem = work.problem or work.table.problem
    except Unreadable as problem:
        work.problem, work.detail = problem.code, problem.detail


def _checker(work: _Work, table: Table) -> Checker | None:
    """The checker of the file's rows, or None when its header refuses them all."""
    counts = work.contract.kind == "counts"
    known = set(headers.resolver(work.contract))
    kept = {cell for cell in table.header if headers.spelled(cell) in known}
    work.repairs.begin(table.header, kept if counts else None)
    work.header = header = headers.read_header(work.contract, table.header, table.present)
    if header.problem:
        work.problem, work.detail = header.problem
        return None
    checker = Checker(work.contract, header.names, regions(), work.key.date)
    if checker.unknown:
        work.warnings["columns_unknown"] += len(checker.unknown)
    return checker


def _take(work: _Work, checker: Checker | None, raw: Raw) -> None:
    if not work.received and work.header and work.header.drift.new:
        work.perhaps = headers.guess(work.contract, work.header, raw, regions())
    work.received += len(raw.rows) + len(raw.bad)
    if checker is None:
        code = work.problem or "columns_missing"
        refused = [Refused(n, row, "", code) for n, row in zip(raw.lines, raw.rows, strict=True)]
        refused += [Refused(b.line, b.cells, "", code, b.extra) for b in raw.bad]
    else:
        checked = checker.check(raw)
        refused = checked.refused
        work.accepted += len(checked)
        work.warnings += checked.warnings
        work.sink.add(checked)
        if work.pieces:
            work.pieces.add(checked)
    work.reasons.update(r.code for r in refused)
    work.repairs.add(refused)


def _keep(work: _Work, before: FileRow | None, delivery: Delivery, now: datetime, seconds: float) -> FileRow:
    """Write the parts, then make them count in one conditional write."""
    began = time.monotonic()
    file = zones.file_id(work.key, work.digest)
    for count, bucket, table in work.sink.buckets():
        work.buckets = count
        zones.put_part(table, work.contract, bucket, file, work.scratch)
    if work.sink.repeated:
        work.warnings["record_id_repeated"] += work.sink.repeated
    if work.sink.shared:
        work.warnings["id_number_shared"] += work.sink.shared
    if work.pieces:
        work.pieces.flush()
    _put_repairs(work)
    report = _report(work, before, now, seconds + time.monotonic() - began)
    row = FileRow(store.source_pk(work.key.source), store.file_sk(work.key.date, work.key.name))
    row.source, row.date, row.name, row.key = work.key.source, str(work.key.date), work.key.name, work.key.key
    row.digest, row.sequencer, row.state = work.digest, delivery.sequencer, "kept"
    row.version, row.file, row.mode = int(before.version) + 1 if before else 1, file, work.contract.mode
    row.rows, row.buckets, row.whole = work.accepted, work.buckets, work.problem is None
    row.pieces, row.kept_at = work.pieces.count if work.pieces else 0, clock.iso(now)
    row.report, row.keyed = report.model_dump_json(), keys.secret_versions("person_key")[0]
    row.stale = "\n".join(_stale(before, file, work.contract.kind))
    store.keep(row, before)
    return row


def _stale(before: FileRow | None, file: str, kind: str) -> list[str]:
    """The parts of the content that is replaced, and those that a crash left over from the one before it."""
    if before is None:
        return []
    return [*before.stale_parts, *([] if before.file == file else parts.keys_of(before, kind))]


def _put_repairs(work: _Work) -> None:
    if work.repairs.rows:
        zones.put_file("inbox", work.key.repairs, work.repairs.path, "text/csv; charset=utf-8")


def _report(work: _Work, before: FileRow | None, now: datetime, seconds: float) -> Report:
    return Report(
        **_about(work.key, now),
        **_problem(work.problem),
        contract_version=work.header.version if work.header else work.contract.version,
        drift=_drift(work),
        received=work.received,
        accepted=work.accepted,
        rejected=work.received - work.accepted,
        reasons=dict(work.reasons),
        warnings=dict(work.warnings),
        alarms=watching.alarms(
            work.contract, Past(work.key.date, work.received, _drift(work)), _past(work.key)
        ),
        detail=work.detail,
        encoding=work.table.encoding if work.table else None,
        encodings=work.table.encodings if work.table else {},
        seconds=round(seconds, 3),
        buckets=work.buckets,
        repairs=work.key.repairs if work.repairs.rows else None,
        replaces=before.key if before else None,
    )


def _drift(work: _Work) -> Drift:
    if work.header is None:
        return Drift()
    drift: Drift = work.header.drift.model_copy(update={"perhaps": work.perhaps})
    return drift


def _about(key: InboxKey, now: datetime) -> dict[str, Any]:
    return {
        "source": key.source,
        "date": str(key.date),
        "name": key.name,
        "key": key.key,
        "at": clock.iso(now),
    }


def _problem(code: str | None) -> dict[str, Any]:
    if code is None:
        return {}
    zh, en = texts.sentence(f"file_{code}", "zh-CN"), texts.sentence(f"file_{code}", "en")
    return {"problem": code, "problem_text": {"zh": zh, "en": en}}


def _past(key: InboxKey) -> list[Past]:
    """The source's other files."""
    return [store.past(row) for row in store.files(key.source) if row.sk != store.file_sk(key.date, key.name)]


def _refuse(key: InboxKey, problem: Unreadable, now: datetime, work: _Work | None) -> Report:
    """Report on a file of which nothing can be used. What the file brought earlier stays as it is."""
    if work:
        _put_repairs(work)
        work.problem, work.detail = problem.code, problem.detail
        report = _report(work, None, now, 0.0)
    else:
        report = Report(**_about(key, now), **_problem(problem.code), detail=problem.detail)
    store.park("receive_file", key.key, problem.code, now)
    if problem.code != "object_gone":
        zones.put_report(key.report, report)
    return report


def refuse_key(key: str, code: str, now: datetime) -> None:
    """Park an object whose key cannot be read, and report on it where the department will look, if anywhere."""
    store.park("receive_file", key, code, now)
    known = model.nearly_a_key(key)
    if known is None or store.file(known[0], known[1], known[2]):
        return  # The report of a good file with this name stays.
    about: dict[str, Any] = dict(zip(("source", "date", "name"), known, strict=True))
    report = Report(**about, key=key, at=clock.iso(now), **_problem(code))
    zones.put_report("reports/{}/{}/{}.json".format(*known), report)


def _again(row: FileRow, delivery: Delivery, agreed: Contract) -> Report:
    """The same content under the same key: finish what was left open, and say that it is a repeat."""
    if row.state != "done":
        return _finish(row, delivery.bucket, agreed)
    report = Report.model_validate_json(row.report)
    if delivery.sequencer == row.sequencer:
        return report
    told = report.model_copy(update={"repeat_of": row.key})
    zones.put_report(model.inbox_key(row.key).report, told)
    return told


def _repeat(key: InboxKey, same: FileRow, now: datetime) -> Report:
    """The same content under another key of the source: nothing is done but to say so."""
    first = Report.model_validate_json(same.report)
    told = first.model_copy(update={**_about(key, now), "repeat_of": same.key, "seconds": 0.0})
    zones.put_report(key.report, told)
    return told


def _finish(row: FileRow, bucket: str, agreed: Contract) -> Report:
    """All that follows once a file counts; each step may be done again. The report comes last."""
    report = Report.model_validate_json(row.report)
    parts.delete(row.stale_parts)
    if agreed.mode == "snapshot" and row.whole:
        _drop_older(row, agreed.kind)
    if row.pieces:
        pieces = zones.Pieces(row.file)
        aws.send("imports", list(pieces.messages(int(row.pieces), row.key)))
    if agreed.kind == "people":
        about = {"source": row.source, "date": row.date, "name": row.name, "rows": int(row.rows)}
        aws.send("comparisons", [about])
    else:
        zones.delete_raw(bucket, row.key)
    zones.put_report(model.inbox_key(row.key).report, report)
    store.mark_done(row)
    return report


def _drop_older(row: FileRow, kind: str) -> None:
    """A whole snapshot is the truth: what came before it is deleted, parts and all."""
    for other in store.files(row.source):
        if (other.date, other.kept_at) < (row.date, row.kept_at) and other.sk != row.sk:
            parts.delete(parts.keys_of(other, kind))
            store.drop(other)
