"""Signing in, whose token it is, signing out, throttles."""

import base64
import json
from datetime import datetime, timedelta

import jwt
import pytest

from chalicelib import audit, clock
from chalicelib.errors import Throttled, Unauthenticated
from chalicelib.identity import model, service, tokens
from tests.chalicelib.identity.outsiders import Wechat, Wecom

pytestmark = pytest.mark.usefixtures("cloud")

GRID_WORKER = model.StaffMember(
    user_id="grid-440604010001", name="网格员甲", roles=("grid_worker",), scopes=("440604010001",)
)


def sign_in(now: datetime, name: str = "one", ip: str = "192.0.2.1") -> str:
    return service.sign_in_citizen(f"citizen-{name}", ip, now, Wechat()).token


def test_the_same_wechat_user_meets_the_same_account_again(now: datetime) -> None:
    first = service.actor_for(sign_in(now), now)
    second = service.actor_for(sign_in(now), now)
    assert first == second
    assert first.id == first.session
    assert first.id.startswith("U")
    assert first.roles == {"citizen", "landlord"}


def test_two_wechat_users_have_two_accounts(now: datetime) -> None:
    assert service.actor_for(sign_in(now, "one"), now) != service.actor_for(sign_in(now, "two"), now)


def test_a_session_says_when_it_ends_and_then_it_does(now: datetime) -> None:
    session = service.sign_in_citizen("citizen-one", "192.0.2.1", now, Wechat())
    ends = clock.parse_iso(session.expires_at)
    assert ends == now + timedelta(hours=2)
    assert service.actor_for(session.token, ends - timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="token_expired"):
        service.actor_for(session.token, ends)


def test_staff_carry_roles_and_scopes_from_their_row_for_eight_hours(now: datetime) -> None:
    service.import_staff([GRID_WORKER], now)
    session = service.sign_in_staff("staff-grid-440604010001", "192.0.2.1", now, Wecom())
    actor = service.actor_for(session.token, now + timedelta(hours=7, minutes=59))
    assert (actor.id, actor.kind) == ("grid-440604010001", "staff")
    assert actor.covers("440604010001003")
    assert not actor.covers("440604010002003")


def test_a_withdrawn_role_ends_at_once(now: datetime) -> None:
    service.import_staff([GRID_WORKER], now)
    token = service.sign_in_staff("staff-grid-440604010001", "192.0.2.1", now, Wecom()).token
    moved = GRID_WORKER.model_copy(update={"roles": ("auditor",), "scopes": ()})
    service.import_staff([moved], now)
    assert service.actor_for(token, now).roles == {"auditor"}
    assert service.staff_for("grid_worker", "440604010001003") == []


def test_wecom_users_without_a_row_do_not_get_in(now: datetime) -> None:
    with pytest.raises(Unauthenticated, match="staff_unknown"):
        service.sign_in_staff("staff-nobody", "192.0.2.1", now, Wecom())


def test_signing_out_ends_every_session_of_the_account_and_no_other(now: datetime) -> None:
    here, there, other = sign_in(now), sign_in(now), sign_in(now, "two")
    later = now + timedelta(seconds=1)
    service.sign_out(service.actor_for(here, later), later)
    for token in (here, there):
        with pytest.raises(Unauthenticated, match="session_revoked"):
            service.actor_for(token, later)
    assert service.actor_for(other, later)
    again = later + timedelta(milliseconds=1)
    assert service.actor_for(sign_in(again), again)


def test_every_sign_in_is_in_the_audit_trail_without_the_openid(now: datetime) -> None:
    sign_in(now)
    entries = list(audit.EntryRow.scan())
    assert sorted(entry.act for entry in entries) == ["account.created", "session.started"]
    assert not any("openid" in json.dumps(entry.to_simple_dict()) for entry in entries)


def test_every_refused_sign_in_is_counted_for_the_alarm_and_a_good_one_is_not(
    now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    sign_in(now)
    assert "SignInsRefused" not in capsys.readouterr().out
    for _ in range(model.FAILED_SIGN_INS_BY_ADDRESS.times):
        with pytest.raises(Unauthenticated):
            service.sign_in_citizen("forged", "192.0.2.1", now, Wechat())
    with pytest.raises(Throttled):
        sign_in(now)
    written = capsys.readouterr().out
    assert written.count('"SignInsRefused":[1.0]') == model.FAILED_SIGN_INS_BY_ADDRESS.times + 1
    assert "192.0.2.1" not in written


def test_twenty_failures_close_the_address_until_the_window_ends_but_no_other_address(now: datetime) -> None:
    for _ in range(model.FAILED_SIGN_INS_BY_ADDRESS.times):
        with pytest.raises(Unauthenticated):
            service.sign_in_citizen("forged", "192.0.2.1", now, Wechat())
    with pytest.raises(Throttled) as refusal:
        sign_in(now)
    wait = int(refusal.value.params["seconds"])
    assert 1 <= wait <= model.FAILED_SIGN_INS_BY_ADDRESS.seconds
    assert sign_in(now, ip="192.0.2.2")
    assert sign_in(now + timedelta(seconds=wait))


def test_good_sign_ins_from_one_address_are_not_failures(now: datetime) -> None:
    for number in range(model.FAILED_SIGN_INS_BY_ADDRESS.times + 5):
        assert sign_in(now, f"n{number}")


def _without_signature(token: str) -> str:
    return token.rsplit(".", 1)[0] + "."


def _algorithm_none(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"1"}').decode().rstrip("=")
    return f"{header}.{token.split('.')[1]}."


def _signed_with_the_public_key(token: str) -> str:
    public = next(iter(tokens.ring().values())).public
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims, public, algorithm="HS256", headers={"kid": "1"})


def _other_subject(token: str) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "U2"}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "forge",
    [
        _without_signature,
        _algorithm_none,
        _signed_with_the_public_key,
        _other_subject,
        lambda token: "",
        lambda token: "a.b.c",
        lambda token: "不是凭证",
        lambda token: token[:-4] + "AAAA",
    ],
)
def test_a_forged_token_is_nobody(forge: object, now: datetime) -> None:
    assert callable(forge)
    with pytest.raises(Unauthenticated, match="token_invalid"):
        service.actor_for(forge(sign_in(now)), now)


def test_a_receipt_is_no_session(now: datetime) -> None:
    subject = service.actor_for(sign_in(now), now).id
    receipt = tokens.sign({"sub": subject, "aud": "receipt"}, now)
    assert tokens.verify(receipt, now + timedelta(days=900), "receipt")["sub"] == subject
    with pytest.raises(Unauthenticated):
        service.actor_for(receipt, now)
    pretended = tokens.sign({"sub": subject, "aud": "citizen"}, now)
    with pytest.raises(Unauthenticated):
        service.actor_for(pretended, now)
