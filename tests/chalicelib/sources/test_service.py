import csv
import gzip
import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from chalicelib import aws, config, keys
from chalicelib.sources import catalogue, service, store
from chalicelib.sources.model import Unreadable
from chalicelib.sources.packing import Limits
from tests.chalicelib.sources.conftest import Deliver
from tests.chalicelib.sources.rows import HEADER, csv_text, number, row

KEY = "inbox/lease_filings/2026-11-23/november.csv"


def body_of(bucket: config.Bucket, key: str) -> bytes:
    body: bytes = aws.client("s3").get_object(Bucket=config.bucket(bucket), Key=key)["Body"].read()
    return body


def keys_in(bucket: config.Bucket, prefix: str = "") -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=config.bucket(bucket), Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", [])]


def messages(queue: config.Queue) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while (
        got := aws.client("sqs")
        .receive_message(QueueUrl=config.queue(queue), MaxNumberOfMessages=10)
        .get("Messages")
    ):
        for message in got:
            aws.client("sqs").delete_message(
                QueueUrl=config.queue(queue), ReceiptHandle=message["ReceiptHandle"]
            )
            found.append(json.loads(message["Body"]))
    return found


def curated(source: str) -> list[dict[str, Any]]:
    parts = service.current_parts(source)
    return [r for part in parts for r in pq.read_table(io.BytesIO(body_of("curated", part.key))).to_pylist()]


def repairs(key: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body_of("inbox", key).decode())))


def test_a_good_file_is_curated_reported_and_announced(deliver: Deliver) -> None:
    report = deliver(KEY, csv_text([row(2), row(1)]))
    assert (report.received, report.accepted, report.rejected, report.problem) == (2, 2, 0, None)
    assert json.loads(body_of("inbox", "reports/lease_filings/2026-11-23/november.json"))["accepted"] == 2
    assert keys_in("inbox", "repairs/") == []
    rows = curated("lease_filings")
    assert sorted(r["person_key"] for r in rows) == [r["person_key"] for r in rows]
    assert {r["record_id"] for r in rows} == {"R00001", "R00002"}
    assert messages("comparisons") == [
        {"source": "lease_filings", "date": "2026-11-23", "name": "november", "rows": 2}
    ]


