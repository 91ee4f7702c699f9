"""What a person may ask about the rows that departments sent."""

from datetime import datetime

import pytest

from chalicelib.identity import service as identity
from chalicelib.sources import catalogue, rights, store
from tests.chalicelib.identity.outsiders import Wechat

pytestmark = pytest.mark.usefixtures("cloud")


def test_an_account_bound_to_nobody_asks_for_nothing_to_be_erased(now: datetime) -> None:
    token = identity.sign_in_citizen("citizen-one", "192.0.2.1", now, Wechat()).token
    actor = identity.actor_for(token, now)
    assert rights.PART.erase is not None
    assert rights.PART.erase(actor.id, now) == []
    assert list(store.erasures()) == []


def test_the_export_names_every_source_of_people_with_basis_and_time(now: datetime) -> None:
    assert rights.PART.export is not None
    told = rights.PART.export("P1", now)
    people = {name for name, contract in catalogue.contracts().items() if contract.kind == "people"}
    assert {line["source"] for line in told} == people
    assert all(line["retention_days"] > 0 and line["legal_basis"] for line in told)
