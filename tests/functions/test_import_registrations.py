"""The old register comes in by pieces; a piece again changes nothing."""

import json
from datetime import date

import pytest

from chalicelib import aws, config, keys
from chalicelib.identity import service as identity
from chalicelib.residence import service as residence
from functions import import_registrations
from tests.functions.case_events import event
from tests.town import COMMUNITY, TOWN, id_number


def row(order: int, **more: str) -> dict[str, str]:
    return {
        "id_number": id_number(order),
        "name": "测试",
        "phone": f"1420000{order:04d}",
        "town": TOWN,
        "community": COMMUNITY,
        "address": "试验路1号502",
        "arrived_on": "2024-02-28",
        "registered_on": "2024-03-01",
        "housing": "rented",
        "status": "active",
    } | more


def bring(*rows: dict[str, str]) -> None:
    body = "\n".join(json.dumps(r, ensure_ascii=False) for r in rows).encode()
    aws.client("s3").put_object(Bucket=config.bucket("linkage"), Key="imports/F0000/00000.jsonl", Body=body)
    assert import_registrations.handler(event("import_registrations"), None) == {"batchItemFailures": []}


def person(order: int) -> str:
    key = keys.person_key(id_number(order))
    return identity.person_ids([key])[key]


def test_rows_become_people_stays_and_standings(cloud: None) -> None:
    bring(row(1), row(2, status="departed", left_on="2025-05-05"), {**row(3), "id_number": "no number"})
    (active,) = residence.registrations_of(person(1))
    (gone,) = residence.registrations_of(person(2))
    assert (active.status, active.region, active.registered_on, active.origin) == (
        "active",
        COMMUNITY,
        date(2024, 3, 1),
        "import",
    )
    assert (gone.status, gone.ended_on) == ("departed", date(2025, 5, 5))
    assert residence.registered_people([person(1), person(2)]) == {person(1), person(2)}


def test_a_piece_delivered_twice_changes_nothing(cloud: None) -> None:
    bring(row(1))
    before = residence.registrations_of(person(1))
    bring(row(1))
    assert residence.registrations_of(person(1)) == before


def test_what_the_person_registered_later_is_kept(cloud: None) -> None:
    bring(row(1))
    bring(row(1, registered_on="2023-01-01"))
    assert [r.registered_on for r in residence.registrations_of(person(1))] == [date(2024, 3, 1)]


@pytest.mark.parametrize("lacking", [{"address": ""}, {"community": ""}, {"town": ""}], ids=str)
def test_a_row_that_lacks_part_of_its_place_breaks_nothing(cloud: None, lacking: dict[str, str]) -> None:
    bring(row(1, **lacking), row(2))
    assert len(residence.registrations_of(person(2))) == 1
