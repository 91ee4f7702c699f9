"""Everything that can go wrong for a caller, as one small tree.

::

    DomainError            never raised itself
     ├─ Malformed          400  the request cannot be read at all
     ├─ Unauthenticated    401  no session, or one that is not ours
     ├─ Forbidden          403  signed in, but not for this
     ├─ NotFound           404  not there, or not yours to know of
     ├─ Conflict           409  the state does not allow it
     ├─ Gone               410  it was there, its time is over
     ├─ TooLarge           413
     ├─ Unsupported        415
     ├─ Invalid            422  readable, but a value is wrong; ``fields`` says where
     ├─ Throttled          429  too often
     └─ Unavailable        503  an outside system does not answer; try again

The code is stable and part of the contract (RFC 9457 ``code``). The sentence for people lives in
``texts.json`` beside the code that raises it; parameters fill its placeholders. Parameters must
never carry what a person typed.
"""

from typing import ClassVar


class Field:
    """One wrong place in a request: a JSON pointer-like path and a stable code, never the value.

    ``label`` is what a form calls the field, by language.
    """

    __slots__ = ("code", "label", "path")

    def __init__(self, path: str, code: str, label: dict[str, str] | None = None) -> None:
        self.path = path
        self.code = code
        self.label = label

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (self.path, self.code) == (other.path, other.code)

    def __hash__(self) -> int:
        return hash((self.path, self.code))

    def __repr__(self) -> str:
        return f"Field({self.path!r}, {self.code!r})"


class DomainError(Exception):
    """A refusal that the caller can understand and act on."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Error"

    def __init__(self, code: str, *, fields: list[Field] | None = None, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields or []
        self.params = params


class Malformed(DomainError):
    """The request cannot be read: broken JSON, a bad page token, a header that makes no sense."""

    status = 400
    title = "Bad Request"


class Unauthenticated(DomainError):
    """There is no valid session."""

    status = 401
    title = "Unauthorized"


class Forbidden(DomainError):
    """The caller's role or region does not allow this."""

    status = 403
    title = "Forbidden"


class NotFound(DomainError):
    """There is no such thing, or the caller may not know that there is."""

    status = 404
    title = "Not Found"


class Conflict(DomainError):
    """The thing is in a state that does not allow this."""

    status = 409
    title = "Conflict"


class Gone(DomainError):
    """It existed, and its time is over."""

    status = 410
    title = "Gone"


class TooLarge(DomainError):
    """The body or file is larger than the route takes."""

    status = 413
    title = "Content Too Large"


class Unsupported(DomainError):
    """The media type is not one that the route takes."""

    status = 415
    title = "Unsupported Media Type"


class Invalid(DomainError):
    """The request is readable, but a value in it is wrong."""

    status = 422
    title = "Unprocessable Content"


class Throttled(DomainError):
    """Too many attempts; ``seconds`` says how long to wait."""

    status = 429
    title = "Too Many Requests"


class Unavailable(DomainError):
    """An outside system does not answer now."""

    status = 503
    title = "Service Unavailable"
