"""Where does a `drs://` address lead, if it may lead anywhere? (DRS 1.5.0, both kinds of address)

By a table that an operator wrote and by nothing else: no registry is asked, and no server that the table does not name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from broker.core.drs.identifiers import BASE_PATH, BadUri, CompactUri, HostUri, encode, is_object_id, parse_drs_uri
from broker.core.outcome import Reason

ID = "{$id}"
"""What stands in a pattern for the accession."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Who may be asked. Trusted: whoever writes it says to which servers people's tools go.

    `hosts`: names of servers, as they stand in `drs://host/id`. `prefixes`: `namespace`, or `provider/namespace`, in
    lower case, to the URL of an object with ID in it.
    """

    hosts: frozenset[str] = frozenset()
    prefixes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def table_fault(table: Table) -> str | None:
    """Why this table must not be used; None if it may."""
    for host in sorted(table.hosts):
        if not isinstance(parse_drs_uri(f"drs://{host}/x"), HostUri) or host != host.lower():
            return f"hosts: {host}: a host name in lower case, without a port"
    for prefix, pattern in sorted(table.prefixes.items()):
        if not isinstance(parse_drs_uri(f"drs://{prefix}:x"), CompactUri) or prefix != prefix.lower():
            return f"prefixes: {prefix}: namespace or provider/namespace, in lower case"
        parts = urlsplit(pattern)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            return f"prefixes: {prefix}: an https address without a query is needed"
        if parts.path.count(ID) != 1 or ID in parts.netloc:
            return f"prefixes: {prefix}: {ID} must stand once in the path"
    return None


def locate(text: str, table: Table, own: str) -> str | Reason:
    """The URL of the object's JSON. `own`: our own base URL, to which addresses with our host name lead."""
    found = parse_drs_uri(text)
    match found:
        case BadUri():
            return Reason(code="REQ-DRS-URI", facts=(("problem", found.why),))
        case HostUri() if found.host == urlsplit(own).hostname:
            return f"{own}{BASE_PATH}/objects/{encode(found.object_id)}"
        case HostUri():
            return found.url if found.host in table.hosts else _unlisted(found.host)
        case CompactUri():
            prefix = "/".join(part for part in (found.provider, found.namespace) if part is not None).lower()
            pattern = table.prefixes.get(prefix)
            if pattern is None:
                return _unlisted(prefix)
            if not is_object_id(found.accession):
                return Reason(code="REQ-DRS-URI", facts=(("problem", "no object can have this accession"),))
            return pattern.replace(ID, encode(found.accession))


def _unlisted(server: str) -> Reason:
    return Reason(code="REQ-DRS-UNLISTED", facts=(("server", server),))
