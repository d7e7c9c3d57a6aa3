"""What is owed under a grant, over HTTP: told to who holds it, recorded as done by who may, and by nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import GrantId, PersonId
from broker.core.rows import Role, Row
from broker.core.rows.obligations import Obligation
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import ADA, ROLE
from tests.web.site import Site, signed_in, site

MEI, PIA, ORI, ELSA = "usr_mei", "usr_pia", "usr_ori", "usr_elsa"
REPORT = Obligation(
    id="report:1", cls="account", text="terms/4", holder="researcher", due=Seconds(START + 86_400), late="stop"
)
FOREVER = Obligation(id="no_group_profiling", cls="respect", text="terms/1", holder="recipient institution")
OTHER = GrantId("grt_2")
PROOF = "https://bank.example/reports/1"


@asynccontextmanager
async def bank(folder: Path, *more: Row) -> AsyncIterator[Site]:
    """Ada owes a report. Mei sits in the committee, Ori has the data in custody, Elsa sits in another committee."""
    grant = b.grant(obligations=(REPORT, FOREVER))
    roles = (
        Role(id="r-ori", role="custodian", scope=f"dataset:{b.HEART}", iss=b.HOME, sub="ori"),
        Role(id="r-elsa", role="committee_member", scope="committee:https://else.example", iss=b.HOME, sub="elsa"),
    )
    people = [row for id in (ORI, ELSA) for row in (replace(ADA, id=PersonId(id)), *signed_in(id))]
    theirs = b.grant(id=OTHER, person=PersonId(MEI), obligations=(REPORT,))
    async with site(folder, *roles, *people, theirs, *more, grant=grant) as s:
        yield s


async def done(s: Site, who: str, grant: str = b.GRANT, duty: str = REPORT.id, **body: Any) -> tuple[int, Any]:
    path = f"/api/v1/grants/{grant}/obligations/{duty}"
    answer = await s.http.post(path, headers=s.headers(who), json={"proof": PROOF} | body)
    return answer.status, await answer.json()


@pytest.mark.row("WHO-3.1-6c")
@pytest.mark.parametrize(("who", "role"), [(MEI, "committee_member"), (ORI, "custodian")])
async def test_who_may_says_that_it_was_done_and_the_holder_sees_it(tmp_path: Path, who: str, role: str) -> None:
    async with bank(tmp_path) as s:
        before = (await (await s.http.get(f"/api/v1/grants/{b.GRANT}", headers=s.headers())).json())["obligations"]
        assert [(one["id"], "recorded" in one) for one in before] == [(REPORT.id, False), (FOREVER.id, False)]
        status, told = await done(s, who)
        assert (status, told["overdue"], told["recorded"]["by"], told["recorded"]["proof"]) == (200, False, role, PROOF)
        assert who not in str(told), "in which role, and not who"
        after = (await (await s.http.get(f"/api/v1/grants/{b.GRANT}", headers=s.headers())).json())["obligations"]
        assert after[0]["recorded"]["by"] == role


async def test_twice_is_once_and_the_first_word_stands(tmp_path: Path) -> None:
    async with bank(tmp_path) as s:
        first = await done(s, MEI)
        again = await done(s, ORI, proof="https://else.example/2")
        assert (again[0], again[1]["recorded"]) == (200, first[1]["recorded"])
        assert s.stage.kinds().count("obligation.fulfilled") == 1


ATTACKS = {
    "the holder's own": (str(b.ADA), b.GRANT, REPORT.id, 404, "REQ-NOT-FOUND"),
    "a participant": (PIA, b.GRANT, REPORT.id, 404, "REQ-NOT-FOUND"),
    "another committee": (ELSA, b.GRANT, REPORT.id, 404, "REQ-NOT-FOUND"),
    "no such grant": (MEI, "grt_none", REPORT.id, 404, "REQ-NOT-FOUND"),
    "no such duty": (MEI, b.GRANT, "report:9", 404, "REQ-NOT-FOUND"),
    "a duty without an end": (MEI, b.GRANT, FOREVER.id, 409, "REQ-STATE"),
    "their own grant, as a member of the committee": (MEI, OTHER, REPORT.id, 403, "REQ-OWN"),
}


@pytest.mark.row("WHO-3.1-6c")
@pytest.mark.parametrize("attack", ATTACKS)
async def test_nobody_else_records_anything(tmp_path: Path, attack: str) -> None:
    who, grant, duty, status, code = ATTACKS[attack]
    async with bank(tmp_path) as s:
        got, told = await done(s, who, str(grant), duty)
        assert (got, told["code"]) == (status, code)
        assert s.stage.kinds() == []


async def test_a_member_who_holds_the_grant_does_not_clear_themselves(tmp_path: Path) -> None:
    """Ada in the committee: still her own."""
    async with bank(tmp_path, replace(ROLE, id="r-ada", sub="ada")) as s:
        got, told = await done(s, str(b.ADA))
        assert (got, told["code"]) == (403, "REQ-OWN")


@pytest.mark.parametrize("body", [{"proof": ""}, {"proof": "x" * 501}, {"by": "usr_mei"}, {"at": 1}])
async def test_a_body_says_a_reference_and_nothing_else(tmp_path: Path, body: dict[str, Any]) -> None:
    async with bank(tmp_path) as s:
        got, told = await done(s, MEI, **body)
        assert (got, told["code"], s.stage.kinds()) == (400, "REQ-INVALID", [])


async def test_a_late_report_stops_use_until_it_is_recorded(tmp_path: Path) -> None:
    late = replace(REPORT, due=Seconds(START - 1))
    async with bank(tmp_path) as s:
        s.stage.live.committed([b.grant(version=2, obligations=(late,))], 99)
        s.stage.ledger.rows["grant", b.GRANT] = b.grant(version=2, obligations=(late,))
        path = "/ga4gh/drs/v1/objects/obj-1/access/https"
        assert (await s.http.get(path, headers=s.headers())).status == 403
        assert (await done(s, MEI))[0] == 200
        assert (await s.http.get(path, headers=s.headers())).status == 200
