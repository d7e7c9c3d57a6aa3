"""Which home identity providers are trusted? Those that an operator registered, and nobody else."""

from collections.abc import Sequence

from broker.core.rows import IdentityProvider
from broker.ports import Snapshots


class RegisteredProviders:
    """Those of the catalogue and of the administration, as the current picture has them."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def known(self) -> Sequence[IdentityProvider]:
        return tuple(idp for idp in self._snapshots.current().all(IdentityProvider) if idp.status == "active")

    async def called(self, slug: str) -> IdentityProvider | None:
        return next((idp for idp in self.known() if idp.slug == slug), None)

    async def named(self, issuer: str) -> IdentityProvider | None:
        row = self._snapshots.current().get(IdentityProvider, issuer)
        return row if row is not None and row.status == "active" else None
