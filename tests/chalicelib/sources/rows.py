"""Rows and files of made-up people."""

from chalicelib.idnumbers import check_character

HEADER = ("record_id", "name", "id_number", "birth_date", "sex", "phone", "town", "address", "seen_on")


def number(order: int, born: str = "19900101") -> str:
    """A valid identity number of a division that does not exist, so that nobody has it."""
    first17 = f"4499{99 - order // 1000}{born}{order % 1000:03d}"
    return first17 + check_character(first17)


def row(order: int, **changes: str) -> list[str]:
    """A whole row; ``changes`` replace single cells."""
    cells = {
        "record_id": f"R{order:05d}",
        "name": "测试某",
        "id_number": number(order),
        "birth_date": "1990-01-01",
        "sex": "男",
        "phone": f"1990000{order:04d}",
        "town": "440604012",
        "address": f"佛山市禅城区季华五路{order}号",
        "seen_on": "2026-11-01",
    }
    return list((cells | changes).values())


def csv_text(rows: list[list[str]], header: tuple[str, ...] = HEADER) -> str:
    """The rows as CSV without quoting: the cells must not need any."""
    return "\n".join(",".join(cells) for cells in [list(header), *rows]) + "\n"
