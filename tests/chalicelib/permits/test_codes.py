"""The code that a verifier reads offline: what it proves, what it does not tell, when it is over."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest

from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.permits import __main__ as command
from chalicelib.permits import service as permits
from chalicelib.permits.verifying import verify
from tests.chalicelib.permits.holders import in_force, in_production, morning
from tests.town import Town, id_number, outside_systems


@pytest.fixture
def town(cloud: None, now: datetime, tmp_path: Path) -> Iterator[Town]:
    with outside_systems(tmp_path, now):
        identity.rotate(now - timedelta(days=1))
        yield Town(now)


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_a_fresh_code_shows_a_permit_in_force_and_nothing_is_asked(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    code = permits.code(town.owner.id, now)
    found = verify(code.token, identity.jwks(), now + timedelta(seconds=119))
    assert (found.verdict, found.city, found.through) == ("valid", "440600", date(2027, 11, 23))
    assert code.refresh_after < (code.expires_at - now).total_seconds()


def test_a_code_names_nobody_and_no_two_codes_can_be_put_together(town: Town, now: datetime) -> None:
    permit = in_force(town.owner, now)
    profile = identity.profile(town.owner.id)
    one, other = (claims_of(permits.code(town.owner.id, now + timedelta(seconds=s)).token) for s in (0, 60))
    for said in (json.dumps(one, ensure_ascii=False), json.dumps(other, ensure_ascii=False)):
        for secret in (
            profile.name,
            profile.id_number,
            profile.phone,
            town.owner.id,
            permit.id,
            permit.region,
        ):
            assert str(secret) not in said
    assert set(one) == {"iss", "iat", "aud", "sub", "exp", "name", "city", "through"}
    assert {key for key in one if one[key] == other[key]} == {"iss", "aud", "name", "city", "through"}
    assert one["name"] == profile.masked_name and id_number(town.order)[6:14] not in json.dumps(one)


def test_a_code_is_over_after_two_minutes_and_the_leeway_for_clocks(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    token, keys = permits.code(town.owner.id, now).token, identity.jwks()
    verdicts = {s: verify(token, keys, now + timedelta(seconds=s)).verdict for s in (-61, -59, 0, 179, 181)}
    assert list(verdicts.values()) == ["not_yet", "valid", "valid", "valid", "expired"]


def test_no_code_before_the_card_after_the_year_or_after_leaving(town: Town, now: datetime) -> None:
    with pytest.raises(Conflict, match="permit_not_in_force"):
        permits.code(town.owner.id, now)
    permit = in_production(town.owner, now)
    with pytest.raises(Conflict, match="permit_not_in_force"):
        permits.code(town.owner.id, now)
    from tests.chalicelib.permits.holders import COORDINATOR

    permits.issue(COORDINATOR, permit.card, now)
    last, over = morning(date(2027, 11, 23)), morning(date(2027, 11, 24))
    assert permits.code(town.owner.id, last).token
    with pytest.raises(Conflict, match="permit_not_in_force"):
        permits.code(town.owner.id, over)


def changed(token: str, **claims: Any) -> str:
    """The same token with other claims and the old signature."""
    head, _, signature = token.split(".")
    body = jwt.utils.base64url_encode(json.dumps(claims_of(token) | claims).encode()).decode()
    return f"{head}.{body}.{signature}"


def test_what_we_did_not_sign_so_is_forged(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    token, keys = permits.code(town.owner.id, now).token, identity.jwks()
    session = identity.sign({"aud": "session", "sub": "x", "exp": int(now.timestamp()) + 60}, now)
    endless = identity.sign(claims_of(token) | {"exp": int(now.timestamp()) + 86_400}, now)
    unsigned = jwt.encode(claims_of(token), "", algorithm="none", headers={"kid": keys["keys"][0]["kid"]})
    for text in (changed(token, through="2099-01-01"), session, endless, unsigned, "", "a.b.c", token[:-4]):
        assert verify(text, keys, now).verdict == "forged", text
    assert verify(token, {"keys": []}, now).verdict == "unknown_key"


def test_the_command_says_so_in_one_line(
    town: Town, now: datetime, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_force(town.owner, now)
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(identity.jwks()))
    token = permits.code(town.owner.id, now).token
    soon, late = (now + timedelta(minutes=m) for m in (1, 10))
    assert command.main(["verify", token, "--keys", str(keys), "--at", soon.isoformat()]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "valid"
    assert command.main(["verify", token, "--keys", str(keys), "--at", late.isoformat()]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "verdict": "expired",
        "name": None,
        "city": None,
        "through": None,
    }


def test_the_picture_is_a_qr_code(town: Town, now: datetime) -> None:
    in_force(town.owner, now)
    assert permits.picture(town.owner.id, now).lstrip("<?").startswith(("svg", "xml"))
