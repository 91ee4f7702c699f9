"""Papers on a case: bytes go between the phone and S3, never through the API.

An upload is announced with its type and size; the presigned PUT signs both, so nothing else is taken.
What has arrived is looked at (``inspection``) before anybody may open it.
"""

from datetime import datetime, timedelta
from typing import Final

from chalicelib import audit, aws, config, keys, tables
from chalicelib.actors import Actor
from chalicelib.cases import model, store
from chalicelib.cases.model import Case, CaseDocument
from chalicelib.cases.views import Download, NewDocument, Upload, document_view
from chalicelib.errors import Conflict, Invalid, NotFound, TooLarge
from chalicelib.errors import Field as Place
from chalicelib.tables import Once

LINK_SECONDS: Final = 900


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
    upload = upload_of(document, object_key(case.id, document.id), now)
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
    require_taken(allowed, wanted)
    if sum(d.kind == allowed.kind and d.state != "refused" for d in case.documents) >= allowed.max_count:
        raise Conflict("document_count", limit=allowed.max_count)
    return allowed


def require_taken(allowed: model.DocumentKind, wanted: NewDocument) -> None:
    """Raise ``Invalid`` for a media type that the kind of paper does not have, ``TooLarge`` for too many bytes."""
    if wanted.media_type not in allowed.media:
        raise Invalid("document_media_type", fields=[Place("/media_type", "field_choice")])
    if wanted.size > allowed.max_bytes:
        raise TooLarge("document_too_large", limit=allowed.max_bytes)


def object_key(case_id: str, document_id: str) -> str:
    """Where a paper's bytes lie in the documents bucket; the first id may be a person's too."""
    return f"documents/{case_id}/{document_id}"


def thumbnail_key(key: str) -> str:
    """Where the small picture of a paper lies: not under the prefix that tells of uploads."""
    return f"thumbnails/{key.removeprefix('documents/')}.jpg"


def upload_of(document: CaseDocument, key: str, now: datetime) -> Upload:
    """The link to send an announced paper's bytes to: exactly its type and size, for a quarter of an hour."""
    params = {
        "Bucket": config.bucket("documents"),
        "Key": key,
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


def download(case: Case, document_id: str, now: datetime, *, small: bool = False) -> Download:
    """A link to a paper that was found clean, or to its small picture.

    Raises ``NotFound`` for a paper or picture that is not there, ``Conflict`` before it was found clean.
    """
    document = next((d for d in case.documents if d.id == document_id), None)
    if document is None or (small and not document.thumbnail):
        raise NotFound("document_unknown")
    if document.state != "clean":
        raise Conflict("document_not_clean")
    return link(document.key or object_key(case.id, document_id), now, small=small)


def link(key: str, now: datetime, *, small: bool = False) -> Download:
    """A link to bytes that may be opened, for a quarter of an hour."""
    params = {"Bucket": config.bucket("documents"), "Key": thumbnail_key(key) if small else key}
    url = aws.client("s3").generate_presigned_url("get_object", Params=params, ExpiresIn=LINK_SECONDS)
    return Download(url=url, expires_at=now + timedelta(seconds=LINK_SECONDS))


def erase(case: Case) -> int:
    """Delete the bytes of all papers uploaded to the case, arrived or not; returns how many. Safe to repeat.

    Those of its owner's own papers go with them (``papers``), those of who filed it with that person.
    """
    for document in case.documents:
        if document.key is None:
            delete_bytes(object_key(case.id, document.id))
    return len(case.documents)


def ending(media_type: str) -> str:
    """What the name of such a file ends with."""
    return {"image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf"}.get(media_type, "")


def delete_bytes(key: str) -> None:
    """Delete a paper's bytes and its small picture; none being there is as good."""
    for each in (key, thumbnail_key(key)):
        aws.client("s3").delete_object(Bucket=config.bucket("documents"), Key=each)
