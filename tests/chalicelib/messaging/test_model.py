"""Limits, truncation, pauses and the pace that keeps WeCom from dropping anything."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import texts
from chalicelib.messaging import model
from chalicelib.messaging.delivery import words

NOW = datetime(2026, 11, 23, 1, 31, tzinfo=UTC)


@given(st.text(max_size=60), st.integers(2, 40))
def test_a_shortened_text_never_breaks_its_limit_and_is_never_empty(text: str, length: int) -> None:
    short = model.shortened(text, length)
    assert 1 <= len(short.encode("utf-16-le")) // 2 <= length
    assert "\n" not in short


def test_a_short_text_stays_as_it_is_and_a_long_one_shows_that_it_was_cut() -> None:
    assert model.shortened("居住登记", 20) == "居住登记"
    assert model.shortened("居" * 21, 20) == "居" * 19 + "…"


def test_an_emoji_of_several_parts_is_not_cut_in_the_middle() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert model.shortened("居" * 14 + family, 20) == "居" * 14 + "…"


def test_an_accent_stays_with_its_letter() -> None:
    assert model.shortened("abcde\u0301fgh", 6) == "abcd…"


@given(st.lists(st.integers(0, 8), min_size=1, max_size=1500))
def test_the_pace_keeps_below_wecoms_limits_in_every_window(gaps: list[int]) -> None:
    moment, busy, sent = NOW, None, []
    for gap in gaps:
        moment += timedelta(seconds=gap)
        until, wait = model.slot(busy, moment)
        if not wait:
            busy = until
            sent.append(moment)
    for window, limit in ((60, 30), (3600, 1000)):
        first = 0
        for last, at in enumerate(sent):
            while (at - sent[first]).total_seconds() > window:
                first += 1
            assert last - first + 1 <= limit


def test_whoever_waits_as_long_as_told_may_send() -> None:
    busy: datetime | None = None
    for _ in range(model.BURST):
        busy, wait = model.slot(busy, NOW)
        assert not wait
    _, wait = model.slot(busy, NOW)
    assert wait > timedelta()
    assert model.slot(busy, NOW + wait)[1] == timedelta()


def test_minutes_0_and_30_are_left_to_others() -> None:
    at = datetime(2026, 11, 23, 1, 30, 20, tzinfo=UTC)
    assert model.quiet_wait(at) == timedelta(seconds=40)
    assert model.quiet_wait(at + model.quiet_wait(at)) == timedelta()


def test_pauses_grow_to_a_quarter_of_an_hour_and_stay_there() -> None:
    pauses = [model.pause(n, "M1").total_seconds() for n in range(1, 12)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 15 and 0.8 * 900 <= pauses[-1] <= 900


def test_messages_stopped_together_do_not_all_come_back_together() -> None:
    assert len({model.pause(8, f"M{n}") for n in range(100)}) > 5


def test_every_template_can_be_filled_in_both_languages_and_fits_its_channel() -> None:
    for name, template in model.templates().items():
        assert template.wechat or template.wecom or template.sms, name
        data = {
            param: "residence_registration" if param == "kind" else "accepted" for param in template.params
        }
        for language in ("zh-CN", "en"):
            filled = words(template, data, language)
            title, body = (text[language].format_map(filled) for text in (template.title, template.body))
            assert "{" not in title + body
            if template.wechat:
                for field, value in model.wechat_values(template.wechat, filled).items():
                    kind = re.sub(r"\d+$", "", field)
                    assert 1 <= len(value) <= model.VALUE_LENGTHS[kind]


def test_every_case_kind_has_a_name_in_messages() -> None:
    from chalicelib.cases import model as cases

    for kind in cases.kinds():
        assert f"message_kind_{kind}" in texts.catalogue()


@pytest.mark.parametrize(
    ("clock_in_foshan", "hours", "minutes"),
    [
        ("21:59", "22:00-08:00", 0),
        ("22:00", "22:00-08:00", 600),
        ("00:30", "22:00-08:00", 450),
        ("07:59", "22:00-08:00", 1),
        ("08:00", "22:00-08:00", 0),
        ("12:15", "12:00-13:30", 75),
        ("13:30", "12:00-13:30", 0),
        ("03:00", "", 0),
    ],
)
def test_people_are_left_alone_from_the_first_minute_to_the_last(
    clock_in_foshan: str, hours: str, minutes: int
) -> None:
    now = datetime.fromisoformat(f"2026-11-23T{clock_in_foshan}:00+08:00")
    assert model.night_wait(now, hours) == timedelta(minutes=minutes)
