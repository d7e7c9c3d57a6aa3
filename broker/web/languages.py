"""Which language does the caller want? `lang` in the address, else `Accept-Language` (RFC 9110 12.5.4)."""

from collections.abc import Mapping

from aiohttp import hdrs, web

from broker.core.reasons.language import ENGLISH, Language

_MOST = 20
"""Ranges of one header that are looked at."""


def wanted(request: web.Request, languages: Mapping[str, Language]) -> Language:
    """The language that is wanted most and that there is; English where there is none of them."""
    named = request.query.get("lang")
    ranges = [named] if named else _ranked(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
    for one in ranges:
        found = languages.get(one.lower()) or languages.get(one.lower().partition("-")[0])
        if found is not None:
            return found
    return ENGLISH


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
