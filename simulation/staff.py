"""The demo staff of every role, as the sandbox's sign-in codes name them."""

import numpy as np
import pyarrow as pa

from simulation import facts, names
from simulation.city import Plan

CITY = "440600"
DEPARTMENTS = (
    "public_security",
    "human_resources",
    "housing",
    "education",
    "health",
    "civil_affairs",
    "tax",
    "urban_management",
    # Those that only verify points (chalicelib/points/known.json).
    "housing_fund",
    "market_supervision",
    "new_citizens",
    "science",
    "transport",
    "youth_league",
)


def roster(plan: Plan) -> pa.Table:
    """A grid worker for each community, a coordinator for each town, a reviewer for each department, officers, auditor."""
    rows = [(f"grid-{row['code']}", "grid_worker", row["code"], "") for row in facts.communities()]
    rows += [(f"coordinator-{row['nbs_code']}", "coordinator", row["nbs_code"], "") for row in facts.towns()]
    rows += [(f"reviewer-{department}", "reviewer", CITY, department) for department in DEPARTMENTS]
    districts = sorted({row["district_code"] for row in facts.towns()})
    rows += [(f"district-{code}", "district_officer", code, "") for code in districts]
    rows += [
        ("city", "city_officer", CITY, ""),
        ("policy", "policy_officer", CITY, ""),
        ("policy-2", "policy_officer", CITY, ""),  # A policy is signed by two.
        ("auditor", "auditor", CITY, ""),
    ]
    rng = plan.stream(7)
    male = rng.random(len(rows)) < 0.5
    surname = names.names().draw_surnames(rng, len(rows), np.zeros(len(rows), dtype=bool))
    given = names.names().draw_given(rng, male, np.full(len(rows), 5500))
    user, role, scopes, department = zip(*rows, strict=True)
    columns = {"user": user, "role": role, "scopes": scopes, "department": department}
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    return table.append_column("name", names.names().full(surname, given))
