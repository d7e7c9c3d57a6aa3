"""Reading request bodies: bounded, strict JSON, and wire models in which an unknown member is an error."""

import asyncio
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from multidict import MultiDict
from pydantic import BaseModel, ConfigDict, ValidationError

from broker.core import strict_json
from broker.web.edge import EDGE, Room
from broker.web.errors import Problem

M = TypeVar("M", bound=BaseModel)
SMALL = 64 * 1024
"""Bytes of an ordinary body."""
FORM = "application/x-www-form-urlencoded"
_FIELDS = 1000
_READ = web.RequestKey("read", bytes)
"""A body that was read before, so that it can be asked for again."""
SENT: web.RequestKey[MultiDict[str]] = web.RequestKey("sent", MultiDict)
"""The form that was read, so that a page which says no can give back what was typed."""


class Wire(BaseModel):
    """A request body. Whoever sends more than we know is told so, rather than misunderstood."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


async def raw(request: web.Request, limit: int) -> bytes:
    """At most `limit` bytes of body; 413 beyond, without having read on; 408 if they do not come in time."""
    if request.content_length is not None and request.content_length > limit:
        raise Problem("REQ-TOO-LARGE", limit=f"a body of more than {limit} bytes")
    found: bytes = request.get(_READ, b"")
    if request.content.is_eof():  # all of it is here: there is nothing to wait for
        found += request.content.read_nowait()
    else:
        found += await _rest(request, limit - len(found))
    if len(found) > limit:
        raise Problem("REQ-TOO-LARGE", limit=f"a body of more than {limit} bytes")
    request[_READ] = found
    return found


async def _rest(request: web.Request, limit: int) -> bytes:
    """What still comes, up to the chunk that is too much. Problem 503 if too many others are in the midst of theirs."""
    found, edge, taken = bytearray(), request.app[EDGE], 0
    seconds = edge.pace.body
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_chunked(64 * 1024):
                found += chunk
                more = max(0, len(found) - Room.FREE) - taken
                edge.room.take(more)
                taken += more
                if len(found) > limit:
                    break
    except TimeoutError:
        raise Problem("REQ-TOO-SLOW", limit=f"{seconds:g} seconds for a body") from None
    finally:
        edge.room.give(taken)
    return bytes(found)


async def form_body(request: web.Request, limit: int = SMALL) -> MultiDict[str]:
    """The fields of a page's form, repeated ones too. Problem: media type, size, or not UTF-8 as it must be."""
    if request.content_type != FORM:
        raise Problem("REQ-MEDIA-TYPE", wanted=FORM)
    sent = await raw(request, limit)
    try:  # a long one is read beside the loop: a million bytes of `%26` take a tenth of a second
        form = MultiDict(_fields(sent) if len(sent) <= SMALL else await asyncio.to_thread(_fields, sent))
    except ValueError:
        raise Problem("REQ-MALFORMED", problem="not a form") from None
    request[SENT] = form
    return form


def _fields(sent: bytes) -> list[tuple[str, str]]:
    return parse_qsl(sent.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)


async def json_body(request: web.Request, model: type[M], limit: int = SMALL) -> M:
    """The JSON body as `model`. Problem: media type, size, form, or each wrong field by name."""
    if request.headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("REQ-MEDIA-TYPE", wanted="application/json")
    try:
        value: Any = strict_json.loads(await raw(request, limit), limit)
    except strict_json.StrictJsonError as wrong:
        raise Problem("REQ-MALFORMED", problem=str(wrong)) from None
    try:
        return model.model_validate(value)
    except ValidationError as wrong:
        fields = [
            {"field": ".".join(map(str, error["loc"])) or "body", "problem": error["msg"]}
            for error in wrong.errors(include_input=False, include_url=False)[:20]
        ]
        first = fields[0]
        raise Problem(
            "REQ-INVALID", extra={"fields": fields}, problem=f"{first['field']}: {first['problem']}"
        ) from None


def listed(text: str) -> list[str]:
    """What stands on lines, or between commas."""
    return [one for line in text.replace(",", "\n").splitlines() if (one := line.strip())]
