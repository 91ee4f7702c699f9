"""What a running city can be shown to do with forms and papers, step by step."""

import io
import secrets
from collections.abc import Callable
from typing import Any

import urllib3
from PIL import Image

from infra.local.client import Client
from infra.local.smoke_steps import Run, demand, refusal, registration, somebody, wait_for

KIND = "residence_registration"
_TEST_FILE = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"


def picture() -> bytes:
    """A small PNG that nobody else has."""
    drawn = io.BytesIO()
    colour = (secrets.randbelow(256), secrets.randbelow(256), 128)
    Image.new("RGB", (640, 480), colour).save(drawn, "PNG")
    return drawn.getvalue()


def upload(me: Client, content: bytes) -> dict[str, Any]:
    """Announce a paper, send its bytes, wait until it was looked at; returns it."""
    wanted = {"case_kind": KIND, "kind": "dwelling_proof", "media_type": "image/png", "size": len(content)}
    place = me.post("/me/documents", wanted)
    sent = urllib3.request("PUT", place["url"], body=content, headers=place["headers"], timeout=30)
    demand(sent.status == 200, f"the bytes were not taken: {sent.status}")

    def ask() -> dict[str, Any]:
        return next(p for p in me.get("/me/documents")["items"] if p["id"] == place["document"]["id"])

    return wait_for(ask, lambda paper: paper["state"] != "awaited", "the look at the paper")


def material(case: dict[str, Any]) -> dict[str, Any]:
    """What a case says of the proof of dwelling."""
    return next(m for m in case["materials"] if m["kind"] == "dwelling_proof")


def keeps_a_form_half_filled(run: Run) -> str:
    """A form is read by anybody, begun on one phone, finished on another; what is wrong is named."""
    form = run.api.get(f"/forms/{KIND}")
    someone = somebody()
    one, other = run.bound(someone), run.api.citizen(someone.code)
    saved = one.call("PUT", f"/me/drafts/{KIND}", {"answers": {"housing": "rented"}})
    resumed = other.get(f"/me/drafts/{KIND}")
    demand(resumed["answers"] == {"housing": "rented"}, f"the draft is {resumed['answers']}")
    late = {"answers": {"housing": "owned"}, "revision": 0}
    clash = refusal(lambda: other.call("PUT", f"/me/drafts/{KIND}", late))
    demand(clash.code == "draft_changed_elsewhere", f"an unseen draft was overwritten: {clash}")
    wrong = refusal(lambda: other.post("/residence-registrations", registration(run, housing="castle")))
    demand("/housing field_choice" in str(wrong), f"the wrong field was not named: {wrong}")
    filed = other.post("/residence-registrations", registration(run))
    demand(filed["form_version"] == form["version"], f"the case was made under {filed['form_version']}")
    gone = refusal(lambda: other.get(f"/me/drafts/{KIND}"))
    demand(gone.status == 404, "the draft outlived its case")
    return (
        f"{len(form['fields'])} fields, {len(saved['problems'])} missing at first, filed as {form['version']}"
    )


def uses_a_paper_again(run: Run) -> str:
    """A paper uploaded before there is a case is proven by the first case, and the second does not ask for it."""
    me = run.bound(somebody())
    paper = upload(me, picture())
    demand(paper["state"] == "clean" and paper["thumbnail"], f"the paper is {paper}")
    link = me.get(f"/me/documents/{paper['id']}", thumbnail="true")
    small = urllib3.request("GET", link["url"], timeout=30)
    demand(small.data[:3] == b"\xff\xd8\xff", "the small picture is no JPEG")
    case = me.post("/residence-registrations", registration(run, dwelling_proof=[paper["id"]]))
    demand(material(case)["state"] == "provided", f"the first case says {material(case)}")
    _accept(run, me, case["id"])
    wait_for(lambda: me.get("/me/documents")["items"][0], lambda p: bool(p["reusable"]), "the proof")
    second = me.post("/residence-registrations", registration(run))
    demand(material(second)["state"] == "reused", f"the second case says {material(second)}")
    return f"JPEG of {len(small.data)} bytes; the second case: {material(second)['because']}"


def _accept(run: Run, me: Client, case: str) -> None:
    """Wait for the machines, and let reviewers approve what is left."""
    for department in ("public_security", "housing"):
        ask = lambda name=department: next(  # noqa: E731
            c["state"] for c in me.get(f"/cases/{case}")["checks"] if c["department"] == name
        )
        if wait_for(ask, lambda state: state != "open", f"the check of {department}") == "person":
            reviewer = run.api.staff(f"reviewer-{department}")
            told = {"check": department, "decision": "approve", "reason": "smoke"}
            reviewer.post(f"/cases/{case}/decisions", told)


def refuses_a_paper_with_the_test_file(run: Run) -> str:
    """What the scanner knows is refused, and its bytes are gone."""
    me = run.bound(somebody())
    paper = upload(me, picture() + _TEST_FILE)
    demand(paper["state"] == "refused", f"the paper is {paper['state']}")
    return "the EICAR test file was refused"


def takes_a_correction(run: Run) -> str:
    """Prefilled values have source and date; departments answer after consent; what is wrong becomes a case."""
    me = run.found["client"]
    refused = refusal(lambda: me.post("/me/known-facts"))
    me.call("PUT", "/me/consents", {"items": [{"kind": "department_checks", "given": True}]})
    me.post("/me/known-facts")
    told = wait_for(
        lambda: me.get(f"/me/prefill/{KIND}"),
        lambda p: p["departments"] == "gathered",
        "what departments know",
    )
    says = {"fact": "employment.employer_name", "says": "it is another employer"}
    case = me.post("/corrections", says)
    reviewer = run.api.staff("reviewer-human_resources")
    seen = reviewer.get(f"/corrections/{case['id']}")
    demand(seen["says"] == says["says"], "the reviewer does not see what was said")
    stranger = refusal(lambda: run.api.staff("reviewer-housing").get(f"/corrections/{case['id']}"))
    demand(stranger.status == 404, f"another department got {stranger.status}")
    known = ", ".join(f"{v['path']} from {v['source']}" for v in told["values"]) or "nothing"
    return f"without consent {refused.status}; known: {known}; {case['receipt_number']} at human_resources"


STEPS: list[Callable[[Run], str]] = [
    keeps_a_form_half_filled,
    uses_a_paper_again,
    refuses_a_paper_with_the_test_file,
    takes_a_correction,
]
