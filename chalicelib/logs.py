"""One structured logger a function. Names, numbers and phones are never passed to it.

As a second line of defence, anything that looks like an ID number or a mobile number is masked in
whatever text gets through, exceptions included.
"""

import logging
import os
import re
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

_PERSONAL = re.compile(
    r"(?<![\da-fA-F])(?:[1-9]\d{16}[\dXx]|[1-8]\d{14}|(?:86)?1[3-9]\d{9})(?![\da-fA-F])"
    r"|(?<![A-Za-z\d])[A-Z]{3}\d{12}(?![A-Za-z\d])"
)


def mask(text: str) -> str:
    """The text without anything that has the form of an ID number or a mobile number."""
    return _PERSONAL.sub("***", text)


class _Masking(LambdaPowertoolsFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


@cache
def logger(service: str) -> Logger:
    """The function's logger; ``POWERTOOLS_LOG_LEVEL`` sets the level, INFO otherwise."""
    formatter: Any = _Masking(datefmt=None)
    level = os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO")
    return Logger(service=service, level=level, logger_formatter=formatter)
