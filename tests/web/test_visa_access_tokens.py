"""Visas as Visa Access Tokens: as v1.0 says they look, what UserInfo answers to them, and that nothing else takes them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from broker.adapters import jose
from broker.adapters.signing import own_trust
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, ID_TOKEN_TYP, PASSPORT_TYP
from broker.core.oidc.release import MintedVisa
from broker.core.outcome import Reason
from broker.core.passport.trust import Trust
from broker.core.passport.verify import verify_visa
from broker.core.passport.visa import GRANT, RESEARCHER, Visa
from broker.core.rows import Family, Put, Revocation, Session
from broker.flows.release_visas import visas_to_release
from broker.flows.visas import VISA_ACCESS_SECONDS, VISA_TYPE
from tests import builders as b
from tests.fakes import START, signed
from tests.flows.oauth.fakes_oauth import CLIENTS, World
from tests.flows.test_issued_visas import assertion
from tests.flows.worlds import ADA
from tests.web.site import Site, site

FAMILY = "fam-usr_ada"


async def minted(s: Site) -> dict[str, MintedVisa]:
    """Ada's visas for a client that takes Visa Access Tokens, by type."""
    w = s.broker.world
    session = await w.rows.get(Session, "ses-usr_ada")
    assert session is not None
    found = await visas_to_release(w, s.broker.gathering, ADA, session, frozenset(), w.clock.now(), FAMILY)
    return {visa.type: visa for visa in found}


