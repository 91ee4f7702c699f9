"""HTTP views of the engine."""

from chalicelib import http
from chalicelib.cases import (
    documents,
    papers,
    receipts,
    rights,  # noqa: F401  # It takes part in export and deletion.
    service,
    working,
    worklists,
)
from chalicelib.cases.paper_views import LinkQuery, NewPaper, PaperList
from chalicelib.cases.views import (
    Acceptances,
    AcceptancesDone,
    Appeal,
    CaseView,
    Decision,
    Download,
    HandOver,
    NewDocument,
    PageQuery,
    Piece,
    Reason,
    ReceiptProof,
    Upload,
    WorkItem,
    WorkQuery,
    view,
)
from chalicelib.http import Call
from chalicelib.identity import service as identity
from chalicelib.shapes import Page

api = http.Api("cases")

OWNER: dict[str, http.Reach] = {"citizen": "own", "landlord": "own"}
OFFICERS: dict[str, http.Reach] = {
    "grid_worker": "region",
    "coordinator": "region",
    "reviewer": "region",
    "district_officer": "region",
    "city_officer": "region",
}


@api.get("/me/cases", who=OWNER, query=PageQuery, answer=Page[CaseView], summary="My cases, newest first")
def get_my_cases(call: Call, query: PageQuery) -> Page[CaseView]:
    """The caller's own cases; ``filed=true`` lists those filed for others."""
    found, following = service.cases_of(call.actor, filed=query.filed, limit=query.limit, token=query.next)
    return Page(items=[view(case, call.language) for case in found], next=following)


@api.get(
    "/cases/{id}",
    who={**OWNER, **OFFICERS},
    answer=CaseView,
    purpose="case_handling",
    summary="One case with timeline, checks and receipts",
)
def get_case(call: Call, id: str) -> CaseView:
    """The owner and whoever filed it; staff whose region and part it is, which the person sees."""
    found = service.case_for(call.actor, id)
    if call.actor.is_staff:
        identity.record_disclosures(
            call.actor, [found.owner], call.purpose or "case_handling", "case", call.now
        )
    return view(found, call.language)


@api.post("/cases/{id}/withdraw", who=OWNER, body=Reason, answer=CaseView, summary="Take it back")
def withdraw_case(call: Call, id: str, body: Reason) -> CaseView:
    """Only while nothing is decided."""
    found = service.case_for(call.actor, id)
    return service.act(
        found, "withdraw", call.actor, call.now, reason=body.reason, once=call.once, language=call.language
    )


@api.post(
    "/cases/{id}/confirm", who=OWNER, body=Reason, answer=CaseView, summary="Confirm what another filed"
)
def confirm_case(call: Call, id: str, body: Reason) -> CaseView:
    """A tenant confirms what the landlord filed; only then are departments asked."""
    found = service.case_for(call.actor, id)
    return service.act(found, "confirm", call.actor, call.now, once=call.once, language=call.language)


@api.post(
    "/cases/{id}/decline", who=OWNER, body=Reason, answer=CaseView, summary="Decline what another filed"
)
def decline_case(call: Call, id: str, body: Reason) -> CaseView:
    """The tenant says that it is not so; nothing is registered."""
    found = service.case_for(call.actor, id)
    return service.act(
        found, "decline", call.actor, call.now, reason=body.reason, once=call.once, language=call.language
    )


@api.post(
    "/cases/{id}/supplement", who=OWNER, body=Reason, answer=CaseView, summary="Say that papers were added"
)
def supplement_case(call: Call, id: str, body: Reason) -> CaseView:
    """After uploading what was asked for."""
    return service.supplement(call.actor, id, body.reason, call.now, call.once, call.language)


@api.post(
    "/cases/{id}/appeals", who=OWNER, body=Appeal, answer=CaseView, status=201, summary="Object to a refusal"
)
def appeal_case(call: Call, id: str, body: Appeal) -> CaseView:
    """The next level decides."""
    return service.appeal(call.actor, id, body.reason, call.now, call.once, call.language)


@api.post(
    "/cases/{id}/documents", who=OWNER, body=NewDocument, answer=Upload, status=201, summary="Add a paper"
)
def add_document(call: Call, id: str, body: NewDocument) -> Upload:
    """Answers where to upload the bytes to."""
    return documents.announce(service.case_for(call.actor, id), body, call.actor, call.now, call.once)