def test_the_curated_zone_holds_no_number_name_or_phone(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    (found,) = curated("lease_filings")
    assert found["person_key"] == keys.person_key(number(1))
    assert found["birth_year"] == 1990
    assert not {"name", "id_number", "phone", "birth_date", "landlord_name"} & set(found)
    assert not {number(1), "19900000001", "测试某"} & {str(v) for v in found.values()}


def test_the_clear_columns_are_in_the_linkage_zone_alone(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    (key,) = keys_in("linkage", "linkage/")
    (found,) = pq.read_table(io.BytesIO(body_of("linkage", key))).to_pylist()
    clear = {"person_key", "record_id", "name", "id_number", "birth_date", "phone", "address"}
    assert set(found) == clear | {"name_plain", "id_sent"}
    assert found["id_number"] == number(1)


def test_rejected_rows_come_back_as_they_came_with_reason_and_fix(deliver: Deliver) -> None:
    rows = [
        row(1),
        row(2, record_id=""),
        row(3, seen_on="2026-02-30"),
        row(4)[:5],
        row(5, phone="=1+1", record_id=""),
    ]
    report = deliver(KEY, csv_text(rows))
    assert (report.received, report.accepted, report.rejected) == (5, 1, 4)
    assert report.reasons == {"value_missing": 2, "date_impossible": 1, "column_count": 1}
    found = {r["line"]: r for r in repairs("repairs/lease_filings/2026-11-23/november.csv")}
    assert found["4"]["seen_on"] == "2026-02-30"
    assert (found["4"]["column"], found["4"]["reason"]) == ("seen_on", "date_impossible")
    assert "YYYY-MM-DD" in found["4"]["fix"]
    assert found["5"]["sex"] == "男"
    assert found["6"]["phone"] == "'=1+1"


def test_a_missing_or_wrong_number_is_no_reason_to_reject(deliver: Deliver) -> None:
    wrong = number(2)[:17] + ("0" if number(2)[17] != "0" else "1")
    report = deliver(
        KEY, csv_text([row(1, id_number=""), row(2, id_number=wrong), row(3, birth_date="1900-01-00")])
    )
    assert report.rejected == 0
    assert report.warnings == {"id_number_check": 1, "date_impossible": 1}
    assert [r["person_key"] for r in curated("lease_filings")].count(None) == 2


def test_a_file_with_wrong_columns_goes_to_repair_whole(deliver: Deliver) -> None:
    report = deliver(KEY, "id,who\n1,某\n2,某\n")
    assert (report.received, report.accepted, report.rejected) == (2, 0, 2)
    assert report.problem == "columns_missing"
    assert report.reasons == {"columns_missing": 2}
    assert [r["id"] for r in repairs("repairs/lease_filings/2026-11-23/november.csv")] == ["1", "2"]
    assert messages("comparisons") == []


def test_the_same_file_twice_is_a_no_op_that_says_so(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    messages("comparisons")
    again = deliver(KEY, csv_text([row(1)]))
    assert (again.repeat_of, again.accepted) == (KEY, 1)
    assert messages("comparisons") == []
    assert len(curated("lease_filings")) == 1


def test_the_same_content_under_another_name_changes_nothing(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    messages("comparisons")
    other = deliver("inbox/lease_filings/2026-11-24/copy.csv", csv_text([row(1)]))
    assert (other.repeat_of, other.date) == (KEY, "2026-11-24")
    assert messages("comparisons") == []
    assert len(service.current_files("lease_filings")) == 1


def test_a_corrected_file_replaces_what_its_key_brought(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1), row(2)]))
    before = keys_in("curated") + keys_in("linkage")
    report = deliver(KEY, csv_text([row(3)]))
    assert report.replaces == KEY
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00003"]
    assert not set(before) & set(keys_in("curated") + keys_in("linkage"))


def test_another_format_of_one_name_is_a_correction_too(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    packed = gzip.compress(csv_text([row(2)]).encode())
    report = deliver(f"{KEY}.gz", packed)
    assert report.replaces == KEY
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00002"]


def test_a_correction_that_cannot_be_used_leaves_the_good_file_in_place(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1)]))
    report = deliver(KEY, "nothing,of,use\n1,2,3\n")
    assert report.problem == "columns_missing"
    assert [r["record_id"] for r in curated("lease_filings")] == ["R00001"]


def test_an_event_that_comes_again_changes_nothing(deliver: Deliver, now: datetime, tmp_path: Path) -> None:
    report = deliver(KEY, csv_text([row(1)]))
    messages("comparisons")
    delivery = service.Delivery(config.bucket("inbox"), KEY, "1")
    assert service.receive(delivery, now, tmp_path) == report
    assert messages("comparisons") == []


def test_what_was_stopped_after_its_rows_counted_is_finished_later(
    deliver: Deliver, now: datetime, tmp_path: Path
) -> None:
    deliver(KEY, csv_text([row(1)]))
    messages("comparisons")
    kept = store.file("lease_filings", "2026-11-23", "november")
    assert kept is not None
    kept.update(actions=[store.FileRow.state.set("kept")])
    aws.client("s3").delete_object(
        Bucket=config.bucket("inbox"), Key="reports/lease_filings/2026-11-23/november.json"
    )
    service.receive(service.Delivery(config.bucket("inbox"), KEY, "1"), now, tmp_path)
    assert len(messages("comparisons")) == 1
    assert keys_in("inbox", "reports/") == ["reports/lease_filings/2026-11-23/november.json"]


