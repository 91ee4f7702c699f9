"""What can go wrong when an outside system is asked, by what the caller may do next.

::

    OutsideError            never raised itself
     ├─ Rejected            not delivered, and never will be: do not send again
     ├─ Unavailable         not delivered: try again later
     │   └─ Misconfigured   not delivered: somebody must set our key, address or permission right first
     └─ Unknown             the request went out and the answer was lost: never blindly send again

None of them carries what was asked: ``channel`` and ``code`` are all there is, and the exception
of the HTTP library, whose text holds addresses with tokens in them, is not chained.
"""


class OutsideError(Exception):
    """An outside system did not do what it was asked.

    ``channel``: ``wechat``, ``wecom``, ``sms`` or ``realname``. ``code``: the system's own error code as
    text, or one of ours (``connect``, ``answer_lost``, ``http_503``).
    """

    def __init__(self, channel: str, code: str) -> None:
        super().__init__(f"{channel}: {code}")
        self.channel = channel
        self.code = code

    def __reduce__(self) -> tuple[type["OutsideError"], tuple[str, str]]:
        return type(self), (self.channel, self.code)


class Rejected(OutsideError):
    """Definitely not delivered, and the same request never will be.

    Values out of their limits, no consent left, no such receiver.
    """


class Unavailable(OutsideError):
    """Definitely not delivered; the same request may work later."""


class Misconfigured(Unavailable):
    """Definitely not delivered, because of our side.

    A wrong key, an unknown calling address, a missing permission: the request is right, an operator must act.
    """


class Unknown(OutsideError):
    """The request may have been carried out: the answer never came, or could not be read."""