async def asked(s: Site, token: str, method: str = "GET") -> tuple[int, Any]:
    answer = await s.http.request(method, "/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    return answer.status, await answer.json()


@pytest.mark.row("V1", "V6", "B2")
async def test_it_looks_as_v1_0_says_and_verifies_with_the_keys_of_discovery(tmp_path: Path) -> None:
    async with site(tmp_path, assertion()) as s:
        keys = jwt.PyJWKSet.from_dict(await (await s.http.get("/.well-known/jwks.json")).json())
        for visa in (await minted(s)).values():
            head = jwt.get_unverified_header(visa.token)
            assert head == {"alg": "ES256", "typ": "JWT", "kid": head["kid"]}
            (key,) = [one for one in keys.keys if one.key_id == head["kid"]]
            options: Any = {"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "iat", "exp", "jti"]}
            claims = jwt.decode(visa.token, key, algorithms=["ES256"], issuer=b.US, options=options)
            assert "aud" not in claims
            assert claims["scope"] == "openid ga4gh_passport_v1"
            assert claims["exp"] - claims["iat"] <= VISA_ACCESS_SECONDS
            assert visa.exp == claims["exp"]


async def test_a_clearinghouse_like_ours_takes_it_where_its_row_says_so_and_nowhere_else(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        visa = (await minted(s))[GRANT]
        for allowed in (True, False):
            row = replace(own_trust(s.tokens, b.US), access_tokens=allowed)
            found = verify_visa(
                visa.token, Trust([row]), {}, at=START, us=frozenset({b.US}), check=jose.check_signature
            )
            assert isinstance(found, Visa if allowed else Reason)


async def test_userinfo_says_yes_while_it_is_good(tmp_path: Path) -> None:
    async with site(tmp_path, assertion()) as s:
        for visa in (await minted(s)).values():
            for method in ("GET", "POST"):
                assert await asked(s, visa.token, method) == (200, {"sub": b.ADA, "iss": b.US})
        assert s.stage.kinds() == []


async def _store(s: Site, *rows: Any) -> None:
    await s.stage.ledger.record(s.stage.world.entry("revocation.made", s.stage.clock.now(), None, {}), *map(Put, rows))


ENDS: list[tuple[str, str, Callable[[Site, MintedVisa], Awaitable[Any]]]] = [
    ("itself", GRANT, lambda s, visa: _store(s, Revocation(id=f"visa:{b.US} {visa.jti}", since=START))),
    ("its grant", GRANT, lambda s, visa: _store(s, Revocation(id=f"grant:{b.GRANT}", since=visa.exp and START))),
    ("its assertion", RESEARCHER, lambda s, visa: _store(s, Revocation(id=f"visa:{b.US} {visa.jti.split('.')[0]}", since=START))),
    ("the assertion's row", RESEARCHER, lambda s, _: _store(s, assertion(version=2, ended=START))),
    ("the authorisation", GRANT, lambda s, _: _store(s, Revocation(id=f"family:{FAMILY}", since=START))),
    ("the person", GRANT, lambda s, _: _store(s, Revocation(id=f"person:{b.ADA}", since=START))),
    ("the session", GRANT, lambda s, _: _store(s, Revocation(id="session:ses-usr_ada", since=START))),
]  # fmt: skip


@pytest.mark.row("V8")
@pytest.mark.parametrize(("what", "kind", "ends"), ENDS, ids=[row[0] for row in ENDS])
async def test_userinfo_says_401_once_it_is_revoked(tmp_path: Path, what: str, kind: str, ends: Any) -> None:
    del what
    async with site(tmp_path, assertion()) as s:
        visa = (await minted(s))[kind]
        assert (await asked(s, visa.token))[0] == 200
        await ends(s, visa)
        assert (await asked(s, visa.token))[0] == 401


async def test_userinfo_says_401_to_what_has_ended_or_was_not_released(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        visa = (await minted(s))[GRANT]
        family = s.stage.ledger.rows["family", FAMILY]
        assert isinstance(family, Family)
        s.stage.ledger.rows["family", FAMILY] = replace(
            family, released=frozenset({"affiliation:faculty@rhine.example"})
        )
        assert (await asked(s, visa.token))[0] == 401
        s.stage.ledger.rows["family", FAMILY] = family
        s.stage.clock.advance(visa.exp - START - 1)
        assert (await asked(s, visa.token))[0] == 200
        s.stage.clock.advance(1)
        assert (await asked(s, visa.token))[0] == 401


async def test_somebody_elses_person_or_issuer_is_refused(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        claims = jwt.decode((await minted(s))[GRANT].token, options={"verify_signature": False})
        for change in (
            {"sub": "usr_mei"},
            {"iss": "https://else.example"},
            {"sid": "fam-x"},
            {"scope": "ga4gh_passport_v1"},
        ):
            assert (await asked(s, signed(s.tokens, "visa-access", "JWT", claims | change)))[0] == 401, change
        other = signed(
            s.tokens,
            "visa-access",
            "JWT",
            {**claims, "ga4gh_visa_v1": claims["ga4gh_visa_v1"] | {"value": "https://x.example"}},
        )
        assert (await asked(s, other))[0] == 401


@pytest.mark.row("T013")
async def test_it_is_worth_nothing_at_any_other_door(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        token = (await minted(s))[GRANT].token
        bearer = {"Authorization": f"Bearer {token}"}
        for path in ("/api/v1/me", "/api/v1/grants", "/ga4gh/drs/v1/objects/obj-1/access/https"):
            assert (await s.http.get(path, headers=bearer)).status == 401, path
        sent = await s.http.post("/ga4gh/drs/v1/objects/obj-1/access/https", json={"passports": [token]})
        assert sent.status == 401
        for typ in (ACCESS_TOKEN_TYP, ID_TOKEN_TYP, PASSPORT_TYP, VISA_TYPE, "data-ticket+jwt"):
            assert s.tokens.read(token, typ) is None, typ
        assert s.tokens.read(s.access_token("usr_ada"), "visa-access") is None
        assert s.tokens.read(signed(s.tokens, "oidc-rs256", ID_TOKEN_TYP, {"iss": b.US}), "visa-access") is None


@pytest.mark.row("T013")
async def test_a_document_is_no_access_token(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        w = s.broker.world
        session = await w.rows.get(Session, "ses-usr_ada")
        assert session is not None
        for visa in await visas_to_release(w, s.broker.gathering, ADA, session, frozenset(), START):
            assert (await asked(s, visa.token))[0] == 401


@pytest.mark.parametrize(("style", "named"), [("document", False), ("access_token", True)])
async def test_a_client_gets_them_only_if_its_row_says_so(style: Any, named: bool) -> None:  # noqa: FBT001
    w = World()
    w.put(replace(CLIENTS[0], visa_style=style))
    tokens = await w.tokens()
    await w.exchange(tokens.access_token)
    assert w.access_of == [w.family() if named else None]
