"""JSON lines on standard error, with nothing in them that must not be there."""

import json
import logging as stdlib
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog


def where_it_failed(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as its type and the lines that it passed. Its message and the values around it may be secrets."""
    failure = event.pop("exc_info", None)
    found = sys.exc_info()[1] if failure is True else failure
    if isinstance(found, BaseException):
        frames = traceback.extract_tb(found.__traceback__)
        event["exception"] = type(found).__name__
        event["at"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
    return event


_ENCODER = json.JSONEncoder(default=repr)
"""Made once: there is a line for each request."""


def line(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    """The event as JSON."""
    return _ENCODER.encode(event)


def logging(level: str) -> None:
    """JSON lines on standard error. Third parties speak from warnings on, Authlib never: it logs tokens."""
    stdlib.basicConfig(stream=sys.stderr, level=stdlib.WARNING, format="%(message)s", force=True)
    stdlib.getLogger("authlib").disabled = True
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            where_it_failed,
            line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(stdlib.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
