"""Settings of the running function, read from its environment at each call.

Nothing is read at import: the app is imported at packaging time without the functions' environment
(Chalice #441). Each kind of resource has one naming rule, so the template and the code cannot drift:
a table called ``cases`` is the variable ``TABLE_CASES``, a queue ``checks`` is ``QUEUE_CHECKS``.
"""

import os
from typing import Final, Literal, get_args

Table = Literal[
    "identity",
    "vault",
    "requests",
    "places",
    "forms",
    "cases",
    "residence",
    "rentals",
    "feedback",
    "permits",
    "points",
    "schooling",
    "seasons",
    "sources",
    "linkage",
    "fieldwork",
    "messaging",
    "monitoring",
    "insight",
    "audit",
]
Bucket = Literal["inbox", "documents", "curated", "linkage", "published", "audit"]
Queue = Literal[
    "allocations",
    "arrivals",
    "checks",
    "comparisons",
    "facts",
    "evidence",
    "imports",
    "rankings",
    "simulations",
    "visits",
    "messages",
]
Secret = Literal["signing", "person_key", "blind_index", "wechat", "wecom", "sms", "realname"]
Key = Literal["people", "linkage", "data", "audit"]
Url = Literal["wechat", "wecom", "sms", "realname"]

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "TABLE": get_args(Table),
    "BUCKET": get_args(Bucket),
    "QUEUE": get_args(Queue),
    "SECRET": get_args(Secret),
    "KEY": get_args(Key),
    "URL": get_args(Url),
}
PLAIN: Final = ("STAGE", "AWS_REGION", "PUBLIC_URL", "CLAMD", "QUIET_HOURS")


class NotConfigured(RuntimeError):
    """A setting that this function needs is missing from its environment."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} is not set: say in infra/resources/functions.yaml that this function needs it"
        )
        self.name = name


def _read(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise NotConfigured(name)
    return value


def stage() -> str:
    """The stage this function runs in: ``local``, ``dev``, ``staging`` or ``prod``."""
    return _read("STAGE")


def region() -> str:
    """The cloud region, for example ``cn-north-1``; Lambda sets it itself."""
    return _read("AWS_REGION")


def public_url() -> str:
    """Where outsiders reach the API, without a slash at the end; receipts' QR codes point here."""
    return os.environ.get("PUBLIC_URL", "").rstrip("/")


def clamd() -> str:
    """Where the ClamAV daemon listens, as ``host:port``; empty where there is none."""
    return os.environ.get("CLAMD", "")


def quiet_hours() -> str:
    """From when until when no phone of a person rings, as ``22:00-08:00``; empty for never."""
    asked = os.environ.get("QUIET_HOURS", "")
    return "" if asked == "none" else asked


def table(name: Table) -> str:
    """The DynamoDB table of a context."""
    return _read(f"TABLE_{name.upper()}")


def bucket(name: Bucket) -> str:
    """The S3 bucket with this job."""
    return _read(f"BUCKET_{name.upper()}")


def queue(name: Queue) -> str:
    """The URL of the SQS queue with this job."""
    return _read(f"QUEUE_{name.upper()}")


def secret_name(name: Secret) -> str:
    """The id of a secret in Secrets Manager; ``aws.secret`` reads its value."""
    return _read(f"SECRET_{name.upper()}")


def key_id(name: Key) -> str:
    """The id or ARN of a KMS key."""
    return _read(f"KEY_{name.upper()}")


def url(name: Url) -> str:
    """The base URL of an outside system, without a slash at the end."""
    return _read(f"URL_{name.upper()}").rstrip("/")