def test_half_a_file_is_named_and_the_whole_one_replaces_it(deliver: Deliver) -> None:
    whole = csv_text([row(i) for i in range(1, 60)])
    half = deliver(KEY, whole[: len(whole) // 2])
    assert half.problem == "file_cut"
    assert half.received == half.accepted + half.rejected
    assert half.reasons == {"row_cut": 1}
    assert deliver(KEY, whole).accepted == 59
    assert len(curated("lease_filings")) == 59


def test_a_later_file_updates_a_record_and_adds_others(deliver: Deliver) -> None:
    deliver("inbox/lease_filings/2026-11-22/a.csv", csv_text([row(1, address="旧址"), row(2)]))
    deliver("inbox/lease_filings/2026-11-23/a.csv", csv_text([row(1, address="新址")]))
    found = service.facts("lease_filings", [keys.person_key(number(1))])
    assert [(f["address"], f["seen_on"], f["source"]) for f in found] == [
        ("新址", "2026-11-01", "lease_filings")
    ]
    assert len(service.facts("lease_filings", [keys.person_key(number(2))])) == 1


def test_a_source_that_knows_nobody_answers_with_nothing(cloud: None) -> None:
    assert service.facts("tax", [keys.person_key(number(1))]) == []


def test_a_snapshot_is_the_whole_truth(deliver: Deliver) -> None:
    snapshot = catalogue.contract("property").model_copy(update={"mode": "snapshot"})
    options = {"contract_of": lambda source: snapshot}
    deliver("inbox/property/2026-11-22/a.csv", csv_text([row(1), row(2)]), **options)
    deliver("inbox/property/2026-11-23/b.csv", csv_text([row(2)]), **options)
    assert [r["record_id"] for r in curated("property")] == ["R00002"]
    assert len(keys_in("curated")) == 1


def test_half_a_snapshot_takes_nothing_away(deliver: Deliver) -> None:
    snapshot = catalogue.contract("property").model_copy(update={"mode": "snapshot"})
    options = {"contract_of": lambda source: snapshot}
    deliver("inbox/property/2026-11-22/a.csv", csv_text([row(1), row(2)]), **options)
    deliver("inbox/property/2026-11-23/b.csv", csv_text([row(2), row(3)])[:-40], **options)
    assert {r["record_id"] for r in curated("property")} == {"R00001", "R00002"}


def test_the_old_register_goes_on_in_pieces(deliver: Deliver) -> None:
    rows = [row(i) for i in range(1, 1203)]
    deliver("inbox/registrations/2026-11-23/old.csv", csv_text(rows))
    told = messages("imports")
    assert sorted((m["piece"], m["of"]) for m in told) == [(1, 2), (2, 2)]
    lines = [json.loads(line) for m in told for line in body_of("linkage", m["key"]).splitlines()]
    assert len({line["record_id"] for line in lines}) == 1202
    assert {"name", "id_number", "phone", "town", "community", "address", "arrived_on", "status"} <= set(
        lines[0]
    )
    assert {line["status"] for line in lines} == {"active"}


def test_an_unknown_town_rejects_a_registration_and_only_warns_elsewhere(deliver: Deliver) -> None:
    rows = [row(1), row(2, town="440699999")]
    assert deliver("inbox/registrations/2026-11-23/a.csv", csv_text(rows)).reasons == {"town_unknown": 1}
    assert deliver(KEY, csv_text(rows)).warnings == {"town_unknown": 1}


def test_a_count_feed_is_reduced_and_its_raw_rows_are_gone(deliver: Deliver) -> None:
    key = "inbox/operator_counts/2026-11-23/day.csv"
    header = ("record_id", "area", "seen_on", "hour", "count")
    rows = [
        ["O1", "440604012001", "2026-11-22", "8", "10"],
        ["O2", "440604012001", "2026-11-22", "8", "5"],
        ["O3", "440604012001", "2026-11-22", "24", "5"],
    ]
    known = next(iter(sorted(service.regions().communities)))
    report = deliver(key, csv_text([[r[0], known, *r[2:]] for r in rows], header))
    assert (report.accepted, report.reasons) == (2, {"number_out_of_range": 1})
    assert [(r["area"], r["hour"], r["count"]) for r in curated("operator_counts")] == [(known, 8, 15)]
    assert keys_in("inbox", "inbox/") == []
    assert messages("comparisons") == []


def test_a_count_feed_with_columns_of_people_keeps_none_of_them_in_repairs(deliver: Deliver) -> None:
    header = ("record_id", "area", "seen_on", "hour", "count", "phone")
    known = next(iter(sorted(service.regions().communities)))
    rows = [
        ["O1", known, "2026-11-22", "8", "1", "19900001234"],
        ["O2", "x", "2026-11-22", "8", "1", "19900001234"],
    ]
    deliver("inbox/operator_counts/2026-11-23/day.csv", csv_text(rows, header))
    assert b"19900001234" not in body_of("inbox", "repairs/operator_counts/2026-11-23/day.csv")


def test_a_file_of_an_unknown_source_is_parked_with_a_report(deliver: Deliver, now: datetime) -> None:
    report = deliver("inbox/horoscopes/2026-11-23/a.csv", csv_text([row(1)]))
    assert report.problem == "source_unknown"
    assert [(p.code, p.where) for p in store.parked(now)] == [
        ("source_unknown", "inbox/horoscopes/2026-11-23/a.csv")
    ]


def test_a_file_over_the_limit_is_refused_and_said_so(deliver: Deliver) -> None:
    assert deliver(KEY, csv_text([row(1)]), limits=Limits(packed=10)).problem == "too_large"


def test_a_key_without_a_place_for_a_report_is_refused(cloud: None, now: datetime, tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        service.receive(service.Delivery(config.bucket("inbox"), "inbox/odd", "1"), now, tmp_path)


def test_a_file_that_is_gone_is_parked(cloud: None, now: datetime, tmp_path: Path) -> None:
    report = service.receive(service.Delivery(config.bucket("inbox"), KEY, "1"), now, tmp_path)
    assert report.problem == "object_gone"
    assert keys_in("inbox", "reports/") == []


def test_mixed_encodings_lose_no_row(deliver: Deliver) -> None:
    lines = csv_text([row(1), row(2), row(3)]).splitlines(keepends=True)
    body = (
        lines[0].encode()
        + lines[1].encode()
        + lines[2].encode("gb18030")
        + lines[3].encode()[:9]
        + b"\xff\xff,\n"
    )
    report = deliver(KEY, body)
    assert (report.received, report.accepted) == (3, 2)
    assert report.reasons == {"undecodable": 1}


def test_a_repaired_file_can_be_delivered_as_it_is(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1), row(2, seen_on="2026-02-30")]))
    broken = body_of("inbox", "repairs/lease_filings/2026-11-23/november.csv").decode()
    report = deliver("inbox/lease_filings/2026-11-23/fixed.csv", broken.replace("2026-02-30", "2026-02-28"))
    assert (report.received, report.accepted) == (1, 1)
    assert len(curated("lease_filings")) == 2


