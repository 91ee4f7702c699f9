"""Compare a folder on EMR Serverless: `python -m infra.spark --stack ncsl-prod IN OUT [--wait]`.

IN and OUT are folders under `comparisons/` of the stack's linkage bucket, as `2026-11/in` and `2026-11/out`. The zips of
`make package` and the job's script go to `jobs/` of the same bucket, under their hashes.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.deploy import outputs
from infra.package import BUILD
from infra.zips import digest

ZIPS = {"app": "functions.zip", "light": "layer-light.zip", "analysis": "layer-analysis.zip"}
SCRIPT = Path(__file__).with_name("spark_job.py")
_OVER = {"SUCCESS", "FAILED", "CANCELLED"}
# A worker has four processors; of the 8 GB a processor that the application allows, Spark adds a tenth for itself.
_WORKERS = {
    "spark.executor.cores": "4",
    "spark.executor.memory": "14g",
    "spark.driver.cores": "4",
    "spark.driver.memory": "14g",
    "spark.driver.maxResultSize": "8g",
    "spark.sql.shuffle.partitions": "400",
}


def request(
    bucket: str, keys: dict[str, str], found: dict[str, str], source: str, target: str
) -> dict[str, Any]:
    """Return what `StartJobRun` is given; ``keys`` are those of the zips and of the script in the bucket."""
    archives = ",".join(f"s3://{bucket}/{keys[name]}#{name}" for name in ZIPS)
    settings = {**_WORKERS, "spark.archives": archives}
    places = [f"s3://{bucket}/comparisons/{folder.strip('/')}" for folder in (source, target)]
    return {
        "applicationId": found["SparkApplicationId"],
        "executionRoleArn": found["SparkRoleArn"],
        "name": "comparison",
        # A comparison of a country is given a day; one that hangs is not paid for longer.
        "executionTimeoutMinutes": 1440,
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": f"s3://{bucket}/{keys['script']}",
                "entryPointArguments": places,
                "sparkSubmitParameters": " ".join(
                    f"--conf {name}={value}" for name, value in settings.items()
                ),
            }
        },
    }


def upload(s3: Any, bucket: str, build: Path = BUILD) -> dict[str, str]:
    """Put the zips and the script into the bucket unless they are there; return their keys."""
    keys = {}
    for name, path in {"script": SCRIPT, **{name: build / file for name, file in ZIPS.items()}}.items():
        keys[name] = f"jobs/{path.stem}-{digest([path])[:24]}{path.suffix}"
        try:
            s3.head_object(Bucket=bucket, Key=keys[name])
        except ClientError as missing:
            if missing.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            s3.upload_file(str(path), bucket, keys[name])
    return keys


def wait(emr: Any, application: str, run: str, pause: float = 15) -> str:
    """Wait for the end of a job; return its state."""
    while True:
        told = emr.get_job_run(applicationId=application, jobRunId=run)["jobRun"]
        print(f"spark: {told['state']} {told.get('stateDetails', '')}".rstrip(), flush=True)
        if told["state"] in _OVER:
            return str(told["state"])
        time.sleep(pause)


def main() -> int:
    """Submit a comparison; return 1 when it failed, 2 when the stack has no Spark."""
    parser = argparse.ArgumentParser(prog="python -m infra.spark", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--wait", action="store_true", help="until the job is over")
    parser.add_argument("source", metavar="IN")
    parser.add_argument("target", metavar="OUT")
    given = parser.parse_args()
    session = boto3.Session()
    found = outputs(session, given.stack)
    if "SparkApplicationId" not in found:
        print(f"spark: {given.stack} has none; deploy it with the parameter SparkRelease", file=sys.stderr)
        return 2
    account = session.client("sts").get_caller_identity()["Account"]
    bucket = f"{given.stack}-linkage-{account}-{session.region_name}"
    emr = session.client("emr-serverless")
    job = request(bucket, upload(session.client("s3"), bucket), found, given.source, given.target)
    run = emr.start_job_run(**job)["jobRunId"]
    print(f"spark: job {run} in application {job['applicationId']}")
    return int(given.wait and wait(emr, job["applicationId"], run) != "SUCCESS")


if __name__ == "__main__":
    sys.exit(main())
