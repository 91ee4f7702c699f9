"""WeChat, WeCom and the real-name check as the tests want them to answer."""

from datetime import date

from chalicelib import idnumbers
from chalicelib.errors import Unauthenticated


class Wechat:
    """Codes ``citizen-<name>`` and ``phone-<11 digits>`` work, as in the sandbox."""

    def openid(self, code: str) -> str:
        if not code.startswith("citizen-"):
            raise Unauthenticated("session_required")
        return f"openid-of-{code.removeprefix('citizen-')}"

    def phone_number(self, code: str) -> str:
        if not code.startswith("phone-"):
            raise Unauthenticated("session_required")
        return code.removeprefix("phone-")


class Wecom:
    """Codes ``staff-<user>`` work."""

    def user_id(self, code: str) -> str:
        if not code.startswith("staff-"):
            raise Unauthenticated("session_required")
        return code.removeprefix("staff-")


class RealName:
    """Passes every name but those that contain ``不符``; remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def matches(self, name: str, id_number: str) -> bool:
        self.asked += 1
        return "不符" not in name


def id_number(order: int = 1, born: date = date(1990, 1, 1), division: str = "440699") -> str:
    """A synthetic ID number (division 440699 does not exist) with its right check character."""
    first17 = f"{division}{born:%Y%m%d}{order:03d}"
    return first17 + idnumbers.check_character(first17)
