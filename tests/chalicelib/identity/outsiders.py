"""WeChat, WeCom and the real-name check as the tests want them to answer."""

from datetime import date

from chalicelib import idnumbers
from chalicelib.outside.failures import Rejected
from chalicelib.outside.wechat import Session


class Wechat:
    """Codes ``citizen-<name>`` and ``phone-<11 digits>`` work, as in the sandbox."""

    def session(self, code: str) -> Session:
        if not code.startswith("citizen-"):
            raise Rejected("wechat", "40029")
        return Session(f"openid-of-{code.removeprefix('citizen-')}", None)

    def phone_number(self, code: str) -> str:
        if not code.startswith("phone-"):
            raise Rejected("wechat", "40029")
        return code.removeprefix("phone-")


class Wecom:
    """Codes ``staff-<user>`` work."""

    def user(self, code: str) -> str:
        if not code.startswith("staff-"):
            raise Rejected("wechat", "40029")
        return code.removeprefix("staff-")


class RealName:
    """Passes every name but those that contain ``不符``; remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self, name: str, id_number: str) -> bool:
        self.asked += 1
        return "不符" not in name


def id_number(order: int = 1, born: date = date(1990, 1, 1), division: str = "440699") -> str:
    """A synthetic ID number (division 440699 does not exist) with its right check character."""
    first17 = f"{division}{born:%Y%m%d}{order:03d}"
    return first17 + idnumbers.check_character(first17)
