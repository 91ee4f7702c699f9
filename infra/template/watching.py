"""Alarms and the dashboard: what an operator is woken for, and what is looked at then."""

import json
from typing import Any, Final, NamedTuple

from infra.template.functions import resource_name
from infra.template.reading import Template, attribute, declared, logical, ref, sub

_MINUTES = 60
# The namespace that every function is given in POWERTOOLS_METRICS_NAMESPACE.
OWN: Final = "NewCitizenServiceLink"


class Watched(NamedTuple):
    """An alarm on a metric of our own; `service` is the name that the code which emits it gives."""

    name: str
    why: str
    metric: str
    service: str
    above: float


WATCHED: Final = (
    Watched(
        "BindingAttempts",
        "Many attempts to bind an identity were refused: somebody may be trying numbers",
        "BindingAttemptsRefused",
        "identity",
        50,
    ),
    Watched("SignInsRefused", "Many sign-ins were refused", "SignInsRefused", "identity", 200),
    Watched(
        "CounterDrift",
        "The nightly comparison found counters that differ from the records",
        "CounterDifferences",
        "rebuild_counters",
        0,
    ),
    Watched(
        "RecordsUnreadable",
        "The nightly comparison met records that it cannot read",
        "RecordsUnreadable",
        "rebuild_counters",
        0,
    ),
    Watched(
        "ChangesParked", "Changes that can never be counted were parked", "ChangesParked", "count_changes", 0
    ),
    Watched(
        "PermitCardsLate",
        "Residence permits are not out within the fifteen days that the law gives",
        "PermitCardsLate",
        "keep_permits",
        0,
    ),
    Watched(
        "CohortUnknown",
        "Of many registered people nobody knows the month of birth: they are in no cohort",
        "CohortUnknownPercent",
        "release_cohorts",
        2,
    ),
    Watched(
        "SchoolRunsFailed",
        "A round of school places failed its check and is not published: see docs/schooling.md",
        "SchoolRunsFailed",
        "allocate_places",
        0,
    ),
    Watched(
        "SourcesLate", "A department's file is overdue: see GET /sources", "SourcesLate", "tend_sources", 0
    ),
    Watched(
        "SourcesOdd",
        "A department's last file has far more or fewer rows than usual: see GET /sources",
        "SourcesOdd",
        "tend_sources",
        0,
    ),
    Watched("AuditBroken", "Audit entries were changed or removed", "AuditTampered", "chain_audit", 0),
    Watched(
        "MessagesUnknown",
        "Messages whose delivery is unknown: a person must look, they are never sent again blindly",
        "MessagesUnknown",
        "send_messages",
        10,
    ),
    Watched(
        "MessagesParked", "Messages that make no sense were parked", "MessagesParked", "send_messages", 0
    ),
)


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
    slow = {"ExtendedStatistic": "p99", "EvaluationPeriods": 3}
    latency = alarm(
        "One API request in a hundred takes over 3 s", "AWS/ApiGateway", "Latency", api, 3000, **slow
    )
    del latency["Properties"]["Statistic"]
    return {
        "ApiErrors": alarm("The API answered 5xx", "AWS/ApiGateway", "5XXError", api, 5),
        "ApiLatency": latency,
    } | {
        watched.name: alarm(watched.why, OWN, watched.metric, {"service": watched.service}, watched.above)
        for watched in WATCHED
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
        ("What a person must look at", "Sum", [[OWN, w.metric, "service", w.service] for w in WATCHED]),
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
