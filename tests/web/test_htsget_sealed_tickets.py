"""What opens regions that leave encrypted: the ticket that was made for just these, and no other."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from broker.adapters.crypt4gh.packets import SecretKey, unsealed
from broker.core.ids import GrantId, PersonId
from broker.core.rows import Access, RecipientKey, Row
from tests import builders as b
from tests.adapters.crypt4gh.of_the_package import decrypted
from tests.fakes import START
from tests.web.regions import READS, VARIANTS, Regions, files, regions
from tests.web.site import signed_in
from tests.web.test_crypt4gh_delivery import ADAS, registered
from tests.web.test_htsget_filtered import cohort, consents, withdrawn
from tests.web.test_htsget_sealed import REGION, VAULT, fetched, vault

SEALED, DRS = "/ga4gh/htsget/v1/sealed", "/ga4gh/drs/v1/objects"
OTHER_REGION = "referenceName=chr1&start=1000&end=9000"
GRANT_2 = GrantId("grt_2")
MEIS = SecretKey.of(b"m" * 32)
MEI: tuple[Row, ...] = (
    *signed_in(str(b.MEI), ("faculty@rhine.example",)),
    b.grant(id=GrantId("grt_mei"), person=b.MEI),
    RecipientKey(id="rck_2", person=b.MEI, public=MEIS.public.hex(), name="desk", made=START),
)
Shown = dict[str, str]


async def whole(r: Regions, object: str, way: str) -> Shown:
    """The headers of a ticket for all of an object, as DRS gives it."""
    answer = await r.site.http.get(f"{DRS}/{object}/access/{way}", headers=r.site.headers())
    assert answer.status == 200, await answer.text()
    return dict(line.split(": ", 1) for line in (await answer.json())["headers"])


async def of_regions(r: Regions, path: str, person: PersonId = b.ADA) -> Shown:
    """The headers of an htsget ticket, without its ranges."""
    status, told = await r.ask(path, headers=r.site.headers(str(person)))
    assert status == 200, told
    one = next(url for url in told["htsget"]["urls"] if "headers" in url)
    return {"Authorization": one["headers"]["Authorization"]}


async def asked(r: Regions, path: str, shown: Shown) -> tuple[int, str]:
    """Status and code of the answer; nothing of a body that is none of ours."""
    answer = await r.site.http.get(path, headers=shown)
    body = await answer.json() if "json" in answer.content_type else {}
    return answer.status, body.get("htsget", body).get("code", "")


async def without_pia(r: Regions) -> Shown:
    await withdrawn(r)
    return await of_regions(r, f"{VARIANTS}/cohort")


NOT_FOR_REGIONS: dict[str, tuple[str, Callable[[Regions], Awaitable[Shown]]]] = {
    "all of a file that lies encrypted, encrypted": ("vault", lambda r: whole(r, "vault", "crypt4gh")),
    "all of a file that lies in the clear, encrypted": ("bam", lambda r: whole(r, "bam", "crypt4gh")),
    "all of a file in the clear": ("bam", lambda r: whole(r, "bam", "https")),
    "regions in the clear": ("cut%2Fbam", lambda r: of_regions(r, f"{READS}/cut/bam?{REGION}")),
    "a file without somebody": ("cohort", without_pia),
    "regions of another file": ("vault", lambda r: of_regions(r, f"{READS}/bam?{REGION}&encryptionScheme=c4gh")),
}


@pytest.mark.row("HT-SEALED", "T090")
@pytest.mark.parametrize("of", NOT_FOR_REGIONS)
async def test_a_ticket_for_something_else_opens_no_regions(tmp_path: Path, of: str) -> None:
    object, ticket = NOT_FOR_REGIONS[of]
    async with regions(tmp_path, vault(tmp_path), registered(), cohort(), *consents()) as r:
        shown = await ticket(r)
        before = len(r.site.stage.ledger.entries)
        for range in ({}, {"Range": "bytes=0-99"}):
            assert await asked(r, f"{SEALED}/{object}", shown | range) == (401, "AUTH-TICKET-INVALID")
        assert len(r.site.stage.ledger.entries) == before


@pytest.mark.row("HT-SEALED")
@pytest.mark.parametrize("ranges", ["", "bytes=0-0", "bytes=-1", "bytes=100-", "bytes=0-1,5-6"])
async def test_a_ticket_for_regions_opens_nothing_of_the_file_itself(tmp_path: Path, ranges: str) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        shown = await of_regions(r, f"{VAULT}?{REGION}")
        wanted = {"Range": ranges} if ranges else {}
        assert await asked(r, "/data/vault", shown | wanted) == (416, "REQ-RANGE")
        assert await asked(r, "/ga4gh/htsget/v1/filtered/vault", shown | wanted) == (401, "AUTH-TICKET-INVALID")
        assert "download.authorised" not in r.site.stage.kinds()


@pytest.mark.row("HT-SEALED")
async def test_each_ticket_gives_its_own_regions_and_no_more(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        tickets = {one: await r.ticket(f"{VAULT}?{one}") for one in (REGION, OTHER_REGION)}
        for one, ticket in tickets.items():
            plain = (await r.joined(await r.ticket(f"{READS}/bam?{one}"), ".bam")).read_bytes()
            body = await fetched(r, ticket)
            assert decrypted(body, ADAS) == plain
            answer = await r.site.http.get(
                f"{SEALED}/vault", headers=ticket["urls"][0]["headers"] | {"Range": f"bytes={len(body)}-"}
            )
            assert answer.status == 416
        assert decrypted(await fetched(r, tickets[REGION]), ADAS) != files()["BAM/BAI"][0].read_bytes()


@pytest.mark.row("HT-SEALED")
async def test_a_ticket_is_for_the_key_of_its_own_person(tmp_path: Path) -> None:
    """Who holds somebody else's gets what that one could read; the key of the one is none for the other's content."""
    async with regions(tmp_path, vault(tmp_path), registered(), *MEI) as r:
        status, told = await r.ask(f"{VAULT}?{REGION}", headers=r.site.headers(str(b.MEI)))
        assert status == 200, told
        meis, adas = await fetched(r, told["htsget"]), await fetched(r, await r.ticket(f"{VAULT}?{REGION}"))
        assert decrypted(meis, MEIS) == decrypted(adas, ADAS)
        for body, key in ((meis, ADAS), (adas, MEIS)):
            with pytest.raises(ValueError, match="no packet"):
                unsealed(body, [key])
        assert unsealed(meis, [MEIS])[1].keys != unsealed(adas, [ADAS])[1].keys
        assert {row.recipient for row in r.site.stage.ledger.rows.values() if isinstance(row, Access)} == {
            "rck_1",
            "rck_2",
        }


async def revoked(r: Regions, id: str) -> None:
    r.site.stage.live.committed([b.revocation(id)], 99)


ENDS = {
    "its grant": f"grant:{b.GRANT}",
    "its person": f"person:{b.ADA}",
    "its key": "key:rck_1",
}


@pytest.mark.row("HT-SEALED")
@pytest.mark.parametrize("what", ENDS)
async def test_a_ticket_ends_with_what_it_rests_on_and_with_nothing_of_others(tmp_path: Path, what: str) -> None:
    async with regions(tmp_path, vault(tmp_path), registered(), *MEI) as r:
        adas, meis = [await of_regions(r, f"{VAULT}?{REGION}", who) for who in (b.ADA, b.MEI)]
        await revoked(r, ENDS[what])
        assert (await asked(r, f"{SEALED}/vault", adas))[0] in (401, 403)
        assert (await asked(r, f"{SEALED}/vault", meis))[0] == 200


@pytest.mark.row("HT-SEALED")
async def test_a_ticket_is_of_one_grant(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        shown = await of_regions(r, f"{VAULT}?{REGION}")
        r.site.stage.live.committed([b.grant(id=GRANT_2)], 98)
        await revoked(r, f"grant:{b.GRANT}")
        assert (await asked(r, f"{SEALED}/vault", shown))[0] == 403
        assert (await asked(r, f"{SEALED}/vault", await of_regions(r, f"{VAULT}?{REGION}")))[0] == 200


@pytest.mark.row("HT-SEALED")
async def test_a_ticket_that_was_touched_opens_nothing(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        shown = (await of_regions(r, f"{VAULT}?{REGION}"))["Authorization"].removeprefix("Bearer ")
        head, body, signature = shown.split(".")
        other = (
            (await of_regions(r, f"{READS}/bam?{REGION}&encryptionScheme=c4gh"))["Authorization"]
            .removeprefix("Bearer ")
            .split(".")
        )
        touched = [
            f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{other[1]}.{signature}", f"{head}.{body}.{other[2]}",
            f"{head}.{body}.", f"{head}.{body}", f"eyJhbGciOiJub25lIn0.{body}.", r.site.access_token(str(b.ADA)),
        ]  # fmt: skip
        for one in touched:
            assert await asked(r, f"{SEALED}/vault", {"Authorization": f"Bearer {one}"}) == (401, "AUTH-TICKET-INVALID")
        assert await asked(r, f"{SEALED}/vault", {}) == (401, "AUTH-NO-CREDENTIALS")
        assert await asked(r, f"{SEALED}/vault?ticket={shown}", {}) == (401, "AUTH-NO-CREDENTIALS")
        r.site.stage.clock.advance(3600)
        assert (await asked(r, f"{SEALED}/vault", {"Authorization": f"Bearer {shown}"}))[0] == 401
