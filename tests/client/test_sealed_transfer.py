"""Files that come encrypted: downloaded in ranges, decrypted with one's own key, checked, or not there at all."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from broker.adapters.crypt4gh.key_files import write_secret_key
from broker.adapters.crypt4gh.packets import SecretKey
from broker.client import transfer
from broker.client.answers import TalkError
from broker.client.objects import Wanted, wanted
from broker.client.transfer import BrokenError, fetch
from broker.commands.common import Fail
from broker.commands.reading import unsealing
from tests.adapters.crypt4gh.of_the_package import encrypted
from tests.client.test_transfer import CONTENT, PIECE, SHA256, Client, Handler, client, ranged, says

OWN, OTHER = SecretKey.of(b"k" * 32), SecretKey.of(b"o" * 32)
SEALED = encrypted(CONTENT, [OWN], OTHER)
WANTED: dict[str, Any] = {
    "id": "obj", "name": "a.bam", "size": len(CONTENT), "checksums": {"sha-256": SHA256}, "access": "/access",
    "sealed": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PIECE", PIECE)


def held(file: bytes, tag: str = '"one"') -> Handler:
    async def answer(request: web.Request, first: int, last: int) -> web.StreamResponse:
        if request.method == "HEAD":
            return web.Response(body=file, headers={"ETag": tag})
        return web.Response(status=206, body=file[first : last + 1], headers=ranged(first, last, len(file)))

    return answer


async def got(c: Client, key: SecretKey | None = OWN, **changes: Any) -> Path:
    file = c.folder.parent / "own.key"
    phrase = c.folder.parent / "phrase"
    if key is not None:
        file.write_bytes(write_secret_key(key.private.private_bytes_raw(), b"p", os.urandom))
        phrase.write_text("p", "ascii")
        phrase.chmod(0o600)
    unseal = unsealing(file, phrase) if key is not None else None
    return await fetch(
        c.api, Wanted(**WANTED | changes), c.folder, parallel=2, told=c.add, pause=c.pause, unseal=unseal
    )


async def test_it_is_decrypted_when_all_of_it_is_there_and_nothing_else_is_left(tmp_path: Path) -> None:
    async with client(tmp_path, held(SEALED)) as c:
        path = await got(c)
        assert path.read_bytes() == CONTENT
        assert c.left == {"a.bam"}
        assert path.stat().st_mode & 0o077 == 0, "others of this computer were not granted anything"
        before = len(c.origin.asked)
        assert await got(c) == path
        assert len(c.origin.asked) == before


async def test_without_a_key_nothing_is_fetched(tmp_path: Path) -> None:
    async with client(tmp_path, held(SEALED)) as c:
        with pytest.raises(TalkError, match="--key FILE"):
            await got(c, None)
        assert c.origin.asked == []


@pytest.mark.parametrize(
    ("file", "key"),
    [(SEALED, OTHER), (SEALED[:-40], OWN), (encrypted(CONTENT[1:] + b"x", [OWN], OTHER), OWN), (CONTENT, OWN)],
)
async def test_what_does_not_open_or_is_something_else_never_appears(
    tmp_path: Path, file: bytes, key: SecretKey
) -> None:
    async with client(tmp_path, held(file)) as c:
        with pytest.raises(BrokenError, match="does not fit"):
            await got(c, key)
        assert c.left == set()


async def test_it_is_gone_on_with_and_begun_anew_where_the_server_has_another_file(tmp_path: Path) -> None:
    async with client(tmp_path, held(SEALED), held(SEALED), says(503)) as c:
        with pytest.raises(BrokenError, match="run the same command again"):
            await got(c)
        assert c.left == {"a.bam.c4gh.part", "a.bam.c4gh.part.json"}
        c.origin.answers[:] = [held(SEALED)]
        c.origin.asked.clear()
        assert (await got(c)).read_bytes() == CONTENT
        assert (0, 999) not in c.origin.asked
    other = tmp_path / "other"
    other.mkdir()
    async with client(other, held(SEALED), held(SEALED), says(503)) as c:
        with pytest.raises(BrokenError):
            await got(c)
        c.origin.answers[:] = [held(encrypted(CONTENT, [OWN], OTHER), '"two"')]
        assert (await got(c)).read_bytes() == CONTENT


async def test_a_server_that_says_no_length_is_told(tmp_path: Path) -> None:
    async with client(tmp_path, says(500)) as c:
        with pytest.raises(BrokenError, match="status 500"):
            await got(c)


def test_a_key_that_does_not_open_is_told_before_anything_is_fetched(tmp_path: Path) -> None:
    file, phrase = tmp_path / "k", tmp_path / "p"
    file.write_bytes(write_secret_key(b"k" * 32, b"right", os.urandom))
    phrase.write_text("wrong", "ascii")
    phrase.chmod(0o600)
    with pytest.raises(Fail, match="not under this passphrase"):
        unsealing(file, phrase)


class _Said:
    """A broker that says one thing about one object."""

    issuer = "https://broker.example"

    def __init__(self, *ways: str) -> None:
        self._ways = ways

    async def each(self, *_: str, **__: str) -> AsyncIterator[Any]:
        """No dataset has the name."""
        for one in list[Any]():
            yield one

    async def call(self, method: str, path: str) -> Any:
        del method, path
        methods = [{"type": "https", "access_id": way} for way in self._ways]
        return {"id": "obj", "name": "a", "size": 1, "checksums": [], "access_methods": methods}


@pytest.mark.parametrize(
    ("ways", "way", "sealed"),
    [(("https", "crypt4gh"), "https", False), (("crypt4gh",), "crypt4gh", True), (("crypt4gh", "s3"), "s3", False)],
)
async def test_a_file_is_taken_in_the_clear_where_that_is_offered(ways: tuple[str, ...], way: str, sealed: Any) -> None:
    api: Any = _Said(*ways)
    (file,) = [one async for one in wanted(api, "obj")]
    assert isinstance(file, Wanted)
    assert (file.access.rsplit("/", 1)[-1], file.sealed) == (way, sealed)
