"""Where do regions of a genome lie in a file? (htsget)"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from broker.core.htsget.bgzf import VirtualRange
from broker.core.htsget.plan import Plan
from broker.core.htsget.request import Asked
from broker.core.outcome import Reason
from broker.core.rows import DrsObject, Repository
from broker.ports.sources import Body


class Regions(Protocol):
    """Where regions lie in the files of repositories."""

    async def plan(self, repository: Repository, row: DrsObject, asked: Asked) -> Plan | Reason:
        """The pieces that answer; a Reason for a sequence that the file does not know. Reads the index, the header and
        the blocks at the ends of ranges, however large the file is. SourceBrokenError: they are not as registered.
        """
        ...

    async def cuts(self, repository: Repository, row: DrsObject, asked: Asked) -> tuple[VirtualRange, ...] | Reason:
        """Where in the content the records are that may be asked for. As `plan`, which is made of this and `pieces`."""
        ...

    async def pieces(self, repository: Repository, row: DrsObject, cuts: Sequence[VirtualRange]) -> Plan:
        """The pieces of a valid file with the records there. SourceBrokenError."""
        ...

    def content(self, repository: Repository, row: DrsObject) -> AbstractAsyncContextManager[Body]:
        """The content of the object, decrypted if it is stored encrypted: for who makes something of it here."""
        ...

    async def plan_filtered(
        self, repository: Repository, row: DrsObject, asked: Asked, left_out: frozenset[str]
    ) -> tuple[Plan, tuple[VirtualRange, ...]] | Reason:
        """The same of a VCF or BCF without the samples `left_out`: what the ticket holds, and where the records are
        that `filtered` makes anew.
        """
        ...

    def filtered(
        self, repository: Repository, row: DrsObject, cuts: Sequence[VirtualRange], left_out: frozenset[str]
    ) -> AsyncGenerator[bytes, None]:
        """The records there without these samples, in blocks, as they are made, a few at a time. Close it.

        SourceBrokenError: what came out before is right, and the rest must not be made up.
        """
        ...
