"""The further columns of each source, as README lists them: clean, and fitting to the person."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from simulation import facts, identity, names, text
from simulation.extracts import Rows
from simulation.moves import HOUSING, NEVER
from simulation.text import Ints, Mask

type Columns = dict[str, pa.Array]
type Random = np.random.Generator


def particulars(rows: Rows, rng: Random) -> Columns:
    """The further columns of the rows' source."""
    return COLUMNS[rows.source.name](rows, rng)


def _since(rows: Rows, rng: Random, most: int = 2500) -> Ints:
    """A day between arrival (or `most` days back) and the day seen."""
    arrived = np.maximum(rows.of(rows.chunk.stays.arrived), rows.seen - most)
    return arrived + ((rows.seen - arrived) * rng.random(len(rows))).astype(np.int64)


def _employer(rows: Rows) -> pa.StringArray:
    firm = rows.of(rows.chunk.employer)
    return text.fixed(rows.chunk.city.employers.codes[np.maximum(firm, 0)], firm >= 0)


def _employer_name(rows: Rows) -> pa.StringArray:
    firm = rows.of(rows.chunk.employer)
    return text.blanked(text.pick(rows.chunk.city.employers.names, np.maximum(firm, 0)), firm < 0)


def _ended(rows: Rows) -> Mask:
    return np.asarray(rows.of(rows.chunk.stays.departed) < NEVER)


def _registrations(rows: Rows, rng: Random) -> Columns:
    chunk, stays, places = rows.chunk, rows.chunk.stays, rows.chunk.city.places
    told = stays.told_departure[rows.who]
    address_code = places.codes(rows.building, places.slot(rows.room, rows.building))
    return {
        "community": text.pick(places.community_codes, places.buildings.community[rows.building]),
        "address_code": text.blanked(address_code, rng.random(len(rows)) < 0.3),
        "arrived_on": text.days(rows.of(stays.arrived)),
        "housing": text.pick(HOUSING, rows.of(stays.housing)),
        "registered_on": text.days(rows.of(stays.registered_on)),
        "status": text.pick(["active", "departed"], told.astype(np.int64)),
        "left_on": text.days(np.where(told, stays.departed[rows.who], chunk.city.plan.today), told),
    }


def _social_security(rows: Rows, rng: Random) -> Columns:
    kinds = ["养老;医疗;失业;工伤;生育", "养老;医疗;失业;工伤", "医疗;工伤", "工伤"]
    return {
        "employer_code": _employer(rows),
        "employer_name": _employer_name(rows),
        "insured_from": text.days(_since(rows, rng)),
        "insured_to": text.days(rows.seen, _ended(rows)),
        "kinds": text.pick(kinds, rng.choice(4, len(rows), p=[0.7, 0.1, 0.1, 0.1])),
    }


def _employment(rows: Rows, rng: Random) -> Columns:
    industries = facts.table("work")["industries"]
    firm = np.maximum(rows.of(rows.chunk.employer), 0)
    industry = rows.chunk.city.employers.industry[firm]
    counts = np.array([len(row[2]) for row in industries])
    starts = np.cumsum(counts) - counts
    trade = starts[industry] + (rng.random(len(rows)) * counts[industry]).astype(np.int64)
    return {
        "employer_code": _employer(rows),
        "employer_name": _employer_name(rows),
        "industry": text.pick([row[0] for row in industries], industry),
        "occupation": text.pick([word for row in industries for word in row[2]], trade),
        "hired_on": text.days(_since(rows, rng, 2000)),
        "left_on": text.days(rows.seen, _ended(rows)),
    }


def _housing_fund(rows: Rows, rng: Random) -> Columns:
    return {
        "employer_code": _employer(rows),
        "opened_on": text.days(_since(rows, rng)),
        "last_paid_month": text.days(rows.seen, unit="M"),
        "status": text.pick(["active", "sealed"], _ended(rows).astype(np.int64)),
    }


def _school_rolls(rows: Rows, rng: Random) -> Columns:
    chunk, people = rows.chunk, rows.chunk.people
    head = chunk.households.start[people.household[rows.who]]
    seen_year = text.years(rows.seen - 243)  # a school year begins on 1 September
    birth_year = text.years(people.birth[rows.who] + 122)  # born after 31 August counts for the next year
    grade = np.clip(seen_year - birth_year - 5, 1, 12)
    towns = facts.towns()
    levels = ["实验小学", "中心小学", "外国语小学", "初级中学", "实验中学", "高级中学"]
    level = np.where(
        grade <= 6, rng.integers(0, 3, len(rows)), np.where(grade <= 9, rng.integers(3, 5, len(rows)), 5)
    )
    school = text.joined(
        text.pick([row["name"] for row in towns], chunk.city.places.buildings.town[rows.building])
    )
    began = np.maximum(
        rows.seen - (rng.random(len(rows)) * 700).astype(np.int64), rows.of(chunk.stays.arrived)
    )
    return {
        "school": text.joined(school, text.pick(levels, level)),
        "grade": text.numbers(grade),
        "class_number": text.numbers(rng.integers(1, 13, len(rows))),
        "enrolled_on": text.days(np.minimum(began, rows.seen)),
        "guardian_name": names.names().full(people.surname[head], people.given[head]),
        "guardian_phone": text.fixed(chunk.phone_now[head]),
    }


