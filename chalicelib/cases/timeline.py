"""What happened on a case, who acted, what is next and by when, in words. Roles are told, never names."""

from datetime import date, datetime

from chalicelib import clock, texts
from chalicelib.cases import model
from chalicelib.cases.model import OPEN_CHECKS, Case
from chalicelib.cases.values import CaseEvent
from chalicelib.shapes import Shape

# What is the owner's to do only if the owner wants to: nothing waits for it.
_UNASKED = {"withdraw"}


class EventView(Shape):
    """A line of the timeline in the caller's language; ``who`` is a role, never a name."""

    at: datetime
    what: str
    text: str
    who: str
    who_text: str


class NextStep(Shape):
    """What is next: the act, who does it (``owner``, ``departments`` or a role), by which day; ``what`` says it whole."""

    act: str
    what: str
    who: str
    by: date | None


def events(case: Case, language: texts.Language) -> list[EventView]:
    """The timeline, oldest first."""
    kind = model.kind_of(case)
    titles = check_titles(kind, language) | {d.kind: d.title.in_language(language) for d in kind.documents}
    return [_event(event, titles, language) for event in case.events]


def _event(event: CaseEvent, titles: dict[str, str], language: texts.Language) -> EventView:
    params = dict(event.params)
    if "department" in params:
        params["department"] = titles.get(str(params["department"]), str(params["department"]))
    if "papers" in params:
        named = [titles.get(paper, paper) for paper in str(params["papers"]).split(",")]
        params["papers"] = ("; " if language == "en" else "；").join(named)
    if "to" in params:
        params["to"] = role(str(params["to"]), language)
    return EventView(
        at=event.at,
        what=event.what,
        text=texts.sentence(event.what, language, **params),
        who=event.who,
        who_text=role(event.who, language),
    )


def check_titles(kind: model.Kind, language: str) -> dict[str, str]:
    """What each department's part in a case of this kind is called."""
    return {
        check.part(department): check.title_for(department, language)
        for check in kind.checks
        for department in check.departments
    }


def role(name: str, language: texts.Language) -> str:
    """A role as people call it; whatever is no role is a department."""
    code = f"role_{name}"
    return texts.sentence(code if code in texts.catalogue() else "role_departments", language)


def next_step(case: Case, language: texts.Language, today: date | None = None) -> NextStep | None:
    """What the case waits for; None when for nothing.

    Departments while one of them has not answered; else the staff on whose worklist it is; else the
    owner, if the state offers an act. An appeal is offered until its time is over.
    """
    found = _waits_for(case)
    if found is None:
        return None
    act, who, by = found
    if act == "appeal" and today and by and today > by:
        return None
    return NextStep(act=act, what=told(act, who, by, language), who=who, by=by)


def told(act: str, who: str, by: date | None, language: texts.Language) -> str:
    """The sentence of a next step: the same in the timeline and in messages."""
    return texts.sentence(_code(act), language, who=role(who, language), by=by.isoformat() if by else "-")


def _code(act: str) -> str:
    return f"next_{act}" if f"next_{act}" in texts.catalogue() else "next_act"


def told_later(case: Case, today: date) -> dict[str, str]:
    """The next step as codes, for a message that is put into words when it is delivered or read."""
    found = next_step(case, "en", today)
    if found is None:
        return {"next": "none", "who": "system", "by": "-"}
    who = found.who if f"role_{found.who}" in texts.catalogue() else "departments"
    by = found.by.isoformat() if found.by else "-"
    return {"next": _code(found.act).removeprefix("next_"), "who": who, "by": by}


def _waits_for(case: Case) -> tuple[str, str, date | None] | None:
    kind = model.kind_of(case)
    if case.state == "checking":
        silent = [part.due for part in case.checks if part.state in OPEN_CHECKS]
        return "check", "departments", max(silent, default=case.due)
    if case.queue:
        return "decide", case.queue, case.due
    for act, transition in kind.transitions.items():
        if (
            case.state in transition.origins
            and act not in _UNASKED
            and {"owner", "filer"} & set(transition.who)
        ):
            by = _appeal_until(kind, case) if act == "appeal" else case.due
            return act, "owner" if "owner" in transition.who else "filer", by
    return None


def _appeal_until(kind: model.Kind, case: Case) -> date | None:
    if case.decided_at is None:
        return None
    return clock.add_working_days(clock.local_date(case.decided_at), kind.appeal_working_days)
