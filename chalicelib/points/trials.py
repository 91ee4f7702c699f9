"""Simulations that officers ask for: noted, handed to a function that has DuckDB, and read again when they are done."""

import shutil
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from chalicelib import audit, aws, clock, config, keys, tables
from chalicelib.actors import Actor
from chalicelib.errors import DomainError, Invalid, NotFound
from chalicelib.insight import service as insight
from chalicelib.points import editions, publishing, simulating, store
from chalicelib.points.bulk import Run
from chalicelib.points.model import Policy
from chalicelib.points.views import NewSimulation, Simulation, SimulationView
from chalicelib.tables import Once

KEPT: Final = timedelta(days=400)
_DIGITS: Final = {"district": 6, "town": 9}


def ask(
    actor: Actor, policy_id: str, version: str, body: NewSimulation, now: datetime, once: Once | None
) -> SimulationView:
    """Note a simulation of an edition, a draft too, and hand it on.

    Raises ``NotFound`` for an edition that there is not, ``Invalid`` where the two do not both serve the scope.
    """
    new = _edition(f"{policy_id}@{version}")
    if body.against:
        old = _edition(body.against)
    else:
        old = editions.in_force(publishing.published(), body.scope, clock.local_date(now))
    if body.scope not in old.scopes or body.scope not in new.scopes:
        raise Invalid("simulation_scope_missing")
    asked = body.model_copy(update={"as_of": body.as_of or clock.local_date(now)})
    view = SimulationView(id=keys.new_id("PS", now), state="waiting", asked=asked, old=old.name, new=new.name)
    note = audit.entry(actor, "policy.simulated", new.name, now, simulation=view.id)
    tables.transact(store.put_simulation(view, now, now + KEPT), note, once=once, answer=view)
    aws.send("simulations", [{"simulation": view.id}])
    return view


def _edition(name: str) -> Policy:
    """An edition by its name, whatever its state; raises ``NotFound``."""
    policy_id, _, version = name.partition("@")
    for each in editions.shipped():
        if each.name == name:
            return each
    return publishing.draft(policy_id, version)[0]


def found(simulation_id: str, now: datetime) -> SimulationView:
    """A simulation that was asked for; raises ``NotFound``, also when its time is over."""
    view = store.simulation(simulation_id, now)
    if view is None:
        raise NotFound("simulation_unknown")
    return view


def run(simulation_id: str, now: datetime) -> None:
    """Do one that waits; harmless for one that is done. What can never work is kept with its reason."""
    view = store.simulation(simulation_id, now)
    if view is None or view.state != "waiting":
        return
    try:
        result = _simulate(view)
        done = view.model_copy(update={"state": "done", "result": result})
    except DomainError as error:
        done = view.model_copy(update={"state": "refused", "reason": error.code})
    tables.transact(store.settle_simulation(done))


def _simulate(view: SimulationView) -> Simulation:
    old, new = _edition(view.old), _edition(view.new)
    wanted = simulating.Wanted(view.asked.scope, view.asked.by, _DIGITS[view.asked.regions])
    assert view.asked.as_of
    with tempfile.TemporaryDirectory() as folder:
        pool = Path(folder) / "pool.parquet"
        _fetch(view.asked.pool, pool)
        run_on = Run(view.asked.as_of)
        return simulating.simulate(old, new, pool, run_on, wanted, insight.record_key_maker())


def _fetch(pool: str, into: Path) -> None:
    """The pool on this machine's disk; raises ``NotFound`` when there is none of the name."""
    s3 = aws.client("s3")
    try:
        body = s3.get_object(Bucket=config.bucket("curated"), Key=f"pools/{pool}.parquet")["Body"]
    except s3.exceptions.NoSuchKey:
        raise NotFound("simulation_pool_unknown") from None
    with into.open("wb") as file:
        shutil.copyfileobj(body, file)
