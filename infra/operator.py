"""Run a command with the environment that a stack's functions have: `python -m infra.operator --stack ncsl-dev -- CMD …`.

Operator commands such as `python -m chalicelib.identity staff import staff.csv` read the same settings as the functions.
They are gathered from the functions themselves, so that nothing has to be copied by hand.
"""

import argparse
import os
import subprocess
import sys

import boto3

from chalicelib import config


def environment(session: boto3.Session, stack: str) -> dict[str, str]:
    """Return every setting that any function of `stack` has, and the region."""
    cloudformation = session.client("cloudformation")
    functions = session.client("lambda")
    found: dict[str, str] = {}
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in (r for page in pages for r in page["StackResourceSummaries"]):
        if resource["ResourceType"] == "AWS::Lambda::Function":
            name = resource["PhysicalResourceId"]
            settings = functions.get_function_configuration(FunctionName=name).get("Environment", {})
            found |= settings.get("Variables", {})
    ours = (*(f"{kind}_" for kind in config.KINDS), *config.PLAIN)
    return {name: value for name, value in found.items() if name.startswith(ours)} | {
        "AWS_REGION": session.region_name,
        "AWS_DEFAULT_REGION": session.region_name,
    }


def main() -> int:
    """Run the given command; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.operator", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="after --")
    given = parser.parse_args()
    command = [part for part in given.command if part != "--"]
    if not command:
        parser.error("say what to run after --")
    settings = environment(boto3.Session(), given.stack)
    return subprocess.run(command, env={**os.environ, **settings}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
