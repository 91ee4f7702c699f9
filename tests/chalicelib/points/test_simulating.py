"""A change of policy tried on a pool: who gains and who loses, only as groups that are large enough."""

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from chalicelib.errors import Invalid
from chalicelib.points import __main__ as command
from chalicelib.points import bulk, editions, service, simulating
from chalicelib.points.model import Policy
from chalicelib.points.views import Simulation
from simulation import applicants
from tests.chalicelib.points.test_bulk import answers_of

ON = date(2026, 5, 30)
RUN = bulk.Run(ON, threads=1, memory="500MB")
PEOPLE = 2000


def key(applicant: str) -> int:
    """A stable number that is none of a person's."""
    return int(applicant[1:]) * 2_654_435_761 % 2**32


def changed(**thresholds: int) -> tuple[dict[str, Any], Policy]:
    document = applicants.document("demo-2026")
    document["version"] = "2"
    for scope, threshold in thresholds.items():
        document["scopes"][scope]["threshold"] = threshold
    document["indicators"][0]["values"]["本科"]["points"] = 50
    document["indicators"][4]["points"] = 8  # Years of registered residence: 6 before.
    return document, editions.read(json.dumps(document))


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pool") / "pool.parquet"
    pq.write_table(applicants.pool(applicants.document("demo-2026"), PEOPLE, 5, ON), path)
    return path


@pytest.fixture(scope="module")
def found(pool: Path) -> Simulation:
    old, (_, new) = service.policy("demo-2026", "1"), changed(school=70)
    return simulating.simulate(old, new, pool, RUN, simulating.Wanted("school"), key)


def test_the_changed_weights_and_thresholds_are_named(found: Simulation) -> None:
    told = {each.at: (each.before, each.after) for each in found.changes}
    assert told == {
        "/scopes/school/threshold": ("40", "70"),
        "/indicators/A1.1/values/本科/points": ("70", "50"),
        "/indicators/A3.1/points": ("6", "8"),
    }


def test_gains_and_losses_are_those_of_the_explaining_executor_but_for_the_noise(
    found: Simulation, pool: Path
) -> None:
    old, (_, new) = service.policy("demo-2026", "1"), changed(school=70)
    truth: Counter[str] = Counter()
    for row in pq.read_table(pool).slice(0, PEOPLE).to_pylist():
        answers = answers_of(old, "school", row)
        before, after = (
            service.score(each, "school", answers, ON, region=row["region"]) for each in (old, new)
        )
        if before.eligible != after.eligible:
            truth["reaches" if after.eligible else "drops_out"] += 1
        else:
            truth[
                "gains" if after.total > before.total else "loses" if after.total < before.total else "same"
            ] += 1
    city = [each for each in found.effects if each.region == "440600" and each.outcome != "all"]
    shown: Counter[str] = Counter()
    for each in city:
        assert each.people is not None
        shown[each.outcome] += each.people
    assert len(truth) == 4 and "reaches" not in truth
    noise = {outcome: 4 * sum(each.outcome == outcome for each in city) for outcome in (*truth, "other")}
    for outcome, count in truth.items():
        assert (
            count - shown["other"] - noise["other"] - noise[outcome]
            <= shown[outcome]
            <= count + noise[outcome]
        )
    assert shown["other"] < PEOPLE / 10 and shown["gains"] > 500 and shown["loses"] > 50


def test_no_count_under_ten_leaves(found: Simulation) -> None:
    assert found.k == 10 and len({each.region for each in found.effects}) == 6
    for each in found.effects:
        assert each.suppressed == (each.people is None)
        assert each.people is None or each.people == 0 or each.people >= found.k - 4
    assert any(each.suppressed for each in found.effects)


def test_the_same_people_carry_the_same_noise_each_time(found: Simulation, pool: Path) -> None:
    old, (_, new) = service.policy("demo-2026", "1"), changed(school=70)
    again = simulating.simulate(old, new, pool, RUN, simulating.Wanted("school"), key)
    assert again == found


def test_cut_offs_before_and_after_are_those_of_the_quota(pool: Path, tmp_path: Path) -> None:
    old = service.policy("demo-2026", "1")
    document, _ = changed()
    document["scopes"]["hukou"]["quotas"] = {"440600": 100}
    new = editions.read(json.dumps(document))
    found = simulating.simulate(old, new, pool, RUN, simulating.Wanted("hukou"), key)
    bulk.rank(new, pool, tmp_path, RUN)
    admitted = [
        row["total"] for row in pq.read_table(tmp_path / "hukou.parquet").to_pylist() if row["admitted"]
    ]
    (cut,) = found.cut_offs
    assert (cut.area, cut.before, cut.after) == ("440600", 60, min(admitted))
    lost = sum(
        each.people or 0 for each in found.effects if each.region == "440600" and each.outcome == "drops_out"
    )
    assert lost > PEOPLE / 3


def test_an_area_of_few_has_no_cut_off(pool: Path) -> None:
    old, (_, new) = service.policy("demo-2026", "1"), changed()
    found = simulating.simulate(old, new, pool, RUN, simulating.Wanted("school"), key)
    few = [each for each in found.cut_offs if each.before is None]
    assert few and len(found.cut_offs) > 100


def test_rare_groups_are_put_together_until_they_are_many() -> None:
    table = {
        ("a|gains", "440604"): list(range(500)),
        ("a|loses", "440604"): [1, 2],
        ("b|loses", "440605"): [3],
    }
    found = simulating.collapsed(table)
    assert {group: len(keys) for (group, _), keys in found.items() if group.startswith("*")} != {}
    sizes: Counter[str] = Counter()
    for (group, _), keys in found.items():
        sizes[group] += len(keys)
    assert sum(sizes.values()) == 503 and all(count >= 10 for count in sizes.values())


def test_an_unknown_group_is_refused(pool: Path) -> None:
    old, (_, new) = service.policy("demo-2026", "1"), changed()
    with pytest.raises(Invalid):
        simulating.simulate(old, new, pool, RUN, simulating.Wanted("school", by="A2.1"), key)


def test_the_command_tells_changes_effects_and_cut_offs(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, _ = changed(hukou=90)
    (tmp_path / "new.json").write_text(json.dumps(document), "utf-8")
    arguments = ["simulate", "demo-2026", str(tmp_path / "new.json"), str(pool), "--as-of", "2026-05-30"]
    assert command.main([*arguments, "--threads", "1"]) == 0
    told = capsys.readouterr().out
    assert "changed /scopes/hukou/threshold: 60 -> 90" in told
    assert "cut-off 440600: 60 -> 90" in told
    assert not any(applicant in told for applicant in pq.read_table(pool)["applicant"].to_pylist()[:50])
    assert command.main([*arguments, "--json"]) == 0
    assert {each["scope"] for each in json.loads(capsys.readouterr().out)} == {"school", "hukou"}
