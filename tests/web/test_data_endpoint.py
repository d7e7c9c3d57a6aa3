"""The byte endpoint over a real socket: ranges, tickets, cuts, broken sources, and the record of it all."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from broker.core.rows import Access, Delivery
from broker.core.time import Seconds
from broker.flows.revoke import revoke
from broker.flows.use_data import TICKET_SECONDS, TICKET_TYPE
from broker.flows.withdraw_consent import withdraw
from tests import builders as b
from tests.fakes import START, signed
from tests.flows.test_use_and_deliver import ADMIN
from tests.flows.worlds import MEI, PIA, caller
from tests.web.site import CONTENT, PATIENCE, Site, opened, site


async def test_the_whole_object_with_its_receipt(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header)
        assert (answer.status, await answer.read()) == (200, CONTENT)
        assert answer.headers["X-Audit-Receipt"] == s.stage.ledger.entries[-2].id
        assert s.stage.kinds()[-2:] == ["download.authorised", "download.end"]
        assert s.stage.ledger.entries[-1].about["sent"] == len(CONTENT)


RANGES = [
    ("bytes=0-0", 206, CONTENT[:1]),
    ("bytes=5-9", 206, CONTENT[5:10]),
    ("bytes=-7", 206, CONTENT[-7:]),
    (f"bytes={len(CONTENT) - 3}-", 206, CONTENT[-3:]),
    ("bytes=0-999999999999999999999999", 206, CONTENT),
    (f"bytes={len(CONTENT)}-", 416, b""),
    ("bytes=-0", 416, b""),
    ("bytes=5-2", 200, CONTENT),
    ("items=0-1", 200, CONTENT),
    ("bytes=" + ",".join(f"{n}-{n}" for n in range(0, 40, 2)), 416, b""),
]


@pytest.mark.parametrize(("wanted", "status", "body"), RANGES)
async def test_a_range_gives_just_its_bytes(tmp_path: Path, wanted: str, status: int, body: bytes) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | {"Range": wanted})
        assert answer.status == status
        if status != 416:
            assert await answer.read() == body
        else:
            assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
            assert "download.authorised" not in s.stage.kinds()


async def test_several_ranges_come_in_parts_and_only_their_bytes_are_counted(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header | {"Range": "bytes=0-1,10-11"})
        body = await answer.read()
        assert (answer.status, int(answer.headers["Content-Length"])) == (206, len(body))
        assert CONTENT[:2] in body
        assert CONTENT[10:12] in body
        assert s.stage.ledger.entries[-1].about["sent"] == 4


async def test_if_range_with_another_tag_gives_everything(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        tag = (await s.http.head(path, headers=header)).headers["ETag"]
        same = await s.http.get(path, headers=header | {"Range": "bytes=0-1", "If-Range": tag})
        other = await s.http.get(path, headers=header | {"Range": "bytes=0-1", "If-Range": '"other"'})
        assert (same.status, other.status) == (206, 200)


@pytest.mark.row("T086")
async def test_head_says_what_get_would_and_sends_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        answer = await s.http.head(path, headers=header)
        assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(CONTENT)))
        assert "download.authorised" not in s.stage.kinds()
        assert (await s.http.head(path)).status == 401


def forged(s: Site, **changes: Any) -> str:
    said = {
        "iss": b.US,
        "aud": f"{b.US}/data",
        "sub": str(b.ADA),
        "jti": "acc_no",
        "obj": "obj-1",
        "iat": START,
        "exp": START + 60,
    }
    return signed(s.tokens, "ticket", TICKET_TYPE, said | changes)


async def test_what_is_no_ticket_opens_nothing(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        right = header["Authorization"].removeprefix("Bearer ")
        wrong = [
            "", "x", right + "x", right[:-2], "a.b.c", s.access_token(str(b.ADA)), forged(s), forged(s, obj="obj-2"),
            forged(s, aud=b.US), forged(s, exp=START), signed(s.tokens, "oidc-es256", TICKET_TYPE, {"jti": "x"}), "e" * 5000,
        ]  # fmt: skip
        for token in wrong:
            answer = await s.http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status in (400, 401), token
            assert right not in await answer.text()
        assert (await s.http.get(path)).status == 401
        assert (await s.http.get(f"{path}?access_token={right}")).status == 400
        assert (await s.http.get("/data/obj-2", headers=header)).status == 401
        assert "download.authorised" not in s.stage.kinds()


@pytest.mark.row("T091")
async def test_a_ticket_that_was_handed_on_is_still_its_persons_and_ends_with_their_right(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        access = next(row for row in s.stage.ledger.rows.values() if isinstance(row, Access))
        assert access.expires <= START + TICKET_SECONDS
        somebody = {"User-Agent": "of somebody else", "X-Forwarded-For": "203.0.113.9"}
        assert (await s.http.get(path, headers=header | somebody)).status == 200
        entries = s.stage.ledger.entries
        given = next(one for one in entries if one.kind == "access.permitted")
        assert [one.who for one in entries[-2:]] == [given.who] * 2, "on record it is who it was given to"
        mei = s.headers("usr_mei")
        assert (await s.http.get(path, headers=mei)).status == 401, "and nobody has one by being signed in"
        await _revoke(s)
        assert (await s.http.get(path, headers=header | somebody)).status in (401, 403)


BIG = b"0123456789abcdef" * (2 * 1024 * 1024)


async def stopped(s: Site, how: Any) -> tuple[int, list[str]]:
    """Begin a download, do `how` while it runs; how much arrived, and what is on record."""
    path, header = await opened(s)
    got = 0
    async with asyncio.timeout(PATIENCE), s.http.get(path, headers=header) as answer:
        got += len(await answer.content.read(1024))
        await how(s)
        while True:
            try:
                chunk = await answer.content.read(1 << 16)
            except (aiohttp.ClientError, ConnectionError):
                break
            assert chunk, "a cut download must not look like a whole one"
            got += len(chunk)
    for _ in range(200):
        if s.stage.kinds()[-1] in ("download.cut", "download.end"):
            break
        await asyncio.sleep(0.01)
    return got, s.stage.kinds()


async def _withdraw(s: Site) -> None:
    await withdraw(s.stage.world, caller(PIA), "no_further_use")


async def _revoke(s: Site) -> None:
    await revoke(s.stage.world, caller(MEI, roles=(ADMIN,)), "grant", str(b.GRANT), "Misuse.")


async def _suspend(s: Site) -> None:
    await revoke(s.stage.world, caller(MEI, roles=(ADMIN,)), "person", str(b.ADA), "Misuse.")


async def _give_back(s: Site) -> None:
    """The client revokes the one access token with which the download was asked for (RFC 7009)."""
    form = f"client_id=web&token={s.access_token(str(b.ADA))}"
    answer = await s.http.post(
        "/oauth2/revoke", data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status == 200


async def _withdraw_key(s: Site) -> None:
    """Our own key that signed that token, named by its `kid`."""
    await revoke(s.stage.world, caller(MEI, roles=(ADMIN,)), "key", "oidc-es256", "Copied.")


@pytest.mark.row("T098", "T121")
@pytest.mark.parametrize("how", [_withdraw, _revoke, _suspend, _give_back, _withdraw_key])
async def test_a_running_download_is_cut_when_the_right_to_it_ends(tmp_path: Path, how: Any) -> None:
    async with site(tmp_path, content=BIG) as s:
        got, kinds = await stopped(s, how)
        assert got < len(BIG)
        assert kinds[-1] == "download.cut"
        sent = s.stage.ledger.entries[-1].about["sent"]
        assert isinstance(sent, int)
        assert got <= sent < len(BIG), "what the kernel took, no less than what arrived"
        row = next(row for row in s.stage.ledger.rows.values() if isinstance(row, Delivery))
        assert (row.state, row.sent) == ("cut", sent)


async def test_a_download_that_began_before_a_right_ends_by_itself_is_cut_then(tmp_path: Path) -> None:
    ending = b.grant(ends=Seconds(START + 1))
    async with site(tmp_path, content=BIG, grant=ending) as s:

        async def wait(s: Site) -> None:
            s.stage.clock.advance(1)
            await asyncio.sleep(1.1)

        _, kinds = await stopped(s, wait)
        assert kinds[-1] == "download.cut"


@pytest.mark.row("T094", "F33")
async def test_a_source_that_shrinks_breaks_the_transfer_and_is_never_a_clean_short_file(tmp_path: Path) -> None:
    async with site(tmp_path, content=BIG) as s:

        async def shrink(_: Site) -> None:
            (tmp_path / "obj-1.bam").write_bytes(BIG[: len(BIG) // 2])

        got, kinds = await stopped(s, shrink)
        assert got < len(BIG)
        assert (kinds[-1], s.stage.ledger.entries[-1].about["end"]) == ("download.end", "incomplete")


async def test_a_file_that_is_gone_gives_no_bytes(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        (tmp_path / "obj-1.bam").unlink()
        answer = await s.http.get(path, headers=header)
        assert (answer.status, (await answer.json())["code"]) == (502, "SRV-SOURCE")
        about = s.stage.ledger.entries[-1].about
        assert (about["end"], about["sent"]) == ("incomplete", 0)


@pytest.mark.row("T097", "F26")
async def test_a_client_that_hangs_up_is_on_record_with_what_it_got(tmp_path: Path) -> None:
    async with site(tmp_path, content=BIG) as s:
        path, header = await opened(s)
        answer = await s.http.get(path, headers=header)
        await answer.content.read(1024)
        answer.close()
        for _ in range(300):
            if s.stage.kinds()[-1] == "download.end":
                break
            await asyncio.sleep(0.01)
        about = s.stage.ledger.entries[-1].about
        assert about["end"] == "incomplete"
        assert isinstance(about["sent"], int)
        assert 1024 <= about["sent"] < len(BIG)


@pytest.mark.row("F9")
@pytest.mark.parametrize("breaks", ["lost", "stored"])
async def test_no_record_no_bytes(tmp_path: Path, breaks: Any) -> None:
    async with site(tmp_path) as s:
        path, header = await opened(s)
        s.stage.ledger.breaks = breaks
        answer = await s.http.get(path, headers=header)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert CONTENT[:64] not in await answer.read()
        assert (await s.http.get("/readyz")).status == 503
