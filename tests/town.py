"""A small town for tests that walk the routes: two citizens, staff of every role near and far, and their things."""

import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib import aws, idnumbers, tables
from chalicelib.actors import STAFF_ROLES, Actor
from chalicelib.cases import documents, inspection, papers
from chalicelib.cases import service as cases
from chalicelib.cases.paper_views import NewPaper
from chalicelib.cases.service import Submission
from chalicelib.cases.views import Decision, NewDocument
from chalicelib.fieldwork import service as fieldwork
from chalicelib.fieldwork.model import Finding
from chalicelib.forms import service as forms
from chalicelib.forms.views import NewDraft
from chalicelib.identity import model as identities
from chalicelib.identity import service as identity
from chalicelib.residence import store as residence
from chalicelib.residence.model import Registration, Standing
from infra.sandbox.credentials import PUBLISHED
from infra.sandbox.server import Sandbox
from tests import cloud
from tests.chalicelib.identity.outsiders import RealName, Wechat

DISTRICT, TOWN, COMMUNITY = "440604", "440604010", "440604010001"
FAR_DISTRICT, FAR_TOWN, FAR_COMMUNITY = "440605", "440605011", "440605011001"
REACHES = {
    "grid_worker": (COMMUNITY, FAR_COMMUNITY),
    "coordinator": (TOWN, FAR_TOWN),
    "reviewer": (DISTRICT, FAR_DISTRICT),
    "district_officer": (DISTRICT, FAR_DISTRICT),
    # The city covers the whole city: far means no region at all.
    "city_officer": ("440600", ""),
    "policy_officer": ("440600", ""),
    "auditor": ("440600", ""),
}
ARRIVED = "2026-11-01"


def id_number(order: int, born: date = date(1990, 1, 1)) -> str:
    """A synthetic ID number: division 440699 does not exist."""
    first17 = f"440699{born:%Y%m%d}{order:03d}"
    return first17 + idnumbers.check_character(first17)


def staff(role: str, *, near: bool = True, department: str = "housing") -> Actor:
    """A member of staff whose scope holds the town, or one whose scope does not."""
    scope = REACHES[role][0 if near else 1]
    name = f"{role}-{'near' if near else 'far'}"
    known = department if role == "reviewer" else None
    return Actor(name, "staff", frozenset({role}), (scope,) if scope else (), known, name)


@contextmanager
def outside_systems(folder: Path, now: datetime) -> Iterator[None]:
    """The sandbox of WeChat, WeCom, SMS and the real-name check, and the settings that lead to it."""
    with Sandbox(folder, now=lambda: now) as sandbox:
        for name, value in PUBLISHED.secrets().items():
            os.environ[f"URL_{name.upper()}"] = f"{sandbox.url}/{name}"
            secret = os.environ[f"SECRET_{name.upper()}"]
            aws.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(value))
        aws._secrets.clear()
        yield


