"""The API's own resources: error shapes, throttles, access logs, the firewall, and a deployment that includes them."""

import hashlib
import json
from typing import Any

from infra.template.reading import Template, arn, attribute, ref, sub

STAGE_NAME = "v1"
# API Gateway's own answers in the house's error shape. It cannot read Accept-Language, so they say both languages.
_ANSWERS: dict[str, tuple[int, str, str, str]] = {
    "DEFAULT_4XX": (400, "request_refused", "请求无法处理", "The request was refused"),
    "DEFAULT_5XX": (
        500,
        "unavailable",
        "服务暂时不可用,请稍后再试",
        "The service is not available, try again later",
    ),
    "UNAUTHORIZED": (401, "sign_in_required", "请先登录", "Sign in first"),
    "ACCESS_DENIED": (403, "forbidden", "没有权限", "Not allowed"),
    "AUTHORIZER_FAILURE": (
        500,
        "unavailable",
        "暂时无法验证登录",
        "The sign-in could not be checked, try again later",
    ),
    "AUTHORIZER_CONFIGURATION_ERROR": (
        500,
        "unavailable",
        "暂时无法验证登录",
        "The sign-in could not be checked",
    ),
    "EXPIRED_TOKEN": (401, "sign_in_expired", "登录已过期", "The sign-in has expired"),
    "INVALID_SIGNATURE": (401, "sign_in_required", "请先登录", "Sign in first"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "route_not_found", "没有这个地址", "There is no such route"),
    "RESOURCE_NOT_FOUND": (404, "route_not_found", "没有这个地址", "There is no such route"),
    "REQUEST_TOO_LARGE": (413, "too_large", "内容太大", "The body is too large"),
    "UNSUPPORTED_MEDIA_TYPE": (
        415,
        "unsupported_media_type",
        "不支持这种内容",
        "This kind of content is not taken",
    ),
    "THROTTLED": (429, "too_many_requests", "操作太频繁,请稍后再试", "Too many requests, try again later"),
    "QUOTA_EXCEEDED": (
        429,
        "too_many_requests",
        "操作太频繁,请稍后再试",
        "Too many requests, try again later",
    ),
    "WAF_FILTERED": (403, "request_refused", "请求被拒绝", "The request was refused"),
    "INTEGRATION_TIMEOUT": (504, "timed_out", "处理超时,请稍后再试", "That took too long, try again later"),
    "INTEGRATION_FAILURE": (502, "unavailable", "服务暂时不可用,请稍后再试", "The service is not available"),
}


_HEADERS = {
    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
    "gatewayresponse.header.Content-Type": "'application/problem+json'",
}
_ACCESS_LOGS = "/aws/apigateway/${AWS::StackName}-access"
_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def resources() -> Template:
    """Return what belongs to the API besides its routes."""
    made: Template = {_answer_name(kind): _answer(kind) for kind in _ANSWERS}
    return made | _access_logs() | _firewall()


def _answer_name(kind: str) -> str:
    return "Answer" + "".join(word.capitalize() for word in kind.split("_"))


def _problem(kind: str) -> tuple[str, dict[str, str]]:
    """Return the status and the body template of one of API Gateway's own answers."""
    status, code, chinese, english = _ANSWERS[kind]
    title = f"{chinese} / {english}"
    problem = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": title}
    return str(status), {"application/json": json.dumps(problem, ensure_ascii=False)}


def _answer(kind: str) -> Template:
    """Return an answer as a resource, for the local cloud alone: it does not read the API body's extension."""
    status, templates = _problem(kind)
    properties = {"RestApiId": ref("RestAPI"), "ResponseType": kind, "StatusCode": status}
    properties |= {"ResponseParameters": _HEADERS, "ResponseTemplates": templates}
    return {"Type": "AWS::ApiGateway::GatewayResponse", "Condition": "IsLocal", "Properties": properties}


def _answers_in_body() -> Template:
    """Return the answers as AWS wants them: with the API's body, so that no update of it can lose them."""
    made: Template = {}
    for kind in _ANSWERS:
        status, templates = _problem(kind)
        made[kind] = {"statusCode": status, "responseParameters": _HEADERS, "responseTemplates": templates}
    return made


def _access_logs() -> Template:
    group = {"LogGroupName": sub(_ACCESS_LOGS), "RetentionInDays": 365, "KmsKeyId": attribute("DataKey")}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    writes = sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    role = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "ManagedPolicyArns": [writes],
    }
    account = {"CloudWatchRoleArn": attribute("APILogsRole")}
    return {
        "APIAccessLogs": {"Type": "AWS::Logs::LogGroup", **_KEPT, "Properties": group},
        # One for all APIs of an account and region, so it stays when this stack goes.
        "APILogsRole": {"Type": "AWS::IAM::Role", **_KEPT, "Properties": role},
        "APILogsAccount": {"Type": "AWS::ApiGateway::Account", **_KEPT, "Properties": account},
    }


def _limit(name: str, priority: int, limit: str, scope: Template | None) -> Template:
    rate: Template = {"Limit": ref(limit), "AggregateKeyType": "IP"}
    statement = {"RateBasedStatement": rate | ({"ScopeDownStatement": scope} if scope else {})}
    return _rule(name, priority, statement, {"Action": {"Block": {}}})


