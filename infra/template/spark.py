"""EMR Serverless for comparisons above one function's size: only where a release is named, and then with a role of its own."""

from typing import Any

from infra.template.functions import LOG_DAYS
from infra.template.reading import Template, arn, attribute, declared, ref, sub
from infra.template.roles import allow, bucket_statements

_GROUP = "/aws/emr-serverless/${AWS::StackName}"
_WANTED = {"Condition": "UsesSpark"}


def resources() -> Template:
    """Return application, role and log group, each under the condition."""
    traits = declared("spark")
    return {
        "SparkApplication": {
            "Type": "AWS::EMRServerless::Application",
            **_WANTED,
            "Properties": _application(traits),
        },
        "SparkRole": {"Type": "AWS::IAM::Role", **_WANTED, "Properties": _role(traits)},
        "SparkLogs": {
            "Type": "AWS::Logs::LogGroup",
            **_WANTED,
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "LogGroupName": sub(_GROUP),
                "RetentionInDays": LOG_DAYS,
                "KmsKeyId": attribute("DataKey"),
            },
        },
    }


def outputs() -> Template:
    """Return what somebody who submits a job has to know."""
    return {
        "SparkApplicationId": {**_WANTED, "Value": ref("SparkApplication")},
        "SparkRoleArn": {**_WANTED, "Value": attribute("SparkRole")},
    }


def _application(traits: dict[str, Any]) -> Template:
    def most(gb: str) -> Template:
        # CloudFormation does not multiply: the parameter is a size, and the mapping says what it is.
        return {"Fn::FindInMap": ["SparkSizes", ref("SparkSize"), gb]}

    return {
        "Name": sub("${AWS::StackName}-comparison"),
        "Type": "SPARK",
        "ReleaseLabel": ref("SparkRelease"),
        "Architecture": "X86_64",
        "AutoStartConfiguration": {"Enabled": True},
        "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": traits["idle_minutes"]},
        "MaximumCapacity": {"Cpu": most("Cpu"), "Memory": most("Memory"), "Disk": most("Disk")},
        "MonitoringConfiguration": {
            "ManagedPersistenceMonitoringConfiguration": {"Enabled": False},
            "CloudWatchLoggingConfiguration": {"Enabled": True, "LogGroupName": sub(_GROUP)},
        },
    }


def sizes() -> Template:
    """Return the application's largest sizes by name: processors, memory, disk."""
    traits = declared("spark")
    return {
        name: {
            "Cpu": f"{cpu} vCPU",
            "Memory": f"{cpu * traits['memory_gb_a_processor']} GB",
            "Disk": f"{cpu * traits['disk_gb_a_processor']} GB",
        }
        for name, cpu in (("city", 32), ("province", 128), ("country", 1000))
    }


def _role(traits: dict[str, Any]) -> Template:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "emr-serverless.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": arn("emr-serverless", "/applications/*")},
        },
    }
    logs = [
        allow(
            "WriteLogs",
            "logs",
            ["CreateLogStream", "PutLogEvents", "DescribeLogStreams"],
            arn("logs", f"log-group:{_GROUP}:*"),
        ),
        allow("FindLogs", "logs", ["DescribeLogGroups"], arn("logs", "log-group:*")),
    ]
    statements = [*logs, *bucket_statements(traits["needs"])]
    policy = {"PolicyName": "needs", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    return {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [policy],
    }
