"""Encrypted objects over a real socket: for a registered key, in the clear where allowed, in ranges, and cut in time."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.crypt4gh.bodies import Sealer
from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.core.crypt4gh.edits import kept
from broker.core.crypt4gh.header import Contents, length_for, parse
from broker.core.crypt4gh.public_keys import write
from broker.core.rows import Envelope, RecipientKey
from broker.flows.recipients import MAX_KEYS
from tests import builders as b
from tests.adapters.crypt4gh.of_the_package import decrypted, encrypted, with_edits
from tests.adapters.crypt4gh.whole import open_all, seal_all
from tests.fakes import START
from tests.web.site import ARCHIVE, Site, site
from tests.web.test_data_endpoint import stopped

DRS = "/ga4gh/drs/v1/objects/obj-1"
ADAS = SecretKey.of(b"r" * 32)
PLAIN = hashlib.shake_256(b"reads").digest(200_000)
OBJECTS_KEY = b"d" * 32


def registered(key: SecretKey = ADAS, **changes: Any) -> RecipientKey:
    made = RecipientKey(id="rck_1", person=b.ADA, public=key.public.hex(), name="laptop", made=START)
    return replace(made, **changes)


@asynccontextmanager
async def archive(
    folder: Path, file: bytes, *more: Any, plain: bytes = PLAIN, header: int | None = None, plaintext: bool = False
) -> AsyncIterator[Site]:
    """The site, whose `obj-1` is stored as `file`, a Crypt4GH file of `plain`."""
    envelope = Envelope(
        header=parse(file).length if header is None else header,
        size=len(file),
        sha256=hashlib.sha256(file).hexdigest(),
    )
    one = b.drs_object(size=len(plain), checksums={"sha-256": hashlib.sha256(plain).hexdigest()}, envelope=envelope)
    async with site(folder, *more, content=file, one=one, dataset=b.dataset(plaintext=plaintext)) as s:
        yield s


def stored(plain: bytes = PLAIN) -> bytes:
    return encrypted(plain, [ARCHIVE], SecretKey.of(b"w" * 32))


async def opened(s: Site, way: str = "crypt4gh") -> tuple[str, dict[str, str]]:
    answer = await s.http.get(f"{DRS}/access/{way}", headers=s.headers())
    assert answer.status == 200, await answer.text()
    told = await answer.json()
    return told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])


async def got(s: Site, way: str = "crypt4gh", **headers: str) -> bytes:
    path, header = await opened(s, way)
    answer = await s.http.get(path, headers=header | headers)
    assert answer.status in (200, 206), await answer.text()
    body = await answer.read()
    assert len(body) == int(answer.headers["Content-Length"])
    return body


async def test_a_registered_key_opens_what_comes_and_the_body_was_not_touched(tmp_path: Path) -> None:
    file = stored()
    async with archive(tmp_path, file, registered()) as s:
        body = await got(s)
        assert body[124:] == file[124:]
        assert body[:124] != file[:124]
        assert decrypted(body, ADAS) == PLAIN
        assert s.stage.ledger.entries[-2].about["form"] == "header"
        assert s.stage.ledger.entries[-1].about["sent"] == len(body)


async def test_nobody_else_can_open_what_comes(tmp_path: Path) -> None:
    async with archive(tmp_path, stored(), registered()) as s:
        body = await got(s)
        for other in (ARCHIVE, SecretKey.of(b"x" * 32)):
            with pytest.raises(ValueError, match="no packet"):
                unsealed(body, [other])


@pytest.mark.row("T093")
async def test_a_download_that_is_taken_up_again_fits_also_with_another_ticket(tmp_path: Path) -> None:
    async with archive(tmp_path, stored(), registered()) as s:
        whole = await got(s)
        cuts = [0, 1, 60, 123, 124, 125, 124 + 65_564, 150_000, len(whole)]
        parts = [await got(s, Range=f"bytes={a}-{z - 1}") for a, z in pairwise(cuts)]
        assert hashlib.sha256(b"".join(parts)).digest() == hashlib.sha256(whole).digest()
        path, header = await opened(s)
        tag = (await s.http.head(path, headers=header)).headers["ETag"]
        again, newer = await opened(s)
        part = await s.http.get(again, headers=newer | {"Range": "bytes=100-299", "If-Range": tag})
        assert (part.status, await part.read()) == (206, whole[100:300])


async def test_two_people_and_two_keys_get_files_of_their_own(tmp_path: Path) -> None:
    file, other = stored(), SecretKey.of(b"o" * 32)
    async with archive(tmp_path, file, registered()) as s:
        first = await got(s)
    async with archive(tmp_path, file, registered(other)) as s:
        second = await got(s)
        tag = (await s.http.head((await opened(s))[0], headers=(await opened(s))[1])).headers["ETag"]
    assert first[:124] != second[:124]
    assert hashlib.sha256(first).hexdigest() not in tag


async def test_without_a_key_nothing_is_encrypted_and_the_answer_says_nothing_of_the_object(tmp_path: Path) -> None:
    async with archive(tmp_path, stored()) as s:
        there = await s.http.get(f"{DRS}/access/crypt4gh", headers=s.headers())
        gone = await s.http.get(f"{DRS}x/access/crypt4gh", headers=s.headers())
        assert (there.status, gone.status) == (409, 409)
        assert (await there.json())["code"] == (await gone.json())["code"] == "REQ-RECIPIENT-NONE"


@pytest.mark.row("C4GH-OWNER")
async def test_what_is_stored_encrypted_leaves_so_unless_its_owner_allows_otherwise(tmp_path: Path) -> None:
    async with archive(tmp_path, stored(), registered()) as s:
        answer = await s.http.get(f"{DRS}/access/https", headers=s.headers())
        assert (answer.status, (await answer.json())["code"]) == (403, "SEC-SEALED-ONLY")
        assert s.stage.kinds()[-1] == "access.refused"
        ways = (await (await s.http.get(DRS)).json())["access_methods"]
        assert [way["access_id"] for way in ways] == ["crypt4gh"]


RANGES = ["bytes=0-0", "bytes=65530-65540", "bytes=-1", "bytes=131072-", "bytes=0-199999", "bytes=5-9,70000-70009"]


@pytest.mark.parametrize("wanted", RANGES)
async def test_where_the_owner_allows_it_any_range_of_the_plaintext_comes(tmp_path: Path, wanted: str) -> None:
    async with archive(tmp_path, stored(), plaintext=True) as s:
        whole = await got(s, "https")
        assert hashlib.sha256(whole).digest() == hashlib.sha256(PLAIN).digest()
        assert s.stage.ledger.entries[-2].about["form"] == "plain"
        part = await got(s, "https", Range=wanted)
        for piece in wanted.removeprefix("bytes=").split(","):
            first, _, last = piece.partition("-")
            begin = int(first) if first else len(PLAIN) - int(last)
            end = int(last) + 1 if first and last else len(PLAIN)
            assert PLAIN[begin:end] in part


@pytest.mark.row("T104")
async def test_size_and_digest_are_those_of_the_content_whatever_it_is_wrapped_in(tmp_path: Path) -> None:
    async with archive(tmp_path, stored(), registered(), plaintext=True) as s:
        told = await (await s.http.get(DRS)).json()
        clear, sealed_file = await got(s, "https"), await got(s)
        for content in (clear, decrypted(sealed_file, ADAS)):
            assert len(content) == told["size"]
            assert {"type": "sha-256", "checksum": hashlib.sha256(content).hexdigest()} in told["checksums"]


EDITS: list[tuple[int, ...]] = [(10, 100), (0, 70_000, 50_000, 20_000), (65_530,), (199_999,)]


@pytest.mark.row("C4GH-WHOLE")
@pytest.mark.parametrize("edits", EDITS)
async def test_of_a_file_with_an_edit_list_only_what_it_keeps_can_ever_be_read(
    tmp_path: Path, edits: tuple[int, ...]
) -> None:
    """The list protects nothing: with the file's own data key the rest could be read. So it is encrypted anew."""
    file = with_edits(stored(), ARCHIVE, edits)
    content = b"".join(PLAIN[one.first : one.last + 1] for one in kept(edits, len(PLAIN)))
    (data_key,) = unsealed(file, [ARCHIVE])[1].keys
    async with archive(tmp_path, file, registered(), plain=content, plaintext=True) as s:
        whole = await got(s)
        assert decrypted(whole, ADAS) == content
        assert data_key not in unsealed(whole, [ADAS])[1].keys
        assert s.stage.ledger.entries[-2].about["form"] == "sealed"
        assert await got(s, "https") == content
        middle = len(content) // 2
        assert await got(s, "https", Range=f"bytes={middle}-") == content[middle:]
        assert await got(s, Range=f"bytes=100-{len(whole) - 2}") == whole[100:-1]


