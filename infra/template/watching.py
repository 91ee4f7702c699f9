"""Alarms and the dashboard: what an operator is woken for, and what is looked at then."""

import json
from typing import Any

from infra.template.functions import resource_name
from infra.template.reading import Template, attribute, declared, logical, ref, sub

_MINUTES = 60


def resources() -> Template:
    """Return the alarm topic, every alarm and the dashboard."""
    made: Template = {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": sub("${AWS::StackName}-alarms")},
        },
        "AlarmMail": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmAddress",
            "Properties": {
                "TopicArn": ref("AlarmTopic"),
                "Protocol": "email",
                "Endpoint": ref("AlarmAddress"),
            },
        },
    }
    for name, traits in declared("functions").items():
        made |= _function_alarms(name, traits)
    for name in declared("queues"):
        made |= _queue_alarms(name)
    for name in ("failed-changes", "failed-events"):
        made[logical(name, "alarm")] = _depth(name, f"Events that {name} holds wait to be redriven")
    return made | _house_alarms() | {"Dashboard": _dashboard()}


def alarm(
    why: str, namespace: str, metric: str, dimensions: Template, above: float, **settings: Any
) -> Template:
    """Return an alarm on a sum over five minutes, unless `settings` say otherwise; silence is not an alarm."""
    properties = {
        "AlarmDescription": why,
        "Namespace": namespace,
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Statistic": "Sum",
        "Period": 5 * _MINUTES,
        "EvaluationPeriods": 1,
        "Threshold": above,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [ref("AlarmTopic")],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties | settings}


def _function_alarms(name: str, traits: dict[str, Any]) -> Template:
    function = {"FunctionName": ref(resource_name(name))}
    made = {
        logical(name, "errors"): alarm(f"{name} raised errors", "AWS/Lambda", "Errors", function, 3),
        logical(name, "throttles"): alarm(f"{name} was throttled", "AWS/Lambda", "Throttles", function, 0),
    }
    if traits.get("streams"):
        why = f"{name} is more than five minutes behind its stream"
        late = alarm(why, "AWS/Lambda", "IteratorAge", function, 300_000, Statistic="Maximum")
        made[logical(name, "behind")] = late
    return made


def _queue_alarms(name: str) -> Template:
    queue = {"QueueName": attribute(logical(name, "queue"), "QueueName")}
    why = f"The oldest message in {name} has waited for over two hours"
    oldest = "ApproximateAgeOfOldestMessage"
    late = alarm(why, "AWS/SQS", oldest, queue, 7200, Statistic="Maximum", EvaluationPeriods=2)
    return {
        logical(name, "dead", "alarm"): _depth(f"{name}-dead", f"Messages of {name} wait to be redriven"),
        logical(name, "late"): late,
    }


def _depth(queue: str, why: str) -> Template:
    dimensions = {"QueueName": attribute(logical(queue, "queue"), "QueueName")}
    visible = "ApproximateNumberOfMessagesVisible"
    return alarm(why, "AWS/SQS", visible, dimensions, 0, Statistic="Maximum", Period=_MINUTES)


def _house_alarms() -> Template:
    api = {"ApiName": "new-citizen-service-link", "Stage": "v1"}
    own = "NewCitizenServiceLink"
    slow = {"ExtendedStatistic": "p99", "EvaluationPeriods": 3}
    latency = alarm(
        "One API request in a hundred takes over 3 s", "AWS/ApiGateway", "Latency", api, 3000, **slow
    )
    del latency["Properties"]["Statistic"]
    binding = "Many attempts to bind an identity were refused: somebody may be trying numbers"
    drift = "The nightly rebuild found counters that differ from the records"
    broken = "The audit chain does not verify"
    unknown = "Messages whose delivery is unknown: a person must look, they are never sent again blindly"
    return {
        "ApiErrors": alarm("The API answered 5xx", "AWS/ApiGateway", "5XXError", api, 5),
        "ApiLatency": latency,
        "BindingAttempts": alarm(binding, own, "BindingRefused", {"service": "api"}, 50),
        "SignInsRefused": alarm("Many sign-ins were refused", own, "SignInRefused", {"service": "api"}, 200),
        "CounterDrift": alarm(drift, own, "CounterDrift", {"service": "rebuild_counters"}, 0),
        "AuditBroken": alarm(broken, own, "AuditBroken", {"service": "seal_audit"}, 0),
        "MessagesUnknown": alarm(unknown, own, "MessageUnknown", {"service": "send_messages"}, 10),
    }


def _dashboard() -> Template:
    functions = [f"${{{resource_name(name)}}}" for name in declared("functions")]
    queues = list(declared("queues"))
    stack = "${AWS::StackName}"
    api = ["ApiName", "new-citizen-service-link", "Stage", "v1"]
    dead = [f"{stack}-{name}-dead" for name in queues] + [f"{stack}-failed-changes", f"{stack}-failed-events"]
    visible, oldest = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    streams = [f"${{{resource_name(n)}}}" for n, t in declared("functions").items() if t.get("streams")]
    widgets = [
        (
            "API requests and errors",
            "Sum",
            [["AWS/ApiGateway", m, *api] for m in ("Count", "4XXError", "5XXError")],
        ),
        ("API latency, p99", "p99", [["AWS/ApiGateway", "Latency", *api]]),
        ("Waiting to be redriven", "Maximum", [["AWS/SQS", visible, "QueueName", q] for q in dead]),
        ("Oldest message", "Maximum", [["AWS/SQS", oldest, "QueueName", f"{stack}-{q}"] for q in queues]),
        (
            "Behind the streams",
            "Maximum",
            [["AWS/Lambda", "IteratorAge", "FunctionName", f] for f in streams],
        ),
        ("Function errors", "Sum", [["AWS/Lambda", "Errors", "FunctionName", f] for f in functions]),
        ("Function duration, p99", "p99", [["AWS/Lambda", "Duration", "FunctionName", f] for f in functions]),
        (
            "Firewall: blocked",
            "Sum",
            [_blocked(rule) for rule in ("SignInsFromOneAddress", "RequestsFromOneAddress")],
        ),
    ]
    body = {"widgets": [_widget(i, *widget) for i, widget in enumerate(widgets)]}
    properties = {"DashboardName": sub(stack), "DashboardBody": sub(json.dumps(body))}
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}


def _blocked(rule: str) -> list[str]:
    acl = ["WebACL", "${AWS::StackName}-api", "Region", "${AWS::Region}"]
    return ["AWS/WAFV2", "BlockedRequests", *acl, "Rule", rule]


def _widget(index: int, title: str, statistic: str, metrics: list[list[str]]) -> Template:
    place = {"x": 12 * (index % 2), "y": 6 * (index // 2), "width": 12, "height": 6}
    shown = {"title": title, "stat": statistic, "period": 300, "region": "${AWS::Region}", "metrics": metrics}
    return {"type": "metric", **place, "properties": {**shown, "view": "timeSeries"}}