class Town:
    """What the samples of the routes need; each thing is made when it is asked for.

    Its people are made once in each cloud; the next town of the same moment is given the same rows. A second town
    beside the first has a ``tag``.
    """

    def __init__(self, now: datetime, tag: int = 0) -> None:
        self.now = now
        self._numbers = itertools.count(1000 * tag + 1)
        self.order = 10 * tag + 1
        people = self._move_in(tag) if tag else self._move_in_again()
        self.owner, self.stranger, self.unbound = people

    def _move_in_again(self) -> list[Actor]:
        people: list[Actor]
        if self.now in cloud.kept:
            people, rows = cloud.kept[self.now]
            cloud.put(rows)
            return people
        before = cloud.items()
        people = self._move_in(0)
        rows = {
            name: [row for row in held if row not in before[name]] for name, held in cloud.items().items()
        }
        cloud.kept[self.now] = people, rows
        return people

    def _move_in(self, tag: int) -> list[Actor]:
        people = [
            self.citizen(f"owner{tag}", self.order),
            self.citizen(f"stranger{tag}", self.order + 1),
            self.citizen(f"unbound{tag}"),
        ]
        members = [self._member(staff(role, near=near)) for role in STAFF_ROLES for near in (True, False)]
        identity.import_staff(members, self.now)
        return people

    @staticmethod
    def _member(actor: Actor) -> identities.StaffMember:
        return identities.StaffMember(
            user_id=actor.id,
            name="测试员",
            roles=tuple(actor.roles),
            scopes=actor.scopes,
            department=actor.department,
        )

    def citizen(self, name: str, order: int | None = None) -> Actor:
        """A citizen who signed in, bound to an ID number when ``order`` is given."""
        moment = self.now - timedelta(minutes=5)
        token = identity.sign_in_citizen(f"citizen-{name}", "192.0.2.1", moment, Wechat()).token
        actor = identity.actor_for(token, self.now)
        if order is not None:
            told = identities.Binding(
                name=f"测试{name}", id_number=id_number(order), phone_code=f"phone-1380000{order:04d}"
            )
            identity.bind(actor, told, moment, Wechat(), RealName())
            actor = identity.actor_for(token, self.now)
        return actor

    def tick(self) -> datetime:
        """A moment of its own for each thing, a second apart, shortly before now."""
        return self.now - timedelta(seconds=200 - next(self._numbers) % 150)

    def number(self) -> int:
        """A number that nothing else here has."""
        return next(self._numbers)

    def case(self, *, kind: str = "residence_registration", tenant: bool = False, state: str = "") -> str:
        """A case of the owner's; with ``tenant`` one that the stranger filed for the owner to confirm."""
        filer = self.stranger if tenant else self.owner
        payload = {"registration": "R1", "left_on": "2026-11-20"} if kind == "residence_departure" else {}
        submission = Submission(
            kind=kind,
            owner=self.owner.id,
            filer=filer.id,
            region=COMMUNITY,
            payload=payload,
            needs_confirmation=tenant,
        )
        case_id = cases.submit(submission, filer, self.tick()).id
        decisions: dict[str, list[str]] = {
            "supplement": ["ask_supplement"],
            "refused": ["ask_supplement", "supplement", "refuse"],
            "review": ["ask_supplement", "supplement"],
        }
        for act in decisions.get(state, []):
            self._act(case_id, act)
        return case_id

    def _act(self, case_id: str, act: str) -> None:
        if act == "supplement":
            cases.supplement(self.owner, case_id, None, self.now, None, "en")
        else:
            decision = Decision(decision=act, reason="a test's reason")  # type: ignore[arg-type]
            cases.decide(staff("coordinator"), case_id, decision, self.tick())

    def document(self) -> tuple[str, str]:
        """A case with a clean paper."""
        case_id, content = self.case(), b"\x89PNG\r\n\x1a\n" + b"-" * 92
        paper = NewDocument(kind="dwelling_proof", media_type="image/png", size=len(content))
        made = documents.announce(cases.case(case_id), paper, self.owner, self.now)
        key = documents.object_key(case_id, made.document.id)
        aws.client("s3").put_object(Bucket=os.environ["BUCKET_DOCUMENTS"], Key=key, Body=content)
        assert inspection.inspect(key, self.now) == "clean"
        return case_id, made.document.id

    def paper(self) -> str:
        """A clean paper of the owner's that no case has."""
        content = b"\x89PNG\r\n\x1a\n" + b"-" * 92
        wanted = NewPaper(
            case_kind="residence_registration", kind="dwelling_proof", media_type="image/png", size=100
        )
        made = papers.announce(self.owner.id, wanted, self.owner, self.now, None).document.id
        key = documents.object_key(self.owner.id, made)
        aws.client("s3").put_object(Bucket=os.environ["BUCKET_DOCUMENTS"], Key=key, Body=content)
        assert inspection.inspect(key, self.now) == "clean"
        return made

    def registration(self) -> str:
        """A stay of the owner's that is in force, in place of the one before."""
        before = residence.standings([self.owner.id]).get(self.owner.id)
        made = f"R{next(self._numbers):026d}"
        stay = Registration(
            id=made,
            person_id=self.owner.id,
            status="active",
            region=COMMUNITY,
            grid=None,
            building=f"{COMMUNITY}00100001",
            arrived_on=date(2026, 11, 1),
            registered_on=date(2026, 11, 2),
            origin="api",
        )
        standing = Standing(
            person_id=self.owner.id,
            status="active",
            registration_id=made,
            region=COMMUNITY,
            since=date(2026, 11, 2),
        )
        tables.transact(residence.create_registration(stay), residence.put_standing(standing, before))
        return made

    def draft(self) -> None:
        """A departure that the owner has begun."""
        begun = NewDraft(
            answers={"left_on": f"2026-12-{next(self._numbers) % 28 + 1:02d}"},
            revision=self.draft_revision(self.owner),
        )
        forms.save(self.owner.id, "residence_departure", begun, self.now, "en")

    def draft_revision(self, actor: Actor) -> int:
        """The revision that a further saving of the actor's draft continues."""
        held = forms.listed(actor.id, self.now, "en").items
        return held[0].revision if held else 0

    def visit(self) -> str:
        """A due visit to somebody nobody knows yet."""
        number = next(self._numbers)
        born = date(1985, 6, 7)
        key = f"1:{number:064x}"
        person = identity.people_for_keys([(key, id_number(number % 1000, born))], self.now)[key]
        finding = Finding(
            id=f"F{number}",
            person_id=person,
            name="测试居民",
            phone="13800009999",
            town=TOWN,
            community=COMMUNITY,
            address="季华五路 10 号",
            building=f"{COMMUNITY}001{number:05d}",
            sources=("social_security", "health_service"),
        )
        report = fieldwork.plan([finding], f"batch-{number}", self.now, registered=lambda people: set())
        assert report.planned == 1, report
        from chalicelib.fieldwork.store import visits_to

        return visits_to(person)[0].visit_id

    def body_of_registration(self, actor: Actor) -> dict[str, Any]:
        """What a citizen, or staff for the person present, files."""
        body: dict[str, Any] = {
            "address": {"town": TOWN, "community": COMMUNITY, "line": "季华五路 10 号", "room": "101"},
            "arrived_on": ARRIVED,
            "housing": "rented",
        }
        if actor.is_staff:
            body["person"] = {
                "name": "测试窗口",
                "id_number": id_number(self.order + 2),
                "phone": "13800000003",
            }
        return body
