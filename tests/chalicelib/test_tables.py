"""One transaction or nothing; a repeat is the first answer; a refusal says which write was refused."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import CancellationReason, GetError, TransactWriteError, VerboseClientError

from chalicelib import tables
from chalicelib.cases import store as _cases_store  # noqa: F401  # Its table is the one these rows live in.
from chalicelib.errors import Conflict, Malformed, Unavailable
from chalicelib.shapes import Shape
from chalicelib.tables import Cancelled, Check, Delete, Once, Put, Repeated, Row, Update, transact


class Thing(Row):
    """A row of these tests, in the table of requests, which has no index."""

    Meta = tables.meta("requests")
    word = UnicodeAttribute(null=True)
    number = NumberAttribute(null=True)


class Done(Shape):
    """An answer."""

    id: str


def thing(name: str, **values: Any) -> Thing:
    return Thing(name, "THING", **values)


def there(name: str) -> bool:
    return Thing.find(name, "THING", consistent=True) is not None


def once(now: datetime, key: str = "key", request: bytes = b"{}", subject: str = "P1") -> Once:
    return Once(subject, key, request, 201, now)


def test_all_writes_happen_together(cloud: None, now: datetime) -> None:
    thing("old", number=1).save()
    thing("gone").save()
    transact(
        tables.create(thing("new")),
        Update(thing("old"), [Thing.number.add(2)], Thing.number == 1),
        Delete(thing("gone")),
        Check(Thing, "absent", "THING", Thing.pk.does_not_exist()),
    )
    assert there("new") and not there("gone")
    assert Thing.find("old", "THING").number == 3


def test_one_refused_write_refuses_all(cloud: None) -> None:
    thing("taken").save()
    with pytest.raises(Cancelled) as refused:
        transact(tables.create(thing("free")), tables.create(thing("taken")))
    assert refused.value.code == "changed_meanwhile" and refused.value.status == 409
    assert not there("free")


@pytest.mark.parametrize("broken", range(4))
def test_the_refusal_names_the_write_by_its_place_whatever_its_kind(cloud: None, broken: int) -> None:
    """PynamoDB sends checks, deletes, puts, updates in that order; callers count in their own."""
    for name in ("update", "delete"):
        thing(name, word="as it was").save()
    holds = ["as it was"] * 4
    holds[broken] = "otherwise"
    writes = [
        Update(thing("update"), [Thing.number.set(1)], Thing.word == holds[0]),
        Put(thing("put"), Thing.pk.does_not_exist() if broken != 1 else Thing.pk.exists()),
        Delete(thing("delete"), Thing.word == holds[2]),
        Check(Thing, "absent", "THING", Thing.pk.does_not_exist() if broken != 3 else Thing.pk.exists()),
    ]
    with pytest.raises(Cancelled) as refused:
        transact(*writes)
    assert refused.value.failed == (broken,)


def test_several_refused_writes_are_all_named_in_the_callers_order(cloud: None) -> None:
    for name in ("a", "c", "d"):
        thing(name).save()
    writes = [tables.create(thing(name)) for name in "abcd"]
    with pytest.raises(Cancelled) as refused:
        transact(*writes)
    assert refused.value.failed == (0, 2, 3)


def test_more_than_a_hundred_writes_are_a_mistake_of_ours(cloud: None) -> None:
    with pytest.raises(ValueError, match="100"):
        transact(*[tables.create(thing(str(n))) for n in range(101)])


def refusal(codes: list[str | None], cause: str = "TransactionCanceledException") -> Exception:
    reasons = [CancellationReason(code) if code else None for code in codes]
    answer = {"Error": {"Code": cause}}
    error = TransactWriteError(
        "refused", VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=reasons)
    )
    try:
        return tables._refusal(error, [Put(thing(str(n))) for n in range(len(codes))])
    except TransactWriteError as raised:
        return raised


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_busy_table_is_a_reason_to_try_again(code: str) -> None:
    found = refusal([None, code])
    assert isinstance(found, Unavailable) and found.code == "busy_try_again"


@pytest.mark.parametrize("cause", sorted(tables._PASSING_ANSWERS))
def test_a_throttled_request_is_a_reason_to_try_again(cause: str) -> None:
    assert isinstance(refusal([], cause), Unavailable)


def test_a_throttled_read_is_known_as_passing() -> None:
    def failed(code: str) -> GetError:
        return GetError("no", VerboseClientError({"Error": {"Code": code}}, "GetItem"))

    assert tables.is_passing(failed("ThrottlingException"))
    assert not tables.is_passing(failed("ResourceNotFoundException"))


def test_a_failed_condition_counts_more_than_a_busy_neighbour() -> None:
    found = refusal(["TransactionConflict", "ConditionalCheckFailed", None])
    assert isinstance(found, Cancelled) and found.failed == (1,)


@pytest.mark.parametrize("codes", [["ValidationError"], ["ItemCollectionSizeLimitExceeded"], []])
def test_what_is_our_own_mistake_is_not_dressed_up_as_the_callers(codes: list[str | None]) -> None:
    assert isinstance(refusal(codes, "ValidationException"), TransactWriteError)


def test_a_repeat_under_the_same_key_gets_the_first_answer_and_changes_nothing(
    cloud: None, now: datetime
) -> None:
    transact(tables.create(thing("one")), once=once(now), answer=Done(id="one"))
    with pytest.raises(Repeated) as repeated:
        transact(tables.create(thing("two")), once=once(now), answer=Done(id="two"))
    assert (repeated.value.status, repeated.value.body) == (201, '{"id":"one"}')
    assert not there("two")


def test_the_key_with_another_request_is_a_conflict(cloud: None, now: datetime) -> None:
    transact(tables.create(thing("one")), once=once(now), answer=Done(id="one"))
    with pytest.raises(Conflict, match="idempotency_key_reused"):
        transact(tables.create(thing("two")), once=once(now, request=b"other"), answer=Done(id="two"))
    assert not there("two")


def test_the_same_key_of_another_person_is_another_key(cloud: None, now: datetime) -> None:
    transact(tables.create(thing("one")), once=once(now), answer=Done(id="one"))
    transact(tables.create(thing("two")), once=once(now, subject="P2"), answer=Done(id="two"))
    assert there("one") and there("two")


def test_a_refused_act_leaves_its_key_free(cloud: None, now: datetime) -> None:
    thing("taken").save()
    with pytest.raises(Cancelled):
        transact(tables.create(thing("taken")), once=once(now), answer=Done(id="taken"))
    transact(tables.create(thing("free")), once=once(now), answer=Done(id="free"))
    assert there("free")


def test_a_key_can_be_used_again_when_its_time_is_over_though_dynamodb_deletes_late(
    cloud: None, now: datetime
) -> None:
    transact(tables.create(thing("one")), once=once(now), answer=Done(id="one"))
    later = now + tables.REPEATS_KEPT
    transact(tables.create(thing("two")), once=once(later), answer=Done(id="two"))
    with pytest.raises(Repeated, match="repeated"):
        transact(tables.create(thing("three")), once=once(later), answer=Done(id="three"))
    assert there("two") and not there("three")


def test_the_entry_keeps_neither_key_nor_request(cloud: None, now: datetime) -> None:
    transact(once=once(now, "my-key", b"my-request"), answer=Done(id="one"))
    (row,) = tables.RequestRow.scan()
    kept = str(row.serialize())
    assert "my-key" not in kept and "my-request" not in kept
    assert row.expires_at == int((now + timedelta(days=7)).timestamp())


def test_an_item_is_over_at_its_second(now: datetime) -> None:
    row = thing("x", expires_at=int(now.timestamp()))
    assert row.is_over(now) and not row.is_over(now - timedelta(seconds=1))
    assert not thing("y").is_over(now)


def test_pages_follow_each_other_without_loss(cloud: None) -> None:
    for number in range(7):
        Thing("list", f"{number:03}").save()
    found: list[str] = []
    token = None
    for _ in range(4):
        results = Thing.query(
            "list", limit=3, page_size=3, last_evaluated_key=tables.position(token, "things")
        )
        rows, token = tables.page(results, "things")
        found += [row.sk for row in rows]
        if token is None:
            break
    assert found == [f"{number:03}" for number in range(7)] and token is None


def test_a_page_token_is_good_for_its_own_question_alone(cloud: None) -> None:
    for number in range(3):
        Thing("list", f"{number:03}").save()
    _, token = tables.page(Thing.query("list", limit=2, page_size=2), "things:P1")
    assert token is not None
    with pytest.raises(Malformed, match="page_token_invalid"):
        tables.position(token, "things:P2")


def test_many_rows_are_written_in_batches_and_counted(cloud: None) -> None:
    assert tables.batch_put(thing(str(number)) for number in range(60)) == 60
    assert sum(1 for _ in Thing.scan()) == 60
