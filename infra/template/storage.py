"""Tables, buckets, queues and secrets, each with what the house demands of every one."""

from typing import Any

from infra.template.reading import Template, attribute, bucket_arn, bucket_name, declared, logical, ref, sub

_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
SECRETS = ("signing", "person_key", "blind_index", "wechat", "wecom", "sms", "realname")
# Fourteen days is the longest SQS keeps a message: time to notice, mend and redrive.
_FORTNIGHT = 14 * 24 * 3600


def tables() -> Template:
    """Return the DynamoDB tables."""
    return {logical(name, "table"): _table(name, traits) for name, traits in declared("tables").items()}


def _table(name: str, traits: dict[str, Any]) -> Template:
    keys = ["pk", "sk"] + [f"{index}_{key}" for index in traits["indexes"] for key in ("pk", "sk")]
    properties: Template = {
        "TableName": sub(f"${{AWS::StackName}}-{name}"),
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema("pk", "sk"),
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": attribute("DataKey")},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": traits.get("recovery", True)},
    }
    if traits["indexes"]:
        properties["GlobalSecondaryIndexes"] = [_index(index) for index in traits["indexes"]]
    if traits.get("stream"):
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    return {"Type": "AWS::DynamoDB::Table", **_KEPT, "Properties": properties}


def _key_schema(partition: str, sort: str) -> list[Template]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def _index(name: str) -> Template:
    return {
        "IndexName": name,
        "KeySchema": _key_schema(f"{name}_pk", f"{name}_sk"),
        "Projection": {"ProjectionType": "ALL"},
    }


def buckets() -> Template:
    """Return the S3 buckets and their policies."""
    made: Template = {}
    for name, traits in declared("buckets").items():
        made[logical(name, "bucket")] = _bucket(name, traits)
        made[logical(name, "bucket", "policy")] = _tls_only(name)
    return made


def _bucket(name: str, traits: dict[str, Any]) -> Template:
    properties: Template = {
        "BucketName": bucket_name(name),
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
        ),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [_encrypted(traits["key"])]},
        "LifecycleConfiguration": {"Rules": _lifecycle(traits)},
    }
    bucket: Template = {"Type": "AWS::S3::Bucket", **_KEPT, "Properties": properties}
    if traits.get("versioned"):
        properties["VersioningConfiguration"] = {"Status": "Enabled"}
    if days := traits.get("locked_days"):
        properties["ObjectLockEnabled"] = True
        lock = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": days}}
        properties["ObjectLockConfiguration"] = {"ObjectLockEnabled": "Enabled", "Rule": lock}
    if traits.get("cors"):
        properties["CorsConfiguration"] = {"CorsRules": [_BROWSER_UPLOADS]}
    if notify := traits.get("notify"):
        kind = "LambdaConfigurations" if "function" in notify else "QueueConfigurations"
        properties["NotificationConfiguration"] = {kind: [_notification(notify)]}
        bucket["DependsOn"] = (
            logical(notify["function"], "bucket", "permission")
            if "function" in notify
            else logical(notify["queue"], "queue", "policy")
        )
    return bucket


# Addresses are presigned for one object, type and size each; the origin adds nothing to that.
_BROWSER_UPLOADS = {
    "AllowedOrigins": ["*"],
    "AllowedMethods": ["GET", "PUT", "POST"],
    "AllowedHeaders": ["content-type"],
    "MaxAge": 3600,
}


def _encrypted(key: str) -> Template:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": attribute(key)}
    return {"ServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}


def _lifecycle(traits: dict[str, Any]) -> list[Template]:
    unfinished = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}
    rules: list[Template] = [{"Id": "unfinished-uploads", "Status": "Enabled", **unfinished}]
    for prefix, days in traits.get("expire_days", {}).items():
        rule_id = f"expire-{prefix.strip('/') or 'all'}"
        rules.append({"Id": rule_id, "Status": "Enabled", "Prefix": prefix, "ExpirationInDays": days})
    if days := traits.get("expire_old_versions_days"):
        old = {"NoncurrentVersionExpiration": {"NoncurrentDays": days}}
        rules.append({"Id": "old-versions", "Status": "Enabled", **old})
    return rules


def _notification(notify: dict[str, str]) -> Template:
    only = {"S3Key": {"Rules": [{"Name": "prefix", "Value": notify["prefix"]}]}}
    receiver = (
        {"Function": attribute(logical(notify["function"]))}
        if "function" in notify
        else {"Queue": attribute(logical(notify["queue"], "queue"))}
    )
    return {"Event": "s3:ObjectCreated:*", "Filter": only, **receiver}


def _tls_only(name: str) -> Template:
    statement = {
        "Sid": "OnlyOverTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn(name), bucket_arn(name, "*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"Bucket": ref(logical(name, "bucket")), "PolicyDocument": policy}
    # The local cloud speaks plain HTTP on loopback, and enforces this too.
    return {"Type": "AWS::S3::BucketPolicy", "Condition": "NotLocal", "Properties": properties}


def queues(timeouts: dict[str, int]) -> Template:
    """Return the work queues with their dead-letter queues; `timeouts` are the functions' own, in seconds."""
    made: Template = {}
    for name, traits in declared("queues").items():
        made[logical(name, "dead", "queue")] = _queue(f"{name}-dead", {"MessageRetentionPeriod": _FORTNIGHT})
        redrive = {
            "deadLetterTargetArn": attribute(logical(name, "dead", "queue")),
            "maxReceiveCount": traits["tries"],
        }
        visibility = 6 * timeouts[traits["function"]]
        work = {
            "VisibilityTimeout": visibility,
            "MessageRetentionPeriod": 4 * 24 * 3600,
            "RedrivePolicy": redrive,
        }
        made[logical(name, "queue")] = _queue(name, work)
        if bucket := traits.get("from_bucket"):
            made[logical(name, "queue", "policy")] = _from_bucket(name, bucket)
    # Where an event goes that a stream, a schedule or an upload brought and its function could not do.
    for name in ("failed-changes", "failed-events"):
        made[logical(name, "queue")] = _queue(name, {"MessageRetentionPeriod": _FORTNIGHT})
    return made


def _queue(name: str, properties: Template) -> Template:
    named = {"QueueName": sub(f"${{AWS::StackName}}-{name}"), "SqsManagedSseEnabled": True}
    return {"Type": "AWS::SQS::Queue", "Properties": {**named, **properties}}


def _from_bucket(name: str, bucket: str) -> Template:
    """Let one bucket of this account, and nobody else's, put its notices on a queue."""
    statement = {
        "Sid": "NoticesOfOneBucket",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attribute(logical(name, "queue")),
        "Condition": {
            "ArnEquals": {"aws:SourceArn": bucket_arn(bucket)},
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
        },
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    properties = {"Queues": [ref(logical(name, "queue"))], "PolicyDocument": policy}
    return {"Type": "AWS::SQS::QueuePolicy", "Properties": properties}


def secrets() -> Template:
    """Return the secrets, empty: `python -m infra.secrets` fills them, so that no value is in a template."""
    return {
        logical(name, "secret"): {
            "Type": "AWS::SecretsManager::Secret",
            **_KEPT,
            "Properties": {"Name": sub(f"${{AWS::StackName}}/{name}"), "KmsKeyId": attribute("DataKey")},
        }
        for name in SECRETS
    }
