"""Where may a browser be sent back to, and how is the answer added? (RFC 9700 section 2.1, RFC 8252 section 7.3)

Strings are compared, never normalised. The one exception: a native app that registered a loopback address
without a port may name any port, because it cannot know which one it will get.
"""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode, urlsplit

LOOPBACK = ("http://127.0.0.1", "http://[::1]")
_PLAIN = re.compile(r"[!-~]+")
_FORBIDDEN = re.compile(r"[\\#*<>\"{}|^`@]")
_ESCAPED_DOT = re.compile(r"%2e", re.IGNORECASE)
_LOOPBACK_WITH_PORT = re.compile(r"(?P<host>http://(?:127\.0\.0\.1|\[::1\])):[1-9][0-9]{0,4}(?P<rest>(?:[/?].*)?)")


def registrable(uri: str) -> bool:
    """May a client register `uri`: https, http on a loopback address, or a private scheme with a dot in it?

    No fragment, no user name, no wildcard, no dot segments, nothing but printable ASCII.
    """
    if not _PLAIN.fullmatch(uri) or _FORBIDDEN.search(uri) or _ESCAPED_DOT.search(uri):
        return False
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if port == 0 or {".", ".."} & set(parts.path.split("/")):
        return False
    if parts.scheme == "https":
        return parts.hostname is not None
    if parts.scheme == "http":
        return f"http://{'[::1]' if parts.hostname == '::1' else parts.hostname}" in LOOPBACK
    return "." in parts.scheme and parts.netloc == ""


def is_registered(uri: str | None, registered: Iterable[str]) -> bool:
    """Is `uri` one of the registered addresses, byte for byte, but for the port of a loopback address?"""
    if uri is None or not registrable(uri):
        return False
    return any(uri == known or _same_but_port(uri, known) for known in registered)


def _same_but_port(uri: str, known: str) -> bool:
    """Is `uri` a loopback address with a port, and `known` the same without one?"""
    found = _LOOPBACK_WITH_PORT.fullmatch(uri)
    return found is not None and found["host"] + found["rest"] == known


def with_parameters(uri: str, parameters: Mapping[str, str | None]) -> str:
    """`uri` with `parameters` in its query; those that are None are left out."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def local_path(return_to: str | None) -> str:
    """Where to go after a sign-in: `return_to` if it is a path of this very service, else `/`.

    One leading slash, and no backslash anywhere, which browsers read as a slash: `//evil` is another host.
    """
    if return_to is None or not _PLAIN.fullmatch(return_to) or not return_to.startswith("/"):
        return "/"
    if return_to.startswith("//") or "\\" in return_to:
        return "/"
    return return_to
