"""HTTP views of leases."""

from chalicelib import http
from chalicelib.cases.views import CaseView
from chalicelib.forms import service as forms
from chalicelib.http import Call
from chalicelib.rentals import service
from chalicelib.rentals.model import CertificateProof, LeaseChange, LeaseEnd, MyLeases, NewLease

api = http.Api("rentals")

SELF: dict[str, http.Reach] = {"citizen": "own", "landlord": "own"}
COUNTER: dict[str, http.Reach] = {
    "grid_worker": "region",
    "coordinator": "region",
    "district_officer": "region",
}


@api.post(
    "/leases",
    who={**SELF, **COUNTER},
    body=NewLease,
    form=forms.checker("lease_filing"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="File a lease",
)
def file_lease(call: Call, body: NewLease) -> CaseView:
    """By the landlord, by the tenant if the landlord does not, or by staff with the ``person`` present; the other confirms."""
    return service.file(call.actor, body, call.now, call.once, call.language)


@api.post(
    "/leases/{id}/changes",
    who={**SELF, **COUNTER},
    body=LeaseChange,
    form=forms.checker("lease_change"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="File other terms",
)
def change_lease(call: Call, id: str, body: LeaseChange) -> CaseView:
    """By either party, or by staff with the ``person`` present, within 30 days; the other confirms."""
    return service.change(call.actor, id, body, call.now, call.once, call.language)


@api.post(
    "/leases/{id}/end",
    who={**SELF, **COUNTER},
    body=LeaseEnd,
    form=forms.checker("lease_end"),
    answer=CaseView,
    status=201,
    purpose="counter_service",
    summary="File a lease's end",
)
def end_lease(call: Call, id: str, body: LeaseEnd) -> CaseView:
    """By either party, or by staff with the ``person`` present, within 30 days; the other confirms."""
    return service.end(call.actor, id, body, call.now, call.once, call.language)


@api.get("/me/leases", who=SELF, answer=MyLeases, summary="My leases")
def get_my_leases(call: Call) -> MyLeases:
    """As landlord or tenant, with what was agreed; the other party is not named."""
    return MyLeases(items=service.leases_for(call.actor))


@api.get(
    "/leases/{id}/certificate.svg",
    who=SELF,
    media_type="image/svg+xml",
    summary="A lease's certificate as a QR code",
)
def get_certificate(call: Call, id: str) -> str:
    """A picture that leads to a page with no personal data."""
    return service.qr_code(call.actor, id, call.now)


@api.get("/lease-certificates/{token}", who="public", answer=CertificateProof, summary="Verify a certificate")
def verify_certificate(call: Call, token: str) -> CertificateProof:
    """Anyone may ask whether the lease is on file and in force; nobody learns whose it is, or where."""
    return service.prove(token, call.now)
