"""A workflow goes on after its person has signed out, over HTTP: what its token opens, and how it is ended."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import DatasetId, GrantId, ObjectId
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.rows import ConsentRow, Revocation
from broker.core.rows.revocation import revocation_id
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import COOKIE, Site, site
from tests.web.test_exchange import BASIC, DRS, FAMILY, LAB
from tests.web.test_logout import ROWS, SESSION

ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"
LAB = replace(LAB, scopes=(*LAB.scopes, "task"))
FAMILY = replace(FAMILY, scope=(*FAMILY.scope, "task"))
LUNG = DatasetId("https://bank.example/datasets/lung")
MORE = (
    b.dataset(id=LUNG), b.drs_object(ObjectId("obj-lung"), dataset=LUNG), b.grant(id=GrantId("grt_lung"), dataset=LUNG),
    ConsentRow(id="con-lung/1", datasets=frozenset({LUNG}), consent=b.consent().consent),
)  # fmt: skip


def session_token(s: Site, scope: str = "openid ga4gh_passport_v1 task") -> str:
    aud: Any = [b.US, "lab"]
    return s.access_token(str(b.ADA), scope=scope, aud=aud, client_id="lab", sid=FAMILY.id)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def begin(s: Site, *resources: str, **more: str) -> dict[str, Any]:
    form = {
        "grant_type": GRANT_TYPE, "requested_token_type": ACCESS_TOKEN_TYPE, "subject_token": session_token(s),
        "subject_token_type": ACCESS_TOKEN_TYPE,
    } | more  # fmt: skip
    sent = [*form.items(), *(("resource", one) for one in resources or (str(b.HEART),))]
    got = await s.http.post("/oauth2/token", data=sent, headers=BASIC)
    body: dict[str, Any] = await got.json()
    assert got.status == 200, body
    assert "no-store" in got.headers["Cache-Control"]
    return body


async def ticket(s: Site, token: str, path: str = ACCESS) -> tuple[str, dict[str, str]]:
    got = await s.http.get(path, headers=bearer(token))
    assert got.status == 200, await got.text()
    told = await got.json()
    return told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])


async def sign_out(s: Site) -> None:
    assert (await s.http.delete("/api/v1/me/session", headers=bearer(session_token(s)))).status == 204


async def test_a_task_goes_on_for_days_after_its_person_signed_out(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, FAMILY, *MORE) as s:
        task = (await begin(s))["access_token"]
        await sign_out(s)
        again = await s.http.get(ACCESS, headers=bearer(session_token(s)))
        assert again.status == 401
        s.stage.clock.advance(5 * 86_400)
        path, headers = await ticket(s, task)
        got = await s.http.get(path, headers=headers)
        assert (got.status, len(await got.read())) == (200, 16_384)


@pytest.mark.row("T071", "T013")
async def test_a_task_opens_its_data_and_nothing_else(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, FAMILY, *MORE) as s:
        task = (await begin(s))["access_token"]
        lung = ACCESS.replace("obj-1", "obj-lung")
        assert (await s.http.get(lung, headers=bearer(task))).status == 403
        assert (await s.http.get(lung, headers=bearer(session_token(s)))).status == 200
        for path in ("/api/v1/me", "/api/v1/grants", "/api/v1/me/tasks", "/oauth2/userinfo"):
            got = await s.http.get(path, headers=bearer(task))
            assert (got.status, (await got.json())["code"]) == (401, "AUTH-TOKEN-INVALID"), path
        both = (await begin(s, str(b.HEART), f"{b.US}/api/v1/grants/grt_lung"))["access_token"]
        await ticket(s, both, ACCESS.replace("obj-1", "obj-lung"))


@pytest.mark.row("T121", "T098")
@pytest.mark.parametrize("how", ["by its person", "by its client", "grant", "family", "person"])
async def test_what_ends_a_task_ends_it_for_downloads_too(tmp_path: Path, how: str) -> None:
    async with site(tmp_path, LAB, FAMILY, *MORE) as s:
        task = (await begin(s))["access_token"]
        path, headers = await ticket(s, task)
        listed = await (await s.http.get("/api/v1/me/tasks", headers=bearer(session_token(s)))).json()
        (row,) = listed["tasks"]
        assert (row["client"], row["datasets"], row["grants"]) == ("lab", [b.HEART], [b.GRANT])
        if how == "by its person":
            for _ in range(2):
                gone = await s.http.delete(f"/api/v1/me/tasks/{row['id']}", headers=bearer(session_token(s)))
                assert gone.status == 204
            listed = await (await s.http.get("/api/v1/me/tasks", headers=bearer(session_token(s)))).json()
            assert listed["tasks"] == []
        elif how == "by its client":
            assert (await s.http.post("/oauth2/revoke", data={"token": task}, headers=BASIC)).status == 200
        else:
            value = {"grant": b.GRANT, "family": FAMILY.id, "person": b.ADA}[how]
            made = Revocation(id=revocation_id(how, value), since=START)  # type: ignore[arg-type]
            s.stage.ledger.rows["revocation", made.id] = made
            s.stage.live.committed((made,))
        assert (await s.http.get(ACCESS, headers=bearer(task))).status in (401, 403), how
        assert (await s.http.get(path, headers=headers)).status in (401, 403), how


async def test_another_s_task_is_not_there(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, FAMILY, *MORE) as s:
        await begin(s)
        mine = await (await s.http.get("/api/v1/me/tasks", headers=s.headers("usr_mei"))).json()
        assert mine == {"tasks": []}
        (id,) = [row for kind, row in s.stage.ledger.rows if kind == "task"]
        got = await s.http.delete(f"/api/v1/me/tasks/{id}", headers=s.headers("usr_mei"))
        assert got.status == 404


async def test_a_task_s_passport_opens_its_data_here_after_signing_out(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, FAMILY, *MORE) as s:
        task = (await begin(s))["access_token"]
        await sign_out(s)
        s.stage.clock.advance(2 * 86_400)
        form = {
            "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": task,
            "subject_token_type": ACCESS_TOKEN_TYPE,
        }  # fmt: skip
        got = await (await s.http.post("/oauth2/token", data=form, headers=BASIC)).json()
        passport = s.tokens.read(got["access_token"], "vnd.ga4gh.passport+jwt")
        assert passport is not None
        assert passport["aud"] == [DRS]
        values = [s.tokens.read(one, "vnd.ga4gh.visa+jwt") for one in passport["ga4gh_passport_v1"]]
        grants = [one["ga4gh_visa_v1"]["value"] for one in values if one and one["ga4gh_visa_v1"]["by"] == "dac"]
        assert grants == [b.HEART]
        body = {"passports": [got["access_token"]]}
        assert (await s.http.post(ACCESS, json=body)).status == 200
        assert (await s.http.post(ACCESS.replace("obj-1", "obj-lung"), json=body)).status == 403
        (task_family,) = [row for kind, row in s.stage.ledger.rows if kind == "family" and row.startswith("fam_")]
        made = Revocation(id=revocation_id("family", task_family), since=Seconds(START))
        s.stage.live.committed((made,))
        assert (await s.http.post(ACCESS, json=body)).status == 401


async def test_the_page_of_signing_out_says_what_goes_on(tmp_path: Path) -> None:
    known = replace(SESSION, affiliations=("faculty@rhine.example",))
    async with site(tmp_path, *ROWS, known, LAB, replace(FAMILY, session=SESSION.id), *MORE) as s:
        await begin(s, requested_expiry="3600")
        page = await (await s.http.get("/oauth2/end_session", headers=COOKIE)).text()
        assert 'Lab, until <time datetime="2027-01-15T09:00:00Z">15 January 2027' in page
        form = {"logout": page.split('name="logout" value="')[1].split('"')[0]}
        page = await (await s.http.post("/oauth2/end_session/continue", data=form, headers=COOKIE)).text()
        assert "Lab, until" in page
