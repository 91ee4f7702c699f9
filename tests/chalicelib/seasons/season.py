"""A season that tests go through: families who apply, records that departments have, staff who decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.actors import Actor
from chalicelib.cases import service as cases
from chalicelib.cases.views import Decision
from chalicelib.seasons import service as seasons
from chalicelib.seasons.model import NewApplication
from chalicelib.seasons.views import NewRanking
from tests.town import TOWN, Town, id_number, staff

PUPIL = {"name": "测试小", "id_number": ""}
Records = dict[str, list[dict[str, Any]]]

# What departments have of the town's owner: a degree, four years of two insurances, a home.
RECORDS: Records = {
    "education_records": [{"record_id": "E1", "seen_on": "2026-03-01", "level": "大专"}],
    "social_security": [
        {
            "record_id": "S1",
            "seen_on": "2026-11-20",
            "insured_from": "2022-01-01",
            "insured_to": None,
            "kinds": ["养老", "医疗"],
        }
    ],
    "property": [{"record_id": "T1", "seen_on": "2026-10-01", "title_number": "粤2020佛0001"}],
}


def pupil(order: int = 7, *, consent: bool = True) -> dict[str, Any]:
    """A child of six by ID number, with the guardian's consent."""
    number = id_number(500 + order, clock.date(2020, 3, 4))
    return {"name": "测试小", "id_number": number, "guardian_consent": consent}


def body(town: Town, actor: Actor, **said: Any) -> dict[str, Any]:
    """What a citizen, or staff for the person present, files."""
    filed: dict[str, Any] = {"policy": "demo-2026", "scope": "school", "town": TOWN, "child": pupil()}
    filed |= {"claims": [{"indicator": "A1.1", "label": "大专"}]}
    if actor.is_staff:
        filed["person"] = {"name": "测试窗口", "id_number": id_number(town.order)}
    return {name: value for name, value in (filed | said).items() if value is not None}


def applied(town: Town, actor: Actor, now: datetime, **said: Any) -> str:
    """The case of an application."""
    return seasons.apply(actor, NewApplication.model_validate(body(town, actor, **said)), now).id


def reader(records: Mapping[str, Records]) -> Any:
    """Departments that have these records, by person and source."""

    def read(source: str, people: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        return {person: records.get(person, {}).get(source, []) for person in people}

    return read


def asked(*case_ids: str) -> list[seasons.Asked]:
    """The open checks of cases."""
    return [
        seasons.Asked(case_id, part.department, cases.case(case_id).since)
        for case_id in case_ids
        for part in cases.case(case_id).checks
        if part.state == "open"
    ]


def verified(records: Mapping[str, Records], now: datetime, *case_ids: str) -> dict[str, int]:
    """Every open check of these cases answered from records."""
    return seasons.verify(asked(*case_ids), reader(records), now)


def agreed(now: datetime, *case_ids: str, decision: str = "approve") -> None:
    """Every check that waits for a person answered by one, and the accepted case enacted."""
    for case_id in case_ids:
        for part in cases.case(case_id).checks:
            if part.state == "person":
                said = Decision(check=part.id, decision=decision, reason="与材料一致")
                cases.decide(staff("reviewer", department=part.department), case_id, said, now)
        enacted(case_id, now)


def enacted(case_id: str, now: datetime) -> None:
    """What the stream of cases does when a case has moved."""
    case = cases.case(case_id)
    seasons.follow(case, now)
    if case.state == "accepted":
        seasons.enact(case, now)


def accepted(town: Town, actor: Actor, now: datetime, records: Records = RECORDS, **said: Any) -> str:
    """An application that went all the way."""
    case_id = applied(town, actor, now, **said)
    verified({actor.id: records}, now, case_id)
    agreed(now, case_id)
    assert cases.case(case_id).state == "accepted"
    return case_id


def ranking(now: datetime, **said: Any) -> str:
    """A ranking of the town with its list made."""
    wanted = {"policy": "demo-2026", "scope": "school", "area": TOWN, "period": "2027"} | said
    made = seasons.open_ranking(staff("city_officer"), NewRanking.model_validate(wanted), now, None, "en").id
    seasons.make(made, now)
    return made
