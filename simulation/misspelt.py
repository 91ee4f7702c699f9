"""How people miswrite a number, a name, a day, a phone or an address: one text in, one text out.

What is chosen depends on the text alone, so that the same text is always miswritten the same way.
"""

from collections.abc import Callable
from datetime import date

from simulation import facts

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
TITLES = ("先生", "女士", "（本人）", "同志")
NUMERALS = str.maketrans("0123456789", "〇一二三四五六七八九")
BLOCKS = {"栋": "幢", "座": "号楼"}


def _way(value: str, ways: int) -> int:
    return sum(map(ord, value)) % ways


def number_otherwise(number: str) -> str:
    """A valid number in one of the ways people write it."""
    way = _way(number, 3)
    if number.endswith("X") and way < 2:
        return number[:-1] + "x"
    return number.translate(FULL_WIDTH) if way == 2 else f"{number[:6]} {number[6:14]} {number[14:]}"


def number_masked(number: str) -> str:
    """A number with its birth date hidden, or all but its ends, as systems show it: `440699********123X`."""
    return (
        f"{number[:6]}********{number[14:]}" if _way(number, 2) else f"{number[:3]}***********{number[14:]}"
    )


def number_short(number: str) -> str:
    """The 15 digits of the same person's number before 1999."""
    return number[:6] + number[8:17]


def spaced(name: str) -> str:
    """A name with spaces as forms and spreadsheets leave them."""
    return (f"{name[0]} {name[1:]}", f" {name} ", f"{name[0]}\u3000{name[1:]}")[_way(name, 3)]


def slipped(name: str) -> str:
    """A name with its last exchangeable character mistaken for one of the same sound or shape."""
    slips = facts.table("names")["slips"]
    for place in range(len(name) - 1, 0, -1):
        if name[place] in slips:
            return str(name[:place] + slips[name[place]] + name[place + 1 :])
    return name


def turned(name: str) -> str:
    """A name whose last two characters stand the wrong way round; of two characters it stays."""
    return name if len(name) < 3 else name[:-2] + name[-1] + name[-2]


def shortened(name: str) -> str:
    """A name without its last character, or with its middle one hidden; of two characters it stays."""
    if len(name) < 3:
        return name
    return name[:-1] if _way(name, 2) else f"{name[0]}*{name[2:]}"


def titled(name: str) -> str:
    """A name with a title behind it."""
    return name + TITLES[_way(name, len(TITLES))]


def day_otherwise(value: str) -> str:
    """A day in another of the usual spellings."""
    year, month, day = value.split("-")
    return (f"{year}{month}{day}", f"{year}/{month}/{day}", f"{year}年{month}月{day}日")[int(day) % 3]


def day_mistaken(value: str) -> str:
    """Another day of the calendar: month and day exchanged, a year off, or a digit of the day mistyped."""
    was = date.fromisoformat(value)
    if was.day <= 12 and was.day != was.month and was.year % 2:
        return was.replace(month=was.day, day=was.month).isoformat()
    if was.day % 3 == 0:
        return was.replace(year=was.year - 1, day=min(was.day, 28)).isoformat()
    return was.replace(day=(was.day + 9) % 28 + 1).isoformat()


def phone_otherwise(phone: str) -> str:
    """A phone with a country code, gaps or full-width digits."""
    forms = (
        f"+86{phone}",
        f"{phone[:3]} {phone[3:7]} {phone[7:]}",
        f"86-{phone}",
        phone.translate(FULL_WIDTH),
    )
    return forms[int(phone[-1]) % 4]


def phone_mistyped(phone: str) -> str:
    """A phone with one of its last eight digits mistyped."""
    place = 3 + int(phone[-1]) % 8
    return phone[:place] + str((int(phone[place]) + 3) % 10) + phone[place + 1 :]


def wide(line: str) -> str:
    """An address in full-width characters."""
    return line.translate(FULL_WIDTH)


def gapped(line: str) -> str:
    """An address with spaces between its parts."""
    return line.replace("区", "区 ").replace("号", "号 ")


def reblocked(line: str) -> str:
    """An address that calls its building by another word, or its number in Chinese numerals."""
    for word, other in BLOCKS.items():
        if word in line:
            return line.replace(word, other)
    before, found, after = line.partition("号")
    digits = before[len(before.rstrip("0123456789")) :]
    if not found or not digits:
        return line
    return f"{before[: -len(digits)]}{digits.translate(NUMERALS)}号{after}"


def misread(line: str) -> str:
    """An address with the character before its first digit left out."""
    for place, letter in enumerate(line):
        if letter.isdigit():
            return line[: place - 1] + line[place:] if place > 1 else line
    return line


type Change = Callable[[str], str]
