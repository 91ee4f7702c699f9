"""From what a function needs to its role's statements and its environment: it is told of nothing it may not touch."""

import json
from typing import Any

from infra.template.reading import (
    Template,
    arn,
    attribute,
    bucket_arn,
    bucket_name,
    declared,
    logical,
    ref,
    sub,
)

type Needs = dict[str, Any]

_TABLE = {
    "read": ["GetItem", "BatchGetItem", "Query", "ConditionCheckItem"],
    "write": ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem"],
    # Only ever creates: it cannot change or remove what is there.
    "append": ["PutItem"],
    "scan": ["Scan"],
}
_BUCKET = {
    "read": ["GetObject"],
    "write": ["PutObject"],
    "delete": ["DeleteObject"],
    # With every version: for people who asked to be forgotten.
    "purge": ["DeleteObject", "DeleteObjectVersion"],
    # Writes once and for good: nobody can shorten the time.
    "lock": ["PutObject", "PutObjectRetention"],
    "versions": ["GetObjectVersion"],
}
# Rights on the bucket itself, narrowed to a prefix. Without `list`, an object that is not there is "denied".
_LISTED = {"list": "ListBucket", "versions": "ListBucketVersions"}
_SECRET = {
    "read": ["GetSecretValue"],
    "rotate": ["GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage", "DescribeSecret"],
}
_KEY = {
    "use": ["Encrypt", "Decrypt", "GenerateDataKey"],
    "sign": ["Sign", "GetPublicKey"],
    "verify": ["Verify", "GetPublicKey"],
}


def environment(needs: Needs) -> Template:
    """Return the variables that `chalicelib.config` reads, for what this function needs and no more."""
    names: Template = {"STAGE": ref("Stage"), "PUBLIC_URL": ref("PublicUrl")}
    names |= {f"TABLE_{name.upper()}": ref(logical(name, "table")) for name in needs.get("tables", {})}
    names |= {f"BUCKET_{name.upper()}": bucket_name(name) for name in needs.get("buckets", {})}
    names |= {f"QUEUE_{name.upper()}": ref(logical(name, "queue")) for name in needs.get("queues", {})}
    names |= {
        f"SECRET_{name.upper()}": sub(f"${{AWS::StackName}}/{name}") for name in needs.get("secrets", {})
    }
    names |= {f"KEY_{name.upper()}": ref(logical(name, "key")) for name in needs.get("keys", {})}
    names |= {f"URL_{name.upper()}": _outside(name) for name in needs.get("urls", [])}
    names |= {"CLAMD": ref("ClamdAddress")} if needs.get("scanner") else {}
    names |= {"QUIET_HOURS": ref("QuietHours")} if needs.get("people_asleep") else {}
    return names


def _outside(name: str) -> Template:
    return {"Fn::If": ["UsesSandbox", sub(f"${{Sandbox}}/{name}"), ref(logical(name, "url"))]}


def role(function: str, needs: Needs, sources: list[Template]) -> Template:
    """Return a function's own role: its log group, its needs, and `sources`, the statements its triggers ask for."""
    statements = _joined([_logs(function), *_tables(needs), *_buckets(needs), *_others(needs), *sources])
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = {"PolicyName": "needs", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}
    trusted = {"Version": "2012-10-17", "Statement": [trust]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": trusted, "Policies": [policy]},
    }


def bucket_statements(needs: Needs) -> list[Template]:
    """Return the statements for the buckets that something needs which is no function."""
    return _joined(_buckets(needs))


def _joined(statements: list[Template]) -> list[Template]:
    """Join statements that grant the same under the same condition: IAM takes 10,240 characters a role."""
    found: dict[str, Template] = {}
    for one in statements:
        same = json.dumps([one["Action"], one.get("Condition")], sort_keys=True)
        resources = one["Resource"] if isinstance(one["Resource"], list) else [one["Resource"]]
        if same not in found:
            found[same] = one | {"Resource": []}
        else:
            found[same].pop("Sid", None)  # It named one of them only.
        kept = found[same]["Resource"]
        kept += [resource for resource in resources if resource not in kept]
    return list(found.values())


def allow(
    sid: str, service: str, actions: list[str], resources: Any, condition: Template | None = None
) -> Template:
    """Return one statement; actions are given without the service's prefix."""
    granted = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"{service}:{a}" for a in actions],
        "Resource": resources,
    }
    return granted | ({"Condition": condition} if condition else {})


def _logs(function: str) -> Template:
    group = arn("logs", f"log-group:/aws/lambda/${{AWS::StackName}}-{function.replace('_', '-')}:*")
    return allow("WriteLogs", "logs", ["CreateLogStream", "PutLogEvents"], group)


def _tables(needs: Needs) -> list[Template]:
    made = []
    for name, kinds in needs.get("tables", {}).items():
        table = arn("dynamodb", f"table/${{AWS::StackName}}-{name}")
        indexes = arn("dynamodb", f"table/${{AWS::StackName}}-{name}/index/*")
        actions = sorted({action for kind in kinds for action in _TABLE[kind]})
        indexed = declared("tables")[name]["indexes"] and {"read", "scan"} & set(kinds)
        made.append(
            allow(logical(name, "table"), "dynamodb", actions, [table, indexes] if indexed else [table])
        )
    if made:
        made.append(_data_key("Tables", ["Decrypt"], "dynamodb"))
    return made


def _data_key(sid: str, actions: list[str], service: str, key: str = "DataKey") -> Template:
    """Return the use of a key at rest, only through the service that keeps the data."""
    via = {"StringEquals": {"kms:ViaService": sub(f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}")}}
    return allow(f"{sid}AtRest", "kms", actions, attribute(key), via)


def _buckets(needs: Needs) -> list[Template]:
    made = []
    for name, grants in needs.get("buckets", {}).items():
        for kind, prefix in (_split(grant) for grant in grants):
            sid = logical(name, "bucket", kind, prefix.strip("/") or "all")
            if kind in _LISTED:
                only = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
                made.append(allow(f"{sid}Names", "s3", [_LISTED[kind]], bucket_arn(name), only))
            if kind in _BUCKET:
                made.append(allow(sid, "s3", _BUCKET[kind], bucket_arn(name, f"{prefix}*")))
        key = declared("buckets")[name]["key"]
        made.append(_data_key(logical(name, "bucket"), ["Decrypt", "GenerateDataKey"], "s3", key))
    return made


def _split(grant: str) -> tuple[str, str]:
    kind, _, prefix = grant.partition(" ")
    return kind, prefix.strip('"')


def _others(needs: Needs) -> list[Template]:
    # AWS asks SendMessage of a batch, the local cloud an action of the call's own name.
    sending = ["SendMessage", "SendMessageBatch"]
    made = [
        allow(logical(name, "queue"), "sqs", sending, arn("sqs", f"${{AWS::StackName}}-{name}"))
        for name in needs.get("queues", {})
    ]
    for name, kind in needs.get("secrets", {}).items():
        secret = arn("secretsmanager", f"secret:${{AWS::StackName}}/{name}-*")
        made.append(allow(logical(name, "secret"), "secretsmanager", _SECRET[kind], secret))
    if needs.get("secrets"):
        made.append(_data_key("Secrets", ["Decrypt", "GenerateDataKey"], "secretsmanager"))
    for name, kind in needs.get("keys", {}).items():
        made.append(allow(logical(name, "key"), "kms", _KEY[kind], attribute(logical(name, "key"))))
    return made
