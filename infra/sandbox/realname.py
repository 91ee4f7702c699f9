"""The real-name check: any valid number with any name, but for names that contain 不符. Nothing is kept."""

from chalicelib import idnumbers
from infra.sandbox.exchange import Answer, Request
from infra.sandbox.store import Store


def refuse(path: str, errcode: int | str | None) -> Answer:
    """The refusal that the fault ``refuse`` gives: the day's share of checks is used up."""
    return Answer({"code": str(errcode or "quota_used_up")}, 403)


def check(store: Store, request: Request) -> Answer:
    """``POST /check {name, id_number}``: whether both belong to one person."""
    if request.headers.get("x-api-key") != request.credentials.realname_key:
        return Answer({"code": "bad_key"}, 401)
    name, number = request.text("name").strip(), request.text("id_number")
    if not name or not number:
        return Answer({"code": "bad_request"}, 400)
    if not idnumbers.is_valid(number):
        return Answer({"match": False, "reason": "no_such_number"})
    matches = "不符" not in name
    return Answer({"match": matches, "reason": "" if matches else "name_differs"})
