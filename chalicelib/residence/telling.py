"""What residence tells forms that are filled in for people: where they live, by the registration in force."""

from datetime import datetime

from chalicelib.forms import service as forms
from chalicelib.forms.service import Known
from chalicelib.residence import store


def tell(person_id: str, now: datetime) -> dict[str, Known]:
    """The facts of the stay in force, as of the day it was registered; none without one."""
    active = next((stay for stay in store.registrations(person_id) if stay.status == "active"), None)
    if active is None:
        return {}
    told = {
        "residence.town": active.region[:9],
        "residence.community": active.region,
        "residence.housing": active.housing,
        "residence.arrived_on": active.arrived_on.isoformat(),
        "residence.registered_on": active.registered_on.isoformat(),
    }
    return {name: Known(value, active.registered_on) for name, value in told.items() if value}


forms.provide("residence", tell)
