"""The comparison's second engine in the cloud: off unless a release is named, and with few rights."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from botocore import session as botocore_session
from botocore.validate import validate_parameters

from infra import spark
from tests.infra.reading import Template, strings

FOUND = {
    "SparkApplicationId": "00fapplication1",
    "SparkRoleArn": "arn:aws-cn:iam::123456789012:role/spark-comparison",
}
KEYS = {"app": "jobs/a.zip", "light": "jobs/l.zip", "analysis": "jobs/n.zip", "script": "jobs/s.py"}


def _mine(template: Template) -> dict[str, dict[str, Any]]:
    return {name: one for name, one in template.resources.items() if name.startswith("Spark")}


def test_without_a_release_nothing_of_it_is_deployed(template: Template) -> None:
    assert template.content["Parameters"]["SparkRelease"]["Default"] == ""
    mine = _mine(template)
    assert {"SparkApplication", "SparkRole", "SparkLogs"} == set(mine)
    outputs = {name: one for name, one in template.content["Outputs"].items() if name.startswith("Spark")}
    assert len(outputs) == 2
    assert {one["Condition"] for one in (*mine.values(), *outputs.values())} == {"UsesSpark"}


def test_a_job_writes_results_alone_and_cannot_change_its_own_program(template: Template) -> None:
    (policy,) = _mine(template)["SparkRole"]["Properties"]["Policies"]
    places: dict[str, set[str]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        for action in statement["Action"]:
            places.setdefault(action, set()).update(
                text.rpartition("}/")[2] for text in strings(statement["Resource"])
            )
    assert {place for place in places["s3:PutObject"] | places["s3:DeleteObject"] if "*" in place} == {
        "comparisons/*"
    }
    assert {place for place in places["s3:GetObject"] if "*" in place} == {
        "inbox/*",
        "comparisons/*",
        "jobs/*",
    }
    assert not {a for a in places if a.partition(":")[0] not in ("s3", "kms", "logs")}


def test_only_this_accounts_applications_take_the_role(template: Template) -> None:
    (trust,) = _mine(template)["SparkRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "emr-serverless.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_the_application_stops_by_itself_and_has_a_largest_size(template: Template) -> None:
    application = _mine(template)["SparkApplication"]["Properties"]
    assert application["AutoStopConfiguration"]["Enabled"]
    sizes = template.content["Mappings"]["SparkSizes"]
    assert set(sizes) == set(template.content["Parameters"]["SparkSize"]["AllowedValues"])
    assert sizes["city"] == {"Cpu": "32 vCPU", "Memory": "256 GB", "Disk": "640 GB"}


def test_what_is_submitted_is_what_the_service_takes() -> None:
    job = spark.request("bucket", KEYS, FOUND, "2026-11/in/", "2026-11/out")
    client = botocore_session.get_session().create_client("emr-serverless", region_name="cn-north-1")
    shape = client.meta.service_model.operation_model("StartJobRun").input_shape
    validate_parameters({**job, "clientToken": "x"}, shape)
    submitted = job["jobDriver"]["sparkSubmit"]
    assert submitted["entryPointArguments"] == [
        "s3://bucket/comparisons/2026-11/in",
        "s3://bucket/comparisons/2026-11/out",
    ]
    for name, key in KEYS.items():
        text = submitted["entryPoint"] if name == "script" else submitted["sparkSubmitParameters"]
        assert (f"s3://bucket/{key}" if name == "script" else f"s3://bucket/{key}#{name}") in text


def test_the_jobs_script_runs_beside_the_unpacked_zips(tmp_path: Path) -> None:
    """As the service does it: the script in a folder with the application as `app`; without an engine it says so."""
    root = Path(__file__).parents[2]
    (tmp_path / "app").symlink_to(root)
    (tmp_path / "job.py").write_text(spark.SCRIPT.read_text("utf-8"), "utf-8")
    call = [sys.executable, "job.py", "s3://bucket/in", "s3://bucket/out"]
    done = subprocess.run(call, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "--engine duckdb" in done.stderr and done.stderr.count("\n") == 1
