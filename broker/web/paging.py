"""Long lists a page at a time (GA4GH TASC recommendation 01, token-based)."""

import re
from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from aiohttp import web

from broker.web.errors import Problem


class Listed(Protocol):
    """What is listed in order of its id."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Listed)
MOST = 200
USUAL = 50
_SIZE = re.compile(r"[1-9][0-9]{0,3}")
_MOST_TOKEN = 1024


def page(
    request: web.Request, rows: Sequence[R], may_see: Callable[[R], bool] = lambda _: True
) -> tuple[Sequence[R], str | None]:
    """The rows of the page that is asked for, and the token of the next one (None: this is the last).

    `rows`: in order of id, of which the caller reads those that they `may_see`. A token says after which id to go on,
    so rows that come and go between two pages shift nothing. Problem: as of `asked`.
    """
    size, after = asked(request)
    first = bisect_right(rows, after, key=lambda row: row.id) if after is not None else 0
    seen = filter(may_see, islice(rows, first, None))
    found = list(islice(seen, size + 1))
    return found[:size], following(found, size)


def asked(request: web.Request) -> tuple[int, str | None]:
    """How many rows a page has, and after which id it begins (None: at the first).

    Problem: 400 for a size outside 1 to 200, and for a foreign token.
    """
    size = request.query.get("page_size", str(USUAL))
    if not _SIZE.fullmatch(size) or int(size) > MOST:
        raise Problem("REQ-INVALID", problem=f"page_size: 1 to {MOST}")
    return int(size), _after(request.query.get("token"))


def following(found: Sequence[Listed], size: int) -> str | None:
    """The token of the next page, where one more was found than fits on this one."""
    return urlsafe_b64encode(found[size - 1].id.encode()).decode() if len(found) > size else None


def _after(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        if len(token) > _MOST_TOKEN:
            raise ValueError  # noqa: TRY301 (said below)
        return b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Problem("REQ-INVALID", problem="token: not one that came with a page") from None
