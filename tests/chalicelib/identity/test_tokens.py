"""Signing keys: rotation that nobody notices, and that two at once cannot spoil."""

import base64
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest

from chalicelib import audit, aws
from chalicelib.errors import Unauthenticated
from chalicelib.identity import keyring, service, tokens

MONTH = timedelta(days=31)


def receipt(now: datetime) -> str:
    return service.sign({"sub": "C1", "aud": "receipt"}, now)


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


@pytest.mark.usefixtures("cloud")
def test_a_new_key_is_published_before_anybody_signs_with_it(now: datetime) -> None:
    old = kid_of(receipt(now))
    assert service.rotate(now) == "k20261123"
    assert kid_of(receipt(now)) == old
    assert "k20261123" in {key["kid"] for key in service.jwks()["keys"]}
    assert kid_of(receipt(now + tokens.PUBLISHED_BEFORE_USE)) == "k20261123"
    assert timedelta(seconds=aws.SECRET_SECONDS) < tokens.PUBLISHED_BEFORE_USE


@pytest.mark.usefixtures("cloud")
def test_tokens_of_before_a_rotation_stay_good_until_their_own_end(now: datetime) -> None:
    before = service.sign(
        {"sub": "U1", "aud": "citizen", "exp": int((now + timedelta(hours=2)).timestamp())}, now
    )
    service.rotate(now)
    later = now + timedelta(hours=1, minutes=59)
    assert service.verify(before, later, "citizen")["sub"] == "U1"
    with pytest.raises(Unauthenticated, match="token_expired"):
        service.verify(before, now + timedelta(hours=2), "citizen")


@pytest.mark.usefixtures("cloud")
def test_the_same_day_again_changes_nothing(now: datetime) -> None:
    assert service.rotate(now)
    ring = aws.secret("signing")
    assert service.rotate(now + timedelta(hours=2)) is None
    assert aws.secret("signing") == ring
    assert len([row for row in audit.EntryRow.scan() if row.act == "signing_key.rotated"]) == 1


@pytest.mark.usefixtures("cloud")
def test_receipts_outlive_the_private_half_of_their_key(now: datetime) -> None:
    paper = receipt(now)
    for month in range(4):
        service.rotate(now + month * MONTH)
    assert service.verify(paper, now + 5 * MONTH, "receipt")["sub"] == "C1"
    with_private = [kid for kid, entry in aws.secret("signing")["keys"].items() if "private" in entry]
    assert len(with_private) == 2


@pytest.mark.usefixtures("cloud")
def test_public_halves_go_after_three_years(now: datetime) -> None:
    for month in range(40):
        service.rotate(now + month * MONTH)
    ring = aws.secret("signing")["keys"]
    assert "1" not in ring
    assert 36 <= len(ring) <= 38
    assert len(str(ring)) < 64 * 1024


@pytest.mark.usefixtures("cloud")
def test_a_replaced_key_that_leaked_cannot_sign_for_later(now: datetime) -> None:
    leaked = tokens.ring()["1"].seed
    assert leaked is not None
    service.rotate(now)
    private = tokens.Ed25519PrivateKey.from_private_bytes(leaked)
    later = now + timedelta(hours=1)
    claims: dict[str, Any] = {"iss": tokens.issuer(), "sub": "U1", "aud": "receipt", "iat": later.timestamp()}
    forged = jwt.encode(claims, private, algorithm="EdDSA", headers={"kid": "1"})
    with pytest.raises(Unauthenticated, match="token_invalid"):
        service.verify(forged, later, "receipt")


@pytest.mark.usefixtures("cloud")
def test_two_rotations_at_the_same_time_make_one_key(now: datetime) -> None:
    calls = 0

    def change(value: dict[str, Any]) -> dict[str, Any] | None:
        nonlocal calls
        calls += 1
        if calls == 1:
            assert service.rotate(now) is not None
        return tokens.rotated(value, now)

    assert keyring.swap("signing", change) is None
    assert calls == 2
    assert sorted(aws.secret("signing")["keys"]) == ["1", "k20261123"]
    assert service.verify(receipt(now), now, "receipt")


@pytest.mark.usefixtures("cloud")
def test_a_change_that_lost_the_race_keeps_the_other_one(now: datetime) -> None:
    def change(value: dict[str, Any]) -> dict[str, Any]:
        if "other" not in value:
            keyring.swap("signing", lambda seen: {**seen, "other": True})
        return {**value, "mine": True}

    assert keyring.swap("signing", change)
    assert {"other", "mine"} <= set(aws.secret("signing"))


@pytest.mark.usefixtures("cloud")
def test_an_outsider_verifies_with_the_published_keys_alone(now: datetime) -> None:
    service.rotate(now)
    paper = receipt(now + timedelta(hours=1))
    published = {key["kid"]: jwt.PyJWK(key) for key in service.jwks()["keys"]}
    assert all("d" not in key for key in service.jwks()["keys"])
    claims = jwt.decode(
        paper,
        published[kid_of(paper)],
        algorithms=["EdDSA"],
        audience="receipt",
        options={"verify_iat": False},
    )
    assert claims["iss"] == "new-citizen-service/local"


@pytest.mark.usefixtures("cloud")
def test_a_token_for_one_use_is_refused_for_another(now: datetime) -> None:
    with pytest.raises(Unauthenticated):
        service.verify(receipt(now), now, "citizen")


@pytest.mark.usefixtures("cloud")
def test_a_token_from_the_future_is_refused(now: datetime) -> None:
    with pytest.raises(Unauthenticated):
        service.verify(receipt(now + timedelta(minutes=5)), now, "receipt")


def test_the_first_key_of_an_empty_ring_signs_at_once(now: datetime) -> None:
    ring = tokens.rotated({}, now)
    assert ring is not None
    (key,) = tokens.read_ring(ring).values()
    assert key.active_from <= now
    assert len(base64.b64decode(ring["keys"][key.kid]["private"])) == 32
