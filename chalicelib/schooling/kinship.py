"""Whether an applicant is shown to be the child's parent. Whoever is not may file, and takes no part until a person has seen a paper."""

from typing import Literal

from chalicelib.residence import service as residence
from chalicelib.schooling.model import Application
from chalicelib.seasons import service as seasons

Shown = Literal["kin_household", "kin_points"]


def shown(owner: str, child: str, child_key: str) -> Shown | None:
    """What shows it: the register has the child in the owner's household as a child, or the owner's points application for this child was accepted."""
    if residence.relation_of(owner, child) == "child":
        return "kin_household"
    return "kin_points" if seasons.asked_for(owner, child_key) else None


def of(application: Application) -> Shown | None:
    """The same of an application."""
    return shown(application.owner, application.child, application.child_key)
