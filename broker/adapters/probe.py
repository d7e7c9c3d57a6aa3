"""Asks an address once, to show an administrator what comes of it (ports.Probe)."""

from broker.adapters.outgoing import FetchError, Outgoing
from broker.core.passport import limits

_TYPES = ("application/json", "application/jwk-set+json")


class HttpProbe:
    """A ports.Probe, over the same guarded client that would fetch the document in service."""

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing

    async def look(self, url: str, *, internal: bool) -> bytes | str:
        """The document, or why there is none, in words of ours."""
        try:
            return await self._outgoing.fetch(url, limit=limits.KEY_SET_BYTES, types=_TYPES, internal=internal)
        except FetchError as failure:
            return str(failure)
