"""Witnesses of the log, as the flows ask them."""

from typing import Protocol


class WitnessDoor(Protocol):
    """Sends checkpoints to witnesses (c2sp.org/tlog-witness)."""

    async def add_checkpoint(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer at `<url>/add-checkpoint`. UpstreamError: there was none, or too long a one."""
        ...