def _rule(name: str, priority: int, statement: Template, action: Template) -> Template:
    return {
        "Name": name,
        "Priority": priority,
        "Statement": statement,
        **action,
        "VisibilityConfig": _seen(name),
    }


def _seen(name: str) -> Template:
    return {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True, "MetricName": name}


def _path_contains(text: str) -> Template:
    match = {"FieldToMatch": {"UriPath": {}}, "SearchString": text, "PositionalConstraint": "CONTAINS"}
    return {"ByteMatchStatement": match | {"TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}]}}


def _managed(name: str, priority: int, counted: list[str]) -> Template:
    group: Template = {"VendorName": "AWS", "Name": name}
    if counted:
        group["RuleActionOverrides"] = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted]
    return _rule(name, priority, {"ManagedRuleGroupStatement": group}, {"OverrideAction": {"None": {}}})


def _firewall() -> Template:
    sign_in = {"OrStatement": {"Statements": [_path_contains("/sessions/"), _path_contains("/me/identity")]}}
    rules = [
        _limit("SignInsFromOneAddress", 0, "RequestsPerAddressToSignIn", sign_in),
        _limit("RequestsFromOneAddress", 1, "RequestsPerAddress", None),
        _managed("AWSManagedRulesKnownBadInputsRuleSet", 2, []),
        # The application checks sizes itself, with an answer that says so; forms here are longer than 8 KB.
        _managed("AWSManagedRulesCommonRuleSet", 3, ["SizeRestrictions_BODY"]),
    ]
    acl = {
        "Name": sub("${AWS::StackName}-api"),
        "Scope": "REGIONAL",
        "DefaultAction": {"Allow": {}},
        "Rules": rules,
        "VisibilityConfig": _seen("Api"),
    }
    stage = sub(
        f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{RestAPI}}/stages/{STAGE_NAME}"
    )
    association = {"ResourceArn": stage, "WebACLArn": attribute("Firewall")}
    return {
        "Firewall": {"Type": "AWS::WAFv2::WebACL", "Properties": acl},
        "FirewallOnApi": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            # The local cloud has firewalls, but cannot put one before an API.
            "Condition": "NotLocal",
            "DependsOn": "APIStage",
            "Properties": association,
        },
    }


def take_over(template: Template) -> None:
    """Turn Chalice's API into an API, a deployment and a stage of our own, in place.

    SAM writes a deployment that nothing can be ordered before, but error answers only work in deployments made after
    them. The deployment's name carries the hash of what it deploys, since CloudFormation never repeats one.
    """
    resources = template["Resources"]
    body: dict[str, Any] = resources["RestAPI"]["Properties"]["DefinitionBody"]
    body["x-amazon-apigateway-gateway-responses"] = _answers_in_body()
    resources["RestAPI"] = {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {
            "Body": body,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
            # The local cloud takes the API's id from this tag, so that its address is known before it is made.
            "Tags": [{"Key": "ms-custom-id", "Value": {"Fn::If": ["IsLocal", "newcitizen", "unused"]}}],
        },
    }
    content = json.dumps(body, sort_keys=True)
    deployment = "APIDeployment" + hashlib.sha256(content.encode()).hexdigest()[:12]
    resources[deployment] = {
        "Type": "AWS::ApiGateway::Deployment",
        "Properties": {"RestApiId": ref("RestAPI"), "Description": _after_answers()},
    }
    resources["APIStage"] = _stage(deployment)
    template["Outputs"] = _outputs()


def _after_answers() -> Template:
    """Return a description that names the local answers, so that the deployment comes after them."""
    names = [ref(name) for name in map(_answer_name, _ANSWERS)]
    return {"Fn::If": ["IsLocal", {"Fn::Join": [" ", names]}, "The API with its answers in the body"]}


def _stage(deployment: str) -> Template:
    # Resource paths, not the called paths: an address may hold an id.
    fields = (
        "requestId",
        "httpMethod",
        "resourcePath",
        "status",
        "responseLatency",
        "responseLength",
        "wafResponseCode",
    )
    burst = {"Fn::If": ["IsLocal", 5000, 1000]}
    everything = {"HttpMethod": "*", "ResourcePath": "/*", "MetricsEnabled": True}
    everything |= {"ThrottlingRateLimit": ref("RequestsPerSecond"), "ThrottlingBurstLimit": burst}
    properties = {
        "RestApiId": ref("RestAPI"),
        "DeploymentId": ref(deployment),
        "StageName": STAGE_NAME,
        "MethodSettings": [everything],
        "AccessLogSetting": {
            "DestinationArn": arn("logs", f"log-group:{_ACCESS_LOGS}"),
            "Format": json.dumps({field: f"$context.{field}" for field in fields}),
        },
    }
    return {
        "Type": "AWS::ApiGateway::Stage",
        "DependsOn": ["APILogsAccount", "APIAccessLogs"],
        "Properties": properties,
    }


def _outputs() -> Template:
    host = f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE_NAME}"
    return {
        "Api": {"Description": "The API's address without a domain of its own", "Value": sub(host)},
        "ApiId": {"Value": ref("RestAPI")},
        "InboxBucket": {"Description": "Where departments put their files", "Value": ref("InboxBucket")},
    }
