"""Clients that prove who they are by a key of their own (B11 of authz_apis, T068; RFC 7523, rfc7523bis)."""

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from broker.adapters import jose
from broker.core.ids import ClientId
from broker.core.oidc.client_assertion import ASSERTION_TYPE
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import ASSERTION_LIFE, LEEWAY, MAX_JTI
from broker.core.oidc.parameters import Parameters, parse
from broker.core.passport.keys import thumbprint
from broker.core.rows.oauth import Client
from broker.flows.oauth import client as story
from broker.flows.oauth.client import client_of
from broker.flows.oauth.device import start
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.revoke import revoke
from broker.flows.oauth.token import token
from broker.ports import LedgerDownError
from tests.fakes import START, MemoryScratch
from tests.flows.oauth.fakes_oauth import CB, ISSUER, VERIFIER, World, _client, basic

EC = ec.derive_private_key(12345, ec.SECP256R1())
OTHER = ec.derive_private_key(54321, ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
JWK = jose.public_jwk(EC, "k1", "ES256")
RSA_JWK = jose.public_jwk(RSA, "k2", "RS256")
BY_KEY: dict[str, Any] = {"auth_method": "private_key_jwt", "secret": None}
ADDRESS = "https://published.example/jwks"
CLIENTS = (
    _client("signer", jwks=(JWK,), **BY_KEY),
    _client("both", jwks=(JWK, RSA_JWK), **BY_KEY),
    _client("two", jwks=(JWK, jose.public_jwk(OTHER, "k3", "ES256")), **BY_KEY),
    _client("published", jwks_uri=ADDRESS, **BY_KEY),
    _client("old", jwks=(JWK,), assertion_audience="legacy", **BY_KEY),
    _client("gone", jwks=(JWK,), status="suspended", **BY_KEY),
)


def world() -> World:
    w = World()
    w.put(*CLIENTS)
    w.published.served["published", ADDRESS] = (JWK,)
    return w


def assertion(
    client: str = "signer", key: Any = EC, alg: str = "ES256", header: dict[str, Any] | None = None, **claims: Any
) -> str:
    said = {"iss": client, "sub": client, "aud": ISSUER, "jti": "once", "iat": START, "exp": START + 60, **claims}
    members = {name: value for name, value in {"kid": "k1", **(header or {})}.items() if value is not None}
    return jose.sign(alg, key, members, {name: value for name, value in said.items() if value is not None})


def form(text: str, **more: str) -> Parameters:
    read = parse(urlencode({"client_assertion": text, "client_assertion_type": ASSERTION_TYPE, **more}).encode())
    assert isinstance(read, Parameters)
    return read


async def ask(w: World, text: str, **more: str) -> Client | OAuthError:
    return await client_of(w.d, None, form(text, **more))


async def accepted(w: World, text: str, **more: str) -> bool:
    return isinstance(await ask(w, text, **more), Client)


@pytest.mark.row("T068")
@pytest.mark.parametrize(
    ("row", "text", "more"),
    [
        ("as the draft wants it", assertion(header={"typ": "client-authentication+jwt"}), {}),
        ("as most libraries do it", assertion(header={"typ": "JWT"}), {"client_id": "signer"}),
        ("without typ", assertion(), {}),
        ("without iat", assertion(iat=None), {}),
        ("without kid, one key", assertion(header={"kid": None}), {}),
        ("RS256", assertion("both", RSA, "RS256", {"kid": "k2"}), {}),
        ("without kid, one key of that kind", assertion("both", RSA, "RS256", {"kid": None}), {}),
        ("keys at an address", assertion("published"), {}),
        ("the longest life", assertion(exp=START + ASSERTION_LIFE), {}),
        ("the longest life of a fast clock", assertion(iat=START + LEEWAY, exp=START + LEEWAY + ASSERTION_LIFE), {}),
        ("a slow clock", assertion(iat=START - 100, exp=START - LEEWAY + 1), {}),
        ("the longest jti", assertion(jti="j" * MAX_JTI), {}),
        ("legacy: the issuer", assertion("old"), {}),
        ("legacy: the token endpoint", assertion("old", aud=f"{ISSUER}/oauth2/token"), {}),
        ("legacy: the PAR endpoint", assertion("old", aud=f"{ISSUER}/oauth2/par"), {}),
        ("legacy: a list of ours", assertion("old", aud=[ISSUER, f"{ISSUER}/oauth2/token"]), {}),
    ],
)
async def test_what_proves_a_client(row: str, text: str, more: dict[str, str]) -> None:
    assert await accepted(world(), text, **more), row


def _unsigned(header: str) -> str:
    return f"{header}.{assertion().split('.')[1]}."


@pytest.mark.row("T068")
@pytest.mark.parametrize(
    ("row", "text", "more"),
    [
        ("alg none", _unsigned("eyJhbGciOiJub25lIn0"), {}),
        ("no signature", assertion().rpartition(".")[0] + ".", {}),
        ("another key", assertion(key=OTHER), {}),
        ("another key, no kid", assertion(key=OTHER, header={"kid": None}), {}),
        ("an unknown kid", assertion(header={"kid": "k9"}), {}),
        ("a kid that is a number", assertion(header={"kid": 1}), {}),
        ("RS256 by the name of the EC key", assertion("both", RSA, "RS256", {"kid": "k1"}), {}),
        ("without kid, two keys that could have signed", assertion("two", header={"kid": None}), {}),
        ("the key of another address", assertion("published", OTHER), {}),
        ("its own key inside", assertion(key=OTHER, header={"jwk": jose.public_jwk(OTHER, "k1", "ES256")}), {}),
        ("crit", assertion(header={"crit": ["exp"]}), {}),
        ("an address of keys", assertion(header={"jku": "https://app.example/jwks"}), {}),
        ("a nested token", assertion(header={"cty": "JWT"}), {}),
        ("an access token's typ", assertion(header={"typ": "at+jwt"}), {}),
        ("a typ that is a list", assertion(header={"typ": ["JWT"]}), {}),
        ("iss of another client", assertion(iss="both"), {}),
        ("sub of another client", assertion(sub="both"), {}),
        ("another client_id beside it", assertion(), {"client_id": "both"}),
        ("nobody", assertion("ghost"), {}),
        ("suspended", assertion("gone"), {}),
        ("a client with a secret", assertion("app"), {}),
        ("no aud", assertion(aud=None), {}),
        ("aud: the token endpoint", assertion(aud=f"{ISSUER}/oauth2/token"), {}),
        ("aud: ours in a list", assertion(aud=[ISSUER]), {}),
        ("aud: ours and another's", assertion(aud=[ISSUER, "https://evil.example"]), {}),
        ("aud: ours with a slash", assertion(aud=ISSUER + "/"), {}),
        ("legacy: ours and another's", assertion("old", aud=[ISSUER, "https://evil.example"]), {}),
        ("legacy: nobody", assertion("old", aud=[]), {}),
        ("legacy: something else of ours", assertion("old", aud=f"{ISSUER}/oauth2/userinfo"), {}),
        ("no exp", assertion(exp=None), {}),
        ("exp is text", assertion(exp=str(START + 60)), {}),
        ("exp is a fraction", assertion(exp=START + 60.5), {}),
        ("exp is true", assertion(exp=True), {}),
        ("expired", assertion(iat=START - 90, exp=START - LEEWAY), {}),
        ("exp in a year", assertion(exp=START + 31_536_000), {}),
        ("exp in a year, no iat", assertion(iat=None, exp=START + 31_536_000), {}),
        ("a second too long", assertion(exp=START + ASSERTION_LIFE + 1), {}),
        ("a second too long, no iat", assertion(iat=None, exp=START + ASSERTION_LIFE + LEEWAY + 1), {}),
        ("issued long ago", assertion(iat=START - ASSERTION_LIFE, exp=START + 60), {}),
        ("from the future", assertion(iat=START + LEEWAY + 1, exp=START + 90), {}),
        ("not yet", assertion(nbf=START + LEEWAY + 1), {}),
        ("iat is text", assertion(iat="now"), {}),
        ("no jti", assertion(jti=None), {}),
        ("an empty jti", assertion(jti=""), {}),
        ("a number as jti", assertion(jti=7), {}),
        ("a jti that is too long", assertion(jti="j" * (MAX_JTI + 1)), {}),
        ("padding", assertion() + "==", {}),
        ("four parts", assertion() + ".e30", {}),
        ("no JWT", "x", {}),
    ],
)
async def test_what_proves_nothing_gets_the_same_words(row: str, text: str, more: dict[str, str]) -> None:
    w = world()
    assert await ask(w, text, **more) is OAuthError.CLIENT_FAILED, row
    assert w.scratch.values == {}, "what nobody signed is not remembered"


@pytest.mark.row("T068")
async def test_cve_2020_5300_an_assertion_is_used_once() -> None:
    w = world()
    text = assertion()
    assert await accepted(w, text)
    assert await ask(w, text) is OAuthError.CLIENT_FAILED
    assert await ask(w, assertion(exp=START + 61)) is OAuthError.CLIENT_FAILED, "the jti counts, not the text"
    assert await accepted(w, assertion("both")), "another client's jti is another jti"
    assert await accepted(w, assertion(jti="twice"))


@pytest.mark.row("T068")
async def test_cve_2020_5300_parallel_uses_give_one_yes() -> None:
    w = world()
    got = await asyncio.gather(*(ask(w, assertion()) for _ in range(20)))
    assert sum(isinstance(one, Client) for one in got) == 1


@pytest.mark.row("T068")
async def test_a_jti_is_remembered_for_as_long_as_its_assertion_could_live() -> None:
    w = world()
    text = assertion(exp=START + 60)
    assert await accepted(w, text)
    w.clock.advance(60 + LEEWAY - 1)
    assert await ask(w, text) is OAuthError.CLIENT_FAILED
    assert len(w.scratch.values) == 1
    w.clock.advance(1)
    assert await ask(w, text) is OAuthError.CLIENT_FAILED, "expired by now"


class BrokenScratch(MemoryScratch):
    async def add(self, *_: Any) -> bool:
        raise LedgerDownError("no")


@pytest.mark.row("T068")
async def test_where_nobody_can_remember_nobody_is_let_in() -> None:
    w = world()
    w.d = replace(w.d, scratch=BrokenScratch())
    with pytest.raises(LedgerDownError):
        await ask(w, assertion())


@pytest.mark.row("T069")
async def test_keys_are_looked_up_for_registered_clients_alone() -> None:
    w = world()
    for text in (
        assertion("ghost"),
        assertion(),
        assertion("gone"),
        assertion("published", aud="https://evil.example"),
    ):
        await ask(w, text)
    await ask(w, assertion("published", header={"jku": "http://169.254.169.254/"}))
    assert w.published.asked == []
    await ask(w, assertion("published", jti="1"))
    assert w.published.asked == [("published", ADDRESS, "k1")]
    w.published.served.clear()
    assert await ask(w, assertion("published", jti="2")) is OAuthError.CLIENT_FAILED


async def test_a_key_that_was_revoked_proves_nothing() -> None:
    w = world()
    w.end("key", thumbprint(JWK))
    assert await ask(w, assertion()) is OAuthError.CLIENT_FAILED
    assert await accepted(w, assertion("both", RSA, "RS256", {"kid": "k2"}))


@pytest.mark.row("T073")
async def test_a_signature_is_checked_whoever_is_claimed_to_sign() -> None:
    """So that nobody learns from the time it takes which clients there are."""
    w = world()
    checked: list[bool] = []

    def counting(algorithm: str, key: Any, signing_input: bytes, signature: bytes) -> bool:
        checked.append(jose._public_key(algorithm, key) is not None)
        return jose.check_signature(algorithm, key, signing_input, signature)

    w.d = replace(w.d, check=counting)
    for text in (assertion(), assertion("ghost"), assertion("gone"), assertion("app"), assertion(header={"kid": "k9"})):
        await ask(w, text)
    assert checked == [True] * 5


async def test_a_yes_of_the_stand_in_key_is_worth_nothing() -> None:
    w = world()
    w.d = replace(w.d, check=lambda *given: given[1] == story._NOBODY)
    for text in (assertion("ghost"), assertion("gone"), assertion("app"), assertion(header={"kid": "k9"})):
        assert await ask(w, text) is OAuthError.CLIENT_FAILED


@pytest.mark.row("T068")
async def test_every_endpoint_that_authenticates_clients_takes_assertions() -> None:
    w = world()

    def said(jti: str, **more: str) -> bytes:
        by = {"client_assertion": assertion(jti=jti), "client_assertion_type": ASSERTION_TYPE}
        return urlencode(by | more).encode()

    code = await w.code("signer")
    parts = {"grant_type": "authorization_code", "code": code, "redirect_uri": CB, "code_verifier": VERIFIER}
    got = await token(w.d, None, said("1", **parts))
    assert not isinstance(got, OAuthError), got
    about: Any = await introspect(w.d, None, said("2", token=got.access_token))
    assert about["active"] is True
    assert await revoke(w.d, None, said("3", token=got.access_token)) is None
    about = await introspect(w.d, None, said("4", token=got.access_token))
    assert about == {"active": False}
    assert not isinstance(await start(w.d, None, said("5", scope="openid")), OAuthError)
    for used in ("1", "2", "3", "4", "5"):
        assert await introspect(w.d, None, said(used, token="x")) is OAuthError.CLIENT_FAILED


async def test_a_client_with_keys_authenticates_in_no_other_way() -> None:
    w = world()
    for header, more in ((basic("signer"), {}), (None, {"client_id": "signer"})):
        read = parse(urlencode(more).encode())
        assert isinstance(read, Parameters)
        assert await client_of(w.d, header, read) is OAuthError.CLIENT_FAILED


async def test_no_assertion_is_stored_or_shown() -> None:
    w = world()
    text = assertion()
    await ask(w, text)
    assert text not in repr(w.scratch.values)
    assert ClientId("signer") not in repr(w.scratch.values)
