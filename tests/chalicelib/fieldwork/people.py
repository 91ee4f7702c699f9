"""People, staff and findings for the tests of fieldwork: synthetic, in a community that exists."""

from datetime import datetime
from typing import Any

from chalicelib import idnumbers, keys
from chalicelib.actors import Actor
from chalicelib.fieldwork.model import Finding
from chalicelib.identity import service as identity
from chalicelib.identity.model import StaffMember

TOWN, COMMUNITY, OTHER = "440604010", "440604010001", "440604010003"
FAR_TOWN = "440604012"
PHONE = "13800000001"
WORKER = Actor("grid-1", "staff", frozenset({"grid_worker"}), (COMMUNITY,))
OTHER_WORKER = Actor("grid-2", "staff", frozenset({"grid_worker"}), (OTHER,))
COORDINATOR = Actor("coordinator-1", "staff", frozenset({"coordinator"}), (TOWN,))
FAR_COORDINATOR = Actor("coordinator-2", "staff", frozenset({"coordinator"}), (FAR_TOWN,))
CITY_OFFICER = Actor("city", "staff", frozenset({"city_officer"}), ("440600",))


def nobody_registered(person_ids: Any) -> set[str]:
    return set()


def id_number(order: int) -> str:
    first17 = f"44069919900101{order:03d}"
    return first17 + idnumbers.check_character(first17)


def people(count: int, now: datetime) -> list[str]:
    """Person ids of people whom identity knows."""
    make = keys.person_key_maker()
    pairs = [(make(number), number) for number in map(id_number, range(count))]
    found = identity.people_for_keys(pairs, now)
    return [found[key] for key, _ in pairs]


def staff(now: datetime) -> None:
    """The two grid workers and the coordinator of the town."""
    identity.import_staff(
        [
            StaffMember(user_id=a.id, name="测试员", roles=tuple(a.roles), scopes=a.scopes)
            for a in (WORKER, OTHER_WORKER, COORDINATOR)
        ],
        now,
    )


def finding(person_id: str, number: int = 1, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "id": keys.stable_id("F", person_id, str(number)),
        "person_id": person_id,
        "name": "测试甲",
        "phone": PHONE,
        "town": TOWN,
        "community": COMMUNITY,
        "address": f"季华五路{number}号",
        "room": "502",
        "sources": ("social_security", "health_service"),
        "confidence": 0.9,
        "because": {
            "zh-CN": "社保和健康服务都登记了该地址",
            "en": "Social security and health both know this address",
        },
    }
    return Finding(**(values | changes))
