"""A file with regions that has to be brought first: who may have it is told when to ask again, and nobody else."""

from dataclasses import replace
from pathlib import Path

import pytest

from broker.core.rows import Access
from tests import genomic
from tests.web.regions import READS, files, regions
from tests.web.test_drs_staging import put

LATE = f"{READS}/late?referenceName=chr1&start=1000&end=9000"


@pytest.mark.row("HT-STAGED")
async def test_who_may_have_it_is_told_when_to_ask_again_and_on_record_once(tmp_path: Path) -> None:
    path, index = files()["BAM/BAI"]
    late = genomic.registered(path, index, id="late", availability="staging")
    async with regions(tmp_path, late) as r:
        for _ in range(2):
            answer = await r.site.http.get(LATE, headers=r.site.headers())
            told = (await answer.json())["htsget"]
            assert (answer.status, told["error"], told["code"]) == (503, "InternalServerError", "SRV-STAGING")
            assert answer.headers["Retry-After"].isdecimal()
        assert r.site.stage.kinds() == ["access.waiting"]
        assert (await r.ask(LATE, headers=r.site.headers("usr_mei")))[0] == 403
        assert not [row for row in r.site.stage.ledger.rows.values() if isinstance(row, Access)]
        put(r.site, replace(late, version=2, availability="online"))
        ticket = await r.ticket(LATE)
        wanted = genomic.records(path, "chr1:1001-9000")
        got = genomic.records(await r.joined(ticket, ".bam"))
        assert [line for line in got if line in set(wanted)] == wanted != []
