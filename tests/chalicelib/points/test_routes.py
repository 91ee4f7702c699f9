"""The routes of points: estimates, policies for a phone, drafts and signatures."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import api, audit, http
from chalicelib.actors import Actor
from chalicelib.errors import NotFound
from chalicelib.points import service
from tests.chalicelib.points import documents

CITIZEN = Actor("P1", "citizen", frozenset({"citizen"}), session="S1")
FIRST = Actor("policy-1", "staff", frozenset({"policy_officer"}), ("440600",))
SECOND = Actor("policy-2", "staff", frozenset({"policy_officer"}), ("440600",))


def ask(
    now: datetime,
    actor: Actor,
    route: str,
    body: Any = None,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    **path: str,
) -> tuple[int, Any]:
    declared = next(each for each in api.routes() if f"{each.method} {each.path}" == route)
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    context = {"authorizer": {"actor": http.pack(actor)}}
    answer = http.respond(declared, http.Request(headers or {}, query or {}, path, raw, context), now)
    return answer.status, json.loads(answer.body) if answer.body else None


def upload(now: datetime, actor: Actor = FIRST, **more: Any) -> tuple[int, Any]:
    return ask(now, actor, "POST /points/policies", documents.document(**more))


def sign(now: datetime, actor: Actor, hash_: str, version: str = "1") -> tuple[int, Any]:
    route = "POST /points/policies/{id}/{version}/signatures"
    return ask(now, actor, route, {"hash": hash_}, id="small", version=version)


def publish(now: datetime, **more: Any) -> Any:
    status, head = upload(now, **more)
    assert status == 201, head
    sign(now, FIRST, head["hash"], head["version"])
    return sign(now, SECOND, head["hash"], head["version"])


def test_an_estimate_is_the_contracts(cloud: None, now: datetime) -> None:
    body = {"policy": "foshan-2016", "scope": "school", "answers": {"A1.1": "大专", "B9.2": 7}}
    status, told = ask(now, CITIZEN, "POST /points/estimates", body)
    assert (status, told["total"], told["eligible"]) == (200, "61.4", True)
    assert [(line["indicator"], line["points"]) for line in told["lines"]] == [
        ("A1.1", "60"),
        ("B9.2", "1.4"),
    ]
    assert all({"rule", "reason", "version", "clause", "arithmetic"} <= line.keys() for line in told["lines"])
    assert all({"indicator", "change", "gain"} <= each.keys() for each in told["next_best"])
    assert told["as_of"] == "2026-11-23"


def test_an_estimate_keeps_nothing(cloud: None, now: datetime) -> None:
    body = {"policy": "foshan-2016", "scope": "school", "answers": {"A1.1": "大专"}}
    assert ask(now, CITIZEN, "POST /points/estimates", body)[0] == 200
    assert service.store.heads() == []
    assert list(audit.EntryRow.scan()) == []


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "1e999", "-1", "1" + "0" * 400, '"12"', "[]", "{}"])
def test_an_estimate_of_bad_answers_is_a_problem_that_names_them(
    cloud: None, now: datetime, raw: str
) -> None:
    asked = {"policy": "foshan-2016", "scope": "school", "answers": {"A2.1": "RAW", "A1.1": "大专"}}
    body = json.dumps(asked).replace('"RAW"', raw)
    status, told = ask(now, CITIZEN, "POST /points/estimates", body.encode())
    assert status == 422 and "total" not in told
    assert [each["path"] for each in told["errors"]] == ["/answers/A2.1"]


def test_an_unknown_policy_is_not_found(cloud: None, now: datetime) -> None:
    body = {"policy": "nowhere", "scope": "school", "answers": {}}
    status, told = ask(now, CITIZEN, "POST /points/estimates", body)
    assert (status, told["code"]) == (404, "policy_unknown")


def test_a_phone_is_told_how_to_ask_for_every_indicator(cloud: None, now: datetime) -> None:
    status, told = ask(
        now, CITIZEN, "GET /points/policies/{id}", id="foshan-2016", headers={"accept-language": "en"}
    )
    assert status == 200 and told["head"]["status"] == "superseded"
    by_code = {each["code"]: each for each in told["questions"]["hukou"]}
    widgets = {code: each["widget"] for code, each in by_code.items()}
    assert widgets["A1.1"] == "choice" and widgets["B6.1"] == "quantity" and widgets["B1.1"] == "birth_date"
    assert widgets["B3"] == "items" and by_code["B3"]["shared"] and widgets["Q1"] == "switch"
    assert by_code["A2.1"]["unit"] == "full years, added over the kinds"
    assert [option["value"] for option in by_code["A1.1"]["options"]] == [
        "初中",
        "高中/中技/中职",
        "大专",
        "本科及以上",
    ]
    assert {each["code"] for each in told["questions"]["school"]} >= {"B11.1", "B11.2"}


def test_two_officers_sign_and_it_is_in_force_from_its_day(cloud: None, now: datetime) -> None:
    status, head = upload(now)
    assert (status, head["status"]) == (201, "draft")
    assert sign(now, FIRST, head["hash"])[1]["status"] == "draft"
    assert sign(now, FIRST, head["hash"])[1]["code"] == "policy_officer_signed"
    with pytest.raises(NotFound):
        service.policy("small", "1")
    status, head = sign(now, SECOND, head["hash"])
    assert (status, head["status"]) == (201, "signed")
    assert [each["officer"] for each in head["signatures"]] == ["policy-1", "policy-2"]
    assert service.policy("small", "1").hash == head["hash"]
    entries = sorted(row.act for row in audit.EntryRow.by_target.query("small@1"))
    assert entries == ["policy.drafted", "policy.signed", "policy.signed"]
    later = datetime.fromisoformat("2027-01-02T00:00:00+08:00")
    listed = {each["id"]: each for each in ask(later, CITIZEN, "GET /points/policies")[1]["items"]}
    assert listed["small"]["status"] == "in force" and listed["small"]["signatures"] == []
    assert service.policy_in_force("school", later.date()).id == "small"


def test_a_draft_is_seen_by_policy_officers_alone(cloud: None, now: datetime) -> None:
    upload(now)
    seen = {each["id"] for each in ask(now, FIRST, "GET /points/policies")[1]["items"]}
    assert "small" in seen
    assert "small" not in {each["id"] for each in ask(now, CITIZEN, "GET /points/policies")[1]["items"]}
    query = {"version": "1"}
    assert ask(now, FIRST, "GET /points/policies/{id}", query=query, id="small")[0] == 200
    assert ask(now, CITIZEN, "GET /points/policies/{id}", query=query, id="small")[0] == 404


def test_an_unsound_draft_is_refused_with_the_place_named(cloud: None, now: datetime) -> None:
    body = documents.changed("/scopes/school/tie_break", ["nothing"])
    status, told = ask(now, FIRST, "POST /points/policies", body)
    assert (status, told["code"]) == (422, "policy_unsound")
    assert [each["path"] for each in told["errors"]] == ["/scopes/school/tie_break/0"]
    assert service.store.heads() == []


def test_a_draft_that_changed_loses_its_signatures_and_needs_to_be_read_again(
    cloud: None, now: datetime
) -> None:
    _, first = upload(now)
    sign(now, FIRST, first["hash"])
    _, second = upload(now, effective_to="2028-12-31")
    assert second["signatures"] == [] and second["hash"] != first["hash"]
    assert sign(now, SECOND, first["hash"])[1]["code"] == "policy_other_text"


def test_what_is_signed_is_never_changed(cloud: None, now: datetime) -> None:
    _, head = publish(now)
    assert upload(now)[1]["code"] == "policy_signed_already"
    assert sign(now, FIRST, head["hash"])[1]["code"] == "policy_signed_already"
    gone = ask(now, FIRST, "DELETE /points/policies/{id}/{version}", id="small", version="1")
    assert gone[1]["code"] == "policy_signed_already"
    shipped = documents.document(id="demo-2026", effective_from="2030-01-01")
    assert ask(now, FIRST, "POST /points/policies", shipped)[1]["code"] == "policy_signed_already"


def test_a_new_edition_ends_the_one_it_supersedes_and_changes_nothing_in_it(
    cloud: None, now: datetime
) -> None:
    before = publish(now)[1]["hash"]
    status, told = upload(now, version="2", effective_from="2028-01-01")
    assert (status, told["errors"][0]["path"]) == (422, "/effective_from")
    status, _ = publish(now, version="2", effective_from="2028-01-01", supersedes="small@1")
    assert status == 201
    days = ("2027-12-31", "2028-01-01")
    found = [service.policy("small", day=datetime.fromisoformat(day).date()).version for day in days]
    assert found == ["1", "2"] and service.policy("small", "1").hash == before
    heads = {
        each["version"]: each
        for each in ask(now, CITIZEN, "GET /points/policies")[1]["items"]
        if each["id"] == "small"
    }
    assert heads["1"]["effective_to"] == "2027-12-31"


def test_an_edition_never_begins_in_the_past(cloud: None, now: datetime) -> None:
    status, told = upload(now, effective_from="2026-11-22")
    assert (status, told["errors"][0]["code"]) == (422, "policy_begins_in_past")
    _, head = upload(now, effective_from="2026-11-23")
    sign(now, FIRST, head["hash"])
    late = sign(now + timedelta(days=1), SECOND, head["hash"])
    assert late[1]["errors"][0]["code"] == "policy_begins_in_past"


def test_a_withdrawn_draft_is_gone(cloud: None, now: datetime) -> None:
    upload(now)
    assert ask(now, SECOND, "DELETE /points/policies/{id}/{version}", id="small", version="1")[0] == 204
    assert service.store.heads() == []
    assert ask(now, SECOND, "DELETE /points/policies/{id}/{version}", id="small", version="1")[0] == 404


def test_a_repeated_upload_gets_its_first_answer(cloud: None, now: datetime) -> None:
    headers = {"idempotency-key": "once"}
    first = ask(now, FIRST, "POST /points/policies", documents.document(), headers=headers)
    again = ask(now, FIRST, "POST /points/policies", documents.document(), headers=headers)
    assert first == again and service.store.heads()[0].revision == 1
