"""Token exchange over HTTP: a Passport of 500 visas, and what is above (T045)."""

import base64
from pathlib import Path
from typing import Any

import pytest

from broker.core.ids import ClientId, DatasetId, GrantId, ObjectId
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.rows import Client, ConsentRow, Family
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START
from tests.web.site import Site, site

DRS = f"{b.US}/ga4gh/drs/v1"
LAB = Client(
    id=ClientId("lab"), name="Lab", auth_method="client_secret_basic", grant_types=(GRANT_TYPE,),
    secret="2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",  # of "secret"
    scopes=("openid", "ga4gh_passport_v1"), resources=(DRS,),
)  # fmt: skip
FAMILY = Family(
    id="fam-lab", client=LAB.id, person=b.ADA, session="ses-usr_ada", scope=("openid", "ga4gh_passport_v1"),
    released=None, auth_time=START, expires=Seconds(START + 9000),
)  # fmt: skip
BASIC = {"Authorization": "Basic " + base64.b64encode(b"lab:secret").decode()}


def datasets(count: int) -> list[Any]:
    """`count` more datasets, and Ada's grant for each."""
    ids = [DatasetId(f"https://bank.example/datasets/{n}") for n in range(count)]
    return [
        *(b.dataset(id=id) for id in ids),
        *(b.drs_object(ObjectId(f"file-{n}"), dataset=id) for n, id in enumerate(ids)),
        *(b.grant(id=GrantId(f"grt_{n:04}"), dataset=id) for n, id in enumerate(ids)),
        ConsentRow(id="con-all/1", datasets=frozenset(ids), consent=b.consent().consent),
    ]


async def exchange(s: Site, *resources: str) -> Any:
    subject = s.access_token(b.ADA, aud=[b.US, "lab"], client_id="lab", sid=FAMILY.id)
    form = {
        "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": subject,
        "subject_token_type": ACCESS_TOKEN_TYPE,
    }  # fmt: skip
    sent = [*form.items(), *(("resource", one) for one in resources)]
    return await s.http.post("/oauth2/token", data=sent, headers=BASIC)


@pytest.mark.row("T045", "P9", "P10", "P13")
async def test_500_visas_in_one_passport_open_data_and_501_are_refused_by_name(tmp_path: Path) -> None:
    """Ada's affiliation and her grant for the heart are two of them."""
    async with site(tmp_path, LAB, FAMILY, *datasets(498)) as s:
        got = await exchange(s)
        body = await got.json()
        assert (got.status, body["token_type"]) == (200, "Bearer")
        opened = await s.http.post(
            "/ga4gh/drs/v1/objects/obj-1/access/https", json={"passports": [body["access_token"]]}
        )
        assert opened.status == 200, await opened.text()
        parsed = s.tokens.read(body["access_token"], "vnd.ga4gh.passport+jwt")
        assert parsed is not None
        assert len(parsed["ga4gh_passport_v1"]) == 500
    async with site(tmp_path, LAB, FAMILY, *datasets(499)) as s:
        got = await exchange(s)
        body = await got.json()
        assert (got.status, body["error"], body["code"]) == (413, "invalid_target", "AUTH-PASSPORT-TOO-MANY")
        assert "500 visas" in body["error_description"]
        assert (await exchange(s, str(b.HEART))).status == 200
        asked: dict[str, Any] = {"aud": [b.US, "lab"], "client_id": "lab", "sid": FAMILY.id}
        told = await s.http.get("/oauth2/userinfo", headers=s.headers(**asked))
        assert (told.status, (await told.json())["code"]) == (413, "AUTH-PASSPORT-TOO-MANY")


@pytest.mark.row("P13", "P8")
async def test_a_grant_as_resource_gives_the_visa_of_that_grant_alone(tmp_path: Path) -> None:
    async with site(tmp_path, LAB, FAMILY, *datasets(2)) as s:
        body = await (await exchange(s, f"{b.US}/api/v1/grants/grt_0001")).json()
        passport = s.tokens.read(body["access_token"], "vnd.ga4gh.passport+jwt")
        assert passport is not None
        assert passport["aud"] == [DRS]
        visas = [s.tokens.read(one, "vnd.ga4gh.visa+jwt") for one in passport["ga4gh_passport_v1"]]
        values = [one["ga4gh_visa_v1"]["value"] for one in visas if one is not None]
        assert values == ["faculty@rhine.example", "https://bank.example/datasets/1"]
        no = await exchange(s, f"{b.US}/api/v1/grants/grt_9999")
        assert (no.status, (await no.json())["code"]) == (400, "PUR-MISMATCH")
