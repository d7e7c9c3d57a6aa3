"""Regions of files that are stored encrypted, or asked for so: one Crypt4GH file for one reader, and nothing beside."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.crypt4gh.indexes import indexed_sealed
from broker.adapters.crypt4gh.packets import SecretKey, unsealed
from broker.core.crypt4gh.header import parse
from broker.core.rows import Access, DrsObject, Put
from broker.core.rows.catalogue import Envelope
from tests import builders as b
from tests import genomic
from tests.adapters.crypt4gh.of_the_package import decrypted, encrypted, with_edits
from tests.fakes import START
from tests.web.regions import READS, VARIANTS, Regions, files, regions
from tests.web.site import ARCHIVE
from tests.web.test_crypt4gh_delivery import ADAS, registered

WRITER = SecretKey.of(b"w" * 32)
VAULT = f"{READS}/vault"
REGION = "referenceName=chr2&start=5000&end=15000"
STORED = {"BAM": "BAM/BAI", "CRAM": "CRAM/CRAI", "VCF": "VCF/TBI", "BCF": "BCF/CSI"}


def vault(folder: Path, which: str = "BAM/BAI", *, edits: bool = False, **changes: Any) -> DrsObject:
    """The row of an encrypted file, as `broker data register` makes it; the file and its index lie in `folder`."""
    path, index = files()[which]
    stored, beside = folder / f"{path.name}.c4gh", folder / f"{index.name}.c4gh"
    content = path.read_bytes()
    whole = encrypted(b"x" * 100 + content if edits else content, [ARCHIVE], WRITER)
    stored.write_bytes(with_edits(whole, ARCHIVE, [100]) if edits else whole)
    beside.write_bytes(encrypted(index.read_bytes(), [ARCHIVE], WRITER))
    format, found = indexed_sealed(stored, beside, beside.name, [ARCHIVE])
    file = stored.read_bytes()
    envelope = Envelope(header=parse(file).length, size=len(file), sha256=hashlib.sha256(file).hexdigest())
    said: dict[str, Any] = {
        "id": "vault", "name": path.name, "path": stored.name, "size": len(content), "format": format, "index": found,
        "checksums": {"sha-256": hashlib.sha256(content).hexdigest()}, "envelope": envelope,
    }  # fmt: skip
    return b.drs_object(**(said | changes))


async def fetched(r: Regions, ticket: Any, **headers: str) -> bytes:
    (one,) = ticket["urls"]
    answer = await r.site.http.get(one["url"].removeprefix(b.US), headers=one["headers"] | headers)
    assert answer.status in (200, 206), await answer.text()
    body = await answer.read()
    assert len(body) == int(answer.headers["Content-Length"])
    return body


@pytest.mark.row("HT-SEALED")
@pytest.mark.parametrize("format", STORED)
@pytest.mark.parametrize("edits", [False, True])
async def test_what_comes_opens_with_the_key_alone_and_is_a_valid_file_of_the_region(
    tmp_path: Path, format: str, *, edits: bool
) -> None:
    kind = READS if format in ("BAM", "CRAM") else VARIANTS
    row, which = vault(tmp_path, STORED[format], edits=edits), STORED[format]
    async with regions(tmp_path, row, registered()) as r:
        ticket = await r.ticket(f"{kind}/vault?format={format}&{REGION}")
        assert (ticket["format"], [set(one) for one in ticket["urls"]]) == (format, [{"url", "headers"}])
        body = await fetched(r, ticket)
        with pytest.raises(ValueError, match="no packet"):
            unsealed(body, [ARCHIVE])
        suffix = "".join(files()[which][0].suffixes)
        made = tmp_path / f"opened{suffix}"
        made.write_bytes(decrypted(body, ADAS))
        wanted = genomic.records(files()[which][0], "chr2:5001-15000")
        assert [line for line in genomic.records(made) if line in set(wanted)] == wanted != []
        entries = r.site.stage.ledger.entries[-3:]
        assert [one.kind for one in entries] == ["access.permitted", "download.authorised", "download.end"]
        assert [one.about.get("form") for one in entries[:2]] == ["sealed regions"] * 2
        assert (entries[1].about["last"], entries[2].about["sent"]) == (len(body) - 1, len(body))


@pytest.mark.row("HT-SEALED")
async def test_it_can_be_taken_up_again_also_with_another_ticket(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        whole = await fetched(r, await r.ticket(f"{VAULT}?{REGION}"))
        parts = []
        for first, last in ((0, 99), (100, 5000), (5001, len(whole) - 1)):
            ticket = await r.ticket(f"{VAULT}?{REGION}")
            parts.append(await fetched(r, ticket, Range=f"bytes={first}-{last}"))
        assert b"".join(parts) == whole


@pytest.mark.row("HT-SEALED")
async def test_every_content_and_every_reader_has_a_key_of_its_own(tmp_path: Path) -> None:
    """With the data key of one region nothing of another can be read, nor of the whole file (ruling 25)."""
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        asked = [REGION, "referenceName=chr1&start=1000&end=9000", "class=header"]
        seen = [unsealed(await fetched(r, await r.ticket(f"{VAULT}?{one}")), [ADAS])[1].keys for one in asked]
        archived = unsealed((tmp_path / "plain.bam.c4gh").read_bytes(), [ARCHIVE])[1].keys
        assert len({*seen, archived}) == len(asked) + 1


@pytest.mark.row("HT-SEALED")
async def test_who_has_no_key_is_refused_where_nothing_leaves_in_the_clear(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path)) as r:
        status, told = await r.ask(f"{VAULT}?{REGION}")
        assert (status, told["htsget"]["code"]) == (403, "SEC-SEALED-ONLY")
        status, told = await r.ask(f"{VAULT}?{REGION}&encryptionScheme=c4gh")
        assert (status, told["htsget"]["code"]) == (409, "REQ-RECIPIENT-NONE")
        status, told = await r.ask(f"{READS}/none?encryptionScheme=c4gh")
        assert told["htsget"]["code"] == "REQ-RECIPIENT-NONE", "the same of what is not there"


@pytest.mark.row("HT-SEALED")
async def test_where_the_owner_allows_it_a_ticket_is_for_the_clear_content(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered(), dataset=b.dataset(plaintext=True)) as r:
        ticket = await r.ticket(f"{VAULT}?{REGION}")
        got = genomic.records(await r.joined(ticket, ".bam"))
        wanted = genomic.records(files()["BAM/BAI"][0], "chr2:5001-15000")
        assert [line for line in got if line in set(wanted)] == wanted != []
        sealed = await fetched(r, await r.ticket(f"{VAULT}?{REGION}&encryptionScheme=c4gh"))
        assert decrypted(sealed, ADAS) == (tmp_path / "joined.bam").read_bytes()
        assert (await r.ask(f"{VAULT}?encryptionScheme=aes"))[0] == 400
        assert (await r.ask(f"{VAULT}?encryptionScheme=c4gh&encryptionScheme=c4gh"))[0] == 400


@pytest.mark.row("HT-SEALED")
async def test_what_lies_in_the_clear_can_be_had_encrypted_by_get_and_by_post(tmp_path: Path) -> None:
    async with regions(tmp_path, registered()) as r:
        plain = (await r.joined(await r.ticket(f"{READS}/bam?{REGION}"), ".bam")).read_bytes()
        by_get = await fetched(r, await r.ticket(f"{READS}/bam?{REGION}&encryptionScheme=c4gh"))
        region = {"referenceName": "chr2", "start": 5000, "end": 15000}
        by_post = await r.ticket(f"{READS}/bam", body={"regions": [region], "encryptionScheme": "c4gh"})
        assert decrypted(by_get, ADAS) == plain
        assert await fetched(r, by_post) == by_get


@pytest.mark.row("HT-SEALED", "T090")
async def test_the_ticket_opens_nothing_else_and_ends_with_the_right_and_the_key(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        (one,) = (await r.ticket(f"{VAULT}?{REGION}"))["urls"]
        (other,) = (await r.ticket(f"{READS}/bam?{REGION}&encryptionScheme=c4gh"))["urls"]
        clear = next(url for url in (await r.ticket(f"{READS}/cut/bam?{REGION}"))["urls"] if "headers" in url)
        path = one["url"].removeprefix(b.US)
        for at, shown, status in (
            ("/data/vault", one, 416),
            ("/ga4gh/htsget/v1/filtered/vault", one, 401),
            (path, other, 401),
            ("/ga4gh/htsget/v1/sealed/cut%2Fbam", clear, 401),
        ):
            answer = await r.site.http.get(at, headers=shown["headers"])
            assert answer.status == status, (at, await answer.text())
        access = next(row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access))
        assert access.in_regions
        w = r.site.stage.world
        await w.ledger.record(w.entry("revocation.made", START, None), Put(b.revocation("key:rck_1")))
        assert (await r.site.http.get(path, headers=one["headers"])).status == 401


@pytest.mark.row("HT-SEALED")
@pytest.mark.parametrize("what", ["plain.bam.c4gh", "plain.bam.bai.c4gh"])
async def test_what_was_touched_in_the_store_is_never_made_into_a_file(tmp_path: Path, what: str) -> None:
    async with regions(tmp_path, vault(tmp_path), registered()) as r:
        path = tmp_path / what
        content = bytearray(path.read_bytes())
        content[-20] ^= 1
        path.write_bytes(content)
        status, told = await r.ask(f"{VAULT}?{REGION}")
        assert (status, told["htsget"]["code"]) == (502, "SRV-SOURCE")
        assert not [row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access)]


@pytest.mark.row("HT-SEALED")
@pytest.mark.parametrize("more", [-1, 1])
async def test_what_is_in_it_is_as_long_as_was_registered(tmp_path: Path, more: int) -> None:
    row = vault(tmp_path)
    async with regions(tmp_path, replace(row, size=row.size + more), registered()) as r:
        assert (await r.ask(f"{VAULT}?{REGION}"))[0] == 502


@pytest.mark.row("HT-SEALED")
async def test_strangers_hear_the_same_as_of_files_in_the_clear(tmp_path: Path) -> None:
    async with regions(tmp_path, vault(tmp_path), registered(), dataset=b.dataset(existence="hidden")) as r:
        hidden = await r.ask(VAULT, headers=r.site.headers("usr_mei"))
        nothing = await r.ask(f"{READS}/nothing", headers=r.site.headers("usr_mei"))
        for _, told in (hidden, nothing):
            told["htsget"].pop("request_id")
        assert hidden == nothing
        assert hidden[0] == 404
