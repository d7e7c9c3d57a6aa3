"""Which language does the caller want? `lang` in the address, else `Accept-Language` (RFC 9110 12.5.4).

Whoever writes a sentence asks here, and the answer then says in which language it is, and what that hung on.
"""

from collections.abc import Mapping

from aiohttp import hdrs, web

from broker.core.reasons.language import Language, best
from broker.web.state import BROKER

_MOST = 20
"""Ranges of one header that are looked at."""
SPOKEN = web.RequestKey("spoken", str)
"""The tag of the language in which this request is answered; not there if nothing of the answer is a sentence."""


def language(request: web.Request) -> Language:
    """The language in which `request` is answered."""
    found = wanted(request, request.app[BROKER].languages)
    request[SPOKEN] = found.tag
    return found


def say(request: web.Request, response: web.StreamResponse) -> None:
    """Content-Language and Vary, where the answer has sentences. One that was kept says its own language."""
    if SPOKEN in request:
        response.headers.setdefault(hdrs.CONTENT_LANGUAGE, request[SPOKEN])
    if hdrs.CONTENT_LANGUAGE in response.headers:
        varies = response.headers.get(hdrs.VARY)
        response.headers[hdrs.VARY] = hdrs.ACCEPT_LANGUAGE if varies is None else f"{varies}, {hdrs.ACCEPT_LANGUAGE}"


def wanted(request: web.Request, languages: Mapping[str, Language]) -> Language:
    """The language that is wanted most and that there is; English where there is none of them."""
    named = request.query.get("lang")
    return best([named] if named else _ranked(request.headers.get(hdrs.ACCEPT_LANGUAGE, "")), languages)


def _ranked(header: str) -> list[str]:
    """Language ranges, the most wanted first; of equals, in the order of the header. Weight 0: not at all."""
    weighed = []
    for part in header.split(",")[:_MOST]:
        name, _, weight = part.strip().partition(";")
        quality = _quality(weight)
        if name and quality > 0:
            weighed.append((quality, name.strip()))
    return [name for _, name in sorted(weighed, key=lambda one: -one[0])]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if not weight.strip():
        return 1.0
    try:
        return float(value) if name.strip() == "q" and 0 <= float(value) <= 1 else 0.0
    except ValueError:
        return 0.0
