"""That the judge really is AWS's engine, and sits where the stores' requests go."""

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from chalicelib import config
from tests.conformance.engine import _client


@pytest.fixture
def local(dynamodb_local: str):
    """A client of DynamoDB Local with one table."""
    client = _client(dynamodb_local)
    client.create_table(
        TableName="judged",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    yield client
    client.delete_table(TableName="judged")


def test_it_refuses_a_transaction_of_more_than_a_hundred_items(local) -> None:
    writes = [{"Put": {"TableName": "judged", "Item": {"pk": {"S": str(n)}}}} for n in range(101)]
    with pytest.raises(ClientError, match="100"):
        local.transact_write_items(TransactItems=writes)


def test_it_refuses_an_empty_key(local) -> None:
    with pytest.raises(ClientError, match="empty string"):
        local.put_item(TableName="judged", Item={"pk": {"S": ""}})


def test_the_tables_of_a_test_are_in_the_engine_that_judges_it(cloud: None, dynamodb_engine: str) -> None:
    client = get_session().create_client("dynamodb", region_name="cn-north-1")
    assert client.meta.endpoint_url.startswith("http://127.0.0.1") is (dynamodb_engine == "local")
    described = client.describe_table(TableName=config.table("cases"))
    assert described["Table"]["TableStatus"] == "ACTIVE"
