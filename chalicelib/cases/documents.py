"""Papers on a case: bytes go between the phone and S3, never through the API.

An upload is announced with its type and size; the presigned PUT signs both, so nothing else is taken.
What has arrived is looked at (``inspect``) before anybody may open it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from chalicelib import audit, aws, config, keys, tables
from chalicelib.actors import SYSTEM, Actor
from chalicelib.cases import model, store
from chalicelib.cases.model import Case, CaseDocument
from chalicelib.cases.views import Download, NewDocument, Upload, document_view
from chalicelib.errors import Conflict, Invalid, NotFound, TooLarge
from chalicelib.errors import Field as Place
from chalicelib.tables import Cancelled, Once

LINK_SECONDS: Final = 900
_MAGIC: Final = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
}
_EICAR: Final = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"

Scanner = Callable[[bytes], bool]
"""The malware-scan hook: the file's bytes in, true when it is clean."""


def announce(
    case: Case, wanted: NewDocument, actor: Actor, now: datetime, once: Once | None = None
) -> Upload:
    """A place to upload one paper to.

    Raises ``Conflict`` on a closed case or when there are enough papers of the kind, ``TooLarge``,
    ``Invalid`` for a media type that the kind does not take.
    """
    allowed = _allowed(case, wanted)
    document = CaseDocument(
        id=keys.new_id("D", now),
        kind=allowed.kind,
        state="awaited",
        media_type=wanted.media_type,
        size=wanted.size,
        at=now,
    )
    upload = _upload(case, document, now)
    tables.transact(
        tables.create(store.document_row(case.id, document)),
        store.event_put(case.id, now, "document_announced", actor.kind),
        audit.entry(actor, "document.announced", case.id, now, kind=allowed.kind),
        once=once,
        answer=upload,
    )
    return upload


def _allowed(case: Case, wanted: NewDocument) -> model.DocumentKind:
    if case.state in model.kind_of(case).decided:
        raise Conflict("case_state_forbids", state=case.state)
    allowed = model.kind_of(case).document(wanted.kind)
    if wanted.media_type not in allowed.media:
        raise Invalid("document_media_type", fields=[Place("/media_type", "field_choice")])
    if wanted.size > allowed.max_bytes:
        raise TooLarge("document_too_large", limit=allowed.max_bytes)
    if sum(d.kind == allowed.kind and d.state != "refused" for d in case.documents) >= allowed.max_count:
        raise Conflict("document_count", limit=allowed.max_count)
    return allowed


def object_key(case_id: str, document_id: str) -> str:
    """Where a paper's bytes lie in the documents bucket."""
    return f"documents/{case_id}/{document_id}"


def _upload(case: Case, document: CaseDocument, now: datetime) -> Upload:
    params = {
        "Bucket": config.bucket("documents"),
        "Key": object_key(case.id, document.id),
        "ContentType": document.media_type,
        "ContentLength": document.size,
    }
    url = aws.client("s3").generate_presigned_url("put_object", Params=params, ExpiresIn=LINK_SECONDS)
    return Upload(
        document=document_view(document),
        url=url,
        headers={"Content-Type": document.media_type, "Content-Length": str(document.size)},
        expires_at=now + timedelta(seconds=LINK_SECONDS),
    )


def download(case: Case, document_id: str, now: datetime) -> Download:
    """A link to a paper that was found clean; raises ``NotFound`` or ``Conflict`` before that."""
    document = next((d for d in case.documents if d.id == document_id), None)
    if document is None:
        raise NotFound("document_unknown")
    if document.state != "clean":
        raise Conflict("document_not_clean")
    params = {"Bucket": config.bucket("documents"), "Key": object_key(case.id, document_id)}
    url = aws.client("s3").generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)
    return Download(url=url, expires_at=now + timedelta(seconds=LINK_SECONDS))


def erase(case: Case) -> int:
    """Delete the bytes of all the case's papers, arrived or not; returns how many. Safe to repeat."""
    for document in case.documents:
        key = object_key(case.id, document.id)
        aws.client("s3").delete_object(Bucket=config.bucket("documents"), Key=key)
    return len(case.documents)


def clean(content: bytes) -> bool:
    """The scanner used where no other is set: refuses the EICAR test file, nothing cleverer."""
    return _EICAR not in content


def sniffed(content: bytes) -> str | None:
    """The media type that the first bytes show, among those we take."""
    for media_type, heads in _MAGIC.items():
        if content.startswith(heads):
            return media_type
    return None


def inspect(key: str, now: datetime, scan: Scanner = clean) -> str:
    """Look at an uploaded paper and record ``clean`` or ``refused``; a refused one's bytes are deleted.

    Returns the state. Inspecting twice is harmless. Raises ``NotFound`` for bytes nobody announced.
    """
    try:
        _, case_id, document_id = key.split("/")
    except ValueError:
        raise NotFound("document_unknown") from None
    row = store.DocumentRow.find(store.case_pk(case_id), f"DOCUMENT#{document_id}", consistent=True)
    if row is None:
        raise NotFound("document_unknown")
    if row.state != "awaited":
        return str(row.state)
    bucket = config.bucket("documents")
    content = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(int(row.size) + 1)
    good = len(content) == row.size and sniffed(content) == row.media_type and scan(content)
    state = "clean" if good else "refused"
    _record(case_id, row, state, now)
    if not good:
        aws.client("s3").delete_object(Bucket=bucket, Key=key)
    return state


def _record(case_id: str, row: store.DocumentRow, state: str, now: datetime) -> None:
    try:
        tables.transact(
            tables.Update(row, [store.DocumentRow.state.set(state)], store.DocumentRow.state == "awaited"),
            store.event_put(case_id, now, f"document_{state}", "system"),
            audit.entry(SYSTEM, f"document.{state}", case_id, now),
        )
    except Cancelled:
        return  # A second delivery of the same upload was quicker; it recorded the same finding.
