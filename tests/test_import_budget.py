"""What the API and the authorizer load: every module more is a slower cold start for everybody."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = (
    "boto3",
    "duckdb",
    "pyarrow",
    "numpy",
    "pandas",
    "openpyxl",
    "sqlglot",
    "splink",
    "moto",
    "requests",
    "jsonschema",
    "jsonschema_rs",
    "PIL",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parser",
)
_ASK = "import json, sys; import {}; print(json.dumps(sorted(sys.modules)))"


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh process holds after an import, without any of our settings."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, "-c", _ASK.format(statement)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def too_much(modules: set[str]) -> list[str]:
    """What of the forbidden is there, submodules included."""
    return sorted({f for f in FORBIDDEN for m in modules if m == f or m.startswith(f + ".")})


@pytest.fixture(scope="module")
def api_process() -> set[str]:
    """The API and the authorizer are one function: both are in ``app``."""
    return loaded_by("app")


def test_the_api_and_the_authorizer_load_nothing_heavy(api_process: set[str]) -> None:
    assert too_much(api_process) == []


def test_the_api_is_imported_without_any_setting_and_holds_every_context_with_routes(
    api_process: set[str],
) -> None:
    contexts = {path.parent.name for path in (ROOT / "chalicelib").glob("*/routes.py")}
    assert {f"chalicelib.{context}.routes" for context in contexts} <= api_process


def test_what_the_authorizer_calls_is_light_on_its_own() -> None:
    assert too_much(loaded_by("chalicelib.identity.service")) == []


def test_the_guard_would_see_a_heavy_module() -> None:
    assert too_much(loaded_by("duckdb")) == ["duckdb"]
