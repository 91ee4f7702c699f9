"""The functions with what each must have: a role and a log group of its own, a failure destination, its triggers."""

import json
from typing import Any

from infra.layers import LAYERS, RUNTIME
from infra.template.reading import Template, arn, attribute, bucket_arn, declared, logical, ref, sub
from infra.template.roles import allow, environment, role

# The law asks for six months of logs at least (cybersecurity law, article 21).
LOG_DAYS = 365
# These two are Chalice's: it writes the resource, and the house merges its own properties into it.
CHALICE = {"api": "APIHandler", "authorize": "Authorize"}


def resource_name(function: str) -> str:
    """Return the function's name in the template."""
    return CHALICE.get(function, logical(function))


def timeouts() -> dict[str, int]:
    """Return each function's timeout in seconds."""
    return {name: traits["timeout"] for name, traits in declared("functions").items()}


def functions() -> Template:
    """Return every function with its role, log group and triggers."""
    made: Template = {}
    for name, traits in declared("functions").items():
        triggers, statements = _triggers(name, traits)
        made[resource_name(name)] = _function(name, traits)
        made[logical(name, "role")] = role(name, traits["needs"], statements)
        made[logical(name, "logs")] = _log_group(name)
        made |= triggers
    return made


def _function(name: str, traits: dict[str, Any]) -> Template:
    layers = ["LightLayer", *(f"{name.capitalize()}Layer" for name in LAYERS[1:] if traits.get(name))]
    properties: Template = {
        "FunctionName": sub(f"${{AWS::StackName}}-{name.replace('_', '-')}"),
        "Role": attribute(logical(name, "role")),
        "Timeout": traits["timeout"],
        "MemorySize": traits["memory"],
        "Runtime": RUNTIME,
        "Architectures": ["x86_64"],
        "Layers": [ref(layer) for layer in layers],
        "Environment": {"Variables": environment(_all_needs(traits)) | _telemetry(name)},
    }
    if disk := traits.get("disk"):
        properties["EphemeralStorage"] = {"Size": disk}
    if name not in CHALICE:
        properties |= {"Handler": f"functions.{name}.handler", "CodeUri": "./functions.zip"}
    made = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return made | {"DependsOn": logical(name, "logs")}


def _telemetry(name: str) -> Template:
    return {"POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_METRICS_NAMESPACE": "NewCitizenServiceLink"}


def _all_needs(traits: dict[str, Any]) -> dict[str, Any]:
    """Return the needs with the queue and the streams that start the function, which it knows by name."""
    needs = dict(traits["needs"])
    streams: dict[str, list[str]] = {table: [] for table in traits.get("streams", {})}
    needs["tables"] = {**streams, **needs.get("tables", {})}
    if source := traits.get("queue"):
        needs["queues"] = {**needs.get("queues", {}), source["name"]: "receive"}
    return needs


def _log_group(name: str) -> Template:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LogGroupName": sub(f"/aws/lambda/${{AWS::StackName}}-{name.replace('_', '-')}"),
            "RetentionInDays": LOG_DAYS,
            "KmsKeyId": attribute("DataKey"),
        },
    }


def _triggers(name: str, traits: dict[str, Any]) -> tuple[Template, list[Template]]:
    """Return the resources that start a function, and the statements its role needs for them."""
    made: Template = {}
    statements: list[Template] = []
    if source := traits.get("queue"):
        made[logical(name, "source")] = _queue_source(name, source)
        actions = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
        # AWS asks the first of a batch, the local cloud an action of the call's own name.
        actions += ["ChangeMessageVisibility", "ChangeMessageVisibilityBatch"]
        statements.append(
            allow("TakeMessages", "sqs", actions, arn("sqs", f"${{AWS::StackName}}-{source['name']}"))
        )
    for table, source in traits.get("streams", {}).items():
        made[logical(name, "from", table)] = _stream_source(name, table, source)
    if tables := list(traits.get("streams", {})):
        statements += _stream_statements(tables)
    if schedule := traits.get("schedule"):
        made |= _schedule(name, schedule)
    if traits.get("schedule") or traits.get("async"):
        made[logical(name, "retries")] = _retries(name)
        statements.append(_send_failures("failed-events"))
    for bucket, bucket_traits in declared("buckets").items():
        if bucket_traits.get("notify", {}).get("function") == name:
            made[logical(name, "bucket", "permission")] = _bucket_permission(name, bucket)
    return made, statements


def _queue_source(name: str, source: dict[str, Any]) -> Template:
    # Fewer at a time on a newcomer's two cores: each is a process of its own there.
    at_once = {"Fn::If": ["IsLocal", 2, max(2, source["concurrency"])]}
    properties = {
        "FunctionName": ref(resource_name(name)),
        "EventSourceArn": attribute(logical(source["name"], "queue")),
        "BatchSize": source["batch"],
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": at_once},
    }
    if window := source.get("window"):
        properties["MaximumBatchingWindowInSeconds"] = window
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def _stream_source(name: str, table: str, source: dict[str, Any]) -> Template:
    properties = {
        "FunctionName": ref(resource_name(name)),
        "EventSourceArn": attribute(logical(table, "table"), "StreamArn"),
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": source["batch"],
        "MaximumBatchingWindowInSeconds": 1,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 20,
        "MaximumRecordAgeInSeconds": 24 * 3600,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "DestinationConfig": {"OnFailure": {"Destination": attribute("FailedChangesQueue")}},
    }
    if pattern := source.get("pattern"):
        properties["FilterCriteria"] = {"Filters": [{"Pattern": _compact(pattern)}]}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def _compact(pattern: Template) -> str:
    return json.dumps(pattern, separators=(",", ":"))


def _stream_statements(tables: list[str]) -> list[Template]:
    streams = [arn("dynamodb", f"table/${{AWS::StackName}}-{table}/stream/*") for table in tables]
    actions = ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"]
    return [allow("ReadStreams", "dynamodb", actions, streams), _send_failures("failed-changes")]


def _send_failures(queue: str) -> Template:
    return allow("SendFailures", "sqs", ["SendMessage"], arn("sqs", f"${{AWS::StackName}}-{queue}"))


def _schedule(name: str, schedule: dict[str, str]) -> Template:
    rule = {
        "Description": schedule["why"],
        "ScheduleExpression": schedule["at"],
        "Targets": [{"Id": name.replace("_", "-"), "Arn": attribute(resource_name(name))}],
    }
    rule_name = logical(name, "schedule")
    return {
        rule_name: {"Type": "AWS::Events::Rule", "Properties": rule},
        logical(name, "schedule", "permission"): _permission(
            name, "events.amazonaws.com", attribute(rule_name)
        ),
    }


def _retries(name: str) -> Template:
    properties = {
        "FunctionName": ref(resource_name(name)),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        "MaximumEventAgeInSeconds": 6 * 3600,
        "DestinationConfig": {"OnFailure": {"Destination": attribute("FailedEventsQueue")}},
    }
    return {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}


def _bucket_permission(name: str, bucket: str) -> Template:
    permission = _permission(name, "s3.amazonaws.com", bucket_arn(bucket))
    permission["Properties"]["SourceAccount"] = ref("AWS::AccountId")
    return permission


def _permission(name: str, principal: str, source: Template) -> Template:
    properties = {
        "FunctionName": ref(resource_name(name)),
        "Action": "lambda:InvokeFunction",
        "Principal": principal,
        "SourceArn": source,
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}
