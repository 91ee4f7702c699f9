"""Filling in what is known: with source and date, never what the form would refuse, departments only with consent."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib import aws, config
from chalicelib.cases import model as cases
from chalicelib.errors import Forbidden, NotFound
from chalicelib.forms import facts, model, prefill, rights, service, store
from chalicelib.forms.facts import Known
from chalicelib.identity import service as identity
from chalicelib.identity.model import Consent
from functions import gather_facts
from tests.town import COMMUNITY, TOWN, Town, outside_systems

KIND = "residence_registration"
CODE = "91440600MA000TE577"
EVENT = Path(__file__).parents[3] / "events" / "gather_facts.json"


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        yield Town(now)


def known(town: Town, language: str = "en") -> dict[str, tuple[Any, str, date | None]]:
    found = service.prefill(town.owner.id, service.in_force(KIND, town.now), town.now, language)
    return {value.path: (value.value, value.source, value.as_of) for value in found.values}


def consent(town: Town, given: bool = True) -> None:
    identity.set_consents(town.owner, [Consent(kind="department_checks", given=given)], town.now)


def employed(source: str, person: str) -> list[dict[str, Any]]:
    if source != "employment":
        return []
    return [
        {"record_id": "1", "employer_code": "old", "hired_on": "2020-01-01", "seen_on": "2025-01-01"},
        {"record_id": "2", "employer_code": CODE, "employer_name": "", "seen_on": "2026-10-01"},
    ]


def test_every_fact_that_a_form_names_is_known_and_every_paper_is_one_of_its_kind() -> None:
    for kind in model.kinds():
        for version in model._files()[kind]:
            for hint in model.edition(kind, version).fields:
                assert hint.known is None or hint.known in facts.facts(), (kind, hint.at)
                assert (hint.widget == "paper") == (hint.paper is not None), (kind, hint.at)
                if hint.paper:
                    assert cases.kind(kind).document(hint.paper)


def test_nothing_is_made_up_for_who_is_not_registered(town: Town) -> None:
    assert known(town) == {}


def test_the_registration_in_force_fills_in_where_somebody_lives(town: Town) -> None:
    town.registration()
    day = date(2026, 11, 2)
    assert known(town) == {
        "/address/town": (TOWN, "Residence register", day),
        "/address/community": (COMMUNITY, "Residence register", day),
    }
    assert known(town, "zh-CN")["/address/town"][1] == "居住登记"


def test_departments_are_asked_with_consent_alone_and_once_a_day(town: Town) -> None:
    person, now = town.owner.id, town.now
    with pytest.raises(Forbidden, match="consent_needed"):
        service.ask_departments(person, town.owner, now)
    consent(town)
    assert [service.ask_departments(person, town.owner, now) for _ in range(3)] == ["asked"] * 3
    queued = aws.client("sqs").receive_message(QueueUrl=config.queue("facts"), MaxNumberOfMessages=10)
    assert [json.loads(message["Body"]) for message in queued["Messages"]] == [{"person": person}]
    assert service.ask_departments(person, town.owner, now + timedelta(days=2)) == "asked"


def test_what_departments_say_is_kept_sealed_and_offered_with_its_date(town: Town) -> None:
    consent(town)
    service.ask_departments(town.owner.id, town.owner, town.now)
    assert service.gather(town.owner.id, employed, town.now) == 2
    row = store.facts(town.owner.id, town.now)
    assert row is not None and CODE not in str(row.to_dynamodb_dict())
    assert known(town)["/employer_code"] == (CODE, "Employment register", date(2026, 10, 1))
    form = service.in_force(KIND, town.now)
    over = town.now + timedelta(days=31)
    assert service.prefill(town.owner.id, form, over, "en").departments == "not_asked"


def test_a_value_that_the_form_would_refuse_is_left_out(town: Town) -> None:
    consent(town)
    service.ask_departments(town.owner.id, town.owner, town.now)
    wrong = [{"record_id": "1", "employer_code": "not a code", "seen_on": "2026-10-01"}]
    service.gather(town.owner.id, lambda source, person: wrong if source == "employment" else [], town.now)
    assert "/employer_code" not in known(town)


def test_who_withdrew_or_was_deleted_meanwhile_is_left_alone(town: Town) -> None:
    def gone(source: str, person: str) -> list[dict[str, Any]]:
        raise NotFound("person_not_found")

    consent(town)
    service.ask_departments(town.owner.id, town.owner, town.now)
    assert service.gather(town.owner.id, gone, town.now) == 0
    consent(town, given=False)
    assert service.gather(town.owner.id, employed, town.now) == 0


def test_the_function_reads_curated_data_and_a_message_again_is_harmless(town: Town) -> None:
    consent(town)
    service.ask_departments(town.owner.id, town.owner, town.now)
    event = json.loads(EVENT.read_text("utf-8"))
    event["Records"][0]["body"] = json.dumps({"person": town.owner.id})
    for _ in range(2):
        assert gather_facts.handler(event, None) == {"batchItemFailures": []}
    row = store.facts(town.owner.id, town.now)
    assert row is not None and row.sealed
    assert prefill.opened(town.owner.id, town.now) == {}


def test_a_copy_holds_what_was_gathered_and_deletion_leaves_nothing(town: Town) -> None:
    consent(town)
    service.ask_departments(town.owner.id, town.owner, town.now)
    service.gather(town.owner.id, employed, town.now)
    copy = rights._export(town.owner.id, town.now)
    assert copy["facts"]["employment.employer_code"] == [CODE, "2026-10-01"]
    rights._erase(town.owner.id, town.now)
    assert store.everything(town.owner.id) == []


def test_the_newest_row_that_says_something_counts_and_silence_is_no_fact() -> None:
    wanted = [("a", "x.a"), ("b", "x.b"), ("c", "x.c")]
    rows = [
        {"a": 1, "b": 1, "c": None, "seen_on": "2026-01-01"},
        {"a": 2, "b": None, "c": "", "seen_on": "2026-02-01"},
        {"a": 3, "seen_on": None},
    ]
    assert facts.newest(rows, wanted) == {
        "x.a": Known(2, date(2026, 2, 1)),
        "x.b": Known(1, date(2026, 1, 1)),
    }
