import json
from dataclasses import asdict

import pytest

from bench import engines
from bench.engines import ASSUMED, Line, Run, break_even, figures, fitted, largest, on_emr, on_lambda

PRICES = json.loads(ASSUMED.read_text("utf-8"))
FREE = {"memory": Line(0, 0), "disk": Line(0, 0)}


def run(engine: str, people: int, cpu: float) -> Run:
    return Run(engine, people, people * 3 / 1e6, cpu, 1000.0, 100.0, 1.0, 0.0)


def test_a_line_through_points_on_it_is_that_line() -> None:
    line = fitted([(1.0, 12.0), (2.0, 14.0), (5.0, 20.0)])
    assert (line.at, line.slope, line.over(100)) == pytest.approx((10, 2, 210))


def test_what_does_not_grow_is_not_projected_to_shrink() -> None:
    assert fitted([(1.0, 12.0), (2.0, 10.0)]) == Line(11.0, 0.0)


def test_a_function_is_hindered_by_the_first_of_its_limits() -> None:
    own = {"cpu": Line(0, 40), "memory": Line(0, 512), "disk": Line(0, 100)}
    assert on_lambda(own, 19, PRICES).hindered == ""
    assert on_lambda(own, 21, PRICES).hindered == "memory"
    assert on_lambda(own, 200, PRICES).hindered == "seconds, memory, disk"
    assert largest(own, 2.0 / 1e6, PRICES) == 10_000_000


def test_a_functions_price_is_that_of_its_gigabytes_and_seconds() -> None:
    cost = on_lambda({"cpu": Line(0, 1), **FREE}, 6 * 0.67 * 100, PRICES)
    assert cost.used["gb_s"] == pytest.approx(1000)
    assert cost.money == pytest.approx(1000 * PRICES["lambda"]["usd_per_gb_s"])


def test_a_jobs_price_is_that_of_booked_processors_with_their_memory() -> None:
    cost = on_emr({"cpu": Line(0, 1), **FREE}, 1800, PRICES)
    assert (cost.used["vcpu_h"], cost.used["gb_h"]) == pytest.approx((1, 4))
    assert cost.money == pytest.approx(0.0526 + 4 * 0.0058)


def test_the_engines_break_even_where_the_dearer_start_is_made_up() -> None:
    cheap_start = {"cpu": Line(0, 100), **FREE}
    cheap_slope = {"cpu": Line(1000, 1), **FREE}
    rows = break_even({"duckdb": cheap_start, "spark": cheap_slope}, PRICES)
    assert rows is not None
    assert on_lambda(cheap_start, rows, PRICES).money == pytest.approx(
        on_emr(cheap_slope, rows, PRICES).money
    )
    assert break_even({"duckdb": cheap_slope, "spark": cheap_start}, PRICES) is None


def test_every_figure_of_two_engines_is_told_beside_the_other() -> None:
    runs = [
        run(e, n, cpu * n / 1000) for n in (1000, 2000, 3000) for e, cpu in (("duckdb", 1.0), ("spark", 4.0))
    ]
    agreed = [{"people": 1000, "agreed": 1.0}]
    told = {f.name: f for f in figures({"runs": [asdict(one) for one in runs], "agreed": agreed}, PRICES)}
    assert told["engines.spark.cpu.per_million_rows"].ratio == pytest.approx(4)
    assert told["engines.2000.spark.cpu"].ratio == pytest.approx(4)
    assert {f"engines.projected.{n}M.cost" for n in (5, 50, 380)} <= set(told)
    assert told["engines.break_even"].value == 0
    assert engines.PEOPLE == (5_000_000, 50_000_000, 380_000_000)
