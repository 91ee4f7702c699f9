"""Whatever request a function dies at, or is refused at: delivered again, all is as if it had never happened.

Each function runs once undisturbed. Then everything is put back, the function dies just before one of its requests
to the cloud (or a table is too busy for it), and the same event comes again. What lies in the tables, entry for entry
of the audit trail, and what the queues were told is the same as undisturbed, whichever request it was.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib import aws, config
from chalicelib.actors import SYSTEM
from chalicelib.cases import service as cases
from chalicelib.residence import service as residence
from chalicelib.residence.model import NewRegistration
from functions import (
    chain_audit,
    count_changes,
    import_registrations,
    plan_visits,
    relay_changes,
    verify_claims,
)
from tests import cloud as double
from tests.chalicelib.fieldwork.people import staff
from tests.functions.case_events import CASE, EVENTS, event
from tests.functions.test_import_registrations import row
from tests.functions.test_plan_visits import NOW, found, records
from tests.town import ARRIVED, COMMUNITY, TOWN, Town, outside_systems

Handler = Callable[[dict[str, Any], Any], Any]
Prepared = tuple[Handler, dict[str, Any]]
POINTS = 6
OWNER = "P01M830CDE0WSVZAP4MTHX79K9K"
# What differs from run to run: random ids, moments, key ids.
_OWN = re.compile(r"[0-9A-Za-z_-]{16,}|\d+")


class Killed(BaseException):
    """The function's process is gone."""


def a_case(now: datetime, tmp_path: Path) -> cases.Case:
    town = Town(now)
    address = {"town": TOWN, "community": COMMUNITY, "line": "试验路1号", "room": "502"}
    body = {"address": address, "arrived_on": ARRIVED, "housing": "rented"}
    return cases.case(residence.register(town.owner, NewRegistration.model_validate(body), now).id)


def an_accepted_case(now: datetime, tmp_path: Path) -> Prepared:
    case = a_case(now, tmp_path)
    for department in ("public_security", "housing"):
        cases.record_check(case.id, department, "passed", SYSTEM, now)
    return relay_changes.handler, event("relay_changes", **{CASE: case.id, OWNER: case.owner})


def checks(now: datetime, tmp_path: Path) -> Prepared:
    case = a_case(now, tmp_path)
    both = [
        event("verify_claims", **{CASE: case.id, "public_security": department})["Records"][0]
        for department in ("public_security", "housing")
    ]
    return verify_claims.handler, {"Records": both}


def a_piece_of_the_old_register(now: datetime, tmp_path: Path) -> Prepared:
    rows = (row(1), row(2, status="departed", left_on="2025-05-05"), row(3))
    body = "\n".join(json.dumps(one, ensure_ascii=False) for one in rows).encode()
    aws.client("s3").put_object(Bucket=config.bucket("linkage"), Key="imports/F0000/00000.jsonl", Body=body)
    return import_registrations.handler, event("import_registrations")


def findings(now: datetime, tmp_path: Path) -> Prepared:
    staff(NOW)
    return plan_visits.handler, records({"findings": found(5)})


def audit_entries(now: datetime, tmp_path: Path) -> Prepared:
    return chain_audit.handler, json.loads((EVENTS / "chain_audit.json").read_text("utf-8"))


def changes(now: datetime, tmp_path: Path) -> Prepared:
    return count_changes.handler, json.loads((EVENTS / "count_changes.json").read_text("utf-8"))


@contextmanager
def disturbed(at: int, fault: Callable[[str], BaseException | None]) -> Iterator[list[str]]:
    """Let ``fault`` decide what the request number ``at`` (from 0) ends with; yields the requests made."""
    made: list[str] = []
    send = BaseClient._make_api_call

    def counted(client: Any, operation: str, params: dict[str, Any]) -> Any:
        made.append(operation)
        told = fault(client.meta.service_model.service_name) if len(made) - 1 == at else None
        if told:
            raise told
        return send(client, operation, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", counted)
        yield made


def death(service: str) -> BaseException:
    return Killed()


def a_busy_table(service: str) -> BaseException | None:
    if service != "dynamodb":
        return None
    told = {"Error": {"Code": "ThrottlingException", "Message": "busy"}}
    return ClientError(told | {"ResponseMetadata": {"HTTPStatusCode": 400}}, "AnyRequest")  # type: ignore[arg-type]


def put_back(before: double.Items) -> None:
    double.wipe_tables_and_queues()
    double.put(before)
    double.forget_everything()


def everything() -> tuple[Counter[tuple[str, str, str]], set[tuple[str, str]]]:
    """How many rows of each kind lie in each table, and what each queue was told."""
    rows = Counter(
        (table, _OWN.sub("*", item["pk"]["S"]), _OWN.sub("*", item["sk"]["S"]))
        for table, items in double.items().items()
        for item in items
    )
    told = {(queue, body) for queue in config.KINDS["QUEUE"] for body in bodies(queue)}
    return rows, told


def bodies(queue: str) -> Iterator[str]:
    url = config.queue(queue)  # type: ignore[arg-type]
    while got := aws.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (message["Body"] for message in got)


@pytest.mark.parametrize("fault", [death, a_busy_table])
@pytest.mark.parametrize(
    "prepare",
    [an_accepted_case, checks, a_piece_of_the_old_register, findings, audit_entries, changes],
)
def test_delivered_again_it_is_as_if_nothing_had_happened(
    cloud: None,
    now: datetime,
    tmp_path: Path,
    prepare: Callable[[datetime, Path], Prepared],
    fault: Callable[[str], BaseException | None],
) -> None:
    with outside_systems(tmp_path, now):
        handler, told = prepare(now, tmp_path)
        before = double.items()
        with disturbed(-1, fault) as requests:
            assert handler(told, None) == {"batchItemFailures": []}
        undisturbed = everything()
        assert requests
        for at in range(0, len(requests), max(1, len(requests) // POINTS)):
            put_back(before)
            with disturbed(at, fault), suppress(Killed, ClientError, PynamoDBException):
                handler(told, None)
            assert handler(told, None) == {"batchItemFailures": []}, (at, requests[at])
            assert everything() == undisturbed, (at, requests[at])