def _health_service(rows: Rows, rng: Random) -> Columns:
    town = text.pick(
        [row["name"] for row in facts.towns()], rows.chunk.city.places.buildings.town[rows.building]
    )
    return {"facility": text.joined(town, "社区卫生服务中心"), "enrolled_on": text.days(_since(rows, rng))}


def _lease_filings(rows: Rows, rng: Random) -> Columns:
    start = np.maximum(_since(rows, rng, 365), rows.seen - 365)
    rent = (300 + rng.gamma(3.0, 260.0, len(rows))).astype(np.int64) // 10 * 10
    landlord = names.names().full(
        names.names().draw_surnames(rng, len(rows), np.zeros(len(rows), dtype=bool)),
        names.names().draw_given(rng, rng.random(len(rows)) < 0.6, np.full(len(rows), -1500)),
    )
    return {
        "filing_number": text.coded("FSZL", np.arange(len(rows)) + rows.chunk.index * 1_000_000 + 1, 10),
        "landlord_name": landlord,
        "landlord_phone": text.fixed(identity.phones(rows.building, 154, rows.chunk.city.plan.seed)),
        "rent_fen": text.numbers(rent * 100),
        "deposit_fen": text.numbers(rent * 100 * rng.integers(1, 3, len(rows))),
        "area_m2": _area(rng, len(rows), 15, 70),
        "start_on": text.days(start),
        "end_on": text.days(start + rng.choice([182, 365, 730], len(rows), p=[0.3, 0.6, 0.1])),
    }


def _area(rng: Random, count: int, low: int, span: int) -> pa.Array:
    return pa.array(np.round(low + span * rng.beta(1.5, 3, count), 1))


def _tax(rows: Rows, rng: Random) -> Columns:
    first = np.maximum(_since(rows, rng, 700), rows.seen - 330)
    months = (rows.seen - first) // 31 + 1
    return {
        "employer_code": _employer(rows),
        "first_month": text.days(first, unit="M"),
        "last_month": text.days(rows.seen, unit="M"),
        "months_paid": text.numbers(np.maximum(1, months - rng.integers(0, 2, len(rows)))),
    }


def _education_records(rows: Rows, rng: Random) -> Columns:
    levels = ["初中", "高中/中技/中职", "大专", "本科及以上"]
    level = rng.choice(4, len(rows), p=[0.25, 0.35, 0.25, 0.15])
    finished = rows.of(rows.chunk.people.birth) + (np.array([16, 18, 21, 22])[level] * 365.25).astype(
        np.int64
    )
    return {"level": text.pick(levels, level), "graduated_on": text.days(np.minimum(finished, rows.seen))}


def _skills(rows: Rows, rng: Random) -> Columns:
    grades = ["初级工", "中级工", "高级工", "技师", "高级技师"]
    trades = ["电工", "焊工", "钳工", "叉车司机", "育婴员", "中式烹调师", "汽车维修工", "保育师"]
    return {
        "certificate": text.pick(grades, rng.choice(5, len(rows), p=[0.3, 0.36, 0.24, 0.08, 0.02])),
        "trade": text.pick(trades, rng.integers(0, len(trades), len(rows))),
        "issued_on": text.days(_since(rows, rng)),
    }


def _civil_affairs(rows: Rows, rng: Random) -> Columns:
    event = (rng.random(len(rows)) < 0.25).astype(np.int64)
    return {"event": text.pick(["结婚登记", "离婚登记"], event), "registered_on": text.days(rows.seen)}


def _volunteering(rows: Rows, rng: Random) -> Columns:
    town = text.pick(
        [row["name"] for row in facts.towns()], rows.chunk.city.places.buildings.town[rows.building]
    )
    return {
        "team": text.joined(town, "志愿服务队"),
        "hours": text.numbers(1 + rng.gamma(1.2, 22, len(rows)).astype(np.int64)),
        "last_service_on": text.days(rows.seen),
    }


def _blood_donation(rows: Rows, rng: Random) -> Columns:
    times = 1 + rng.poisson(0.8, len(rows))
    volume = times * rng.choice([200, 300, 400], len(rows), p=[0.3, 0.2, 0.5])
    return {
        "times": text.numbers(times),
        "volume_ml": text.numbers(volume),
        "last_donated_on": text.days(rows.seen),
    }


def _property(rows: Rows, rng: Random) -> Columns:
    return {
        "title_number": text.coded("YFSBDC", np.arange(len(rows)) + rows.chunk.index * 1_000_000 + 1, 9),
        "acquired_on": text.days(_since(rows, rng, 4000)),
        "area_m2": _area(rng, len(rows), 45, 110),
        "share_percent": text.numbers(rng.choice([100, 50], len(rows), p=[0.6, 0.4])),
        "use": text.pick(["住宅"], np.zeros(len(rows), dtype=np.int64)),
    }


COLUMNS: dict[str, Callable[[Rows, Random], Columns]] = {
    "registrations": _registrations,
    "social_security": _social_security,
    "employment": _employment,
    "housing_fund": _housing_fund,
    "school_rolls": _school_rolls,
    "health_service": _health_service,
    "lease_filings": _lease_filings,
    "tax": _tax,
    "education_records": _education_records,
    "skills": _skills,
    "civil_affairs": _civil_affairs,
    "volunteering": _volunteering,
    "blood_donation": _blood_donation,
    "property": _property,
}
