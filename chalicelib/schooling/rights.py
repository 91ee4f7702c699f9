"""What is held of a person's children's school places: to hand out and to delete."""

from datetime import datetime
from typing import Any

from chalicelib import audit, tables
from chalicelib.actors import SYSTEM
from chalicelib.errors import Conflict
from chalicelib.identity import service as identity
from chalicelib.schooling import model, store
from chalicelib.schooling.model import Application


def _held(person_id: str) -> list[Application]:
    """What the person filed, and what was filed for the person as a child."""
    found = [*store.applications_of(person_id), *store.applications_for(person_id)]
    return list({each.case: each for each in found}.values())


def _runs(application: Application) -> list[model.Run]:
    ids = [model.run_id(application.year, application.district, application.grade, n) for n in (1, 2, 3)]
    return [found[0] for run_id in ids if (found := store.run(run_id))]


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """The applications with the lines that they have in the runs."""
    told = []
    for application in _held(person_id):
        lines = {run.id: store.entry(run.id, application.case) for run in _runs(application)}
        shown = application.model_dump(mode="json", exclude={"owner", "child", "child_key", "version"})
        shown["runs"] = {
            run_id: line.model_dump(mode="json", exclude={"owner", "child"})
            for run_id, line in lines.items()
            if line is not None
        }
        told.append(shown)
    return told


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Delete applications and lines; what was published holds a reference that leads to nobody any more.

    Raises ``Conflict("school_run_under_way")`` from the closing of a run that counts the child to its publicity.
    """
    held = _held(person_id)
    if any(run.state in ("closed", "sealed") for application in held for run in _runs(application)):
        raise Conflict("school_run_under_way")
    for application in held:
        lines = [store.entry_delete(run.id, application.case) for run in _runs(application)]
        note = audit.entry(SYSTEM, "school_application.erased", application.case, now)
        tables.transact(*store.application_deletes(application), *lines, note)
    return []


identity.contribute(identity.Part("schooling", export=_export, erase=_erase))
