"""The keys that the sandbox accepts. They are published test values and open nothing else."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Credentials:
    """What callers must present; ``secrets()`` gives them in the form the services' secrets have."""

    appid: str = "wx0000sandbox00001"
    secret: str = "sandbox-wechat-secret"
    corpid: str = "ww0000sandbox00001"
    corpsecret: str = "sandbox-wecom-secret"
    agentid: int = 1000002
    sms_key: str = "sandbox-sms-key"
    realname_key: str = "sandbox-realname-key"

    def secrets(self) -> dict[str, dict[str, Any]]:
        """The values for the secrets ``wechat``, ``wecom``, ``sms`` and ``realname``."""
        return {
            "wechat": {"appid": self.appid, "secret": self.secret},
            "wecom": {"corpid": self.corpid, "corpsecret": self.corpsecret, "agentid": self.agentid},
            "sms": {"key": self.sms_key},
            "realname": {"key": self.realname_key},
        }


PUBLISHED = Credentials()


def read(path: Path | None) -> Credentials:
    """The published keys, with those that a JSON file names put in their place."""
    if path is None:
        return PUBLISHED
    given = json.loads(path.read_text("utf-8"))
    if unknown := set(given) - {field.name for field in fields(Credentials)}:
        raise SystemExit(f"unknown credentials: {', '.join(sorted(unknown))}")
    return Credentials(**(asdict(PUBLISHED) | given))
