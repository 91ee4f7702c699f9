"""How two nodes are compared: one comparison for each thing that is known of people, made for Chinese data.

Each comparison is a list of levels from the most to the least alike; Splink learns how often a level is seen
among pairs of one person (m) and of two people (u). A level's condition is SQL over the columns of table
``nodes``. Its reasons are the words in which a pair tells why, in Chinese and in English.
"""

from typing import Any, Final, NamedTuple


class Level(NamedTuple):
    """A degree of likeness; ``zh`` and ``en`` say it in a pair's reasons."""

    name: str
    condition: str
    zh: str
    en: str
    frequent: str = ""  # the column whose frequent values say less


def differing(left: str, right: str) -> str:
    """In how many of the first five places two names differ; longer names are compared as far."""
    places = (f"CAST(substr({left}, {i}, 1) <> substr({right}, {i}, 1) AS INTEGER)" for i in range(1, 6))
    return f"({' + '.join(places)})"


_LONG = "greatest(length(plain_l), length(plain_r)) >= 3"
_HIDDEN = "plain_l LIKE replace(plain_r, '*', '_') OR plain_r LIKE replace(plain_l, '*', '_')"
_SAME_LENGTH = "length(plain_l) = length(plain_r) AND length(plain_l) >= 3"
_TURNED = "list_sort(string_split(sound_l, '')) = list_sort(string_split(sound_r, ''))"
_GIVEN = "substr(sound_l, 2) = substr(sound_r, 2)"
_DAYS = {
    "turned": "birth_l // 10000 = birth_r // 10000 AND (birth_l // 100) % 100 = birth_r % 100"
    " AND birth_l % 100 = (birth_r // 100) % 100",
    "digit": "hamming(CAST(birth_l AS VARCHAR), CAST(birth_r AS VARCHAR)) = 1",
    "year": "birth_l % 10000 = birth_r % 10000 AND abs(birth_l - birth_r) = 10000",
    "month": "birth_l // 100 = birth_r // 100",
}
_STARS = "contains(digits_l, '*') OR contains(digits_r, '*')"
_FITS = "(digits_l LIKE replace(digits_r, '*', '_') OR digits_r LIKE replace(digits_l, '*', '_'))"
_SAME_PHONE = "phone1_l = phone1_r OR list_has_any(phones_l, phones_r)"
_SAME_LINE = "list_has_any(lines_l, lines_r)"
_SAME_ROOM = "room1_l = room1_r OR list_has_any(rooms_l, rooms_r)"
_SAME_HOUSE = "list_has_any(buildings_l, buildings_r)"
# Who shares a phone most often shares a home, as families do, and who shares a firm's line its dormitory. So the
# address is weighed given the phone: among people who share one, living together tells little.
PHONE_KINDS: Final = ("same", "line", "other")


def _address_levels() -> tuple[Level, ...]:
    made = []
    for kind, given in zip(PHONE_KINDS, (f"({_SAME_PHONE}) AND ", f"{_SAME_LINE} AND ", ""), strict=True):
        made += [
            Level(f"room_{kind}", f"{given}({_SAME_ROOM})", "住址同一房间", "same room"),
            Level(
                f"hall_{kind}",
                f"{given}list_has_any(halls_l, halls_r) AND (rooms_l IS NULL OR rooms_r IS NULL)",
                "住址同一大楼或宿舍",
                "same large building, a room is missing",
            ),
            Level(
                f"building_{kind}",
                f"{given}{_SAME_HOUSE} AND (rooms_l IS NULL OR rooms_r IS NULL)",
                "住址同一楼栋",
                "same building, a room is missing",
            ),
            Level(f"neighbour_{kind}", f"{given}{_SAME_HOUSE}", "同楼不同房", "same building, other room"),
            Level(f"other_{kind}", given.removesuffix(" AND "), "住址不同", "different addresses"),
        ]
    return tuple(made)


