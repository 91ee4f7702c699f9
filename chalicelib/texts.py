"""Sentences for people: every code of an error, message or timeline entry in zh-CN and en.

Each package keeps its own ``texts.json``: ``{"code": {"zh-CN": "…", "en": "…"}}``. Codes are unique
over all packages, so a code alone finds its sentence.
"""

import json
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["zh-CN", "en"]
_HERE = Path(__file__).parent


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All sentences by code; raises ``ValueError`` when two packages use one code."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted([*_HERE.glob("texts.json"), *_HERE.glob("*/texts.json")]):
        part = json.loads(path.read_text("utf-8"))
        if twice := found.keys() & part.keys():
            raise ValueError(f"{path.parent.name}/texts.json repeats {sorted(twice)}")
        found |= part
    return found


def sentence(code: str, language: Language, /, **params: str | int) -> str:
    """The sentence of a code with its placeholders filled; the code itself when nobody wrote one."""
    text = catalogue().get(code, {}).get(language, code)
    return text.format(**params) if params else text


def preferred(accept_language: str | None) -> Language:
    """The better of our two languages for an ``Accept-Language`` header; zh-CN when it does not say."""
    best: tuple[float, Language] = (0.0, "zh-CN")
    for part in (accept_language or "").split(","):
        tag, _, weight = part.replace(" ", "").partition(";q=")
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        language: Language | None = "en" if tag.lower().startswith("en") else None
        language = "zh-CN" if tag.lower().startswith("zh") else language
        if language and quality > best[0]:
            best = (quality, language)
    return best[1]
