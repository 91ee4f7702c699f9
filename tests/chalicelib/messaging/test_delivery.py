"""Every way in which a delivery can end, be cut off, be repeated or come out of order."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import aws, config
from chalicelib.errors import NotFound
from chalicelib.messaging import model, service, store
from chalicelib.outside.failures import Misconfigured, Rejected, Unavailable, Unknown
from tests.chalicelib.messaging.outsiders import Killed, Outsider, senders

DIGEST = {"visits": 3, "buildings": 2, "most": 2, "first_day": "2026-11-24"}
NOW = datetime(2026, 11, 23, 1, 35, tzinfo=UTC)
WORKER = "grid-440604010001"


def ask(event: str = "visits:B1", to: str = WORKER, now: datetime = NOW) -> str:
    return service.request("wecom", to, "visit_digest", DIGEST, event, now)


def waiting() -> list[str]:
    found: list[str] = []
    while True:
        answer = aws.client("sqs").receive_message(
            QueueUrl=config.queue("messages"), MaxNumberOfMessages=10, VisibilityTimeout=600
        )
        if not answer.get("Messages"):
            return found
        found += [json.loads(m["Body"])["message"] for m in answer["Messages"]]


def state(message_id: str) -> str:
    row = store.message(message_id)
    assert row is not None
    return row.state


def test_a_message_is_asked_for_once_for_one_event_receiver_and_template(cloud: None) -> None:
    first, again, other = ask(), ask(), ask("visits:B2")
    assert first == again != other
    assert len(store.all_to(WORKER)) == 2


def test_asking_again_puts_a_waiting_message_onto_the_queue_again(cloud: None) -> None:
    """The asker may have been stopped between the row and the queue."""
    message_id = ask()
    ask()
    assert waiting() == [message_id, message_id]


def test_asking_again_for_what_was_sent_sends_nothing(cloud: None) -> None:
    outsider = Outsider()
    service.deliver(ask(), NOW, senders(outsider))
    waiting()
    service.deliver(ask(), NOW, senders(outsider))
    assert (len(outsider.sent), waiting()) == (1, [])


@pytest.mark.parametrize("data", [{}, {"visits": 1}])
def test_a_message_without_its_parameters_is_refused_when_asked_for(
    cloud: None, data: dict[str, int]
) -> None:
    with pytest.raises(ValueError):
        service.request("wecom", WORKER, "visit_digest", data, "e", NOW)


def test_a_template_that_does_not_go_that_way_is_refused(cloud: None) -> None:
    with pytest.raises(ValueError):
        service.request("sms", WORKER, "visit_digest", DIGEST, "e", NOW)


def test_a_sent_message_is_sent_once_however_often_it_is_delivered(cloud: None) -> None:
    outsider, message_id = Outsider(), ask()
    states = [service.deliver(message_id, NOW, senders(outsider)).state for _ in range(3)]
    assert (states, len(outsider.sent)) == (["sent"] * 3, 1)


def test_the_digest_opens_the_list_and_names_nobody(cloud: None) -> None:
    outsider = Outsider()
    service.deliver(ask(), NOW, senders(outsider))
    ((to, card),) = outsider.sent
    assert to == (WORKER,)
    assert (card.title, card.url) == ("新增走访 3 户", "https://api.example.test/visits?status=due")
    assert "2 栋楼" in card.description


def test_what_certainly_did_not_arrive_is_tried_again_after_a_pause(cloud: None) -> None:
    message_id, away = ask(), Outsider(before=Unavailable("wecom", "connect"))
    answer = service.deliver(message_id, NOW, senders(away))
    assert (answer.state, answer.reason) == ("queued", "connect")
    assert answer.again_in is not None
    outsider = Outsider()
    early = service.deliver(message_id, NOW + answer.again_in / 2, senders(outsider))
    assert (early.state, outsider.sent) == ("queued", [])
    assert service.deliver(message_id, NOW + answer.again_in, senders(outsider)).state == "sent"


def test_a_wrong_key_of_ours_waits_for_the_operator(cloud: None) -> None:
    answer = service.deliver(ask(), NOW, senders(Outsider(before=Misconfigured("wecom", "60020"))))
    assert (answer.state, answer.reason) == ("queued", "60020")


def test_a_refused_message_is_not_tried_again(cloud: None) -> None:
    message_id = ask()
    assert (
        service.deliver(message_id, NOW, senders(Outsider(before=Rejected("wecom", "81013")))).state
        == "rejected"
    )
    outsider = Outsider()
    assert service.deliver(message_id, NOW, senders(outsider)).state == "rejected"
    assert outsider.sent == []


def test_a_receiver_whom_wecom_does_not_know_is_a_refusal(cloud: None) -> None:
    answer = service.deliver(ask(), NOW, senders(Outsider(invalid=(WORKER,))))
    assert (answer.state, answer.reason) == ("rejected", "invaliduser")


def test_a_lost_answer_is_unknown_and_never_sent_again(cloud: None) -> None:
    message_id, outsider = ask(), Outsider(after=Unknown("wecom", "answer_lost"))
    assert service.deliver(message_id, NOW, senders(outsider)).state == "unknown"
    for hours in (1, 24, 60):
        service.deliver(message_id, NOW + timedelta(hours=hours), senders(outsider))
    assert (state(message_id), len(outsider.sent)) == ("unknown", 1)
    listed = service.troubles(model.TroubleQuery(state="unknown", day="2026-11-23"))
    assert [(item.id, item.reason) for item in listed.items] == [(message_id, "answer_lost")]


def test_a_delivery_killed_between_sending_and_recording_becomes_unknown(cloud: None) -> None:
    message_id, outsider = ask(), Outsider(after=Killed())
    with pytest.raises(Killed):
        service.deliver(message_id, NOW, senders(outsider))
    assert state(message_id) == "sending"
    healthy = Outsider()
    soon = service.deliver(message_id, NOW + timedelta(seconds=30), senders(healthy))
    assert (soon.state, soon.again_in) == ("sending", model.LEASE - timedelta(seconds=30))
    later = service.deliver(message_id, NOW + timedelta(seconds=360), senders(healthy))
    assert (later.state, later.reason, healthy.sent) == ("unknown", "interrupted", [])


def test_a_delivery_killed_before_the_call_is_made_again(cloud: None) -> None:
    message_id = ask()

    def killed() -> Outsider:
        raise Killed

    with pytest.raises(Killed):
        service.deliver(message_id, NOW, model.Senders(wechat=killed, wecom=killed, sms=killed))
    outsider = Outsider()
    assert service.deliver(message_id, NOW, senders(outsider)).state == "sent"


def test_a_duplicate_that_arrives_during_the_call_sends_nothing(cloud: None) -> None:
    message_id = ask()
    outsider, answers = Outsider(), []
    outsider.meanwhile = lambda: answers.append(service.deliver(message_id, NOW, senders(outsider)))
    assert service.deliver(message_id, NOW, senders(outsider)).state == "sent"
    assert ([a.state for a in answers], len(outsider.sent)) == (["sending"], 1)
    assert answers[0].again_in == model.LEASE


def test_an_answer_that_comes_after_the_lease_still_counts_once(cloud: None) -> None:
    """Somebody called it unknown meanwhile: nobody sends again, and the first word stands."""
    message_id, outsider = ask(), Outsider()
    late = NOW + timedelta(minutes=5)
    outsider.meanwhile = lambda: service.deliver(message_id, late, senders(Outsider()))  # type: ignore[assignment, return-value]
    service.deliver(message_id, NOW, senders(outsider))
    assert (state(message_id), len(outsider.sent)) == ("unknown", 1)


def test_an_hour_without_wecom_loses_nothing_and_sends_nothing_twice(cloud: None) -> None:
    """A queue with a clock of its own: every message comes back when it was told to."""
    ids = [ask(f"visits:B{n}", f"grid-{n}") for n in range(5)]
    away, healthy = Outsider(before=Unavailable("wecom", "connect")), Outsider()
    back = NOW + timedelta(hours=1)
    queue = [(NOW, message_id) for message_id in ids]
    tries = 0
    while queue:
        queue.sort()
        now, message_id = queue.pop(0)
        tries += 1
        answer = service.deliver(message_id, now, senders(away if now < back else healthy))
        if answer.again_in is not None:
            assert answer.again_in > timedelta()
            queue.append((now + min(answer.again_in, timedelta(seconds=900)), message_id))
    assert sorted(to for to, _ in healthy.sent) == sorted((f"grid-{n}",) for n in range(5))
    assert {state(message_id) for message_id in ids} == {"sent"}
    assert tries < 5 * 20


def test_an_outage_that_does_not_end_is_given_up_and_listed(cloud: None) -> None:
    message_id, now = ask(), NOW
    now += model.GIVE_UP_AFTER - timedelta(hours=7)
    away = senders(Outsider(before=Unavailable("wecom", "http_503")))
    for _ in range(500):
        answer = service.deliver(message_id, now, away)
        if answer.again_in is None:
            break
        now += answer.again_in
    assert (answer.state, answer.reason) == ("failed", "http_503")
    assert now - NOW >= model.GIVE_UP_AFTER
    day = (now + timedelta(hours=8)).date().isoformat()
    listed = service.troubles(model.TroubleQuery(state="failed", day=day))
    assert [item.id for item in listed.items] == [message_id]
    assert len(listed.items[0].attempts) == store.RECEIPTS_KEPT


def test_more_than_wecom_takes_is_delayed_and_not_lost(cloud: None) -> None:
    ids = [ask(f"visits:B{n}") for n in range(25)]
    outsider, now = Outsider(), NOW
    queue = [(NOW, message_id) for message_id in ids]
    times: list[datetime] = []
    while queue:
        queue.sort()
        now, message_id = queue.pop(0)
        answer = service.deliver(message_id, now, senders(outsider))
        if answer.again_in is None:
            times.append(now)
        else:
            queue.append((now + answer.again_in, message_id))
    assert len(outsider.sent) == 25
    for at in times:
        assert sum(at <= other < at + timedelta(seconds=60) for other in times) <= 30
        assert at.minute not in (0, 30)


def test_a_message_that_does_not_exist_is_said_so(cloud: None) -> None:
    with pytest.raises(NotFound):
        service.deliver("M-none", NOW, senders(Outsider()))