COMPARISONS: Final[dict[str, tuple[str, tuple[Level, ...]]]] = {
    "name": (
        "plain_l IS NULL OR plain_r IS NULL",
        (
            Level("same", "plain_l = plain_r", "姓名相同", "same name", "plain"),
            Level(
                "heard",
                "sound_l = sound_r OR look_l = look_r",
                "姓名同音或形近",
                "names sound or look alike",
                "plain",
            ),
            Level("turned", f"{_LONG} AND {_TURNED}", "姓名字序不同", "same name, characters turned"),
            Level(
                "slip",
                f"({_LONG} AND surname_l = surname_r AND {differing('sound_l', 'sound_r')} <= 1) OR {_HIDDEN}",
                "姓名差一字",
                "names differ in one character",
            ),
            Level("given", f"{_SAME_LENGTH} AND {_GIVEN}", "名相同姓不同", "same given name"),
            Level("surname", "surname_l = surname_r", "同姓", "same surname only"),
            Level("other", "", "姓名不同", "different names"),
        ),
    ),
    "birth": (
        "birth_l IS NULL OR birth_r IS NULL",
        (
            Level("same", "birth_l = birth_r", "出生日期相同", "same birth date", "birth"),
            Level(
                "near",
                f"({_DAYS['turned']}) OR ({_DAYS['year']}) OR {_DAYS['digit']}",
                "出生日期差一位",
                "birth dates differ by one slip",
            ),
            Level("month", _DAYS["month"], "出生年月相同", "same month of birth"),
            Level("other", "", "出生日期不同", "different birth dates"),
        ),
    ),
    "sex": (
        "male_l IS NULL OR male_r IS NULL",
        (
            Level("same", "male_l = male_r", "性别相同", "same sex"),
            Level("other", "", "性别不同", "different sex"),
        ),
    ),
    "phone": (
        "NOT coalesce(list_has_any(lines_l, lines_r), false) AND (phones_l IS NULL OR phones_r IS NULL)",
        (
            Level("same", _SAME_PHONE, "手机号相同", "same phone"),
            Level("line", _SAME_LINE, "同用一个单位电话", "same shared phone"),
            Level("other", "", "手机号不同", "different phones"),
        ),
    ),
    "address": ("buildings_l IS NULL OR buildings_r IS NULL", _address_levels()),
    "number": (
        f"digits_l IS NULL OR digits_r IS NULL OR (({_STARS}) AND length(digits_l) <> length(digits_r))",
        (
            Level(
                "slip",
                f"NOT ({_STARS}) AND damerau_levenshtein(digits_l, digits_r) <= 1",
                "证件号差一位",
                "numbers differ by one slip",
            ),
            Level("masked", f"({_STARS}) AND {_FITS}", "证件号未遮挡部分相同", "visible digits agree"),
            Level("other", "", "证件号不同", "different numbers"),
        ),
    ),
    "lists": (
        "lists_l = 0 OR lists_r = 0",
        (
            Level("apart", "lists_l & lists_r = 0", "来自不同部门", "known to different departments"),
            Level("twice", "", "同一部门已有此人记录", "a department has the person already"),
        ),
    ),
}


# Too rare among random pairs to be sampled: two people's numbers that differ by one slip, or agree where they
# are not masked (six to ten digits). Stated instead of estimated.
_STATED: Final = {"number": {"slip": 1e-9, "masked": 1e-6, "other": 1 - 1e-6 - 1e-9}}


def settings(without: str = "") -> dict[str, Any]:
    """The untrained model as Splink's settings: one table of nodes, pairs given from outside."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "node",
        "comparisons": [comparison(name) for name in COMPARISONS if name != without],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "em_convergence": 0.0001,
        "max_iterations": 50,
    }


def comparison(name: str) -> dict[str, Any]:
    """One comparison as Splink's settings."""
    unknown, levels = COMPARISONS[name]
    made = [{"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True}]
    for level in levels:
        one: dict[str, Any] = {
            "sql_condition": level.condition or "ELSE",
            "label_for_charts": level.name,
        }
        if level.frequent:
            one |= {"tf_adjustment_column": level.frequent, "tf_adjustment_weight": 1.0}
        if name in _STATED:
            one |= {"u_probability": _STATED[name][level.name], "fix_u_probability": True}
        made.append(one)
    return {"output_column_name": name, "comparison_levels": made}