async def test_what_is_stored_in_the_clear_can_be_had_encrypted(tmp_path: Path) -> None:
    async with site(tmp_path, registered(), content=PLAIN) as s:
        whole = await got(s)
        assert decrypted(whole, ADAS) == PLAIN
        size = len(whole)
        cuts = [0, 124, 125, 65_564, 124 + 65_564, 124 + 65_564 + 1, size]
        assert b"".join([await got(s, Range=f"bytes={a}-{z - 1}") for a, z in pairwise(cuts)]) == whole
        assert (await got(s, Range="bytes=0-9")) == whole[:10]


async def test_several_data_keys_and_an_empty_content(tmp_path: Path) -> None:
    keys = [b"1" * 32, b"2" * 32]
    said = Contents(keys=tuple(keys))
    body = b"".join(Sealer(keys[n % 2], lambda k: k.to_bytes(12, "big")).seal(PLAIN[:65_536], n) for n in range(3))
    file = sealed(said, [ARCHIVE.public], b"s" * 32) + body
    async with archive(tmp_path, file, registered(), plain=PLAIN[:65_536] * 3, plaintext=True) as s:
        assert await got(s, "https") == PLAIN[:65_536] * 3
        assert decrypted(await got(s), ADAS) == PLAIN[:65_536] * 3
    async with archive(tmp_path, stored(b""), registered(), plain=b"", plaintext=True) as s:
        assert await got(s, "https") == b""
        assert decrypted(await got(s), ADAS) == b""


