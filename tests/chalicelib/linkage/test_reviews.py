"""Questions put to people, what they decide, and what is left of it."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import audit, clock, http, keys, sealing
from chalicelib.actors import Actor
from chalicelib.errors import Gone
from chalicelib.identity import service as identity
from chalicelib.identity.parts import erase, exports
from chalicelib.linkage import review, review_store, reviews
from chalicelib.linkage import service as linkage
from chalicelib.linkage.review import NewVerdict
from chalicelib.linkage.routes import api
from tests.chalicelib.fieldwork.people import CITY_OFFICER, FAR_TOWN, TOWN, id_number, people
from tests.chalicelib.linkage.questions import asked, put_event, put_question, question

pytestmark = pytest.mark.usefixtures("cloud")
REVIEWER = Actor("police-1", "staff", frozenset({"reviewer"}), (TOWN[:6],), "public_security")
FAR = Actor("police-2", "staff", frozenset({"reviewer"}), ("440605",), "public_security")
HOUSING = Actor("housing-1", "staff", frozenset({"reviewer"}), (TOWN[:6],), "housing")


def ask(
    method: str, path: str, actor: Actor, now: datetime, *, body: Any = None, id: str = "", **query: str
) -> tuple[int, Any]:
    route = next(r for r in api.routes if (r.method, r.path) == (method, path))
    context = {"authorizer": {"actor": http.pack(actor)}}
    sent = b"" if body is None else json.dumps(body).encode()
    answer = http.respond(route, http.Request({}, query, {"id": id} if id else {}, sent, context), now)
    return answer.status, json.loads(answer.body)


def decide(id: str, now: datetime, verdict: str, actor: Actor = REVIEWER) -> tuple[int, Any]:
    return ask("POST", "/matches/reviews/{id}/verdict", actor, now, id=id, body={"verdict": verdict})


def keyed(number: int) -> str:
    return keys.person_key(id_number(number))


def test_the_list_names_nobody_and_puts_the_urgent_first(now: datetime) -> None:
    put_question(now, 1, probability=0.5)
    put_question(now, 2, why="two_numbers")
    put_question(now, 3, town=FAR_TOWN)
    status, body = ask("GET", "/matches/reviews", REVIEWER, now, region=TOWN)
    assert status == 200
    assert [one["why"] for one in body["items"]] == ["two_numbers", "grey"]
    assert set(body["items"][0]) == {"id", "why", "probability", "town", "sources", "asked_at"}


def test_the_evidence_is_masked_and_who_is_concerned_sees_who_looked(now: datetime) -> None:
    person = people(8, now)[7]
    id_ = put_question(now, keys=((keyed(7),), ()))
    status, body = ask("GET", "/matches/reviews/{id}", REVIEWER, now, id=id_)
    assert (status, body["left"]["name"], body["fields"]["phone"]) == (200, "测***", "equal")
    assert body["because"] == "姓名相近，电话相同"
    (seen,) = identity.disclosures(person, None, now).items
    assert (seen.staff, seen.purpose, seen.what) == ("police-1", "matching", "match")


def test_what_is_kept_of_a_question_is_sealed(now: datetime) -> None:
    row = review_store.review(put_question(now))
    assert row and "季华五路" not in json.dumps(row.to_simple_dict(), ensure_ascii=False)


@pytest.mark.parametrize("actor", [FAR, HOUSING])
def test_another_region_and_another_department_decide_nothing(now: datetime, actor: Actor) -> None:
    id_ = put_question(now)
    assert ask("GET", "/matches/reviews", actor, now, region=TOWN)[0] == 403
    assert ask("GET", "/matches/reviews/{id}", actor, now, id=id_)[0] == 403
    assert decide(id_, now, "same", actor)[0] == 403
    assert review_store.judgements() == []


def test_a_verdict_is_kept_counted_and_audited_and_the_evidence_is_gone(now: datetime) -> None:
    id_ = put_question(now)
    status, body = decide(id_, now, "different")
    assert (status, body["verdict"]) == (200, "different")
    (kept,) = review_store.judgements()
    assert (kept.sk, kept.kind, kept.by, kept.purpose) == (id_, "apart", "police-1", "matching")
    row = review_store.review(id_)
    assert row and (row.state, row.sealed, row.expires_at) == ("decided", None, None)
    with pytest.raises(Gone):
        sealing.sealer(f"REVIEW#{id_}")
    (measured,) = linkage.quality()
    assert (measured.band, measured.different, measured.agreement) == ("0.5", 1, 1.0)
    (entry,) = [e for e in audit.EntryRow.scan() if e.act == "match.decided"]
    assert json.loads(entry.facts) == {"purpose": "matching", "verdict": "different", "why": "grey"}


def test_a_question_is_decided_once(now: datetime) -> None:
    id_ = put_question(now)
    decide(id_, now, "same")
    status, body = decide(id_, now, "different", CITY_OFFICER)
    assert (status, body["code"]) == (409, "match_decided")
    assert [one.kind for one in review_store.judgements()] == ["together"]


def test_who_is_unsure_judges_nothing_and_is_counted(now: datetime) -> None:
    sent: list[Any] = []
    answer = reviews.decide(
        REVIEWER, put_question(now), NewVerdict(verdict="unsure"), now, ask=lambda *what: sent.append(what)
    )
    assert answer.verdict == "unsure"
    assert (review_store.judgements(), sent) == ([], [])
    assert linkage.quality()[0].unsure == 1


def test_a_verdict_asks_for_a_comparison_at_once(now: datetime) -> None:
    sent: list[Any] = []
    reviews.decide(
        REVIEWER, put_question(now), NewVerdict(verdict="same"), now, ask=lambda *what: sent.append(what)
    )
    assert sent == [("comparisons", [{"source": "judgements"}])]


def test_a_question_ends_after_its_days(now: datetime) -> None:
    id_ = put_question(now)
    later = now + timedelta(days=91)
    assert ask("GET", "/matches/reviews/{id}", REVIEWER, later, id=id_)[0] == 404
    assert ask("GET", "/matches/reviews", REVIEWER, later, region=TOWN)[1]["items"] == []


def test_a_run_asks_what_is_new_and_withdraws_what_newer_records_answered(now: datetime) -> None:
    assert asked(now, question(1), question(2)) == (2, 0)
    assert asked(now, question(2), question(3)) == (1, 1)
    first = review_store.review(question(1).id)
    assert first and (first.state, first.sealed) == ("withdrawn", None)
    assert len(review_store.open_reviews()) == 2


def test_what_was_decided_is_not_asked_again(now: datetime) -> None:
    asked(now, question(1))
    decide(question(1).id, now, "unsure")
    assert asked(now, question(1)) == (0, 0)


def test_no_more_wait_than_the_rules_allow_and_the_urgent_come_first(now: datetime) -> None:
    few = review.policy_on(clock.local_date(now)).model_copy(update={"open_at_most": 3})
    many = [question(n, probability=0.5) for n in range(2, 9)]
    assert reviews.put_questions([*many, question(1, why="two_numbers")], now, few) == (3, 0)
    assert review_store.open_reviews()[0].why == "two_numbers"
    assert reviews.put_questions([*many, question(1, why="two_numbers")], now, few) == (0, 0)


def test_an_event_is_undone_once_by_a_judgement_against_it(now: datetime) -> None:
    merged, split = put_event(now, 1), put_event(now, 2, "split")
    for event in (merged, split):
        status, body = ask(
            "POST", "/matches/events/{id}/undo", REVIEWER, now, id=event, body={"reason": "different_people"}
        )
        assert (status, body["state"]) == (200, "undone")
    assert {one.sk: one.kind for one in review_store.judgements()} == {merged: "apart", split: "together"}
    again = ask("POST", "/matches/events/{id}/undo", REVIEWER, now, id=merged, body={"reason": "same_person"})
    assert (again[0], again[1]["code"]) == (409, "cluster_event_undone")
    assert [e.target for e in audit.EntryRow.scan() if e.act == "cluster.undone"] != []


def test_events_are_listed_by_region_and_name_nobody(now: datetime) -> None:
    put_event(now, 1)
    put_event(now, 2, town="440605011")
    status, body = ask("GET", "/matches/events", REVIEWER, now)
    assert (status, len(body["items"])) == (200, 1)
    assert set(body["items"][0]) == {
        "id", "kind", "before", "after", "records", "sources", "town", "at", "state",
    }  # fmt: skip
    assert ask("GET", "/matches/events", REVIEWER, now, region="440605")[0] == 403


def test_a_person_gets_the_questions_about_them_with_their_own_side_alone(now: datetime) -> None:
    person = people(8, now)[7]
    asked(now, question(1, keys=((keyed(7),), ())))
    held = exports(person, now)["linkage"]
    assert isinstance(held, list)
    (copy,) = held
    assert (copy["state"], copy["your_record"]["source"]) == ("open", "registrations")
    assert "tax" not in json.dumps(copy["your_record"])


def test_deletion_takes_the_questions_about_a_person_and_leaves_others(now: datetime) -> None:
    person = people(8, now)[7]
    asked(now, question(1, keys=((keyed(7),), ())), question(2))
    assert erase(person, now) == []
    assert [row.review_id for row in review_store.open_reviews()] == [question(2).id]
    assert review_store.sides(person) == []
    with pytest.raises(Gone):
        sealing.sealer(f"REVIEW#{question(1).id}")
