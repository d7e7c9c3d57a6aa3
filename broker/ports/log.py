"""The log as others read it: entries, checkpoints and proofs. What is written into it goes through `ports.Ledger`."""

from collections.abc import Sequence
from typing import Protocol

from broker.core.audit.proof import Proof
from broker.core.audit.tiles import Piece
from broker.core.ids import ReceiptId


class KeptEntry(Protocol):
    """An entry as it is kept: its place in the log, and the bytes that were hashed."""

    @property
    def seq(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class PublishedHead(Protocol):
    """The newest checkpoint that anybody may see: how many entries, and the signed note."""

    @property
    def size(self) -> int: ...
    @property
    def note(self) -> bytes: ...


class AuditReads(Protocol):
    """The log that grows, for those who check it. Nothing beyond the published checkpoint has a proof."""

    @property
    def origin(self) -> str: ...
    async def published(self) -> PublishedHead: ...

    async def entry(self, receipt: ReceiptId) -> KeptEntry | None:
        """The entry with this receipt id, published or not."""

    async def newest(self, count: int, before: int | None = None) -> Sequence[KeptEntry]:
        """The last `count` entries below number `before`, newest first, through all logs."""

    async def theirs(self, who: str, count: int, before: int | None = None) -> tuple[Sequence[KeptEntry], int | None]:
        """As `newest`, of one pseudonym; and from which number to go on, None at the end."""

    async def of_kind(self, kind: str, count: int, before: int | None = None) -> tuple[Sequence[KeptEntry], int | None]:
        """As `theirs`, of one kind, whoever made them."""

    async def proof(self, receipt: ReceiptId) -> Proof | None:
        """That an entry is in the published log; None if there is no such entry, or not yet."""

    async def consistency(self, old: int, size: int) -> Sequence[bytes] | None:
        """That the log of `old` entries is the beginning of the one of `size`; None for sizes it never had."""

    async def piece(self, piece: Piece) -> bytes | None:
        """A tile or bundle of entries of the published log; None where there is none so wide."""
