"""Changing a secret without losing anybody else's change: compare and swap on its version.

Secrets Manager moves the label ``AWSCURRENT`` only from the version one names: when two change the
secret at the same time, one succeeds and the other begins again from what is there now.
"""

import json
import uuid
from collections.abc import Callable
from typing import Any, Final

from chalicelib import aws, config
from chalicelib.errors import Unavailable

_ATTEMPTS: Final = 6
_LOST: Final = {"InvalidParameterException", "InvalidRequestException"}


def swap(
    name: config.Secret, change: Callable[[dict[str, Any]], dict[str, Any] | None]
) -> dict[str, Any] | None:
    """Replace a secret's JSON by ``change`` of it; returns the new value, None when nothing was to change.

    ``change`` gets the value as it is, ``{}`` when it is no JSON object, and may be called several times.
    """
    client, secret_id = aws.client("secretsmanager"), config.secret_name(name)
    for _ in range(_ATTEMPTS):
        known = client.get_secret_value(SecretId=secret_id)
        value = change(_read(known["SecretString"]))
        if value is None:
            return None
        version = str(uuid.uuid4())
        client.put_secret_value(
            SecretId=secret_id,
            ClientRequestToken=version,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )
        try:
            client.update_secret_version_stage(
                SecretId=secret_id,
                VersionStage="AWSCURRENT",
                MoveToVersionId=version,
                RemoveFromVersionId=known["VersionId"],
            )
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in _LOST:
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
