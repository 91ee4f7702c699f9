from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.sources import catalogue, watching
from chalicelib.sources.model import Drift
from chalicelib.sources.watching import Past

SOCIAL = catalogue.contract("social_security")
TODAY = date(2026, 11, 23)


def month(back: int, rows: int = 1_000) -> Past:
    return Past(TODAY - timedelta(days=30 * back), rows)


def test_a_late_small_or_shrunken_file_is_an_alarm() -> None:
    tax = catalogue.contract("tax")
    late = watching.alarms(tax, Past(TODAY, 0), [Past(date(2026, 1, 1), 100)])
    assert [alarm.code for alarm in late] == ["late", "volume_low", "volume_changed"]
    assert watching.alarms(tax, Past(TODAY, 90), [Past(date(2026, 11, 1), 100)]) == ()


def test_social_insurance_that_is_nine_days_late_is_said_so() -> None:
    last = TODAY - timedelta(days=SOCIAL.expected_every_days + 9)
    standing = watching.standing(SOCIAL, [Past(last, 1_000)], TODAY)
    assert standing.days_late == 9
    (alarm,) = standing.alarms
    assert alarm.text is not None
    assert alarm.text.en.startswith("Social insurance is 9 days late")
    assert alarm.text.zh.startswith("社会保险参保已迟到 9 天")


def test_forty_percent_fewer_rows_than_usual_is_said_so() -> None:
    files = [month(4), month(3, 1_010), month(2, 990), month(1), month(0, 600)]
    standing = watching.standing(SOCIAL, files, TODAY)
    assert (standing.usual_rows, standing.change) == (1_000, -0.4)
    (alarm,) = standing.alarms
    assert alarm.text is not None
    assert alarm.text.en == "Social insurance: 40 % fewer rows than usual (600, usually 1000)."
    assert watching.alarms(SOCIAL, files[-1], files[:-1]) == (alarm,)


def test_one_odd_file_does_not_change_what_is_usual() -> None:
    files = [month(5), month(4), month(3, 5), month(2)]
    assert watching.alarms(SOCIAL, month(1), files) == ()


def test_the_threshold_is_the_contracts() -> None:
    patient = SOCIAL.model_copy(update={"volume": SOCIAL.volume.model_copy(update={"change_share": 0.5})})
    assert watching.alarms(patient, month(0, 600), [month(1)]) == ()


def test_a_source_that_never_sent_is_neither_late_nor_small() -> None:
    standing = watching.standing(SOCIAL, [], TODAY)
    assert (standing.days_late, standing.last_date, standing.alarms) == (0, None, ())


def test_columns_that_change_are_an_alarm_once() -> None:
    drifted = Past(TODAY, 1_000, Drift(missing=("phone",), new=("note",)))
    (alarm,) = watching.alarms(SOCIAL, drifted, [month(1)])
    assert (alarm.code, alarm.found) == ("columns_changed", "-phone +note")
    assert watching.alarms(SOCIAL, drifted, [drifted._replace(day=TODAY - timedelta(days=20))]) == ()


@pytest.mark.parametrize("days", [0, 31])
def test_in_time_is_no_alarm(days: int) -> None:
    assert watching.standing(SOCIAL, [Past(TODAY - timedelta(days=days), 5)], TODAY).alarms == ()


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 10_000)), max_size=12))
def test_no_history_makes_watching_fail(history: list[tuple[int, int]]) -> None:
    files = [Past(TODAY - timedelta(days=days), rows) for days, rows in history]
    standing = watching.standing(SOCIAL, files, TODAY)
    assert standing.days_late >= 0
    assert all(alarm.text for alarm in standing.alarms)
