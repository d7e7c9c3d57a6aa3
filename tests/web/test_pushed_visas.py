"""Visas are brought over the API: by whom, with what answer for each, and where the person then sees them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.passport.limits import VISA_BYTES
from broker.core.rows import Gather
from broker.flows.gather import PUSHED_AT_ONCE
from tests import builders as b
from tests.core.passport.visa_builders import ISSUER, JKU, KEYS, issuer_row, visa_token
from tests.flows.test_gathered_visas import REMS
from tests.web.site import Site, site
from tests.web.test_assertions import role

URL = "/api/v1/visas"
ROW = replace(REMS, trust=issuer_row(keys=KEYS[ISSUER, JKU]), gather=Gather(subjects_of=b.HOME, push=True))
HERS = visa_token(payload={"sub": "ada"})
MEI = role(f"issuer:{ISSUER}")


async def put(s: Site, *tokens: Any, who: str = "usr_mei") -> tuple[int, dict[str, Any]]:
    answer = await s.http.post(URL, json={"ga4gh_passport_v1": list(tokens)}, headers=s.headers(who))
    return answer.status, await answer.json()


@pytest.mark.row("B17")
async def test_each_visa_has_its_answer_and_its_person_sees_it(tmp_path: Path) -> None:
    async with site(tmp_path, ROW, MEI) as s:
        status, told = await put(s, HERS, "noise")
        assert status == 207
        assert [(one["visa"], one["status"]) for one in told["visas"]] == [(0, 200), (1, 400)]
        assert told["visas"][1]["code"] == "VISA-MALFORMED"
        seen = await (await s.http.get("/api/v1/me/visas", headers=s.headers())).json()
        (mine,) = [one for one in seen["visas"] if one["id"] == told["visas"][0]["id"]]
        assert (mine["issuer"], mine["visa"]["type"]) == (ISSUER, "ControlledAccessGrants")
        assert HERS not in str(seen)
        gone = await s.http.delete(f"{URL}?issuer={ISSUER}&sub=ada", headers=s.headers("usr_mei"))
        assert gone.status == 204
        seen = await (await s.http.get("/api/v1/me/visas", headers=s.headers())).json()
        assert not [one for one in seen["visas"] if one["id"].startswith("foreign:")]


@pytest.mark.parametrize(
    "rows",
    [
        (ROW,),
        (ROW, role("issuer:https://else.example")),
        (ROW, role(f"source:{ISSUER}")),
        (ROW, role(f"issuer:{ISSUER}", "auditor")),
    ],
)
async def test_who_does_not_speak_for_the_issuer_brings_nothing(tmp_path: Path, rows: Any) -> None:
    async with site(tmp_path, *rows) as s:
        assert (await put(s, HERS))[0] == 403
        assert (await s.http.delete(f"{URL}?issuer={ISSUER}&sub=ada", headers=s.headers("usr_mei"))).status == 403
        assert s.stage.kinds() == []


async def test_limits_of_a_push(tmp_path: Path) -> None:
    async with site(tmp_path, ROW, MEI) as s:
        for tokens, status in (
            (["x"] * PUSHED_AT_ONCE, 207),
            (["x"] * (PUSHED_AT_ONCE + 1), 400),
            (["x" * VISA_BYTES], 207),
            (["x" * (VISA_BYTES + 1)], 413),
            ([], 400),
            ([1], 400),
        ):
            assert (await put(s, *tokens))[0] == status, (len(tokens), status)


async def test_operators_see_how_the_sources_do(tmp_path: Path) -> None:
    asks = replace(ROW, gather=Gather(subjects_of=b.HOME, api="https://rems.example"))
    async with site(tmp_path, asks, MEI) as s:
        await s.http.get("/api/v1/me/visas", headers=s.headers())
        told = await (await s.http.get("/api/v1/visa-sources", headers=s.headers("usr_mei"))).json()
        assert told == {"sources": [{"issuer": ISSUER}]}
        assert (await s.http.get("/api/v1/visa-sources", headers=s.headers())).status == 403
