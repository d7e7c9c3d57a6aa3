"""Long lists a page at a time (GA4GH TASC recommendation 01, token-based)."""

import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
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


def page(request: web.Request, rows: Sequence[R]) -> tuple[Sequence[R], str | None]:
    """The rows of the page that is asked for, and the token of the next one (None: this is the last).

    `rows`: in order of id, only those that the caller may see. A token says after which id to go on, so rows that
    come and go between two pages shift nothing. Problem: 400 for a size outside 1 to 200, and for a foreign token.
    """
    size = request.query.get("page_size", str(USUAL))
    if not _SIZE.fullmatch(size) or int(size) > MOST:
        raise Problem("REQ-INVALID", problem=f"page_size: 1 to {MOST}")
    after = _after(request.query.get("token"))
    rest = [row for row in rows if after is None or row.id > after]
    shown = rest[: int(size)]
    more = len(rest) > len(shown)
    return shown, urlsafe_b64encode(shown[-1].id.encode()).decode() if more else None


def _after(token: str | None) -> str | None:
    if token is None:
        return None
    try:
        if len(token) > _MOST_TOKEN:
            raise ValueError  # noqa: TRY301 (said below)
        return b64decode(token.encode("ascii"), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Problem("REQ-INVALID", problem="token: not one that came with a page") from None
