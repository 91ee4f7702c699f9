"""Why this school and not that one: each wish of a family in words, from what the run kept. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import texts
from chalicelib.schooling.model import Cutoff, Entry, School
from chalicelib.schooling.policy import Policy
from chalicelib.schooling.views import ChoiceReceipt
from chalicelib.shapes import Title


def said(code: str, **params: Mapping[str, str] | str | int) -> Title:
    """A sentence in both languages; parameters that differ by language are mappings."""

    def fill(language: texts.Language) -> str:
        given = {k: v[language] if isinstance(v, Mapping) else v for k, v in params.items()}
        return texts.sentence(code, language, **given)

    return Title.model_validate({"zh-CN": fill("zh-CN"), "en": fill("en")})


def both(title: Title) -> dict[str, str]:
    """A title as a parameter of ``said``."""
    return {"zh-CN": title.zh, "en": title.en}


def receipts(
    entry: Entry,
    choices: Sequence[str],
    schools: Mapping[str, School],
    cutoffs: Mapping[str, Cutoff],
    rules: Policy,
) -> list[ChoiceReceipt]:
    """A receipt for each wish in the family's order: those before the school that was got say what was missing."""
    wishes = {wish.school: wish.cls for wish in entry.wishes}
    got = list(wishes).index(entry.school) if entry.school in wishes else len(wishes)
    found = []
    for name in choices:
        school = schools.get(name)
        if school is None:
            continue
        if name not in wishes:
            found.append(_receipt(school, "out_of_reach"))
        elif list(wishes).index(name) > got:
            found.append(_receipt(school, "not_needed"))
        else:
            found.append(_judged(entry, school, wishes[name], cutoffs.get(name), rules))
    return found


def _judged(entry: Entry, school: School, cls: int, cutoff: Cutoff | None, rules: Policy) -> ChoiceReceipt:
    """Admitted, or why not: another class, points, what breaks ties, or the lot."""
    if cutoff is None or cutoff.last_class is None:
        return _receipt(school, "no_seats")
    known: dict[str, Any] = {
        "own_class": rules.classes[cls].title,
        "last_class": rules.classes[cutoff.last_class].title,
        "own_points": _points(entry.total),
        "last_points": _points(cutoff.last_total),
    }
    if entry.school == school.id:
        return _receipt(school, "admitted", **known)
    if cls != cutoff.last_class:
        return _receipt(school, "class_full", **known)
    if entry.total != cutoff.last_total and entry.total is not None and cutoff.last_total is not None:
        return _receipt(school, "points_below", missing=_points(cutoff.last_total - entry.total), **known)
    return _receipt(school, "lot_below" if entry.rank == cutoff.last_rank else "tie_below", **known)


def _points(total: object) -> str | None:
    return None if total is None else str(total)


def _receipt(school: School, code: Any, **known: Any) -> ChoiceReceipt:
    words = {key: both(value) if isinstance(value, Title) else value or "–" for key, value in known.items()}
    sentence = said(f"school_said_{code}", school=both(school.name), **words)
    return ChoiceReceipt(school=school.id, name=school.name, code=code, said=sentence, **known)


def protected(counts: Sequence[int], smallest: int) -> list[int | None]:
    """Counts of children with the small ones taken out, and one more where a single hole could be filled by subtraction.

    The sum of the counts is public; 0 tells of nobody and stays.
    """
    hidden = {place for place, count in enumerate(counts) if 0 < count < smallest}
    others = [place for place, count in enumerate(counts) if count >= smallest]
    if len(hidden) == 1 and others:
        hidden.add(min(others, key=lambda place: counts[place]))
    return [None if place in hidden else count for place, count in enumerate(counts)]
