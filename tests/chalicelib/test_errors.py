"""The tree of refusals: each with its own status, and nothing of what a person typed."""

import re

import pytest

from chalicelib import errors
from chalicelib.errors import DomainError, Field
from chalicelib.tables import Cancelled

STATUSES = {
    "Malformed": 400,
    "Unauthenticated": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "Gone": 410,
    "TooLarge": 413,
    "Unsupported": 415,
    "Invalid": 422,
    "Throttled": 429,
    "Unavailable": 503,
}


def test_every_refusal_has_the_status_that_its_docstring_promises() -> None:
    tree = {
        kind.__name__: kind.status
        for kind in DomainError.__subclasses__()
        if kind.__module__ == errors.__name__
    }
    assert tree == STATUSES
    for name, status in STATUSES.items():
        assert re.search(rf"─ {name} +{status}\b", errors.__doc__ or "")


@pytest.mark.parametrize("name", STATUSES)
def test_a_refusal_is_known_by_its_code(name: str) -> None:
    error = getattr(errors, name)("some_code", limit=3)
    assert (str(error), error.code, error.params, error.fields) == (
        "some_code",
        "some_code",
        {"limit": 3},
        [],
    )
    assert error.title and error.title != DomainError.title


def test_fields_with_the_same_place_and_code_are_one() -> None:
    assert {Field("/a", "x"), Field("/a", "x"), Field("/b", "x")} == {Field("/a", "x"), Field("/b", "x")}
    assert Field("/a", "x") != ("/a", "x")
    assert repr(Field("/a", "x")) == "Field('/a', 'x')"


def test_a_cancelled_transaction_is_a_conflict_that_says_to_reload() -> None:
    error = Cancelled([2, 4])
    assert (error.status, error.code, error.failed) == (409, "changed_meanwhile", (2, 4))
