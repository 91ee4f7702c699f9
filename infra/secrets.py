"""Fill a new stack's secrets: `python -m infra.secrets --stack ncsl-prod [wechat wecom ...]`.

Keys of our own are made at random here and never shown. The outside systems' keys are asked for on the terminal as
JSON; the local cloud gives the sandbox's published ones. What already has a value is left alone.
"""

import argparse
import base64
import getpass
import json
import secrets
import sys
from typing import Any

import boto3

from infra.template.storage import SECRETS

OWN = ("signing", "person_key", "blind_index")
_ASKED = {
    "wechat": '{"appid": "...", "secret": "..."}',
    "wecom": '{"corpid": "...", "corpsecret": "...", "agentid": 1000002}',
    "sms": '{"key": "..."}',
    "realname": '{"key": "..."}',
}


def new_key_ring() -> dict[str, Any]:
    """Return a keyed secret with one version: 32 random bytes."""
    return {"current": "1", "keys": {"1": base64.b64encode(secrets.token_bytes(32)).decode()}}


def fill(session: boto3.Session, stack: str, outside: dict[str, dict[str, Any]]) -> list[str]:
    """Give every empty secret of `stack` its value; return the names of those filled."""
    client = session.client("secretsmanager")
    values = {name: new_key_ring() for name in OWN} | outside
    filled = []
    for name, value in values.items():
        if not _has_value(client, f"{stack}/{name}"):
            client.put_secret_value(SecretId=f"{stack}/{name}", SecretString=json.dumps(value))
            filled.append(name)
    return filled


def _has_value(client: Any, secret_id: str) -> bool:
    """Say whether a secret has been filled: AWS has no current version before, MiniStack an empty one."""
    try:
        return bool(client.get_secret_value(SecretId=secret_id).get("SecretString"))
    except client.exceptions.ResourceNotFoundException:
        return False


def _ask(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(getpass.getpass(f"{name}, as {_ASKED[name]}: "))
    missing = set(json.loads(_ASKED[name])) - set(value)
    if missing:
        raise SystemExit(f"{name} lacks {', '.join(sorted(missing))}")
    return value


def main() -> int:
    """Ask for what is needed and fill the secrets; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.secrets", description=__doc__)
    parser.add_argument("--stack", required=True)
    parser.add_argument(
        "name", nargs="*", choices=[*_ASKED, []], help="outside systems whose keys to ask for"
    )
    given = parser.parse_args()
    filled = fill(boto3.Session(), given.stack, {name: _ask(name) for name in given.name})
    print(f"filled: {', '.join(filled) or 'nothing, all had values'}; all: {', '.join(SECRETS)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
