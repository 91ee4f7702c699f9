"""Draw a text file as a terminal card: `python -m docs.img.terminal docs/img/summary.txt docs/img/summary.svg`.

The picture of the README is made of the text that a real `make run` printed. The same text gives the same bytes.
"""

import re
import sys
import unicodedata
from html import escape
from pathlib import Path

_CELL, _LINE, _PAD, _BAR, _SIZE, _COLUMNS = 8.4, 21, 26, 40, 14, 112
_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Noto Sans Mono CJK SC', 'PingFang SC', monospace"
_INK, _SOFT, _NUMBER, _GOOD, _LINK = "#d7dde6", "#8b98a9", "#f2c572", "#8fd6a0", "#7cc4f5"
_ROW = re.compile(r"^( {2,}\S.*?  +)([\d,]+)(  .*)$")
_ADDRESS = re.compile(r"\b(?:https?|s3)://\S+")


def width(text: str) -> int:
    """How many terminal cells a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def parts(line: str) -> list[tuple[str, str]]:
    """A line cut into (text, colour): numbers of the table, addresses and the rest."""
    if line.startswith("$ "):
        return [(line, _GOOD)]
    if line.startswith(" " * 20):
        return [(line, _SOFT)]
    if row := _ROW.match(line):
        return [(row[1], _INK), (row[2], _NUMBER), (row[3], _SOFT)]
    found, at = [], 0
    for address in _ADDRESS.finditer(line):
        found += [(line[at : address.start()], _INK), (address[0], _LINK)]
        at = address.end()
    return [(text, colour) for text, colour in [*found, (line[at:], _INK)] if text]


def wrapped(line: str, indent: int = 0) -> list[str]:
    """A line as a terminal of 112 columns shows it, what is left over under the table's last column."""
    if width(line) <= _COLUMNS:
        return [line]
    row = _ROW.match(line)
    indent = indent or (len(row[1]) + len(row[2]) + 2 if row else 2)
    cut = line.rfind(" ", indent + 1, _COLUMNS)
    if cut < 0:
        return [line]
    return [line[:cut], *wrapped(" " * indent + line[cut + 1 :], indent)]


def card(text: str, title: str) -> str:
    """The picture of a text, as wide and high as it needs."""
    lines = [part for line in text.expandtabs(4).strip("\n").split("\n") for part in wrapped(line.rstrip())]
    across = round(max(width(line) for line in lines) * _CELL) + 2 * _PAD
    high = _BAR + len(lines) * _LINE + 2 * (_PAD - 8)
    drawn = [_line(line, _BAR + _PAD + number * _LINE) for number, line in enumerate(lines)]
    lights = [
        f'<circle cx="{22 + 20 * place}" cy="20" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#e0675f", "#e2b04a", "#5fb36b"))
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{high}" viewBox="0 0 {across} {high}" '
            f'role="img" aria-label="{escape(title)}" font-family="{_FONT}" font-size="{_SIZE}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{across}" height="{high}" rx="10" fill="#151a21"/>',
            *lights,
            f'<text x="{across / 2:g}" y="25" text-anchor="middle" fill="{_SOFT}">{escape(title)}</text>',
            *[line for line in drawn if line],
            "</svg>\n",
        ]
    )


def _line(line: str, y: int) -> str:
    """One line; each part is pinned to its cell, so that no font can shift the columns."""
    spans, cell = [], 0
    for text, colour in parts(line):
        bare = text.strip(" ")
        if bare:
            x = _PAD + (cell + len(text) - len(text.lstrip(" "))) * _CELL
            length = width(bare) * _CELL
            spans.append(
                f'<text x="{x:.1f}" y="{y}" fill="{colour}" textLength="{length:.1f}" '
                f'lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escape(bare)}</text>'
            )
        cell += width(text)
    return "".join(spans)


def main(arguments: list[str]) -> int:
    """Draw the first file as the second."""
    if len(arguments) != 2:
        print("usage: python -m docs.img.terminal TEXT SVG", file=sys.stderr)
        return 2
    source, target = map(Path, arguments)
    target.write_text(card(source.read_text("utf-8"), "make run"), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
