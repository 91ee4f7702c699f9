"""Who is responsible where; the operators' commands."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from chalicelib import aws, keys, sealing
from chalicelib.errors import Throttled
from chalicelib.identity import __main__ as command
from chalicelib.identity import model, service, store
from tests.chalicelib.identity.outsiders import id_number

pytestmark = pytest.mark.usefixtures("cloud")

STAFF = """user_id,name,role,scopes,department
grid-440604010001,网格员甲,grid_worker,440604010001,
grid-440604010002,网格员乙,grid_worker,440604010002,
grid-one,网格员丙,grid_worker,440604010001001 440604010001002,
coordinator,统筹员,coordinator,440604010,
other-town,统筹员,coordinator,440604011,
district,区级,district_officer,440604,
city,市级,city_officer,440600,
reviewer,审核员,reviewer,440600,social_security
"""


@pytest.fixture
def staff(cloud: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    file = tmp_path / "staff.csv"
    file.write_text(STAFF, "utf-8-sig")
    assert command.main(["staff", "import", str(file)]) == 0
    assert capsys.readouterr().out == "8 members of staff\n"
    return file


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize(
    ("role", "region", "users"),
    [
        ("grid_worker", "440604010001001", ["grid-one", "grid-440604010001"]),
        ("grid_worker", "440604010001003", ["grid-440604010001"]),
        ("grid_worker", "440604010001", ["grid-440604010001"]),
        ("grid_worker", "440604010003", []),
        ("coordinator", "440604010002001", ["coordinator"]),
        ("coordinator", "440604", []),
        ("district_officer", "440604010001", ["district"]),
        ("city_officer", "440606003002", ["city"]),
        ("city_officer", "440600", ["city"]),
        ("reviewer", "440604010001", ["reviewer"]),
        ("auditor", "440604010001", []),
    ],
)
def test_the_responsible_are_found_by_region_the_closest_first(
    role: str, region: str, users: list[str]
) -> None:
    assert [member.user_id for member in service.staff_for(role, region)] == users


@pytest.mark.usefixtures("staff")
def test_a_member_comes_with_everything_and_an_unknown_one_is_none() -> None:
    member = service.staff_member("reviewer")
    assert member is not None
    assert (member.roles, member.scopes, member.department) == (("reviewer",), ("440600",), "social_security")
    assert service.staff_member("nobody") is None


def test_a_second_import_moves_people_and_leaves_nothing_behind(staff: Path) -> None:
    staff.write_text(STAFF.replace("grid_worker,440604010001,", "grid_worker,440604010003,"), "utf-8")
    assert command.main(["staff", "import", str(staff)]) == 0
    assert [m.user_id for m in service.staff_for("grid_worker", "440604010003")] == ["grid-440604010001"]
    assert service.staff_for("grid_worker", "440604010001003") == []


def test_a_wrong_staff_file_is_a_one_line_reason(staff: Path, capsys: pytest.CaptureFixture[str]) -> None:
    staff.write_text("user_id,name,role,scopes,department\nx,甲,emperor,440600,\n", "utf-8")
    assert command.main(["staff", "import", str(staff)]) == 1
    assert capsys.readouterr().err == "Row 2 of the staff file is not right.\n"


def test_a_new_key_encryption_key_wraps_every_data_key_anew(
    now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [(keys.person_key(number), number) for number in (id_number(n) for n in range(3))]
    people = service.people_for_keys(pairs, now)
    before = {row.pk: row.kek for row in sealing.DataKeyRow.scan(sealing.DataKeyRow.sk == "DATA_KEY")}
    assert command.main(["rotate-kek"]) == 0
    assert "3 data keys wrapped anew" in capsys.readouterr().out
    after = {row.pk: row.kek for row in sealing.DataKeyRow.scan(sealing.DataKeyRow.sk == "DATA_KEY")}
    assert after.keys() == before.keys()
    assert set(after.values()).isdisjoint(before.values())
    sealing.forget_cached()
    assert service.profile(people[pairs[0][0]]).id_number == pairs[0][1]


def test_the_signing_and_person_keys_are_changed_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [["rotate-signing"], ["rekey", "begin"], ["rekey", "switch"], ["rekey", "walk"]]
    steps += [["rekey", "finish"], ["rekey", "clean", "--version", "1"], ["purge"]]
    assert [command.main(step) for step in steps] == [0] * len(steps)
    assert list(aws.secret("person_key")["keys"]) == ["2"]
    assert "walk 1: 0 seen, 0 changed, through" in capsys.readouterr().out
    assert command.main(["rekey", "clean", "--version", "2"]) == 1


def test_a_throttle_lets_so_many_through_in_a_window_and_is_kept_no_longer(now: datetime) -> None:
    for _ in range(3):
        service.throttle("upload#P1", 3, 60, now)
    with pytest.raises(Throttled) as refusal:
        service.throttle("upload#P1", 3, 60, now)
    service.throttle("upload#P2", 3, 60, now)
    wait = int(refusal.value.params["seconds"])
    assert 1 <= wait <= 60
    service.throttle("upload#P1", 3, 60, now + timedelta(seconds=wait))
    rows = list(store.ThrottleRow.scan())
    assert all(now.timestamp() < row.expires_at <= now.timestamp() + 240 for row in rows)
    assert "upload" not in repr([row.to_simple_dict() for row in rows])


def test_a_member_who_left_is_nobody(now: datetime) -> None:
    service.import_staff([model.StaffMember(user_id="u", name="甲", roles=("auditor",), scopes=())], now)
    row = store.staff("u")
    assert row is not None
    row.update(actions=[store.StaffRow.active.set(False)])
    assert service.staff_member("u") is None
