"""Every place where bytes lie, by the root of its repository: folders of this machine, and stores over HTTP."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from broker.adapters.repositories.addresses import Addresses
from broker.adapters.repositories.folders import Folders
from broker.adapters.repositories.origins import Origins
from broker.core.rows import Repository
from broker.ports.sources import Body


class Stores:
    """The `Sources` of every kind of repository."""

    def __init__(self, folders: Folders, origins: Origins) -> None:
        self._folders, self._origins = folders, origins

    def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AbstractAsyncContextManager[Body]:
        if repository.is_remote:
            return self._origins.open(repository, path, size, tag)
        return self._folders.open(repository, path, size, tag)

    async def signed(self, repository: Repository, path: str, seconds: int) -> str:
        return await self._origins.signed(repository, path, seconds)


@asynccontextmanager
async def open_stores(credentials: Path | None) -> AsyncIterator[Stores]:
    """Every kind of store. `credentials`: the folder of what remote ones ask for."""
    origins = Origins(Addresses(credentials))
    try:
        yield Stores(Folders(), origins)
    finally:
        await origins.close()
