"""Certificates that anyone can verify and that tell nothing personal: a signed token behind a QR code."""

import io
from datetime import datetime
from typing import Final

from chalicelib import clock, config
from chalicelib.actors import Actor
from chalicelib.errors import NotFound, Unauthenticated
from chalicelib.identity import service as identity
from chalicelib.rentals import store
from chalicelib.rentals.model import CertificateProof, Lease

AUDIENCE: Final = "lease"


def token(lease: Lease, now: datetime) -> str:
    """The signed token of a lease's certificate: its number and id, nobody's name, no address."""
    return identity.sign({"aud": AUDIENCE, "sub": lease.id, "num": lease.number}, now)


def qr_code(actor: Actor, lease_id: str, now: datetime) -> str:
    """The certificate's QR code as an SVG picture, for a party; raises ``NotFound``."""
    found = store.party_lease(identity.require_person(actor), lease_id)
    if found is None:
        raise NotFound("lease_not_found")
    import segno

    out = io.BytesIO()
    link = f"{config.public_url()}/lease-certificates/{token(found[0], now)}"
    segno.make(link, error="m").save(out, kind="svg", scale=4, border=4)
    return out.getvalue().decode()


def prove(text: str, now: datetime) -> CertificateProof:
    """What the token proves today; raises ``NotFound`` for anything that we did not sign."""
    try:
        claims = identity.verify(text, now, AUDIENCE)
    except Unauthenticated:
        raise NotFound("lease_certificate_unknown") from None
    lease = store.lease(claims["sub"])
    if lease is None:
        raise NotFound("lease_certificate_unknown")
    today = clock.local_date(now)
    status = "in_force" if lease.in_force_on(today) else "not_begun" if today < lease.starts_on else "ended"
    return CertificateProof(
        valid=True,
        number=lease.number,
        filed_on=lease.filed_on,
        status=status,  # type: ignore[arg-type]  # One of the three.
        starts_on=lease.starts_on,
        ends_on=lease.ended_on or lease.ends_on,
    )
