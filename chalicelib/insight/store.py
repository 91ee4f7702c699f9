"""Releases and requests for names. Table ``insight``. No row is about a person.

=========================  ===========  ==========================================================
pk                         sk           what
=========================  ===========  ==========================================================
``RELEASE#cohorts``        ``{date}``   a release: its object in bucket ``published``; counts once this is written
``COHORTS#{date}``         ``{region}`` what the release says of a region, as it may be shown
``LISTS#{town}``           ``{id}``     a request for the names of a cohort, and what became of it
=========================  ===========  ==========================================================
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, cast

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib import audit, aws, config, tables
from chalicelib.actors import SYSTEM
from chalicelib.insight.model import CohortCell, ListRequest, ListState, Method
from chalicelib.tables import Put, Row, Update, Write, meta, transact

KEPT: Final = timedelta(days=400)
_PK: Final = "RELEASE#cohorts"


class ReleaseRow(Row):
    """A release that counts."""

    Meta = meta("insight")
    released_on = UnicodeAttribute()
    object_key = UnicodeAttribute()


class RegionRow(Row):
    """What a release says of a region."""

    Meta = meta("insight")
    cells = UnicodeAttribute()
    methods = UnicodeAttribute()


class ListRow(Row):
    """A request for the names of a cohort."""

    Meta = meta("insight")
    cohort = UnicodeAttribute()
    year = NumberAttribute()
    region = UnicodeAttribute()
    purpose = UnicodeAttribute()
    reason = UnicodeAttribute()
    state = UnicodeAttribute()
    of_minors = BooleanAttribute()
    first_month = UnicodeAttribute()
    last_month = UnicodeAttribute()
    requested_by = UnicodeAttribute()
    requested_at = UnicodeAttribute()
    decided_by = UnicodeAttribute(null=True)
    decided_reason = UnicodeAttribute(null=True)
    until = UnicodeAttribute(null=True)


def object_key(day: date) -> str:
    """Where a release lies in bucket ``published``."""
    return f"insight/cohorts/{day}.json"


def publish(
    day: date, cells: Mapping[str, list[CohortCell]], document: Mapping[str, Any], now: datetime, **facts: int
) -> None:
    """Write a release: its regions, its object, and last the row that lets it count. A repeat replaces it."""
    until = int((now + KEPT).timestamp())
    rows = []
    for region, of_region in cells.items():
        row = RegionRow(f"COHORTS#{day}", region, expires_at=until)
        row.cells, row.methods = _packed(of_region)
        rows.append(row)
    tables.batch_put(rows)
    key = object_key(day)
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    aws.client("s3").put_object(
        Bucket=config.bucket("published"), Key=key, Body=body, ContentType="application/json"
    )
    release = ReleaseRow(_PK, day.isoformat(), released_on=day.isoformat(), object_key=key, expires_at=until)
    transact(Put(release), audit.entry(SYSTEM, "cohorts.released", day.isoformat(), now, **facts))


def _packed(cells: Iterable[CohortCell]) -> tuple[str, str]:
    """Cells as rows of values, and their few methods once."""
    methods: dict[str, int] = {}
    rows = [
        [
            one.cohort,
            one.year,
            int(one.projected),
            one.registered,
            one.unregistered_estimate,
            methods.setdefault(one.method.model_dump_json(), len(methods)),
        ]
        for one in cells
    ]
    return json.dumps(rows, separators=(",", ":")), f"[{','.join(methods)}]"


def newest(before: date | None = None) -> ReleaseRow | None:
    """The newest release that counts, or the newest before a day; None when there is none."""
    condition = ReleaseRow.sk < before.isoformat() if before else None
    found = ReleaseRow.query(_PK, condition, scan_index_forward=False, limit=1)
    return next(iter(found), None)


def document(release: ReleaseRow) -> dict[str, Any]:
    """What a release published, whole."""
    answer = aws.client("s3").get_object(Bucket=config.bucket("published"), Key=release.object_key)
    return cast(dict[str, Any], json.loads(answer["Body"].read()))


def cells(release: ReleaseRow, regions: Iterable[str]) -> dict[str, list[CohortCell]]:
    """What a release says of regions; those it does not know are left out."""
    wanted = [(f"COHORTS#{release.released_on}", region) for region in regions]
    return {row.sk: _unpacked(row, release.released_on) for row in RegionRow.batch_get(wanted)}


def _unpacked(row: RegionRow, day: str) -> list[CohortCell]:
    methods = [Method.model_validate(one) for one in json.loads(row.methods)]
    return [
        CohortCell(
            cohort=cohort,
            region=row.sk,
            year=year,
            projected=bool(projected),
            registered=registered,
            registered_suppressed=registered is None,
            unregistered_estimate=estimate,
            unregistered_suppressed=estimate is None,
            method=methods[method],
            released_on=date.fromisoformat(day),
        )
        for cohort, year, projected, registered, estimate, method in json.loads(row.cells)
    ]


def _lists(town: str) -> str:
    return f"LISTS#{town}"


def list_row(asked: ListRequest, expires: datetime) -> Put:
    """The write of a new request."""
    row = ListRow(_lists(asked.region[:9]), asked.id, expires_at=int(expires.timestamp()))
    for name, value in asked.model_dump(exclude={"id"}).items():
        setattr(row, name, value)
    return tables.create(row)


def decide_list(asked: ListRequest, state: ListState, by: str, reason: str, until: str | None) -> Write:
    """The write of a verdict, refused when there is one already."""
    row = ListRow(_lists(asked.region[:9]), asked.id)
    actions = [ListRow.state.set(state), ListRow.decided_by.set(by), ListRow.decided_reason.set(reason)]
    if until:
        actions.append(ListRow.until.set(until))
    return Update(row, actions, ListRow.state == "waiting")


def asked_list(id_: str) -> ListRequest | None:
    """A request by id, read consistently; None when there is none."""
    row = ListRow.find(_lists(id_[1:10]), id_, consistent=True)
    return _asked(row) if row else None


def asked_lists(town: str, token: str | None, limit: int) -> tuple[list[ListRequest], str | None]:
    """The requests about a town, the newest first; one page."""
    scope = _lists(town)
    results = ListRow.query(
        scope, scan_index_forward=False, limit=limit, last_evaluated_key=tables.position(token, scope)
    )
    rows, following = tables.page(results, scope)
    return [_asked(row) for row in rows], following


def _asked(row: ListRow) -> ListRequest:
    names = ListRequest.model_fields.keys() - {"id", "year"}
    values = {name: getattr(row, name) for name in names}
    return ListRequest(id=row.sk, year=int(row.year), **values)
