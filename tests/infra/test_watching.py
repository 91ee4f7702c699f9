"""Whoever is woken is woken by something that happens: each metric of ours that is watched is emitted."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.template.watching import OWN, WATCHED, resources
from tests.infra.reading import Template

ROOT = Path(__file__).parents[2]


def emitted() -> set[tuple[str, str]]:
    """Service and name of every metric that the sources add."""
    paths = [path for top in ("chalicelib", "functions") for path in (ROOT / top).rglob("*.py")]
    return {pair for path in paths for pair in emitted_by(ast.parse(path.read_text("utf-8")))}


def emitted_by(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each ``add_metric`` of a file, under the one service that its ``Metrics(service=…)`` name."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    added = [c.args[0] for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "add_metric"]
    services = {
        ast.literal_eval(keyword.value)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Metrics"
        for keyword in call.keywords
        if keyword.arg == "service"
    }
    if added:
        (service,) = services
        yield from ((service, name) for node in added for name in _names(tree, node))


def _names(tree: ast.Module, node: ast.expr) -> set[str]:
    """A literal name, or all the values of the table that the name is taken from."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        table = node.value.id
        values = [
            made.value
            for made in tree.body
            if isinstance(made, ast.AnnAssign)
            and isinstance(made.target, ast.Name)
            and made.target.id == table
        ]
        return set(ast.literal_eval(values[0]).values()) if values[0] else set()
    return {ast.literal_eval(node)}


def alarmed(alarms: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Service and metric of each alarm on a metric of ours; the service is its only dimension."""
    found = {}
    for name, alarm in alarms.items():
        if not alarm["Namespace"].startswith("AWS/"):
            assert alarm["Namespace"] == OWN, name
            ((dimension, service),) = [(d["Name"], d["Value"]) for d in alarm["Dimensions"]]
            assert dimension == "service", name
            found[name] = (service, alarm["MetricName"])
    return found


def test_every_metric_of_ours_that_has_an_alarm_is_emitted() -> None:
    alarms = {n: r["Properties"] for n, r in resources().items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    found = alarmed(alarms)
    assert set(found) == {watched.name for watched in WATCHED}
    assert set(found.values()) - emitted() == set()


def test_every_metric_of_ours_on_the_dashboard_is_emitted() -> None:
    body = json.loads(resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    rows = [row for widget in body["widgets"] for row in widget["properties"]["metrics"]]
    ours = [row for row in rows if not row[0].startswith("AWS/")]
    assert ours
    assert {row[0] for row in ours} == {OWN}
    assert {row[2] for row in ours} == {"service"}
    assert {(row[3], row[1]) for row in ours} - emitted() == set()


def test_every_function_is_told_the_namespace_that_the_alarms_watch(template: Template) -> None:
    told = [f["Environment"]["Variables"] for f in template.functions().values()]
    assert {variables["POWERTOOLS_METRICS_NAMESPACE"] for variables in told} == {OWN}


def test_changed_and_removed_audit_entries_reach_the_function_that_cries_out(template: Template) -> None:
    source = template.resources["ChainAuditFromAudit"]["Properties"]
    pattern = json.loads(source["FilterCriteria"]["Filters"][0]["Pattern"])
    assert {"MODIFY", "REMOVE"} <= set(pattern["eventName"])


def test_the_reading_of_sources_sees_literal_names_and_tables_of_names() -> None:
    assert {("chain_audit", "AuditTampered"), ("send_messages", "MessagesUnknown")} <= emitted()
    assert ("chain_audit", "AuditBroken") not in emitted()


@pytest.mark.usefixtures("cloud")
def test_a_refused_sign_in_is_written_as_the_alarm_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """The embedded metric's dimension is ``service`` and nothing else, or the alarm would never see it."""
    from chalicelib.identity import refusals

    refusals.count_sign_in()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "SignInsRefused" in line]
    written = json.loads(line)
    (told,) = written["_aws"]["CloudWatchMetrics"]
    assert told["Dimensions"] == [["service"]]
    assert (written["service"], written["SignInsRefused"]) == ("identity", [1.0])
