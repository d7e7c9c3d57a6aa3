"""A `drs://` address is followed: to the one server that it names, if that may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from broker.core.drs.resolving import Table, locate
from broker.core.outcome import Reason


class NoObjectError(Exception):
    """The server did not answer with an object. `status`: what it answered; None: nothing that could be read."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class DrsServers(Protocol):
    """Other DRS servers, asked without credentials."""

    async def object(self, url: str) -> Mapping[str, Any]:
        """The JSON at `url`, which is an object with an id. NoObjectError for everything else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Where the object is, and what its server says of it."""

    url: str
    object: Mapping[str, Any]


async def resolve(servers: DrsServers, table: Table, own: str, text: str) -> Resolved | Reason:
    """Steps: 1 gather, 2 decide whom to ask, 3 nothing to record (it gives nobody a right), 4 ask."""
    # 1. Gather. 2. Decide.
    url = locate(text, table, own)
    if isinstance(url, Reason):
        return url
    # 4. Ask.
    try:
        return Resolved(url=url, object=await servers.object(url))
    except NoObjectError as failure:
        return _why(failure)


_LATER, _NOT_FOUND = 202, 404
_UNSAID_SECONDS = "30"
"""When to ask again where one may not look at what the server said."""


def _why(failure: NoObjectError) -> Reason:
    if failure.status == _LATER:
        return Reason(code="REQ-LATER", facts=(("seconds", _UNSAID_SECONDS),))
    return Reason(code="REQ-NOT-FOUND" if failure.status == _NOT_FOUND else "SRV-UPSTREAM")
