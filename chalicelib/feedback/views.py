"""What callers see of reports and matters."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from chalicelib import clock, texts
from chalicelib.cases.model import Case
from chalicelib.cases.views import DocumentView, document_view
from chalicelib.feedback.model import Category, Matter, Position, Spot, coarse
from chalicelib.places.model import Crs
from chalicelib.shapes import Shape


class CategoryView(Shape):
    """What may be reported. ``public``: others may see that it was reported, never by whom."""

    code: str
    title: str
    owner: str
    answer_working_days: int
    public: bool


class CategoryList(Shape):
    """All categories in force, never paged."""

    items: list[CategoryView]
    next: None = None


class NearbyQuery(Shape):
    """Where one stands, and what one is about to report."""

    category: str = Field(max_length=40)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    crs: Crs = "GCJ-02"


class MatterView(Shape):
    """A matter as anybody may see it: about where, since when, how it stands. No reporter, no picture, no words but the staff's."""

    item: str
    category: str
    title: str
    state: str
    state_text: str
    position: Position
    reported_on: date
    supporters: int
    public_text: str | None


class NearMatter(MatterView):
    """A matter near the caller; ``metres`` to the nearest ten."""

    metres: int


class NearbyList(Shape):
    """The nearest first; never paged."""

    items: list[NearMatter]
    next: None = None


class MapQuery(Shape):
    """Which town's map."""

    town: str = Field(pattern=r"^\d{9}$")
    crs: Crs = "GCJ-02"
    limit: int = Field(default=50, ge=1, le=100)
    next: str | None = None


class Reporter(Shape):
    """Who reported, masked, when they wanted to be known to whoever handles it."""

    name: str | None
    phone: str | None


class ReportView(Shape):
    """A report as its reporter and whoever handles it see it. ``reporter`` is null for one who stays unnamed."""

    id: str
    item: str
    category: str
    title: str
    state: str
    state_text: str
    region: str
    deadline: date
    submitted_at: datetime
    position: Position
    text: str
    place: str
    anonymous: bool
    reporter: Reporter | None
    supporters: int
    photos: list[DocumentView]
    public_text: str | None
    reopened: int
    stars: Literal[1, 2, 3, 4, 5] | None


def category_view(category: Category, language: str) -> CategoryView:
    """The category in the caller's language."""
    return CategoryView(
        code=category.code,
        title=category.title.in_language(language),
        owner=category.owner,
        answer_working_days=category.answer_working_days,
        public=category.public,
    )


def _state(state: str, language: str) -> str:
    return texts.sentence(f"state_{state}", "en" if language == "en" else "zh-CN")


def public_values(matter: Matter, shown: Spot, crs: Crs, language: str) -> dict[str, object]:
    """What anybody may see of a matter; ``shown`` is its coarse position in the system asked for."""
    category = matter.policy.category(matter.category)
    return {
        "item": matter.id,
        "category": matter.category,
        "title": category.title.in_language(language),
        "state": matter.state,
        "state_text": _state(matter.state, language),
        "position": Position(lon=round(shown.lon, 5), lat=round(shown.lat, 5), crs=crs),
        "reported_on": clock.local_date(matter.reported_at),
        "supporters": matter.supporters,
        "public_text": matter.public_text,
    }


def coarsely(matter: Matter) -> Spot:
    """Where the map shows a matter, WGS-84."""
    return coarse(matter.spot)


def report_view(
    case: Case,
    matter: Matter,
    told: dict[str, str],
    shown: Position,
    reporter: Reporter | None,
    language: str,
) -> ReportView:
    """The report; ``told`` is what the reporter wrote, ``shown`` the exact place."""
    category = matter.policy.category(matter.category)
    return ReportView(
        id=case.id,
        item=matter.id,
        category=matter.category,
        title=category.title.in_language(language),
        state=case.state,
        state_text=_state(case.state, language),
        region=case.region,
        deadline=case.deadline,
        submitted_at=case.submitted_at,
        position=shown,
        text=told.get("text", ""),
        place=told.get("place", ""),
        anonymous=matter.anonymous,
        reporter=reporter,
        supporters=matter.supporters,
        photos=[document_view(document) for document in case.documents],
        public_text=matter.public_text,
        reopened=matter.reopened,
        stars=matter.stars,  # type: ignore[arg-type]  # Pydantic checks the literal.
    )