@api.get(
    "/cases/{id}/documents/{document}",
    who={**OWNER, **OFFICERS},
    query=LinkQuery,
    answer=Download,
    purpose="case_handling",
    summary="A link to a paper",
)
def get_document(call: Call, id: str, document: str, query: LinkQuery) -> Download:
    """Only papers that were found clean; ``thumbnail=true`` for the small picture."""
    found = service.case_for(call.actor, id)
    if call.actor.is_staff:
        identity.record_disclosures(
            call.actor, [found.owner], call.purpose or "case_handling", "document", call.now
        )
    return documents.download(found, document, call.now, small=query.thumbnail)


@api.get("/me/documents", who=OWNER, answer=PaperList, summary="My papers, the newest first")
def get_my_papers(call: Call) -> PaperList:
    """Those no case has yet, and those of cases that are decided; which serve again, and when each goes."""
    return papers.listed(identity.require_person(call.actor), call.now)


@api.post(
    "/me/documents",
    who=OWNER,
    body=NewPaper,
    answer=Upload,
    status=201,
    summary="Add a paper before there is a case",
)
def add_my_paper(call: Call, body: NewPaper) -> Upload:
    """Answers where to upload the bytes to; the document's id goes into a form."""
    return papers.announce(identity.require_person(call.actor), body, call.actor, call.now, call.once)


@api.get(
    "/me/documents/{document}",
    who=OWNER,
    query=LinkQuery,
    answer=Download,
    summary="A link to one of my papers",
)
def get_my_paper(call: Call, document: str, query: LinkQuery) -> Download:
    """Only papers that were found clean; ``thumbnail=true`` for the small picture."""
    return papers.download(identity.require_person(call.actor), document, call.now, small=query.thumbnail)


@api.delete("/me/documents/{document}", who=OWNER, summary="Delete one of my papers")
def delete_my_paper(call: Call, document: str) -> None:
    """Not while a case that is not decided has it."""
    papers.forget(identity.require_person(call.actor), document, call.actor, call.now)


@api.get("/cases/{id}/receipt.svg", who=OWNER, media_type="image/svg+xml", summary="The receipt's QR code")
def get_receipt_code(call: Call, id: str) -> str:
    """A picture that leads to a page with no personal data."""
    return receipts.qr_code(service.case_for(call.actor, id), call.now)


@api.get("/receipts/{token}", who="public", answer=ReceiptProof, summary="Verify a receipt")
def verify_receipt(call: Call, token: str) -> ReceiptProof:
    """What a QR code proves: anyone may ask, nobody learns whose it is."""
    return receipts.prove(token, call.language, call.now)


@api.get("/worklist", who=OFFICERS, query=WorkQuery, answer=Page[WorkItem], summary="What waits for me")
def get_worklist(call: Call, query: WorkQuery) -> Page[WorkItem]:
    """Checks of the reviewer's department, or cases of the officer's level, in scope."""
    return worklists.worklist(call.actor, query, call.language)


@api.post(
    "/cases/{id}/decisions",
    who=OFFICERS,
    body=Decision,
    answer=CaseView,
    purpose="case_handling",
    summary="Decide",
)
def decide_case(call: Call, id: str, body: Decision) -> CaseView:
    """A person's decision, with its reason, on one check or on the case."""
    return service.decide(call.actor, id, body, call.now, call.once, call.language)


@api.post("/cases/{id}/claim", who=OFFICERS, body=Piece, answer=WorkItem, summary="Take a piece of work")
def claim_work(call: Call, id: str, body: Piece) -> WorkItem:
    """So that colleagues leave it; they see who has it."""
    return working.claim(call.actor, id, body.check, call.now, call.once, call.language)


@api.post("/cases/{id}/release", who=OFFICERS, body=Piece, answer=WorkItem, summary="Let a piece of work go")
def release_work(call: Call, id: str, body: Piece) -> WorkItem:
    """For whoever is next."""
    return working.release(call.actor, id, body.check, call.now, call.once, call.language)


@api.post(
    "/cases/{id}/hand-over", who=OFFICERS, body=HandOver, answer=WorkItem, summary="Give work to a colleague"
)
def hand_over_work(call: Call, id: str, body: HandOver) -> WorkItem:
    """To somebody whose work it may be."""
    return working.hand_over(call.actor, id, body.check, body.to, call.now, call.once, call.language)


@api.post(
    "/worklist/acceptances",
    who=dict.fromkeys(OFFICERS, "own"),
    body=Acceptances,
    answer=AcceptancesDone,
    summary="Accept clean work in one go",
)
def accept_clean_work(call: Call, body: Acceptances) -> AcceptancesDone:
    """Each is a decision of its own; what is not clean stays, and the answer says why."""
    return AcceptancesDone(items=working.accept_clean(call.actor, body, call.now, call.once, call.language))
