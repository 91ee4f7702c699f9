"""What people may ask about the rows that departments sent: which sources there are, and deletion.

Departments report under a duty of theirs (Decree 663 arts. 8 and 18), so that nobody's consent is asked and
a later file may name the person again. What is here goes all the same when a person asks for deletion:
their rows leave every file in the next night (``rewriting.erase``). Until then the table ``sources`` holds
their person keys, and nothing else of them.
"""

from datetime import datetime
from typing import Any, Final

from chalicelib import keys
from chalicelib.errors import NotFound
from chalicelib.identity import service as identity
from chalicelib.sources import catalogue, store


def _export(person_id: str, now: datetime) -> list[dict[str, Any]]:
    """Which departments may have sent something, on which basis, what for, and how long it is kept.

    The rows themselves are not in the copy: the API does not open the columns. The department has them.
    """
    return [
        {
            "source": source,
            "title": contract.title.model_dump(),
            "department": contract.department.model_dump(),
            "legal_basis": contract.legal_basis.model_dump(),
            "purpose": contract.purpose.model_dump(),
            "retention_days": contract.retention_days,
        }
        for source, contract in catalogue.contracts().items()
        if contract.kind == "people"
    ]


def _erase(person_id: str, now: datetime) -> list[identity.Kept]:
    """Ask for the person's rows to leave the files; nobody without a number can be found in them."""
    try:
        number = identity.profile(person_id).id_number
    except NotFound:
        return []  # An account that is bound to nobody: no file can name it.
    if number:
        store.ask_erasure(keys.person_keys(number), now)
    return []


PART: Final = identity.Part("sources", export=_export, erase=_erase)
identity.contribute(PART)