def test_a_repeated_record_in_one_file_counts_once_and_the_later_row_wins(deliver: Deliver) -> None:
    report = deliver(KEY, csv_text([row(1, address="旧"), row(1, address="新")]))
    assert (report.accepted, report.warnings) == (2, {"record_id_repeated": 1})
    assert [r["address"] for r in curated("lease_filings")] == ["新"]


def test_chinese_titles_do_for_a_header(deliver: Deliver) -> None:
    titles = {c.name: c.zh for c in catalogue.contract("lease_filings").columns}
    report = deliver(KEY, csv_text([row(1)], tuple(titles[name] for name in HEADER)))
    assert report.accepted == 1


def test_addresses_are_kept_in_parts_and_without_a_list_unmatched(deliver: Deliver) -> None:
    deliver(KEY, csv_text([row(1, address="佛山市禅城区季华五路10号3幢502室"), row(2, address="")]))
    found = {r["record_id"]: r for r in curated("lease_filings")}
    parts = [found["R00001"][f"address_{part}"] for part in ("road", "number", "building", "room")]
    assert parts == ["季华五路", "10", "3栋", "502"]
    assert (found["R00001"]["place_building"], found["R00001"]["place_score"]) == (None, 0.0)
    assert (found["R00002"]["address_road"], found["R00002"]["place_score"]) == (None, None)
