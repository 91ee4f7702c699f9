"""What happened, as a table; where everything is; how to sign in as whom."""

import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import urllib3

from infra.local import newcomers, pipeline

if TYPE_CHECKING:
    from infra.local.city import Story

CITY = "440600"


def active(story: "Story") -> int:
    """Return how many registrations are in force in the whole city, by the live counter."""
    return _counter(story, "residence_registrations_active")


def _counter(story: "Story", metric: str) -> int:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    staff = story.api.staff("city")
    query = {"metric": metric, "region": CITY, "by": "day", "from": today, "to": today}
    return int(sum(item["value"] for item in staff.get("/counters", **query)["items"]))


def rows(story: "Story") -> list[tuple[str, str, str]]:
    """Return the table: what, how many, and a word on it."""
    reports = pipeline.reports(story.session, story.endpoints["inbox_bucket"])
    register = [r for key, r in reports.items() if "/registrations/" in key]
    received, accepted, rejected = (
        sum(r[n] for r in reports.values()) for n in ("received", "accepted", "rejected")
    )
    with ThreadPoolExecutor(newcomers.AT_ONCE) as pool:
        states = Counter(pool.map(_state, [a for a in story.acted if a.case]))
    visits = story.api.staff("city").pages("/visits", status="due")
    waiting = sum(len(building["visits"]) for building in visits)
    messages = Counter((m["channel"], m["status"]) for m in _messages(story))
    audit = story.api.staff("auditor").get("/audit/verify")
    refused = ", ".join(f"{n} x {p}" for p, n in newcomers.problems(story.acted).items())
    return [
        (
            "department files",
            f"{len(reports)}",
            f"{received:,} rows received, {accepted:,} accepted, {rejected:,} to repair",
        ),
        ("old register", f"{sum(r['accepted'] for r in register):,}", "rows imported like any other source"),
        (
            "newcomers who acted",
            f"{len(story.acted)}",
            f"signed in, bound, registered; refused: {refused or 'none'}",
        ),
        ("  accepted", f"{states['accepted']}", "by comparison, or by a person where data was silent"),
        (
            "  waiting",
            f"{states.total() - states['accepted']}",
            ", ".join(f"{n} {s}" for s, n in states.items() if s != "accepted"),
        ),
        (
            "work by staff",
            f"{sum(story.decided.values())}",
            ", ".join(f"{n} {w}" for w, n in story.decided.items()),
        ),
        ("visits waiting", f"{waiting}", f"in {len(visits)} buildings: seen by departments, not registered"),
        *(
            (f"messages {channel}", f"{count}", status)
            for (channel, status), count in sorted(messages.items())
        ),
        ("in force now", f"{active(story):,}", "residence registrations, by the live counter"),
        (
            "filed",
            f"{_counter(story, 'residence_registrations'):,}",
            "registrations submitted today, by the live counter",
        ),
        (
            "audit",
            f"{audit.get('entries', 0):,}",
            "entries, chains intact" if audit.get("intact") else "NOT INTACT",
        ),
        *(
            (f"dead letters {queue}", f"{held}", "look at docs/operations.md")
            for queue, held in pipeline.dead_letters(story.session)
        ),
    ]


def _state(acted: newcomers.Acted) -> str:
    """Return how a newcomer's case stands, as that newcomer sees it."""
    items: list[dict[str, Any]] = acted.me.get("/me/cases")["items"] if acted.me else []
    return next((str(i["state"]) for i in items if i["id"] == acted.case), "lost")


def _messages(story: "Story") -> list[dict[str, Any]]:
    answer = urllib3.request("GET", f"{story.endpoints['sandbox']}/messages", timeout=20)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def lines(story: "Story") -> list[str]:
    """Return the whole of what is printed at the end."""
    table = rows(story)
    widths = [max(_width(row[i]) for row in table) for i in (0, 1)]
    drawn = [f"  {_pad(w, widths[0])}  {n:>{widths[1]}}  {why}" for w, n, why in table]
    return ["", f"A city of {story.people:,} people is alive.", "", *drawn, "", *_doors(story.endpoints)]


def _doors(endpoints: dict[str, Any]) -> list[str]:
    return [
        f"  API       {endpoints['api']}   (GET /openapi.json)",
        f"  Messages  {endpoints['sandbox']}/   what WeChat, WeCom and SMS were sent",
        f"  Cloud     {endpoints['aws_endpoint']}   keys in .local/endpoints.json",
        f"  Inbox     s3://{endpoints['inbox_bucket']}/inbox/",
        "",
        '  Sign in   POST /sessions/wechat {"code": "citizen-anna"}            a newcomer, any name',
        '            POST /sessions/staff  {"code": "staff-city"}              sees the whole city',
        "                                  staff-coordinator-440604010, staff-grid-440604010001,",
        "                                  staff-reviewer-housing, staff-district-440604, staff-auditor",
        "  Then      make smoke   shows each thing through the public API",
    ]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
