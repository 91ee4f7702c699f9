"""What the OpenAPI document promises holds for what Schemathesis makes of it: good, odd and bad requests to every route."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from chalicelib import http
from chalicelib.actors import STAFF_ROLES
from tests.gateway import Gateway
from tests.route_samples import name, routes
from tests.test_routes_matrix import town  # noqa: F401  # The fixture.
from tests.town import Town, staff

EXAMPLES = 25
# What is well formed may still be refused: a code that is in no list, a page token of another list, a day too far back.
# 503: the address index is not published here.
_ALLOWED = {
    "positive_data_acceptance": {
        "expected-statuses": ["2xx", "400", "401", "403", "404", "409", "410", "413", "422", "429", "503"]
    },
    # API Gateway knows paths, not methods: it answers 404 to both, see infra/template.
    "unsupported_method": {"enabled": False},
    "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "503"]},
}


@pytest.mark.parametrize("route", routes(), ids=name)
def test_a_route_keeps_what_the_document_says_whatever_is_sent(route: http.Route, town: Town) -> None:  # noqa: F811
    tokens = {role: staff(role) for role in sorted(STAFF_ROLES)} | {"citizen": town.owner}
    config = schemathesis.Config.from_dict({"checks": _ALLOWED})
    schema = schemathesis.openapi.from_wsgi("/openapi.json", Gateway(town.now, tokens), config=config)
    (operation,) = [
        found.ok() for found in schema.include(path=route.path, method=route.method).get_all_operations()
    ]
    roles = [role for role in route.roles if role in tokens]
    headers = {"Authorization": f"Bearer {roles[0]}"} if roles else {}

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def holds(case: Any) -> None:
        case.call_and_validate(headers=headers)

    holds()
