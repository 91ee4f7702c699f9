"""Policy officers sign at the same moment, judged by AWS's own engine: a policy is published once, by two."""

from datetime import datetime

import pytest

from chalicelib.actors import Actor
from chalicelib.errors import Conflict, Invalid
from chalicelib.points import service, store
from chalicelib.tables import Cancelled
from tests.chalicelib.points import documents
from tests.conformance.test_races import at_once, patiently


@pytest.fixture(autouse=True)
def judged(dynamodb_engine: str, cloud: None) -> None:
    """DynamoDB Local alone can tell."""
    if dynamodb_engine == "moto":
        pytest.skip("races are judged by DynamoDB Local alone: pytest --dynamodb local tests/conformance")


def officer(number: int) -> Actor:
    return Actor(f"policy-{number}", "staff", frozenset({"policy_officer"}), ("440600",))


def uploaded(now: datetime, version: str) -> str:
    document = documents.policy(documents.document(version=version))
    return service.upload(officer(0), document, now, None, "en").hash


def signing(version: str, hash_: str, by: Actor, now: datetime) -> bool:
    try:
        patiently(lambda: service.sign(by, "small", version, hash_, now, None, "en"))
    except (Conflict, Cancelled, Invalid):
        return False
    return True


def test_of_many_signatures_at_once_two_of_different_officers_stand(now: datetime) -> None:
    hash_ = uploaded(now, "1")
    while sum(at_once(lambda turn: signing("1", hash_, officer(turn % 4), now), 12)) and not _is_signed("1"):
        continue
    head = store.head("small@1")
    assert head and len(head.signatures) == 2 and len({name for name, _ in head.signatures}) == 2
    assert store.periods("small") == 1


def _is_signed(version: str) -> bool:
    head = store.head(f"small@{version}")
    return head is not None and head.is_signed


def test_of_two_editions_of_one_period_that_are_signed_at_once_one_is_published(now: datetime) -> None:
    hashes = {version: uploaded(now, version) for version in ("1", "2")}
    for version, hash_ in hashes.items():
        assert signing(version, hash_, officer(1), now)
    at_once(lambda turn: signing(str(turn % 2 + 1), hashes[str(turn % 2 + 1)], officer(2), now), 8)
    assert sorted([_is_signed("1"), _is_signed("2")]) == [False, True]
    assert store.periods("small") == 1
