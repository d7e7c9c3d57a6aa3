"""What may be a DRS id, how is it written in a URL, and what does a `drs://` URI name? (DRS 1.5.0)

Two kinds of `drs://` URI: `drs://host/id` (id percent-encoded, no colon anywhere) and the compact
`drs://[provider/]namespace:accession`, which some registry must resolve. Nothing is resolved here.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit

BASE_PATH = "/ga4gh/drs/v1"
"""Every DRS server's path prefix."""

MAX_ID = 256
"""Longest object id, in UTF-8 bytes before percent-encoding."""

MAX_URI = 2048
"""Longest `drs://` URI that is read, in characters."""

RESERVED = frozenset({"access", ".", ".."})
"""Ids that no object can have: `POST /objects/access` is the bulk endpoint, dot segments vanish from URLs."""

_SCHEME = "drs://"
_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_PREFIX = re.compile(r"(?:([A-Za-z0-9._]+)/)?([A-Za-z0-9._]+)")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostUri:
    """`drs://host/id`: the object `object_id` (decoded) of the server at https://host."""

    host: str
    object_id: str

    @property
    def url(self) -> str:
        """Where the object's JSON is: always https, always port 443."""
        return f"https://{self.host}{BASE_PATH}/objects/{encode(self.object_id)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactUri:
    """`drs://[provider/]namespace:accession`: whoever keeps the registry knows the server. Not encoded."""

    provider: str | None
    namespace: str
    accession: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadUri:
    """Not a `drs://` URI that means one thing."""

    why: str


def is_object_id(text: str) -> bool:
    """May an object have this id? Printable, no spaces, not empty, not reserved, at most `MAX_ID` bytes."""
    if not text or text in RESERVED or _UNPRINTABLE.search(text):
        return False
    return len(text.encode()) <= MAX_ID


def encode(object_id: str) -> str:
    """An id as one path segment: all but `[A-Za-z0-9.-_~]` percent-encoded, so `/` and `:` too."""
    return quote(object_id, safe="")


def decode(segment: str) -> str | None:
    """The id that one path segment means, decoded once. None if it means none: `/`, `%2`, `%ff`, `access`."""
    if _ESCAPED.fullmatch(segment) is None:
        return None
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None
    return text if is_object_id(text) else None


def names_a_host(base_url: str) -> bool:
    """Has the address a host that a `drs://` URI can name? An IPv6 address has colons, which mean something else."""
    return _HOST.fullmatch(urlsplit(base_url).hostname or "") is not None


def self_uri(base_url: str, object_id: str) -> str:
    """`drs://host/id` for an object of the server at `base_url`: its host name, never its port.

    ValueError for a base URL without a host name that such a URI can carry (an IPv6 address has colons).
    """
    host = urlsplit(base_url).hostname or ""
    if not names_a_host(base_url):
        raise ValueError("a drs:// URI needs a host name")
    return f"{_SCHEME}{host}/{encode(object_id)}"


def parse_drs_uri(text: str) -> HostUri | CompactUri | BadUri:
    """What a `drs://` URI names. A colon after the scheme makes it compact; it is never a port."""
    if len(text) > MAX_URI:
        return BadUri(why=f"longer than {MAX_URI} characters")
    if text[: len(_SCHEME)].lower() != _SCHEME:
        return BadUri(why="does not begin with drs://")
    if _UNPRINTABLE.search(text):
        return BadUri(why="has spaces or characters that cannot be printed")
    named = text[len(_SCHEME) :]
    return _compact(named) if ":" in named else _hosted(named)


def _compact(named: str) -> CompactUri | BadUri:
    prefix, _, accession = named.partition(":")
    match = _PREFIX.fullmatch(prefix)
    if match is None or not accession:
        return BadUri(why="has a colon, and is not [provider/]namespace:accession")
    return CompactUri(provider=match[1], namespace=match[2], accession=accession)


def _hosted(named: str) -> HostUri | BadUri:
    host, _, segment = named.partition("/")
    if _HOST.fullmatch(host.lower()) is None:
        return BadUri(why="names no host")
    object_id = decode(segment)
    if object_id is None:
        return BadUri(why="the id after the host is not one percent-encoded path segment")
    return HostUri(host=host.lower(), object_id=object_id)
