"""Every folder that a repository row names, opened once and kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from broker.adapters.repositories.local import LocalFile, LocalRepository
from broker.core.rows import Repository
from broker.ports.sources import SourceBrokenError


class Folders:
    """The `Sources` of repositories that are folders of this machine."""

    def __init__(self) -> None:
        self._known: dict[str, LocalRepository] = {}

    @asynccontextmanager
    async def open(self, repository: Repository, path: str, size: int, tag: str = "") -> AsyncIterator[LocalFile]:
        """The file, if it is there with `size` bytes; folders know no tags. SourceBrokenError."""
        del tag
        async with self._folder(repository.root).open(path, size=size) as file:
            yield file

    def _folder(self, root: str) -> LocalRepository:
        known = self._known.get(root)
        if known is None:
            try:
                known = self._known[root] = LocalRepository(Path(root))
            except OSError as failure:
                raise SourceBrokenError(f"{root}: {failure.strerror}") from None
        return known
