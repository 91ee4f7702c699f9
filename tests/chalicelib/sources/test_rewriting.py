import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from chalicelib import aws, config, keys
from chalicelib.identity import service as identity
from chalicelib.identity.parts import erase, exports
from chalicelib.sources import catalogue, service, store
from chalicelib.sources.model import bucket_of
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.rows import csv_text, number, row
from tests.chalicelib.sources.test_service import body_of, curated, keys_in
from tests.cloud import forget_everything, keyed_secret

KEY = "inbox/lease_filings/2026-11-23/a.csv"
OTHER = "inbox/social_security/2026-11-22/b.csv"


def clear(source: str) -> list[dict[str, Any]]:
    parts = service.current_parts(source, "linkage")
    return [r for p in parts for r in pq.read_table(io.BytesIO(body_of("linkage", p.key))).to_pylist()]


def known(id_number: str, now: datetime) -> str:
    (person_id,) = identity.people_for_keys([(keys.person_key(id_number), id_number)], now).values()
    return person_id


def versions() -> list[str]:
    listed = aws.client("s3").list_object_versions(Bucket=config.bucket("curated"))
    return [version["Key"] for version in listed.get("Versions", []) + listed.get("DeleteMarkers", [])]


def test_who_asks_for_deletion_leaves_every_file_in_both_zones(
    deliver: Deliver, now: datetime, tmp_path: Path
) -> None:
    aws.client("s3").put_bucket_versioning(
        Bucket=config.bucket("curated"), VersioningConfiguration={"Status": "Enabled"}
    )
    deliver(KEY, csv_text([row(1), row(2)]))
    deliver(OTHER, csv_text([row(1), row(3)]))
    deliver("inbox/tax/2026-11-22/c.csv", csv_text([row(3)]))
    untouched = service.current_parts("tax")
    erase(known(number(1), now), now)
    assert service.erase(now, tmp_path) == {"files": 2, "rows": 2, "lost": 0, "done": True}
    for source in ("lease_filings", "social_security"):
        assert "R00001" not in {r["record_id"] for r in curated(source) + clear(source)}
        assert len(curated(source)) == len(clear(source)) == 1
        assert service.facts(source, [keys.person_key(number(1))]) == []
    assert set(versions()) == {p.key for s in catalogue.people_sources() for p in service.current_parts(s)}
    assert service.current_parts("tax") == untouched
    assert store.erasures() == set()


def test_nothing_to_erase_touches_nothing(deliver: Deliver, now: datetime, tmp_path: Path) -> None:
    deliver(KEY, csv_text([row(1)]))
    before = service.current_parts("lease_filings")
    erase(known(number(9), now), now)
    assert service.erase(now, tmp_path)["rows"] == 0
    assert service.current_parts("lease_filings") == before


def test_an_erasure_out_of_time_is_gone_on_with(deliver: Deliver, now: datetime, tmp_path: Path) -> None:
    deliver(KEY, csv_text([row(1)]))
    deliver(OTHER, csv_text([row(1)]))
    erase(known(number(1), now), now)
    answers = iter([True, False])
    first = service.erase(now, tmp_path, lambda: next(answers))
    assert (first["done"], first["rows"]) == (False, 1)
    assert store.erasures()
    assert service.erase(now, tmp_path) == {"files": 1, "rows": 1, "lost": 0, "done": True}


def test_the_same_file_again_after_an_erasure_stays_a_repeat(
    deliver: Deliver, now: datetime, tmp_path: Path
) -> None:
    deliver(KEY, csv_text([row(1), row(2)]))
    erase(known(number(1), now), now)
    service.erase(now, tmp_path)
    assert deliver(KEY, csv_text([row(1), row(2)])).repeat_of == KEY
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00002"]


def test_a_copy_names_every_source_with_its_law_and_time(now: datetime, cloud: None) -> None:
    told = exports(known(number(1), now), now)["sources"]
    assert isinstance(told, list)
    assert {one["source"] for one in told} == set(catalogue.people_sources())
    assert all(one["legal_basis"]["zh"] and one["retention_days"] for one in told)


def turn_key() -> None:
    aws.client("secretsmanager").put_secret_value(
        SecretId=config.secret_name("person_key"), SecretString=keyed_secret("1", "2")
    )
    forget_everything()


def test_files_come_under_the_new_person_key(deliver: Deliver, now: datetime, tmp_path: Path) -> None:
    rows = [row(i) for i in range(1, 41)] + [row(50, id_number="")]
    deliver(KEY, csv_text(rows))
    before = {r["record_id"]: r for r in curated("lease_filings")}
    old = keys_in("curated")
    turn_key()
    report = service.rekey(lambda keys_: {}, now, tmp_path)
    assert report == {"files": 1, "rows": 41, "lost": 0, "done": True}
    for found in curated("lease_filings"):
        was = before[found["record_id"]]
        assert (found["person_key"] is None) == (was["person_key"] is None)
        assert found | {"person_key": None} == was | {"person_key": None}
    assert all(
        (r["person_key"] or "2:").startswith("2:") for r in curated("lease_filings") + clear("lease_filings")
    )
    assert service.facts("lease_filings", [keys.person_key(number(7))])[0]["record_id"] == "R00007"
    assert not set(old) & set(keys_in("curated"))
    assert service.rekey(lambda keys_: {}, now, tmp_path)["files"] == 0


def test_without_clear_columns_the_people_s_mappings_tell_the_new_key(
    deliver: Deliver, now: datetime, tmp_path: Path
) -> None:
    deliver(KEY, csv_text([row(1), row(2)]))
    for key in keys_in("linkage", "linkage/"):
        aws.client("s3").delete_object(Bucket=config.bucket("linkage"), Key=key)
    old = keys.person_key(number(1))
    turn_key()
    report = service.rekey(lambda asked: {k: "2:" + "0" * 64 for k in asked if k == old}, now, tmp_path)
    assert (report["lost"], report["done"]) == (1, True)
    assert {r["person_key"] for r in curated("lease_filings")} == {"2:" + "0" * 64, None}


def test_rows_are_in_the_bucket_of_their_new_key(deliver: Deliver, now: datetime, tmp_path: Path) -> None:
    deliver(KEY, csv_text([row(i) for i in range(1, 30)]))
    turn_key()
    service.rekey(lambda keys_: {}, now, tmp_path)
    for part in service.current_parts("lease_filings"):
        table = pq.read_table(io.BytesIO(body_of("curated", part.key)))
        count = len(service.current_parts("lease_filings"))
        bucket = int(part.key.split("bucket=")[1][:2])
        assert {bucket_of(key, count) for key in table["person_key"].to_pylist()} == {bucket}


@pytest.mark.parametrize("days", [0, 400])
def test_standings_say_how_every_source_is(deliver: Deliver, now: datetime, days: int) -> None:
    deliver(KEY, csv_text([row(1)]))
    found = {s.source: s for s in service.standings(now.replace(year=now.year + days // 365))}
    assert set(found) == set(catalogue.contracts())
    assert found["lease_filings"].last_date == date(2026, 11, 23)
    assert (found["lease_filings"].days_late > 0) == (days > 0)
    assert found["tax"].days_late == 0
