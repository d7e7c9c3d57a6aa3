"""Where can this process be made to fail on purpose? Named places, which do nothing unless a test arms them.

A place is one line, `fault("download.recorded")`, between two things whose order matters. What happens there is said
by the setting `faults` (adapters/faults.py), which production refuses.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

POINTS: Mapping[str, str] = MappingProxyType({
    "ledger.beginning": "records wait for a transaction that is about to begin",
    "ledger.written": "rows, entries, tiles and checkpoint are written, and not committed",
    "ledger.committed": "the commit is on disk, and nobody knows of it yet",
    "ledger.told": "who follows the rows has heard of them, the callers have not",
    "head.moving": "the newest checkpoint is about to be published",
    "head.moved": "the newest checkpoint was published",
    "request.recorded": "a request for access is on record, and not answered",
    "grant.decided": "a committee's yes is decided, and not on record",
    "grant.recorded": "a grant is on record, and not answered",
    "passport.recorded": "a Passport is on record, and not signed",
    "token.recorded": "an access token of a refresh token is on record, and not signed",
    "ticket.recorded": "a permitted access is on record, and its ticket is not signed",
    "download.decided": "bytes were asked for and permitted, and not on record",
    "download.recorded": "the entry of a download is durable, and nothing of it has left",
    "download.ending": "the last byte has left, and the end is not on record",
    "answer.keeping": "what a key asked for is done, and its answer is not kept",
    "start.closing": "deliveries that the last process left open are about to be closed",
})  # fmt: skip
"""Every place, and what is true there."""


def _nothing(_: str) -> None:
    """In service nobody arms anything."""


class _Armed:
    """What happens at a place. One for the process, as there is one process that can fail."""

    act: Callable[[str], None] = staticmethod(_nothing)


def fault(point: str) -> None:
    """A place was reached. Raises, waits or does not return if a test wants it so."""
    _Armed.act(point)


def arm(act: Callable[[str], None]) -> None:
    """From now on `act` is called with the name of every place that is reached."""
    _Armed.act = staticmethod(act)
