"""Every rule for joining answers, alone and against what must hold of all of them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.cases.merging import Merge, Outcome, Voice

PASSED, FAILED, UNCLEAR = "passed", "failed", "unclear"


def said(*answers: Any) -> list[Voice]:
    """Voices of departments a, b, c …: an answer, or a value that passes."""
    return [
        Voice(chr(97 + place), "passed", Decimal(answer))
        if _is_number(answer)
        else Voice(chr(97 + place), answer)
        for place, answer in enumerate(answers)
    ]


def _is_number(text: str) -> bool:
    return text.lstrip("-")[0].isdigit()


def rule(name: str, **more: Any) -> Merge:
    return Merge.model_validate({"rule": name, **more})


TABLE: list[tuple[Merge, Sequence[str], str, str | None]] = [
    (rule("single"), [PASSED], PASSED, None),
    (rule("single"), ["3.5"], PASSED, "3.5"),
    (rule("single"), [FAILED], FAILED, None),
    (rule("all_agree"), [PASSED, PASSED], PASSED, None),
    (rule("all_agree"), [FAILED, FAILED], FAILED, None),
    (rule("all_agree"), [PASSED, FAILED], UNCLEAR, None),
    (rule("all_agree"), [PASSED, UNCLEAR], UNCLEAR, None),
    (rule("highest"), ["10", "30", FAILED], PASSED, "30"),
    (rule("highest"), ["10", UNCLEAR], UNCLEAR, "10"),
    (rule("highest"), [FAILED, FAILED], FAILED, None),
    (rule("highest", at_least="20"), ["10", "30", UNCLEAR], PASSED, "30"),
    (rule("highest", at_least="20"), ["10", UNCLEAR], UNCLEAR, "10"),
    (rule("highest", at_least="20"), ["10", FAILED], FAILED, "10"),
    (rule("sum"), ["0.1", "0.2", FAILED], PASSED, "0.3"),
    (rule("sum"), ["10", UNCLEAR], UNCLEAR, None),
    (rule("sum"), [FAILED, FAILED], FAILED, "0"),
    (rule("sum", at_least="60"), ["40", "20"], PASSED, "60"),
    (rule("sum", at_least="60"), ["70", "-20"], FAILED, "50"),
    (rule("quorum", quorum=2), [PASSED, FAILED, PASSED], PASSED, None),
    (rule("quorum", quorum=2), [PASSED, UNCLEAR, FAILED], UNCLEAR, None),
    (rule("quorum", quorum=2), [PASSED, FAILED, FAILED], FAILED, None),
    (rule("veto"), [PASSED, PASSED], PASSED, None),
    (rule("veto"), [PASSED, FAILED], FAILED, None),
    (rule("veto"), [PASSED, UNCLEAR], UNCLEAR, None),
    (rule("veto", vetoes=["a"]), [PASSED, FAILED], PASSED, None),
    (rule("veto", vetoes=["a"]), [FAILED, PASSED], FAILED, None),
    (rule("veto", vetoes=["b"]), [UNCLEAR, PASSED], PASSED, None),
]


@pytest.mark.parametrize(("merge", "answers", "answer", "value"), TABLE)
def test_what_answers_come_to(merge: Merge, answers: Sequence[str], answer: str, value: str | None) -> None:
    assert merge.join(said(*answers)) == Outcome(answer, None if value is None else Decimal(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "majority"},
        {"rule": "quorum"},
        {"rule": "all_agree", "quorum": 2},
        {"rule": "veto", "at_least": "3"},
        {"rule": "sum", "vetoes": ["a"]},
        {"rule": "veto", "vetoes": []},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_when_it_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Merge.model_validate(wrong)


@pytest.mark.parametrize(
    ("merge", "names"),
    [
        (rule("single"), ["a", "b"]),
        (rule("quorum", quorum=3), ["a", "b"]),
        (rule("veto", vetoes=["z"]), ["a"]),
    ],
)
def test_a_rule_that_cannot_join_these_departments_is_refused(merge: Merge, names: list[str]) -> None:
    with pytest.raises(ValueError):
        merge.require_voices(names)


VALUES = st.decimals(min_value=-(10**12), max_value=10**12, places=6)
VOICES = st.lists(
    st.one_of(
        st.builds(lambda v: ("passed", v), VALUES),
        st.sampled_from([("failed", None), ("unclear", None)]),
    ),
    min_size=1,
    max_size=60,
).map(lambda said: [Voice(f"d{place}", answer, value) for place, (answer, value) in enumerate(said)])  # type: ignore[arg-type]


@st.composite
def rules(draw: st.DrawFn, size: int) -> Merge:
    name = draw(st.sampled_from(["highest", "all_agree", "sum", "quorum", "veto"]))
    more: dict[str, Any] = {}
    if name == "quorum":
        more["quorum"] = draw(st.integers(1, size))
    if name in ("highest", "sum"):
        more["at_least"] = draw(st.none() | VALUES)
    if name == "veto":
        more["vetoes"] = draw(st.none() | st.lists(st.integers(0, size - 1).map("d{}".format), min_size=1))
    return Merge.model_validate({"rule": name, **more})


@given(st.data(), VOICES)
def test_the_order_of_answers_never_matters(data: st.DataObject, voices: list[Voice]) -> None:
    merge = data.draw(rules(len(voices)))
    shuffled = data.draw(st.permutations(voices))
    assert merge.join(shuffled) == merge.join(voices)


@given(st.data(), VOICES)
def test_what_is_unclear_never_decides_against_anybody(data: st.DataObject, voices: list[Voice]) -> None:
    """Where the rule says failed or passed, no answer in place of an unclear one would say otherwise."""
    merge = data.draw(rules(len(voices)))
    before = merge.join(voices)
    settled = [
        Voice(v.who, *data.draw(st.sampled_from([("passed", Decimal(10**13)), ("failed", None)])))  # type: ignore[arg-type]
        if v.answer == "unclear"
        else v
        for v in voices
    ]
    after = merge.join(settled)
    if before.answer == "failed":
        assert after.answer == "failed"
    if before.answer == "passed":
        assert after.answer == "passed"
    assert after.answer != "unclear" or merge.rule == "all_agree"


@given(st.lists(VALUES, min_size=1, max_size=300))
def test_sums_of_hundreds_are_exact(values: list[Decimal]) -> None:
    outcome = rule("sum").join([Voice(f"d{n}", "passed", value) for n, value in enumerate(values)])
    assert outcome.value is not None
    assert int(outcome.value * 10**6) == sum(int(value * 10**6) for value in values)
