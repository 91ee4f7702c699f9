"""Receipts that anyone can verify and that tell nothing personal.

The QR code holds a link with a signed token: the receipt's number, the kind and the day. Without the
signature no receipt can be asked for, so numbers cannot be tried out.
"""

import io
from datetime import date, datetime

from chalicelib import clock, config
from chalicelib.cases import model, service
from chalicelib.cases.model import Case
from chalicelib.cases.views import ReceiptProof
from chalicelib.errors import NotFound, Unauthenticated
from chalicelib.identity import service as identity

AUDIENCE = "receipt"


def token(case: Case, now: datetime) -> str:
    """The signed token of a case's receipt."""
    claims = {
        "aud": AUDIENCE,
        "sub": case.id,
        "num": case.receipt_number,
        "kind": case.kind,
        "day": clock.local_date(case.submitted_at).isoformat(),
    }
    return identity.sign(claims, now)


def link(case: Case, now: datetime) -> str:
    """The address that the QR code leads to."""
    return f"{config.public_url()}/receipts/{token(case, now)}"


def qr_code(case: Case, now: datetime) -> str:
    """The QR code as an SVG picture, black on white, readable from a phone's screen."""
    import segno

    out = io.BytesIO()
    segno.make(link(case, now), error="m").save(out, kind="svg", scale=4, border=4)
    return out.getvalue().decode()


def prove(text: str, language: str, now: datetime) -> ReceiptProof:
    """What the token proves; raises ``NotFound`` for anything that we did not sign."""
    try:
        claims = identity.verify(text, now, AUDIENCE)
    except Unauthenticated:
        raise NotFound("receipt_unknown") from None
    found = service.case(claims["sub"])
    return ReceiptProof(
        valid=True,
        receipt_number=claims["num"],
        kind=claims["kind"],
        title=model.kind(claims["kind"]).title.in_language(language),
        submitted_on=date.fromisoformat(claims["day"]),
        state=found.state,
    )
