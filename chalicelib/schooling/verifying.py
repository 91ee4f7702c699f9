"""What the education department's roll says to an application: agreement, or a reason for a person to look. Pure but for what it is handed."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from chalicelib import clock
from chalicelib.cases.model import Case, Receipt
from chalicelib.residence.model import Finding
from chalicelib.schooling.model import ROLL_DAYS, School
from chalicelib.schooling.policy import GradeRule
from chalicelib.shapes import Title

ROLLS: Final = "school_rolls"
_SAID: Final = {
    "kin_household": ("居住登记显示儿童为申请人同户子女", "The register has the child in the applicant's household"),
    "kin_points": ("申请人为该儿童提出的积分申请已通过", "The applicant's points application for this child was accepted"),
    "no_kin": ("登记中没有显示亲子关系，由工作人员核对证明", "No record shows whose child it is; a person will look at the paper"),
    "age": ("年龄符合入学规定", "Of the age for this grade"),
    "age_unusual": ("年龄与年级不相符，由工作人员核对", "An unusual age for this grade; a person will look"),
    "sibling": ("学籍显示兄弟姐妹在该校就读", "The roll has the brother or sister at the school"),
    "no_sibling": ("没有查到兄弟姐妹在该校的学籍，由工作人员核对", "The roll does not have the brother or sister there; a person will look"),
    "sixth_grade": ("学籍显示在读六年级", "The roll has the child in grade 6"),
    "no_sixth_grade": ("没有查到六年级学籍，由工作人员核对", "The roll does not have the child in grade 6; a person will look"),
}  # fmt: skip
_PASSED: Final = frozenset({"kin_household", "kin_points", "age", "sibling", "sixth_grade"})


def finding(code: str, case: Case, source: str | None = None, record: str | None = None) -> Finding:
    """The finding of a code with its receipt, in words."""
    zh, en = _SAID[code]
    receipt = Receipt(
        rule=f"school_{code}",
        version=case.kind_version,
        source=source,
        record_date=date.fromisoformat(record) if record else None,
        said=Title.model_validate({"zh-CN": zh, "en": en}),
    )
    return Finding(result="passed" if code in _PASSED else "person", reason=code, receipt=receipt)


def age(case: Case, born: date | None, rule: GradeRule) -> Finding:
    """Whether the child has the grade's age; one who is much older is for a person, never refused."""
    year = int(case.payload["year"])
    fits = born is not None and rule.old_enough(born, year) and rule.age(born, year) <= rule.most_years
    return finding("age" if fits else "age_unusual", case)


def siblings(
    case: Case, rolls: Mapping[str, Iterable[Mapping[str, Any]]], schools: Mapping[str, School]
) -> Finding:
    """Whether the roll has every sibling at the school that was named. ``rolls``: each sibling's records by person id."""
    seen = []
    for claim in case.payload["siblings"]:
        school = schools.get(claim["school"])
        names = {school.name.zh, school.name.en} if school else set()
        found = [roll for roll in _recent(case, rolls[claim["person"]]) if roll.get("school") in names]
        if not found:
            return finding("no_sibling", case)
        seen.append(max(str(roll["seen_on"]) for roll in found))
    return finding("sibling", case, ROLLS, min(seen))


def sixth_grade(case: Case, rolls: Iterable[Mapping[str, Any]]) -> Finding:
    """Whether the child finishes primary school here this year."""
    found = [str(roll["seen_on"]) for roll in _recent(case, rolls) if roll.get("grade") == 6]
    return finding("sixth_grade", case, ROLLS, max(found)) if found else finding("no_sixth_grade", case)


def _recent(case: Case, rolls: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    oldest = (clock.local_date(case.submitted_at) - timedelta(days=ROLL_DAYS)).isoformat()
    return [roll for roll in rolls if str(roll.get("seen_on") or "") >= oldest]
