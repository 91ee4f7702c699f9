"""How several answers become one: the departments' answers of a check, and the checks of a case. Pure.

Every answer is ``passed``, ``failed`` or ``unclear`` (the department cannot tell). What nobody has answered
is not merged at all: silence is waited for, by a person in the end, and never counts against anybody.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from pydantic import Field, model_validator

from chalicelib.shapes import Shape

Answer = Literal["passed", "failed", "unclear"]
Rule = Literal["single", "highest", "all_agree", "sum", "quorum", "veto"]
WITH_VALUES: Final = ("highest", "sum")


class Voice(NamedTuple):
    """One answer: of a department to a check, or of a check to the case. ``value`` is exact."""

    who: str
    answer: Answer
    value: Decimal | None = None


class Outcome(NamedTuple):
    """What the answers come to together."""

    answer: Answer
    value: Decimal | None = None


class Merge(Shape):
    """A rule for joining answers; in a kind's file ``"all_agree"`` or ``{"rule": "quorum", "quorum": 2}``.

    ``quorum`` is how many must pass; ``at_least`` the value that ``highest`` and ``sum`` must reach (any
    value passes without it); ``vetoes`` who may veto (everybody without it).
    """

    rule: Rule
    quorum: int | None = Field(default=None, gt=0)
    at_least: Decimal | None = None
    vetoes: list[str] | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: object) -> object:
        return {"rule": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _fits(self) -> "Merge":
        if (self.rule == "quorum") != (self.quorum is not None):
            raise ValueError("a quorum, and nothing else, says how many")
        if self.at_least is not None and self.rule not in WITH_VALUES:
            raise ValueError("only values can reach a value")
        if self.vetoes is not None and self.rule != "veto":
            raise ValueError("only a veto has holders")
        return self

    @property
    def needs_values(self) -> bool:
        """Whether an answer that passes must carry a value."""
        return self.rule in WITH_VALUES

    def require_voices(self, names: Sequence[str]) -> None:
        """Raise ``ValueError`` when this rule cannot join the answers of these."""
        if self.rule == "single" and len(names) != 1:
            raise ValueError("single is for one answer")
        if self.quorum is not None and self.quorum > len(names):
            raise ValueError("the quorum is larger than all together")
        if loose := set(self.vetoes or []) - set(names):
            raise ValueError(f"a veto for strangers: {sorted(loose)}")

    def join(self, voices: Sequence[Voice]) -> Outcome:
        """What the answers come to. Their order never matters.

        ``failed`` only when no answer that is still ``unclear`` could change that.
        """
        match self.rule:
            case "single":
                (voice,) = voices
                return Outcome(voice.answer, voice.value)
            case "all_agree":
                return _all_agree(voices)
            case "highest":
                return _reached(self, voices, max(_values(voices), default=None))
            case "sum":
                return _summed(self, voices)
            case "quorum":
                return _quorum(self.quorum or 1, voices)
            case "veto":
                return _veto(self.vetoes, voices)


def _all_agree(voices: Sequence[Voice]) -> Outcome:
    """One answer from all is theirs; departments that differ have not answered the question."""
    said = {voice.answer for voice in voices}
    return Outcome(said.pop() if len(said) == 1 else "unclear")


def _values(voices: Sequence[Voice]) -> list[Decimal]:
    return [voice.value for voice in voices if voice.answer == "passed" and voice.value is not None]


def _is_unclear(voices: Sequence[Voice]) -> bool:
    """Whether a value is missing that could still come."""
    return any(v.answer == "unclear" or (v.answer == "passed" and v.value is None) for v in voices)


def _reached(merge: Merge, voices: Sequence[Voice], highest: Decimal | None) -> Outcome:
    """The highest of the values; one that is missing matters only while it could change the answer."""
    enough = highest is not None and (merge.at_least is None or highest >= merge.at_least)
    if enough and (merge.at_least is not None or not _is_unclear(voices)):
        return Outcome("passed", highest)
    return Outcome("unclear" if _is_unclear(voices) else "failed", highest)


def _summed(merge: Merge, voices: Sequence[Voice]) -> Outcome:
    """The sum of the values; it is not known while one is missing, since a value may be a deduction."""
    total = sum(_values(voices), Decimal(0))
    if _is_unclear(voices):
        return Outcome("unclear", None)
    if merge.at_least is None:
        return Outcome("passed" if _values(voices) else "failed", total)
    return Outcome("passed" if total >= merge.at_least else "failed", total)


def _quorum(wanted: int, voices: Sequence[Voice]) -> Outcome:
    passed = sum(voice.answer == "passed" for voice in voices)
    possible = passed + sum(voice.answer == "unclear" for voice in voices)
    if passed >= wanted:
        return Outcome("passed")
    return Outcome("failed" if possible < wanted else "unclear")


def _veto(holders: Sequence[str] | None, voices: Sequence[Voice]) -> Outcome:
    """Passes unless a holder objects; what the others say is for the file."""
    counted = [voice for voice in voices if holders is None or voice.who in holders]
    if any(voice.answer == "failed" for voice in counted):
        return Outcome("failed")
    return Outcome("unclear" if any(voice.answer == "unclear" for voice in counted) else "passed")
