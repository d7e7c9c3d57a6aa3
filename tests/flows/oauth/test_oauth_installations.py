"""Computers that become clients in their owner's name, inside the device flow (ruling 14)."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.core.ids import ClientId, Issuer
from broker.core.jws import thumbprint
from broker.core.oidc.client_assertion import ASSERTION_TYPE
from broker.core.oidc.dpop import Sent
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.oidc.limits import MAX_INSTALLATIONS
from broker.core.oidc.opaque import base64url
from broker.core.outcome import Reason
from broker.core.registration import MAX_LABEL, faults, installation, read_installation
from broker.core.rows.identity import Session
from broker.core.rows.oauth import Client
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.device import DeviceAuthorization, Prompt, decide, look_up, start
from broker.flows.oauth.installations import connected, disconnect
from broker.flows.oauth.token import token
from tests.fakes import START
from tests.flows.oauth.fakes_oauth import ADA, BOB, DEVICE_GRANT, DRS, ISSUER, SESSION, World, _client, basic, said

ALL = frozenset({"openid", "ga4gh_passport_v1"})
KEY = ec.derive_private_key(777, ec.SECP256R1())
OTHER = ec.derive_private_key(778, ec.SECP256R1())
PUBLIC = {name: jose.public_jwk(KEY, "", "ES256")[name] for name in ("kty", "crv", "x", "y")}
LAPTOP = {"name": "Ada's laptop", "jwk": PUBLIC}
TOKEN_URL = f"{ISSUER}/oauth2/token"
CLI = _client("cli", auth_method="none", secret=None, installs=True, redirect_uris=(),
              grant_types=("refresh_token", GRANT_TYPE, DEVICE_GRANT))  # fmt: skip


def world() -> World:
    w = World()
    w.put(CLI)
    w.d = replace(
        w.d,
        installed=lambda person: [
            row for row in w.ledger.rows.values() if isinstance(row, Client) and row.owner == person
        ],
    )
    return w


async def begin(w: World, client: str = "cli", computer: Any = LAPTOP, **more: str) -> Any:
    form = {"client_id": client, "scope": "openid ga4gh_passport_v1", "installation": json.dumps(computer), **more}
    return await start(w.d, None, urlencode(form).encode())


def proof(jti: str, key: Any = KEY, at: int = START) -> Sent:
    header = {"typ": "dpop+jwt", "jwk": {n: jose.public_jwk(key, "", "ES256")[n] for n in ("kty", "crv", "x", "y")}}
    claims = {"jti": jti, "htm": "POST", "htu": TOKEN_URL, "iat": at}
    return Sent(proofs=(jose.sign("ES256", key, header, claims),), method="POST", url=TOKEN_URL)


async def fetch(w: World, device: DeviceAuthorization, sent: Sent, client: str = "cli") -> Any:
    form = {"client_id": client, "grant_type": DEVICE_GRANT, "device_code": device.device_code}
    return await token(w.d, None, urlencode(form).encode(), sent)


async def installed(w: World) -> tuple[str, Tokens]:
    device = await begin(w)
    assert await decide(w.d, SESSION.id, device.user_code, ALL, None) is None
    got = await fetch(w, device, proof("1"))
    assert isinstance(got, Tokens), got
    assert got.client_id is not None
    return got.client_id, got


def by_key(client: str, jti: str, **form: str) -> bytes:
    claims = {"iss": client, "sub": client, "aud": ISSUER, "jti": jti, "iat": START, "exp": START + 60}
    text = jose.sign("ES256", KEY, {}, claims)
    return urlencode({"client_assertion": text, "client_assertion_type": ASSERTION_TYPE, **form}).encode()


async def test_a_computer_becomes_a_client_with_less_than_its_programs_rights() -> None:
    w = world()
    device = await begin(w)
    prompt = await look_up(w.d, SESSION.id, device.user_code)
    assert isinstance(prompt, Prompt)
    assert (prompt.client.name, prompt.installation) == ("cli", "Ada's laptop")
    assert w.ledger.entries == []
    id, got = await installed(w)
    row = await w.d.rows.get(Client, id)
    assert row is not None
    assert (row.parent, row.owner, row.created, row.auth_method) == ("cli", ADA.id, START, "private_key_jwt")
    assert set(row.grant_types) <= set(CLI.grant_types)
    assert set(row.scopes) <= set(CLI.scopes)
    assert set(row.resources) <= set(CLI.resources)
    assert (row.serves, row.redirect_uris, row.installs, row.consent) == ((), (), False, "ask")
    assert row.dpop_required
    assert faults(row) == faults(CLI) == ()
    claims = said(got.access_token)
    assert (claims["client_id"], claims["sub"]) == (id, ADA.id)
    assert claims["cnf"] == {"jkt": base64url(thumbprint(PUBLIC))}
    assert (got.token_type, got.body()["client_id"]) == ("DPoP", id)
    assert w.ledger.kinds() == ["client.registered", "code.issued", "token.issued"]
    assert w.ledger.entries[0].about == {"client": id, "parent": "cli", "key": base64url(thumbprint(PUBLIC))}
    assert "laptop" not in repr(w.ledger.entries)


async def test_an_installation_may_exchange_and_its_program_may_not() -> None:
    w = world()
    id, got = await installed(w)
    form = {
        "grant_type": GRANT_TYPE, "requested_token_type": PASSPORT_TYPE, "subject_token": got.access_token,
        "subject_token_type": ACCESS_TOKEN_TYPE,
    }  # fmt: skip
    passport = await token(w.d, None, by_key(id, "a1", **form), proof("2"))
    assert isinstance(passport, Tokens), passport
    assert await token(w.d, None, by_key(id, "a2", **form)) is OAuthError.DPOP_NEEDED
    public = urlencode({"client_id": "cli", **form}).encode()
    assert await token(w.d, None, public, proof("3")) is OAuthError.CLIENT_PUBLIC
    refreshed = await token(
        w.d, None, by_key(id, "a3", grant_type="refresh_token", refresh_token=got.refresh_token or ""), proof("4")
    )
    assert isinstance(refreshed, Tokens), refreshed


async def test_only_who_holds_the_registered_key_gets_the_first_tokens() -> None:
    w = world()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, ALL, None)
    assert await fetch(w, device, Sent()) is OAuthError.DPOP_NEEDED
    assert await fetch(w, device, proof("1", OTHER)) is OAuthError.DPOP_PROOF
    assert await fetch(w, device, proof("2"), "public") is OAuthError.DEVICE_UNKNOWN
    assert isinstance(await fetch(w, device, proof("3")), Tokens)


async def test_an_installation_signs_in_again_as_itself_for_its_owner_alone() -> None:
    w = world()
    id, _ = await installed(w)
    device = await start(w.d, None, by_key(id, "b1", scope="openid"))
    assert isinstance(device, DeviceAuthorization)
    other = Session(
        id="bobs", person=BOB.id, idp=Issuer("https://idp.example"), identities=(), auth_time=SESSION.auth_time,
        expires=SESSION.expires,
    )  # fmt: skip
    w.put(BOB, other)
    assert await decide(w.d, other.id, device.user_code, frozenset({"openid"}), None) == Reason(
        code="AUTH-INSTALLATION-OWNER"
    )
    assert await decide(w.d, SESSION.id, device.user_code, frozenset({"openid"}), None) is None
    form = {"grant_type": DEVICE_GRANT, "device_code": device.device_code}
    got = await token(w.d, None, by_key(id, "b2", **form), proof("5"))
    assert isinstance(got, Tokens), got
    assert got.client_id == id
    assert len(connected(w.d, ADA.id)) == 1


@pytest.mark.parametrize(
    ("row", "computer"),
    [
        ("a private key", {"name": "x", "jwk": {**PUBLIC, "d": "AA"}}),
        ("a shared secret", {"name": "x", "jwk": {"kty": "oct", "k": "AAAA"}}),
        ("no key", {"name": "x"}),
        ("a key that is text", {"name": "x", "jwk": "AAAA"}),
        ("half a key", {"name": "x", "jwk": {"kty": "EC", "crv": "P-256", "x": PUBLIC["x"]}}),
        ("no name", {"jwk": PUBLIC}),
        ("an empty name", {"name": "", "jwk": PUBLIC}),
        ("a name of two lines", {"name": "a\nb", "jwk": PUBLIC}),
        ("a name that is written backwards", {"name": "a\u202eb", "jwk": PUBLIC}),
        ("a name with space around it", {"name": " a ", "jwk": PUBLIC}),
        ("a name that is too long", {"name": "a" * (MAX_LABEL + 1), "jwk": PUBLIC}),
        ("a name that is a list", {"name": ["a"], "jwk": PUBLIC}),
        ("T070 more than was asked", {"name": "x", "jwk": PUBLIC, "scopes": ["admin"]}),
        ("T070 an owner of its choice", {"name": "x", "jwk": PUBLIC, "owner": "bob"}),
        ("a list", [PUBLIC]),
        ("nothing", None),
    ],
)
@pytest.mark.row("T070")
async def test_what_describes_no_computer(row: str, computer: Any) -> None:
    assert await begin(world(), computer=computer) is OAuthError.INSTALLATION, row


async def test_the_longest_name_is_taken_and_only_programs_that_install_may_ask() -> None:
    assert isinstance(await begin(world(), computer={"name": "a" * MAX_LABEL, "jwk": PUBLIC}), DeviceAuthorization)
    w = world()
    w.put(replace(CLI, installs=False))
    assert await begin(w) is OAuthError.INSTALLATION
    assert await start(
        w.d, basic("app"), urlencode({"scope": "openid", "installation": json.dumps(LAPTOP)}).encode()
    ) is (OAuthError.INSTALLATION)


async def test_a_key_is_called_by_its_thumbprint_whatever_it_calls_itself() -> None:
    read = read_installation(
        json.dumps({"name": "x", "jwk": {**PUBLIC, "kid": "k1", "alg": "none", "x5u": "http://10.0.0.1/"}})
    )
    assert read is not None
    assert read.jwk == {**PUBLIC, "use": "sig", "kid": base64url(thumbprint(PUBLIC))}


async def test_a_no_makes_no_client() -> None:
    w = world()
    device = await begin(w)
    await decide(w.d, SESSION.id, device.user_code, frozenset(), None)
    assert connected(w.d, ADA.id) == ()
    assert await fetch(w, device, proof("1")) is OAuthError.DEVICE_DENIED


async def test_a_person_connects_so_many_computers_and_no_more() -> None:
    w = world()
    of = read_installation(json.dumps(LAPTOP))
    assert of is not None
    for number in range(MAX_INSTALLATIONS - 1):
        w.put(installation(CLI, of, ClientId(f"cli_{number}"), ADA.id, START))
    last, over = await begin(w), await begin(w)
    assert await decide(w.d, SESSION.id, last.user_code, ALL, None) is None
    assert await decide(w.d, SESSION.id, over.user_code, ALL, None) == Reason(code="AUTH-INSTALLATION-LIMIT")
    assert await disconnect(w.d, ADA, "cli_0") is None
    assert await decide(w.d, SESSION.id, over.user_code, ALL, None) is None


async def test_removing_a_computer_ends_what_it_holds_and_lets_it_in_no_more() -> None:
    w = world()
    id, got = await installed(w)
    assert await disconnect(w.d, BOB, id) == Reason(code="REQ-NOT-FOUND")
    assert await disconnect(w.d, ADA, "app") == Reason(code="REQ-NOT-FOUND")
    for _ in range(2):
        assert await disconnect(w.d, ADA, id) is None
    assert w.ledger.kinds()[3:] == ["client.removed"]
    assert ("revocation", f"family:{w.family()}") in w.ledger.rows
    assert connected(w.d, ADA.id) == ()
    refresh = {"grant_type": "refresh_token", "refresh_token": got.refresh_token or ""}
    assert await token(w.d, None, by_key(id, "c1", **refresh), proof("6")) is OAuthError.CLIENT_FAILED
    assert await token(w.d, None, by_key(id, "c2", grant_type="x"), proof("7")) is OAuthError.CLIENT_FAILED


async def test_a_program_that_is_suspended_takes_its_installations_along() -> None:
    w = world()
    id, got = await installed(w)
    w.put(replace(CLI, status="suspended"))
    form = {"grant_type": "refresh_token", "refresh_token": got.refresh_token or ""}
    assert await token(w.d, None, by_key(id, "d1", **form), proof("8")) is OAuthError.CLIENT_FAILED
    w.put(CLI)
    assert isinstance(await token(w.d, None, by_key(id, "d2", **form), proof("9")), Tokens)


def test_audiences_are_its_programs() -> None:
    of = read_installation(json.dumps(LAPTOP))
    assert of is not None
    assert installation(CLI, of, ClientId("cli_x"), ADA.id, START).resources == (DRS,)


@pytest.mark.parametrize("grant", ["refresh_token", GRANT_TYPE])
def test_what_its_program_may_not_it_may_not_either(grant: str) -> None:
    of = read_installation(json.dumps(LAPTOP))
    assert of is not None
    less = replace(CLI, grant_types=tuple(one for one in CLI.grant_types if one != grant))
    assert grant not in installation(less, of, ClientId("cli_x"), ADA.id, START).grant_types
    more = replace(
        CLI, grant_types=(*CLI.grant_types, "authorization_code", "client_credentials"), scopes=("visas:push",)
    )
    made = installation(more, of, ClientId("cli_x"), ADA.id, START)
    assert (set(made.grant_types), made.scopes) == (set(CLI.grant_types), ())
