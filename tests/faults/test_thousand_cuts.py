"""One download that breaks a thousand times and is taken up again each time: the file is whole, and every part on record."""

import asyncio
import hashlib
import random
from pathlib import Path

import pytest

from broker.core.rows import Delivery
from tests.web.site import Site, opened, site

CUTS = 1_000
CONTENT = hashlib.shake_256(b"a file that is long in coming").digest(4_000_000)


@pytest.mark.long
@pytest.mark.row("T093")
async def test_a_thousand_cuts_and_the_file_is_whole_and_every_part_is_on_record(tmp_path: Path) -> None:
    chance, found = random.Random(7), bytearray()
    async with site(tmp_path, content=CONTENT) as s:
        path, header = await opened(s)
        tag = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
        for _ in range(CUTS):
            asked = header | {"Range": f"bytes={len(found)}-", "If-Match": tag}
            answer = await s.http.get(path, headers=asked)
            assert answer.status == 206
            took = await answer.content.read(chance.randint(1, 3_000))
            answer.close()
            assert took
            found += took
        asked = header | {"Range": f"bytes={len(found)}-", "If-Match": tag}
        found += await (await s.http.get(path, headers=asked)).read()
        assert hashlib.sha256(found).digest() == hashlib.sha256(CONTENT).digest()
        parts = await _closed(s)
    assert len(parts) == CUTS + 1
    assert all(one.state in ("incomplete", "complete") for one in parts)
    at = 0
    for one in sorted(parts, key=lambda part: part.first):
        assert one.first <= at, "no byte came that no entry authorised"
        assert one.sent <= one.last + 1 - one.first
        at = max(at, one.first + one.sent)
    assert at == len(CONTENT)


async def _closed(s: Site) -> list[Delivery]:
    """Every delivery, once all of them have ended."""
    for _ in range(500):
        parts = [row for row in s.stage.ledger.rows.values() if isinstance(row, Delivery)]
        if all(one.state != "open" for one in parts):
            break
        await asyncio.sleep(0.01)
    kinds = s.stage.kinds()
    assert kinds.count("download.authorised") == kinds.count("download.end") == len(parts)
    return parts
