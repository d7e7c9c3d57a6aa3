"""What every store of objects must give: any slice of what lies there, and nothing of what does not."""

import pytest

from broker.core.rows import Repository
from broker.ports.sources import SourceBrokenError, Sources

CONTENT = bytes(n * 7 % 251 for n in range(300_000))
PATH = "reads/one.bam"


async def slices_are_right(stores: Sources, home: Repository) -> None:
    """Of CONTENT, which lies at PATH."""
    async with stores.open(home, PATH, len(CONTENT)) as body:
        for first, last in ((0, len(CONTENT) - 1), (17, 99_999), (len(CONTENT) - 1,) * 2):
            got = b"".join([chunk async for chunk in body.read(first, last)])
            assert got == CONTENT[first : last + 1]
    with pytest.raises(SourceBrokenError):
        async with stores.open(home, "none.bam", 5) as body:
            assert not [chunk async for chunk in body.read(0, 4)]
