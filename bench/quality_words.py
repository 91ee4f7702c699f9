"""The measures of a comparison as the lines of a report."""

from collections.abc import Iterator
from typing import Any

LONGEST = 20


def lines(found: dict[str, Any]) -> Iterator[str]:
    """Tables of Markdown; the longest are cut, the JSON has all."""
    rows, pairs = found["rows"], found["pairs"]
    yield (
        f"{rows['in_truth']:,} rows of {rows['people']:,} people in {rows['clusters']:,} clusters;"
        f" {rows['lost']:,} rows lost, {rows['twice_or_unknown']:,} twice or unknown"
    )
    yield (
        f"precision {_share(pairs['precision'])}, recall {_share(pairs['recall'])} over {pairs['true']:,} true pairs;"
        f" {pairs['claimed'] - pairs['right']:,} wrong, {pairs['true'] - pairs['right']:,} missed"
    )
    yield from _table("error in a row of the pair", found["by_error"])
    yield from _table("sources", found["by_sources"])
    yield from _recalls("people", found["by_people"])
    yield from _merges(found["wrong_merges"])
    yield from _misses(found["missed_rows"])
    if "unregistered" in found:
        yield from _finder(found["unregistered"])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}"


def _table(title: str, measured: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"| {title} | true pairs | missed | recall | wrong | precision |"
    yield "|---|---|---|---|---|---|"
    ordered = sorted(measured.items(), key=lambda item: item[1]["right"] - item[1]["true"])
    for name, one in ordered[:LONGEST]:
        yield (
            f"| {name} | {one['true']:,} | {one['true'] - one['right']:,} | {_share(one['recall'])} |"
            f" {one['claimed'] - one['right']:,} | {_share(one['precision'])} |"
        )


def _recalls(title: str, measured: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"| {title} | true pairs | missed | recall |"
    yield "|---|---|---|---|"
    for name, one in measured.items():
        yield f"| {name} | {one['true']:,} | {one['true'] - one['right']:,} | {_share(one['recall'])} |"


def _merges(measured: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield "| two people taken for one | wrong pairs of rows | pairs of people |"
    yield "|---|---|---|"
    for name, one in measured.items():
        yield f"| {name} | {one['pairs_of_rows']:,} | {one.get('pairs_of_people', '-')} |"


def _misses(measured: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"| errors in a row left apart (of {measured['rows']:,}) | rows |"
    yield "|---|---|"
    for one in measured["by_errors"]:
        yield f"| {one['errors'] or 'none that matters'} | {one['rows']:,} |"


def _finder(measured: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield (
        f"unregistered: precision {_share(measured['precision'])}"
        f" ({_share(measured['precision_but_for_those_who_left'])} but for those who left unsaid),"
        f" recall {_share(measured['recall'])};"
        f" {measured['findings']:,} findings, {measured['wanted']:,} wanted"
    )
    for reason, n in measured["wrong"].items():
        yield f"  wrong, {reason}: {n:,}"
    for carry, one in measured["by_numbers"].items():
        yield f"  own number in {carry} of the signals: recall {_share(one['recall'])} of {one['wanted']:,}"
    for carry, one in measured["by_numbers_of_the_named"].items():
        yield f"  a usable number in {carry} of the cluster's rows: precision {_share(one['precision'])} of {one['findings']:,}"
    for tenth in measured["by_confidence"]:
        yield (
            f"  confidence {tenth['least']} to {tenth['most']}: promised {_share(tenth['promised'])},"
            f" precision {_share(tenth['precision'])} of {tenth['findings']:,}"
        )
    for sources, one in measured["by_sources"].items():
        yield f"  {sources}: precision {_share(one['precision'])} of {one['findings']:,}"
