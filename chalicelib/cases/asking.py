"""Papers that are missing are named once, and all at once (Decree 663 art. 9).

Only what no department's data and no earlier case make unnecessary is asked for, as soon as that is known.
"""

from datetime import datetime
from typing import Final

from chalicelib.actors import SYSTEM
from chalicelib.cases import materials, model, reading
from chalicelib.cases.model import Case
from chalicelib.cases.service import act
from chalicelib.errors import Conflict

ACT: Final = "name_papers"


def name_papers(case: Case, now: datetime) -> bool:
    """Ask the applicant for every paper that is missing, if the kind has the act ``name_papers``.

    Waits until every department that can be asked by machine has been, so that nothing is named that a record shows; what only people
    answer is not waited for.
    Returns whether this call asked; the kind says by its states that it happens once.
    """
    wanted = model.kind_of(case).transitions.get(ACT)
    if wanted is None:
        return False
    found = reading.consistent(case.id)
    kind = model.kind_of(found)
    asked_still = any(part.state == "open" and kind.check(part.code).automatic for part in found.checks)
    if found.state not in wanted.origins or asked_still:
        return False
    missing = [material.kind.kind for material in materials.of(found) if material.state == "needed"]
    if not missing:
        return False
    try:
        act(found, ACT, SYSTEM, now, params={"papers": ",".join(missing)})
    except Conflict:
        return False  # It went on in the meantime.
    return True
