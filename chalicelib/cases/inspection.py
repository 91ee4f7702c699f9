"""Looking at what was uploaded, before anybody may open it: size, type by its first bytes, malware, picture."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from chalicelib import audit, aws, config, tables
from chalicelib.actors import SYSTEM
from chalicelib.cases import documents, paper_store, scanning, store
from chalicelib.cases.thumbnails import MEDIA_TYPE, thumbnail
from chalicelib.errors import NotFound
from chalicelib.tables import Cancelled

_MAGIC: Final = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
}


def sniffed(content: bytes) -> str | None:
    """The media type that the first bytes show, among those we take."""
    for media_type, heads in _MAGIC.items():
        if content.startswith(heads):
            return media_type
    return None


def inspect(key: str, now: datetime, scan: scanning.Scanner = scanning.no_test_file) -> str:
    """Look at an uploaded paper and record ``clean`` or ``refused``; a refused one's bytes are deleted.

    Returns the state. Inspecting twice is harmless. Raises ``NotFound`` for bytes nobody announced,
    ``Unavailable`` when the scanner does not answer: the paper stays unopened.
    """
    try:
        _, whose, document_id = key.split("/")
    except ValueError:
        raise NotFound("document_unknown") from None
    if whose.startswith("P"):
        return _inspect_paper(whose, document_id, key, now, scan)
    row = store.DocumentRow.find(store.case_pk(whose), f"DOCUMENT#{document_id}", consistent=True)
    if row is None:
        raise NotFound("document_unknown")
    if row.state != "awaited":
        return str(row.state)
    state, small = _looked_at(key, int(row.size), row.media_type, scan)
    _record(whose, [paper_store.looked_at(whose, document_id, state, small)], state, now)
    return state


def _inspect_paper(person: str, paper_id: str, key: str, now: datetime, scan: scanning.Scanner) -> str:
    """A paper that was uploaded for its person; a case may have taken it up meanwhile."""
    paper = paper_store.paper(person, paper_id)
    if paper is None:
        raise NotFound("document_unknown")
    if paper.state == "awaited":
        state, small = _looked_at(key, paper.size, paper.media_type, scan)
        with suppress(Cancelled):  # A second delivery of the same upload was quicker; it found the same.
            tables.transact(paper_store.look(person, paper_id, state, small), _entry(person, state, now))
        # Read again: who took it up before that write saw it awaited and waits to be told; others saw it done.
        paper = paper_store.paper(person, paper_id) or paper
    for case_id in paper.cases:
        write = paper_store.looked_at(case_id, paper_id, paper.state, paper.thumbnail)
        _record(case_id, [write], paper.state, now)
    return paper.state


def _looked_at(key: str, size: int, media_type: str, scan: scanning.Scanner) -> tuple[str, bool]:
    """What the bytes are found to be, and whether there is a small picture of them now."""
    bucket = config.bucket("documents")
    content = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(size + 1)
    if len(content) != size or sniffed(content) != media_type or not scan(content):
        documents.delete_bytes(key)
        return "refused", False
    small = thumbnail(content, media_type)
    if small:
        to = documents.thumbnail_key(key)
        aws.client("s3").put_object(Bucket=bucket, Key=to, Body=small, ContentType=MEDIA_TYPE)
    return "clean", small is not None


def _entry(target: str, state: str, now: datetime) -> tables.Put:
    return audit.entry(SYSTEM, f"document.{state}", target, now)


def _record(case_id: str, writes: list[tables.Update], state: str, now: datetime) -> None:
    try:
        tables.transact(
            *writes, store.event_put(case_id, now, f"document_{state}", "system"), _entry(case_id, state, now)
        )
    except Cancelled:
        return  # A second delivery of the same upload was quicker; it recorded the same finding.
