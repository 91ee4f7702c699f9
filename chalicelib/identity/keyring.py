"""Changing a secret without losing anybody else's change: compare and swap on its version.

The new version's id is made from the id of the version it replaces, and Secrets Manager never changes a
version that exists: of two who change the same version at the same time, the second is refused and begins
again from what is there now.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any, Final

from chalicelib import aws, config
from chalicelib.errors import Unavailable

_ATTEMPTS: Final = 8
_LOST: Final = "ResourceExistsException"


def swap(
    name: config.Secret, change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Replace a secret's JSON by ``change`` of it; returns the new value, None when nothing was to change.

    ``change`` gets the value as it is, ``{}`` when it is no JSON object, and may be called several times.
    """
    client, secret_id = aws.client("secretsmanager"), config.secret_name(name)
    tried: list[str] = []
    for _ in range(_ATTEMPTS):
        known = client.get_secret_value(SecretId=secret_id)
        value = change(_read(known["SecretString"]))
        if value is None:
            return None
        # Refused although nothing moved: an operator went back to this version, so its first successor exists.
        tried.append(known["VersionId"])
        version = f"{known['VersionId']}/{tried.count(known['VersionId'])}"
        try:
            client.put_secret_value(
                SecretId=secret_id,
                ClientRequestToken=str(uuid.uuid5(uuid.NAMESPACE_URL, version)),
                SecretString=json.dumps(value),
            )
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != _LOST:
                raise
            continue
        aws.forget_all()
        return value
    raise Unavailable("busy_try_again")


def _read(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
