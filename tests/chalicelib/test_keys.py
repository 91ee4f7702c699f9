"""Ids sort by time and cannot be guessed; keys and page tokens are ours alone."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import aws, config, keys
from chalicelib.errors import Malformed
from tests.cloud import keyed_secret

ON_THE_CLOUD = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(earlier=MOMENTS, later=st.timedeltas(timedelta(milliseconds=1), timedelta(days=900)))
def test_a_later_id_sorts_after_an_earlier_one(earlier: datetime, later: timedelta) -> None:
    assert keys.new_id("C", earlier) < keys.new_id("C", earlier + later)


def test_ids_of_one_moment_differ_and_use_no_letters_that_are_misread(now: datetime) -> None:
    made = {keys.new_id("C", now) for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch(r"C[0-9A-HJKMNP-TV-Z]{26}", one) for one in made)


@given(number=st.integers(0, 2**128 - 1))
def test_base32_keeps_the_order_of_numbers(number: int) -> None:
    assert (keys.base32(number, 26) < keys.base32(number + 1, 26)) or number + 1 == 2**130


def test_a_stable_id_knows_where_one_part_ends_and_the_next_begins() -> None:
    assert keys.stable_id("V", "ab", "c") == keys.stable_id("V", "ab", "c")
    assert keys.stable_id("V", "ab", "c") != keys.stable_id("V", "a", "bc")


def test_a_person_key_names_its_version_and_not_the_number(cloud: None) -> None:
    key = keys.person_key("44069919900101001X")
    assert re.fullmatch(r"1:[0-9a-f]{64}", key)
    assert key == keys.person_key_maker()("44069919900101001X") != keys.person_key("440699199001010028")


def test_all_readable_versions_of_a_person_key_come_with_the_current_one_first(cloud: None) -> None:
    aws.client("secretsmanager").put_secret_value(
        SecretId=config.secret_name("person_key"), SecretString=keyed_secret("1", "2")
    )
    aws._secrets.clear()
    found = list(keys.person_keys("44069919900101001X"))
    assert [key.partition(":")[0] for key in found] == ["2", "1"]
    assert found[1] == keys.person_key_maker("1")("44069919900101001X")


def test_the_same_value_has_another_blind_index_for_each_kind(cloud: None) -> None:
    assert keys.blind_index("phone", "x") == keys.blind_index("phone", "x") != keys.blind_index("openid", "x")


@ON_THE_CLOUD
@given(position=st.dictionaries(st.text(), JSON, max_size=4))
def test_a_page_token_comes_back_as_it_was(cloud: None, position: dict[str, object]) -> None:
    assert keys.read_page(keys.sign_page(position)) == position


def test_a_page_token_does_not_tell_the_position_it_holds(cloud: None) -> None:
    """Of a list one line a page, a position beside the line would say whose case it is."""
    token = keys.sign_page({"from": {"sk": {"S": "PLACE#C0000"}}})
    assert b"PLACE" not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


@ON_THE_CLOUD
@given(token=st.text(max_size=80))
def test_any_other_text_is_no_page_token(cloud: None, token: str) -> None:
    with pytest.raises(Malformed, match="page_token_invalid"):
        keys.read_page(token)


@ON_THE_CLOUD
@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_page_token_with_one_changed_byte_is_refused(cloud: None, place: int, change: int) -> None:
    token = keys.sign_page({"scope": "cases:P1", "from": {"pk": {"S": "CASE#1"}}})
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(Malformed, match="page_token_invalid"):
        keys.read_page(base64.urlsafe_b64encode(raw).decode().rstrip("="))
