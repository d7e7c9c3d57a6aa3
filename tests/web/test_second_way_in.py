"""Another broker's access token at our doors: DRS takes it, our own API does not, and nothing of it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from broker.core.passport.trust import Trust
from broker.flows.verified import Verifier
from tests import builders as b
from tests.core.passport.visa_builders import NOW
from tests.fakes import MemoryEndpoints
from tests.flows.foreign import BROKER, StaticKeys, heart, passport, role, rows
from tests.flows.test_by_userinfo import ON, OPAQUE, SECRET, access_token, answer
from tests.web.site import Site, site

ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"


@asynccontextmanager
async def beside(folder: Path, **broker: object) -> AsyncIterator[tuple[Site, MemoryEndpoints]]:
    """A site that trusts the other broker, and that broker's UserInfo."""
    async with site(folder, *rows(broker={**ON, **broker})) as s:
        current = s.stage.live.current()
        trusted = [row.trust for row in rows(broker={**ON, **broker})]  # type: ignore[attr-defined]
        object.__setattr__(current, "trust", Trust([current.own, *trusted]))
        endpoints = s.broker.endpoints
        assert isinstance(endpoints, MemoryEndpoints)
        endpoints.issuers.add(BROKER)
        verifier = s.broker.verifier
        known = Verifier(reader=verifier.reader, keys=StaticKeys(), check=verifier.check, proofs=verifier.proofs)
        object.__setattr__(s.broker, "verifier", known)
        yield s, endpoints


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[tuple[Site, MemoryEndpoints]]:
    async with beside(tmp_path) as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.row("C2", "C3", "C16")
async def test_drs_asks_the_broker_of_the_token(scene: tuple[Site, MemoryEndpoints]) -> None:
    s, endpoints = scene
    token = access_token()
    endpoints.says(BROKER, token, answer(heart(), role()))
    found = await s.http.get(ACCESS, headers=bearer(token))
    body = await found.json()
    assert endpoints.asked == [(BROKER, token)]
    assert found.status == 403, "where she is, nobody has said: the law of the data asks for that, and for nothing else"
    assert {reason["code"] for reason in body["reasons"]} == {"JUR-EU-SCC-NEEDED"}


async def test_a_refused_token_is_a_401_of_rfc_6750(scene: tuple[Site, MemoryEndpoints]) -> None:
    s, endpoints = scene
    for token, code in (
        (access_token(), "AUTH-TOKEN-INVALID"),
        (access_token(iat=NOW - 900, exp=NOW - 600), "AUTH-TOKEN-EXPIRED"),
        (access_token(iss="https://stranger.example/"), "AUTH-TOKEN-INVALID"),
    ):
        found = await s.http.get(ACCESS, headers=bearer(token))
        text = await found.text()
        assert (found.status, code in text) == (401, True)
        assert 'error="invalid_token"' in found.headers["WWW-Authenticate"]
        assert token[:12] not in text
    assert len(endpoints.asked) == 1


async def test_our_own_api_takes_none_but_our_own(scene: tuple[Site, MemoryEndpoints]) -> None:
    s, endpoints = scene
    token = access_token()
    endpoints.says(BROKER, token, answer(heart()))
    for path in ("/api/v1/me", "/api/v1/grants", "/oauth2/userinfo"):
        assert (await s.http.get(path, headers=bearer(token))).status == 401
    assert not endpoints.asked


async def test_our_own_tokens_are_shown_to_nobody(tmp_path: Path) -> None:
    async with beside(tmp_path, **OPAQUE) as (s, endpoints):
        assert (await s.http.get(ACCESS, headers=s.headers())).status == 200
        assert not endpoints.asked
        assert (await s.http.get(ACCESS, headers=bearer(SECRET))).status == 401
        assert endpoints.asked == [(BROKER, SECRET)]


@pytest.mark.row("T043")
async def test_passports_beside_an_access_token_are_two_answers_to_one_question(
    scene: tuple[Site, MemoryEndpoints],
) -> None:
    s, endpoints = scene
    for token in (access_token(), s.access_token(str(b.ADA))):
        found = await s.http.post(ACCESS, json={"passports": [passport(heart())]}, headers=bearer(token))
        assert (found.status, (await found.json())["code"]) == (400, "REQ-INVALID")
    assert not endpoints.asked


async def test_a_broker_that_is_down_is_a_502(scene: tuple[Site, MemoryEndpoints]) -> None:
    s, endpoints = scene
    endpoints.down.add(BROKER)
    assert (await s.http.get(ACCESS, headers=bearer(access_token()))).status == 502


async def test_metrics_name_registered_issuers_and_nobody_else(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        s.broker.issuers.issuers = (BROKER,)  # type: ignore[attr-defined]
        text = await (await s.http.get("/metrics")).text()
        assert "# TYPE broker_issuer_keys gauge" in text
        assert "# TYPE broker_issuer_refused_tokens_total counter" in text
        assert str(b.ADA) not in text
