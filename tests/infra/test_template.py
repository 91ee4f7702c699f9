"""What the house demands of every resource, read from the template that is deployed."""

import json
import re
from typing import Any

import pytest

from chalicelib import config
from infra import indexes
from infra.layers import RUNTIME
from infra.local.place import API_ID
from infra.template.api import STAGE_NAME
from infra.template.reading import declared
from tests.infra.reading import Template, strings, target


def _statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, role in template.of("IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def test_every_work_queue_has_a_dead_letter_queue(template: Template) -> None:
    for name, queue in template.work_queues().items():
        dead = target(queue["RedrivePolicy"]["deadLetterTargetArn"])
        assert dead in template.waiting_queues(), name
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3, name


def test_every_queue_where_failures_wait_has_an_alarm(template: Template) -> None:
    watched = {
        target(dimension["Value"])
        for alarm in template.of("CloudWatch::Alarm").values()
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "QueueName"
    }
    assert set(template.waiting_queues()) <= watched


def test_every_alarm_tells_somebody(template: Template) -> None:
    for name, alarm in template.of("CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}], name


def test_every_event_source_reports_item_failures(template: Template) -> None:
    for name, source in template.of("Lambda::EventSourceMapping").items():
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"], name


def test_every_stream_source_bisects_gives_up_and_keeps_what_failed(template: Template) -> None:
    streams = {n: s for n, s in template.of("Lambda::EventSourceMapping").items() if "StartingPosition" in s}
    assert streams
    for name, source in streams.items():
        assert source["BisectBatchOnFunctionError"] is True, name
        assert 0 < source["MaximumRetryAttempts"] <= 100, name
        assert target(source["DestinationConfig"]["OnFailure"]["Destination"]) == "FailedChangesQueue", name


def test_the_audit_chain_never_starts_itself(template: Template) -> None:
    pattern = template.resources["ChainAuditFromAudit"]["Properties"]["FilterCriteria"]["Filters"][0][
        "Pattern"
    ]
    assert json.loads(pattern)["dynamodb"]["Keys"]["pk"]["S"] == [{"prefix": "ENTRY#"}]


def test_a_message_stays_hidden_for_six_times_its_functions_timeout(template: Template) -> None:
    sources = [s for s in template.of("Lambda::EventSourceMapping").values() if "StartingPosition" not in s]
    assert {target(s["EventSourceArn"]) for s in sources} == set(template.work_queues())
    for source in sources:
        queue = template.work_queues()[target(source["EventSourceArn"])]
        timeout = template.functions()[target(source["FunctionName"])]["Timeout"]
        assert queue["VisibilityTimeout"] == 6 * timeout


def test_every_function_has_a_role_that_no_other_has(template: Template) -> None:
    roles = [target(function["Role"]) for function in template.functions().values()]
    assert len(set(roles)) == len(roles)
    assert set(roles) <= set(template.of("IAM::Role"))


def test_no_role_may_touch_everything(template: Template) -> None:
    for name, statement in _statements(template):
        resources = (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
        for resource in resources:
            assert resource != "*", (name, statement)
        assert not any(action.endswith("*") for action in statement["Action"]), (name, statement)


def test_only_the_linkage_functions_may_read_the_clear_columns(template: Template) -> None:
    allowed = {"ReceiveFileRole", "CompareSourcesRole", "PlanVisitsRole", "ImportRegistrationsRole"}
    # Who asks for deletion leaves these columns too, and their numbers make new person keys.
    allowed |= {"TendSourcesRole", "RekeySourcesRole"}
    # Reads one file of that bucket, without names or numbers: who is not registered, for counting.
    allowed |= {"ReleaseCohortsRole"}
    (grant,) = [
        arn
        for name, statement in _statements(template)
        if name == "ReleaseCohortsRole" and "s3:GetObject" in statement["Action"]
        for arn in strings(statement["Resource"])
        if "-linkage-" in arn
    ]
    assert grant.endswith("/unregistered/*")
    # The comparison's other engine.
    allowed |= {"SparkRole"}
    readers = {
        name
        for name, statement in _statements(template)
        if "s3:GetObject" in statement["Action"] and "-linkage-" in "".join(strings(statement["Resource"]))
    }
    assert readers
    assert readers <= allowed


def test_nobody_may_change_or_remove_an_audit_entry_but_the_chain(template: Template) -> None:
    changers = {
        name
        for name, statement in _statements(template)
        if {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(statement["Action"])
        and any(text.endswith("-audit") for text in strings(statement["Resource"]))
    }
    assert changers == {"ChainAuditRole", "SealAuditRole"}


def test_logs_are_kept_for_six_months_at_least_and_encrypted(template: Template) -> None:
    groups = template.of("Logs::LogGroup")
    assert len(groups) == len(template.functions()) + 2, "one each, the API's and Spark's"
    for name, group in groups.items():
        assert group["RetentionInDays"] >= 180, name
        assert group["KmsKeyId"], name


def test_every_function_waits_for_its_own_log_group(template: Template) -> None:
    for name, function in template.functions().items():
        group = template.resources[template.resources[name]["DependsOn"]]["Properties"]
        assert group["LogGroupName"] == {"Fn::Sub": "/aws/lambda/" + function["FunctionName"]["Fn::Sub"]}


@pytest.mark.parametrize("kind", ["DynamoDB::Table", "S3::Bucket", "KMS::Key", "SecretsManager::Secret"])
def test_what_holds_data_or_keys_outlives_the_stack(template: Template, kind: str) -> None:
    for name in template.of(kind):
        assert template.resources[name]["DeletionPolicy"] == "Retain", name
        assert template.resources[name]["UpdateReplacePolicy"] == "Retain", name


def test_tables_are_encrypted_on_demand_and_recoverable_but_for_what_must_be_forgotten(
    template: Template,
) -> None:
    forgets = {"VaultTable", "RequestsTable"}
    for name, table in template.of("DynamoDB::Table").items():
        assert table["SSESpecification"]["SSEEnabled"] is True, name
        assert table["BillingMode"] == "PAY_PER_REQUEST", name
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}, name
        recovers = table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert recovers is (name not in forgets), name


def test_the_tables_and_indexes_are_those_that_the_stores_use() -> None:
    assert set(declared("tables")) == set(config.KINDS["TABLE"])
    assert indexes.differences() == {}, "python -m infra.indexes brings the template up to the stores"


def test_buckets_are_private_encrypted_and_speak_only_tls(template: Template) -> None:
    policies = {target(p["Bucket"]): p["PolicyDocument"] for p in template.of("S3::BucketPolicy").values()}
    for name, bucket in template.of("S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        rule = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms", name
        (denied,) = policies[name]["Statement"]
        assert denied["Effect"] == "Deny", name
        assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}, name


def test_clear_columns_have_a_key_of_their_own(template: Template) -> None:
    users = {
        name
        for name, bucket in template.of("S3::Bucket").items()
        if "LinkageKey" in set(strings(bucket["BucketEncryption"]))
    }
    assert users == {"LinkageBucket"}


def test_the_audit_bucket_is_locked_for_three_years(template: Template) -> None:
    lock = template.of("S3::Bucket")["AuditBucket"]["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock["Mode"] == "COMPLIANCE"
    assert lock["Days"] >= 3 * 365


def _life(template: Template, bucket: str) -> dict[str, int]:
    rules = template.of("S3::Bucket")[bucket]["LifecycleConfiguration"]["Rules"]
    return {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}


def test_department_files_stay_for_days_and_clear_columns_as_long_as_they_are_compared(
    template: Template,
) -> None:
    inbox = _life(template, "InboxBucket")
    assert inbox["inbox/"] <= 30
    assert inbox["repairs/"] <= 30
    linkage = _life(template, "LinkageBucket")
    written = {
        grant.partition(" ")[2]
        for traits in declared("functions").values()
        for grant in traits["needs"].get("buckets", {}).get("linkage", [])
        if grant.startswith("write ")
    }
    assert written
    # A job's results and its program; the job may write the one and read the other.
    written |= {"comparisons/", "jobs/"}
    assert set(linkage) == written, "every prefix that a function writes clear columns to has a stated life"
    assert linkage["imports/"] <= 30
    assert linkage["linkage/"] <= 400


def test_the_code_reads_exactly_the_variables_that_the_template_gives(template: Template) -> None:
    given = {
        name for function in template.functions().values() for name in function["Environment"]["Variables"]
    }
    readable = {f"{kind}_{name.upper()}" for kind, names in config.KINDS.items() for name in names}
    resources = {name for name in given if name.partition("_")[0] in config.KINDS}
    assert resources <= readable, "the template gives what nothing reads"
    unread = {
        "BUCKET_PUBLISHED",
        "KEY_DATA",
        "KEY_LINKAGE",
    }  # For data sets published later; keys that S3 uses itself.
    assert readable - resources <= unread, "the code may read what no function is given"
    assert given - resources == set(config.PLAIN) - {"AWS_REGION"} | {
        "POWERTOOLS_SERVICE_NAME",
        "POWERTOOLS_METRICS_NAMESPACE",
    }


def test_no_environment_is_larger_than_lambda_takes(template: Template) -> None:
    for name, function in template.functions().items():
        variables = function["Environment"]["Variables"]
        assert sum(len(key) + longest(template, value) for key, value in variables.items()) < 4096, name


def longest(template: Template, value: Any) -> int:
    """How long a value gets under a stack's name of 32 letters; 128 letters for each address that operators give."""
    if isinstance(value, str):
        return len(value)
    ((kind, inside),) = value.items()
    if kind == "Fn::If":
        return max(longest(template, branch) for branch in inside[1:])
    if kind == "Fn::Sub":
        known = {"${AWS::StackName}": 32, "${AWS::AccountId}": 12, "${AWS::Region}": 14}
        parts = re.findall(r"\$\{[^}]+\}", inside)
        return len(re.sub(r"\$\{[^}]+\}", "", inside)) + sum(known.get(part, 128) for part in parts)
    assert kind == "Ref"
    traits = template.content["Resources"].get(inside, {}).get("Properties", {})
    if "TableName" in traits:
        return longest(template, traits["TableName"])
    if "QueueName" in traits:
        return (
            len("https://sqs.cn-northwest-1.amazonaws.com.cn//") + 12 + longest(template, traits["QueueName"])
        )
    return 36 if "KeyPolicy" in traits else 128


def test_no_roles_policy_is_larger_than_iam_takes(template: Template) -> None:
    """10,240 characters of inline policies a role, white space not counted."""
    known = {"AWS::StackName": 32, "AWS::AccountId": 12, "AWS::Region": 14, "AWS::Partition": 6}

    def rendered(value: Any) -> Any:
        if isinstance(value, list):
            return [rendered(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        if "Fn::Sub" in value:
            return re.sub(r"\$\{([^}]+)\}", lambda found: "x" * known.get(found[1], 20), value["Fn::Sub"])
        if "Fn::GetAtt" in value or "Ref" in value:
            return "x" * 100  # The longest address of a key, a queue or a stream.
        return {key: rendered(inner) for key, inner in value.items()}

    for name, role in template.of("IAM::Role").items():
        documents = [rendered(policy["PolicyDocument"]) for policy in role.get("Policies", [])]
        assert len(json.dumps(documents, separators=(",", ":"))) < 10_240, name


def test_all_functions_have_one_runtime_the_one_that_packages(template: Template) -> None:
    assert {function["Runtime"] for function in template.functions().values()} == {RUNTIME}
    layers = template.of("Serverless::LayerVersion").values()
    assert all(layer["CompatibleRuntimes"] == [RUNTIME] for layer in layers)


def test_nothing_names_a_partition_or_a_host_of_one(template: Template) -> None:
    for text in strings(template.content):
        assert "arn:aws:" not in text, text
        assert "arn:aws-cn:" not in text, text
        assert "amazonaws.com.cn" not in text, text
        # Service principals are spelled so in every partition; addresses must use the partition's own suffix.
        if "amazonaws.com" in text:
            assert text in {
                f"{s}.amazonaws.com" for s in ("lambda", "apigateway", "events", "s3", "emr-serverless")
            }, text


def test_nothing_needs_a_service_that_aws_china_lacks(template: Template) -> None:
    kinds = {resource["Type"] for resource in template.resources.values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::Cognito", "AWS::XRay", "AWS::Lambda::Url"))]
    for name, function in template.functions().items():
        assert "Tracing" not in function, name
        assert "FunctionUrlConfig" not in function, name


def test_staging_and_prod_refuse_the_sandbox(template: Template) -> None:
    rule = template.content["Rules"]["NoSandboxForRealPeople"]
    stages = {condition["Fn::Equals"][1] for condition in rule["RuleCondition"]["Fn::Or"]}
    assert stages == {"staging", "prod"}
    assert {"Fn::Equals": [{"Ref": "Sandbox"}, ""]} in [claim["Assert"] for claim in rule["Assertions"]]
    for name, parameter in template.content["Parameters"].items():
        if name.endswith("Url") and name != "PublicUrl":
            assert parameter["AllowedPattern"].startswith("^https://"), name


def test_every_call_is_limited_by_the_stage_and_by_the_firewall(template: Template) -> None:
    (stage,) = template.of("ApiGateway::Stage").values()
    assert stage["StageName"] == STAGE_NAME
    assert stage["MethodSettings"][0]["ThrottlingRateLimit"] == {"Ref": "RequestsPerSecond"}
    (firewall,) = template.of("WAFv2::WebACL").values()
    limited = [rule for rule in firewall["Rules"] if "RateBasedStatement" in rule["Statement"]]
    assert len(limited) == 2
    assert "FirewallOnApi" in template.resources


def test_access_logs_hold_no_called_path_and_no_address(template: Template) -> None:
    (stage,) = template.of("ApiGateway::Stage").values()
    fields = set(json.loads(stage["AccessLogSetting"]["Format"]))
    assert "resourcePath" in fields
    assert not fields & {"path", "requestPath", "queryString", "sourceIp", "authorizer"}


def test_the_gateways_own_answers_are_problems_in_both_languages(template: Template) -> None:
    body = template.of("ApiGateway::RestApi")["RestAPI"]["Body"]
    answers = body["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "UNAUTHORIZED", "THROTTLED"} <= set(answers)
    for kind, answer in answers.items():
        assert "problem+json" in answer["responseParameters"]["gatewayresponse.header.Content-Type"], kind
        problem = json.loads(answer["responseTemplates"]["application/json"])
        assert str(problem["status"]) == answer["statusCode"], kind
        assert problem["code"].isascii(), kind
        assert " / " in problem["title"], kind


def test_the_local_address_is_known_before_the_api_is_made(template: Template) -> None:
    (tag,) = template.of("ApiGateway::RestApi")["RestAPI"]["Tags"]
    assert tag == {"Key": "ms-custom-id", "Value": {"Fn::If": ["IsLocal", API_ID, "unused"]}}


def test_the_template_is_smaller_than_cloudformation_takes(template: Template) -> None:
    assert len(template.resources) <= 500
    assert len(json.dumps(template.content)) < 1_000_000
