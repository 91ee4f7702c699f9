"""Put the package of `make package` into an account: `python -m infra.deploy --stack ncsl-dev --bucket ARTIFACTS ...`.

Zips go to the artifact bucket under their hashes, the template beside them, and CloudFormation does the rest. The
local cloud is deployed by this same code.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.package import BUILD
from infra.zips import digest

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}

type Say = Callable[[str], None]


class DeploymentFailed(RuntimeError):
    """CloudFormation did not get there; the message holds the first reason it gave."""


def upload(session: boto3.Session, bucket: str, build: Path = BUILD) -> str:
    """Put the zips and the template into `bucket`; return the template's key."""
    s3 = session.client("s3")
    template = json.loads((build / "template.json").read_text())
    known: dict[str, str] = {}
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if isinstance(path := resource["Properties"].get(name), str):
                known[path] = known.get(path) or _upload_once(s3, bucket, build / path)
                resource["Properties"][name] = {"Bucket": bucket, "Key": known[path]}
    body = json.dumps(template, ensure_ascii=False).encode()
    key = f"templates/{digest([build / 'template.json', build / 'functions.zip'])}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return key


def _upload_once(s3: Any, bucket: str, path: Path) -> str:
    key = f"zips/{path.stem}-{digest([path])[:24]}.zip"
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as missing:
        if missing.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
            raise
        s3.upload_file(str(path), bucket, key)
    return key


def deploy(
    session: boto3.Session, stack: str, template_url: str, parameters: dict[str, str], say: Say
) -> None:
    """Create or update `stack` and wait for its end; raises `DeploymentFailed` with CloudFormation's first reason."""
    cloudformation = session.client("cloudformation")
    request = {
        "StackName": stack,
        "TemplateURL": template_url,
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(parameters.items())],
        "Capabilities": _CAPABILITIES,
    }
    try:
        if stack_status(session, stack) is None:
            cloudformation.create_stack(**request, OnFailure="DO_NOTHING")
        else:
            cloudformation.update_stack(**request)
    except ClientError as refused:
        if "No updates are to be performed" in str(refused):
            return
        raise DeploymentFailed(refused.response["Error"]["Message"]) from None
    _wait(session, stack, say)


def stack_status(session: boto3.Session, stack: str) -> str | None:
    """Return CloudFormation's word for the stack's state, None when there is no such stack."""
    try:
        found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as missing:
        if "does not exist" in str(missing):
            return None
        raise
    status: str = found[0]["StackStatus"]
    return None if status == "DELETE_COMPLETE" else status


def _wait(session: boto3.Session, stack: str, say: Say, limit: float = 3600, pause: float = 0.5) -> None:
    started = time.monotonic()
    while (status := stack_status(session, stack) or "").endswith("_IN_PROGRESS"):
        if time.monotonic() - started > limit:
            raise DeploymentFailed(f"{stack} is still {status} after {limit:.0f} s")
        say(f"{stack} is {status}")
        time.sleep(pause)
        pause = min(pause * 1.5, 10)
    if status not in _GOOD:
        raise DeploymentFailed(f"{stack} is {status}: {_first_reason(session, stack)}")


def _first_reason(session: boto3.Session, stack: str) -> str:
    events = session.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    failed = [event for event in reversed(events) if event.get("ResourceStatus", "").endswith("_FAILED")]
    for event in failed:
        return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
    return "no event says why"


def outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    """Return the stack's outputs."""
    found = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}


def template_url(session: boto3.Session, bucket: str, key: str) -> str:
    """Return the address under which CloudFormation reads a template from `bucket`."""
    endpoint: str = session.client("s3").meta.endpoint_url
    return f"{endpoint}/{bucket}/{key}"


def main() -> int:
    """Deploy what is in `build/`; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stack", required=True, help="for example ncsl-prod; short, since buckets carry it")
    parser.add_argument(
        "--bucket", required=True, help="an S3 bucket of the same region for zips and templates"
    )
    parser.add_argument("--parameters", type=Path, help="JSON file of template parameters")
    parser.add_argument("parameter", nargs="*", help="Name=value, over those of the file")
    given = parser.parse_args()
    parameters: dict[str, str] = json.loads(given.parameters.read_text()) if given.parameters else {}
    parameters |= dict(pair.split("=", 1) for pair in given.parameter)
    session = boto3.Session()
    try:
        url = template_url(session, given.bucket, upload(session, given.bucket))
        deploy(session, given.stack, url, parameters, lambda line: print(f"deploy: {line}", flush=True))
    except DeploymentFailed as failed:
        print(f"deploy: {failed}", file=sys.stderr)
        return 1
    for name, value in sorted(outputs(session, given.stack).items()):
        print(f"{name} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