def _turned(file: bytes, at: int) -> bytes:
    return file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :]


@pytest.mark.row("T094", "T101")
@pytest.mark.parametrize(
    ("name", "change", "status"),
    [
        ("a header of nobody's", lambda f: _turned(f, 100), 502),
        ("no header", lambda f: b"x" * len(f), 502),
        ("a body that was turned in its first segment", lambda f: _turned(f, 200), 502),
        ("a body that was turned in its last segment", lambda f: _turned(f, len(f) - 50), None),
        ("segments that change places", lambda f: f[:124] + f[124 + 65_564 : 124 + 2 * 65_564] + f[124 : 124 + 65_564] + f[124 + 2 * 65_564 :], 200),
    ],
)  # fmt: skip
async def test_a_stored_file_that_is_not_what_it_was_is_never_a_clean_answer(
    tmp_path: Path, name: str, change: Any, status: int | None
) -> None:
    """But for whole segments that change places: the format cannot tell; `broker data verify` and the digest can."""
    del name
    async with archive(tmp_path, change(stored()), registered(), header=124, plaintext=True) as s:
        path, header = await opened(s, "https")
        answer = await s.http.get(path, headers=header)
        if status is None:
            with pytest.raises(Exception, match=r"payload|closed|disconnected|reset"):
                assert len(await answer.read()) < 0
            assert s.stage.ledger.entries[-1].about["end"] == "incomplete"
            return
        assert answer.status == status
        if status == 200:
            assert hashlib.sha256(await answer.read()).digest() != hashlib.sha256(PLAIN).digest()
        else:
            assert (await answer.json())["code"] == "SRV-SOURCE"


@pytest.mark.row("T094")
async def test_a_body_that_lost_its_last_segments_is_not_sent(tmp_path: Path) -> None:
    file = stored()[: 124 + 65_564]
    async with archive(tmp_path, file, registered(), plaintext=True) as s:
        path, header = await opened(s, "https")
        answer = await s.http.get(path, headers=header)
        assert (answer.status, (await answer.json())["code"]) == (502, "SRV-SOURCE")


BIG = bytes(32 * 1024 * 1024)


