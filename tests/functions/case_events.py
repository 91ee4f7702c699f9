"""Sample events with the ids of things that a test has made."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[2] / "events"
CASE = "C01M830CDE0WSVZAP4MTHX79K9K"


def event(name: str, **replaced: str) -> dict[str, Any]:
    """The sample of a function; each ``old=new`` is replaced everywhere in its text."""
    text = (EVENTS / f"{name}.json").read_text("utf-8")
    for old, new in replaced.items():
        assert old in text, f"{old} is not in the sample"
        text = text.replace(old, new)
    loaded: dict[str, Any] = json.loads(text)
    return loaded
