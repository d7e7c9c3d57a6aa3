"""Who changes something says which version of it they saw, so that no change is lost (RFC 9110 section 13, RFC 6585).

A row's version is its ETag. A change needs `If-Match` with it; `*` is no answer to the question which one.
"""

import re

from aiohttp import hdrs, web

from broker.web.errors import Problem

_ONE = re.compile(r'(W/)?"([!#-~]*)"')
_VERSION = re.compile(r"v([1-9][0-9]{0,17})")


def etag(version: int) -> str:
    """The entity tag of a row's version."""
    return f'"v{version}"'


def expected(request: web.Request) -> frozenset[int]:
    """The versions that the caller is willing to change. Problem: 428 if they named none, 400 for what is no ETag.

    A weak tag, or one that we never gave, names no version: compared strongly nothing equals it, which is 412.
    """
    tags = _tags(request, hdrs.IF_MATCH)
    if tags is None or "*" in request.headers.getall(hdrs.IF_MATCH):
        raise Problem("REQ-PRECONDITION")
    found = (_VERSION.fullmatch(tag) for weak, tag in tags if not weak)
    return frozenset(int(match[1]) for match in found if match is not None)


def is_known(request: web.Request, version: int) -> bool:
    """Does the caller of a GET say that they have this version (`If-None-Match`, compared weakly)?"""
    tags = _tags(request, hdrs.IF_NONE_MATCH)
    if tags is None:
        return False
    return any(f'"{tag}"' == etag(version) for _, tag in tags) or "*" in request.headers.getall(hdrs.IF_NONE_MATCH)


def _tags(request: web.Request, name: str) -> list[tuple[bool, str]] | None:
    """The (weak, tag) of a header; None without one. `*` is in none of them."""
    given = request.headers.getall(name, ())
    if not given:
        return None
    listed = [part.strip() for line in given for part in line.split(",")]
    found = [_ONE.fullmatch(part) for part in listed if part != "*"]
    if any(match is None for match in found):
        raise Problem("REQ-MALFORMED", problem=f"{name}: quoted entity tags, separated by commas")
    return [(match[1] is not None, match[2]) for match in found if match is not None]
