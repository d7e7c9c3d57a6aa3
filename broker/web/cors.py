"""Which addresses may programs in other people's web pages use? ONE table (the Fetch standard, section 3.2).

Tokens come in headers, which no browser adds by itself, so every origin may call what is listed, and none ever
with cookies: `Access-Control-Allow-Credentials` is never sent. What lives by the session cookie (the authorization
endpoint, sign-in, pages) is not listed: RFC 9700 section 2.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import hdrs, web

_ASK = ("Authorization", "Content-Type", "DPoP", "X-Request-ID")
_TELL = ("WWW-Authenticate", "DPoP-Nonce", "X-Request-ID", "Retry-After")
_WHY = ("Decision-Id", "Link", "X-Audit-Receipt")
_PARTS = (
    "Content-Range", "Content-Length", "Accept-Ranges", "ETag", "Content-Disposition", "Repr-Digest", "Content-Digest",
)  # fmt: skip
_RANGED = (*_ASK, "Range", "If-Range", "If-Match", "If-None-Match", "Cache-Control")
"""igv.js sends Cache-Control beside its ranges."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What pages of other origins may send to an address, and which headers of the answer they may read."""

    methods: tuple[str, ...]
    sends: tuple[str, ...] = _ASK
    reads: tuple[str, ...] = _TELL
    echoes: bool = False
    """htsget asks that an origin is answered by its name, and a preflight by the headers that it names."""
    age: int = 600
    """Seconds for which a browser may remember a preflight."""


_METADATA = Shared(("GET",), ("Cache-Control",), ("X-Request-ID",))

TABLE: tuple[tuple[str, Shared], ...] = (
    ("/.well-known/", _METADATA),
    ("/visas/jwks.json", _METADATA),
    ("/oauth2/token", Shared(("POST",))),
    ("/oauth2/par", Shared(("POST",))),
    ("/oauth2/revoke", Shared(("POST",))),
    ("/oauth2/userinfo", Shared(("GET", "POST"))),
    ("/ga4gh/drs/v1/", Shared(("GET", "POST", "OPTIONS"), (*_ASK, "Cache-Control"), (*_TELL, *_WHY))),
    (
        "/ga4gh/htsget/v1/",
        Shared(("GET", "POST"), (*_ASK, "Cache-Control"), (*_TELL, *_WHY), echoes=True, age=2_592_000),
    ),
    (
        "/data/",
        Shared(
            ("GET", "HEAD"),
            _RANGED,
            (*_TELL, *_WHY, *_PARTS),
        ),
    ),
    (
        "/api/v1/",
        Shared(
            ("GET", "POST", "PUT", "PATCH", "DELETE"),
            (*_ASK, "If-Match", "If-None-Match", "Idempotency-Key", "Cache-Control"),
            (*_TELL, *_WHY, "ETag", "Location"),
        ),
    ),
    ("/audit/", Shared(("GET",), ("Cache-Control",), ("X-Request-ID", "Retry-After"))),
)
"""Beginning of a path (one without a final slash: the whole path) to what is shared there."""


@lru_cache(maxsize=1024)
def shared(path: str) -> Shared | None:
    """What other origins may do at this path; None: nothing."""
    return next((row for begins, row in TABLE if _is_at(path, begins)), None)


def is_preflight(request: web.Request) -> bool:
    """Does a browser ask for leave (Fetch 3.2.2)? OPTIONS without these headers is DRS's own question."""
    asks = hdrs.ORIGIN in request.headers and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    return request.method == hdrs.METH_OPTIONS and asks


def preflight(request: web.Request) -> web.Response | None:
    """The answer to a browser that asks for leave: needs no token and gives no data. None where nothing is shared."""
    row = shared(request.path)
    if row is None:
        return None
    asked = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS) if row.echoes else None
    said = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(row.methods),
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: ", ".join(row.sends) if asked is None else asked,
        hdrs.ACCESS_CONTROL_MAX_AGE: str(row.age),
        hdrs.VARY: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    return web.Response(status=204, headers=said)


def headers(request: web.Request) -> Mapping[str, str]:
    """What every answer says at an address that is shared, also a refusal: else nobody could read why."""
    row = shared(request.path)
    if row is None:
        return {}
    said: dict[str, str] = {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
        hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: ", ".join(row.reads),
    }
    origin = request.headers.get(hdrs.ORIGIN) if row.echoes else None
    if origin is not None:
        said |= {hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin, hdrs.VARY: "Origin"}
    return said


def _is_at(path: str, begins: str) -> bool:
    return path.startswith(begins) if begins.endswith("/") else path == begins