@pytest.mark.row("T098")
@pytest.mark.parametrize("way", ["crypt4gh", "https"])
async def test_a_running_download_ends_with_the_key_or_with_the_owners_leave(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Contents(keys=(OBJECTS_KEY,))
    body = seal_all(OBJECTS_KEY, BIG)
    file = sealed(said, [ARCHIVE.public], b"s" * 32) + body
    assert length_for(said) == 124
    monkeypatch.setattr("tests.web.site.ACCESS", f"{DRS}/access/{way}")

    async def end(s: Site) -> None:
        if way == "crypt4gh":
            answer = await s.http.delete("/api/v1/me/keys/rck_1", headers=s.headers())
            assert answer.status == 204
        else:
            row = b.dataset(plaintext=False, version=2)
            s.stage.live.committed((row,), len(s.stage.ledger.entries) + 1)

    async with archive(tmp_path, file, registered(), plain=BIG, plaintext=True) as s:
        size, kinds = await stopped(s, end)
        assert size < len(BIG)
        assert kinds[-1] == "download.cut"


async def test_a_person_registers_a_key_by_reading_with_it(tmp_path: Path) -> None:
    async with archive(tmp_path, stored()) as s:
        asked = {"public_key": write(ADAS.public), "name": "laptop"}
        begun = await s.http.post("/api/v1/me/keys", json=asked, headers=s.headers())
        told = await begun.json()
        assert begun.status == 201
        assert (await (await s.http.get("/api/v1/me/keys", headers=s.headers())).json())["keys"] == []
        said = decrypted(base64.b64decode(told["challenge"]), ADAS).decode()
        proved = await s.http.put(f"/api/v1/me/keys/{told['id']}", json={"answer": said}, headers=s.headers())
        key = await proved.json()
        assert (proved.status, key["public_key"], key["name"]) == (200, write(ADAS.public), "laptop")
        assert s.stage.kinds()[-1] == "recipient.registered"
        assert decrypted(await got(s), ADAS) == PLAIN
        again = await s.http.post("/api/v1/me/keys", json=asked, headers=s.headers())
        assert (again.status, (await again.json())["code"]) == (400, "REQ-RECIPIENT-KEY")
        for _ in range(2):
            assert (await s.http.delete(f"/api/v1/me/keys/{key['id']}", headers=s.headers())).status == 204
        assert s.stage.kinds().count("recipient.removed") == 1
        assert (await s.http.get(f"{DRS}/access/crypt4gh", headers=s.headers())).status == 409


async def begun(s: Site, person: str = str(b.ADA), key: SecretKey = ADAS) -> tuple[str, str]:
    body = {"public_key": write(key.public), "name": "laptop"}
    told = await (await s.http.post("/api/v1/me/keys", json=body, headers=s.headers(person))).json()
    _, said = unsealed(base64.b64decode(told["challenge"]), [key])
    return told["id"], open_all(said.keys, base64.b64decode(told["challenge"])[124:]).decode()


@pytest.mark.row("C4GH-KEYS")
async def test_the_last_place_is_taken_once_however_many_challenges_run(tmp_path: Path) -> None:
    nine = (registered(SecretKey.of(bytes([n]) * 32), id=f"rck_{n}") for n in range(1, MAX_KEYS))
    async with archive(tmp_path, stored(), *nine) as s:
        waiting = [await begun(s), await begun(s, key=SecretKey.of(b"q" * 32))]
        got = [
            (await s.http.put(f"/api/v1/me/keys/{id}", json={"answer": said}, headers=s.headers())).status
            for id, said in waiting
        ]
        assert got == [200, 400]


@pytest.mark.row("C4GH-KEYS")
async def test_an_answer_counts_once_and_only_for_who_was_asked(tmp_path: Path) -> None:
    async with archive(tmp_path, stored()) as s:

        async def answered(id: str, answer: str, person: str = str(b.ADA)) -> int:
            where = f"/api/v1/me/keys/{id}"
            return (await s.http.put(where, json={"answer": answer}, headers=s.headers(person))).status

        id, answer = await begun(s)
        assert await answered(id, "0" * 64) == 409
        assert await answered(id, answer) == 409, "a wrong answer spends the question"
        id, answer = await begun(s)
        assert await answered(id, answer, str(b.MEI)) == 409
        id, answer = await begun(s)
        s.stage.clock.advance(3600)
        assert await answered(id, answer) in (401, 409)
        assert "recipient.registered" not in s.stage.kinds()


@pytest.mark.row("T101")
@pytest.mark.parametrize(
    "text", ["", "x", write(ADAS.public) * 2, base64.b64encode(bytes(32)).decode(), "ssh-rsa AAAA", "x" * 5000]
)
async def test_a_key_that_is_none_or_weak_is_a_bad_request(tmp_path: Path, text: str) -> None:
    async with archive(tmp_path, stored()) as s:
        answer = await s.http.post("/api/v1/me/keys", json={"public_key": text, "name": "x"}, headers=s.headers())
        assert answer.status == 400


async def test_nobody_has_more_than_ten_keys_or_removes_anothers(tmp_path: Path) -> None:
    many = [registered(SecretKey.of(bytes([n]) * 32), id=f"rck_{n}") for n in range(1, 11)]
    async with archive(tmp_path, stored(), *many) as s:
        answer = await s.http.post(
            "/api/v1/me/keys", json={"public_key": write(ADAS.public), "name": "x"}, headers=s.headers()
        )
        assert answer.status == 400
        theirs = await s.http.delete("/api/v1/me/keys/rck_1", headers=s.headers(str(b.MEI)))
        assert theirs.status == 404
