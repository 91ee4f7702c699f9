"""A points policy in the deployed city: asked about, drafted, tried on a pool, signed by two, in force."""

import io
import json
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from infra.local.smoke_steps import Run, somebody, wait_for
from simulation import applicants

pytestmark = pytest.mark.xdist_group("e2e")
SLOW = 120.0


def bucket(run: Run, job: str) -> str:
    """The bucket with a job, by the name that the stack gave it."""
    found = run.session.client("s3").list_buckets()["Buckets"]
    return next(str(each["Name"]) for each in found if job in each["Name"])


def draft() -> dict[str, Any]:
    document = applicants.document("demo-2026")
    document |= {"id": "e2e-points", "version": "1", "status": "draft", "effective_from": "2099-01-01"}
    document["scopes"]["school"]["threshold"] = 90
    return document


def test_a_policy_is_asked_about_tried_and_signed_by_two(run: Run) -> None:
    me = run.bound(somebody())
    asked = {"policy": "foshan-2016", "scope": "school", "answers": {"A1.1": "大专", "B9.2": 7}}
    told = me.post("/points/estimates", asked)
    assert (told["total"], told["eligible"]) == ("61.4", True) and told["next_best"]

    first, second = run.api.staff("policy"), run.api.staff("policy-2")
    head = first.post("/points/policies", draft())
    body = io.BytesIO()
    pq.write_table(applicants.pool(applicants.document("demo-2026"), 500, 5, date(2026, 5, 30)), body)
    run.session.client("s3").put_object(
        Bucket=bucket(run, "curated"), Key="pools/e2e.parquet", Body=body.getvalue()
    )
    wanted = {"scope": "school", "pool": "e2e", "against": "demo-2026@1"}
    simulation = first.post("/points/policies/e2e-points/1/simulations", wanted)
    found = wait_for(
        lambda: first.get(f"/points/simulations/{simulation['id']}"),
        lambda view: view["state"] != "waiting",
        "the simulation",
        SLOW,
    )
    assert found["state"] == "done", json.dumps(found)[:400]
    assert any(each["outcome"] == "drops_out" and each["people"] for each in found["result"]["effects"])

    first.post("/points/policies/e2e-points/1/signatures", {"hash": head["hash"]})
    signed = second.post("/points/policies/e2e-points/1/signatures", {"hash": head["hash"]})
    assert signed["status"] == "signed"
    listed = {each["id"]: each for each in me.get("/points/policies")["items"]}
    assert listed["e2e-points"]["hash"] == head["hash"]
