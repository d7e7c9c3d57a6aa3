"""Other DRS servers: the table of those that may be asked, and asking them. (flows/resolve_drs.DrsServers)"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from broker.adapters.catalogue.form import Part, read_form
from broker.adapters.outgoing import FetchError
from broker.core import strict_json
from broker.core.drs.resolving import Table, table_fault
from broker.flows.resolve_drs import NoObjectError

MAX_OBJECT = 4 * 1024 * 1024
"""Bytes of an object's JSON: a bundle may have many members."""
_TYPES = ("application/json",)
Name = Annotated[str, Field(min_length=1, max_length=2_000)]


class _File(Part):
    schema_: Literal["broker.drs-servers/1"] = Field(alias="schema")
    hosts: list[Name] = Field(default_factory=list)
    prefixes: dict[Name, Name] = Field(default_factory=dict)


def read_table(path: Path) -> Table:
    """The table in a file. ValueError for one with any fault; it names the file."""
    said, _ = read_form(path, _File)
    table = Table(hosts=frozenset(said.hosts), prefixes=said.prefixes)
    fault = table_fault(table)
    if fault is not None:
        raise ValueError(f"{path}: {fault}")
    return table


class Fetcher(Protocol):
    """`adapters/outgoing.Outgoing`, as far as needed here."""

    async def fetch(self, url: str, *, limit: int, types: tuple[str, ...], internal: bool = False) -> bytes: ...


class HttpDrsServers:
    """A resolve_drs.DrsServers: https only, public addresses only, no redirects, no credentials, a bound on all of it.

    `own`: our own base URL, which an operator may have at a private address.
    """

    def __init__(self, fetcher: Fetcher, own: str) -> None:
        self._fetcher, self._own = fetcher, own

    async def object(self, url: str) -> Mapping[str, Any]:
        """See the protocol."""
        internal = url.startswith(f"{self._own}/")
        try:
            body = await self._fetcher.fetch(url, limit=MAX_OBJECT, types=_TYPES, internal=internal)
            found = strict_json.loads(body, MAX_OBJECT)
        except FetchError as failure:
            raise NoObjectError(str(failure), failure.status) from None
        except strict_json.StrictJsonError:
            raise NoObjectError("no JSON") from None
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise NoObjectError("no DRS object")
        return found
