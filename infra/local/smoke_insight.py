"""What a running city can be shown to do with statistics about people: a release, read by staff of a town and of a district."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from infra.local.client import Client
from infra.local.place import STACK
from infra.local.smoke_steps import Run, demand, refusal

FEWEST = 10


def counts_school_age_children(run: Run) -> str:
    """A release of the cohorts: read down to communities, nothing under ten, out of scope refused."""
    event = {"time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    answer = run.session.client("lambda").invoke(
        FunctionName=f"{STACK}-release-cohorts", Payload=json.dumps(event)
    )
    told = json.loads(answer["Payload"].read())
    demand("FunctionError" not in answer, f"the release failed: {told}")
    town = run.found["address"]["town"]
    district = town[:6]
    of_district = _cohorts(run.api.staff(f"district-{district}"), district)
    of_town = _cohorts(run.api.staff(f"coordinator-{town}"), town)
    for cell in of_district + of_town:
        for name in ("registered", "unregistered_estimate"):
            value = cell[name]
            demand(value is None or value >= FEWEST, f"{name} of {cell['region']} is {value}")
    far = "440608" if district != "440608" else "440604"
    status = refusal(lambda: run.api.staff(f"district-{far}").get("/insight/cohorts", region=district)).status
    demand(status == 403, f"another district's officer got {status}")
    hidden = [cell for cell in of_town if len(cell["region"]) == 12 and cell["registered_suppressed"]]
    inside = [cell for cell in of_town if len(cell["region"]) == 12]
    shown = [cell for cell in of_district if cell["region"] == district and cell["registered"]]
    demand(bool(shown), f"nothing is shown of the district: {told}")
    intakes = [f"{c['year']}: {c['registered']}" for c in shown if c["cohort"] == "grade_1"]
    return (
        f"{told['people']} people; {len(shown)} of 24 figures of district {district} shown, first forms "
        f"{', '.join(intakes) or 'all hidden'}; {len(hidden)} of {len(inside)} figures of communities hidden"
    )


def _cohorts(client: Client, region: str) -> list[dict[str, Any]]:
    return client.pages("/insight/cohorts", region=region)


STEPS: list[Callable[[Run], str]] = [counts_school_age_children]
