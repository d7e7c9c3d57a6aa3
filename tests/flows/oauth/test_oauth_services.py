"""Services in their own name: client_credentials, and what such a token never opens (RFC 6749 4.4, ruling 20)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from broker.adapters import jose
from broker.core.ids import ClientId, Issuer
from broker.core.oidc.bearer import Shown, shown_token
from broker.core.oidc.dpop import NOTHING
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import ACCESS_TOKEN_LIFE
from broker.core.oidc.own_tokens import read_access_token, read_service_token
from broker.core.oidc.service_scopes import service_subject
from broker.core.outcome import Reason
from broker.core.rows import Client, Role
from broker.core.rows.revocation import Revocation
from broker.core.snapshot import follow
from broker.flows.authenticate import by_access_token, by_client_token
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.introspect import introspect
from broker.flows.oauth.revoke import revoke
from broker.flows.oauth.userinfo import userinfo
from broker.flows.proofs import Proofs
from broker.flows.verified import Verifier
from broker.flows.world import ServiceCaller
from tests import builders as b
from tests.fakes import START, at_once
from tests.flows.oauth.fakes_oauth import ADA, DRS, ISSUER, FakeKeys, World, _client, basic, header, said
from tests.flows.worlds import stage

GRANT = "client_credentials"
SERVICE = _client("robot", redirect_uris=(), grant_types=(GRANT,), scopes=("issuers:read", "issuers:write"))
MIXED = _client("mixed", grant_types=(GRANT, "authorization_code", "refresh_token"), scopes=("openid", "visas:push"))


def world() -> World:
    w = World()
    w.put(
        SERVICE, MIXED, _client("loud", auth_method="none", secret=None, grant_types=(GRANT,), scopes=("visas:push",))
    )
    w.d = replace(w.d, audience_of=lambda r: ISSUER if r.startswith(ISSUER) else DRS if r.startswith(DRS) else None)
    return w


async def issued(w: World, client: str = "robot", **form: str) -> Tokens:
    got = await w.post(client, grant_type=GRANT, **form)
    assert isinstance(got, Tokens), got
    return got


async def test_a_service_gets_a_token_about_itself_and_nobody_else() -> None:
    w = world()
    got = await issued(w, scope="issuers:read")
    assert header(got.access_token) == ("oidc-es256", "at+jwt")
    claims = said(got.access_token)
    assert claims == {
        "iss": ISSUER, "sub": "robot", "client_id": "robot", "aud": [ISSUER], "scope": "issuers:read",
        "jti": claims["jti"], "iat": START, "exp": START + ACCESS_TOKEN_LIFE,
    }  # fmt: skip
    assert got.body().keys() == {"access_token", "token_type", "expires_in", "scope"}
    (entry,) = w.ledger.entries
    assert (entry.kind, entry.who) == ("token.issued", None)
    assert entry.about == {
        "client": "robot", "jti": claims["jti"], "scope": ("issuers:read",), "until": START + ACCESS_TOKEN_LIFE,
    }  # fmt: skip
    assert got.access_token.encode() not in w.stored()


async def test_without_a_scope_it_gets_what_its_row_gives_it_of_services() -> None:
    w = world()
    assert (await issued(w)).scope == "issuers:read issuers:write"
    assert (await issued(w, "mixed")).scope == "visas:push"
    assert (await issued(w, resource=ISSUER + "/api/v1")).scope == "issuers:read issuers:write"


@pytest.mark.parametrize(
    ("row", "client", "form", "error"),
    [
        ("openid, though its row has it", "mixed", {"scope": "openid"}, OAuthError.SCOPE),
        ("openid beside", "mixed", {"scope": "visas:push openid"}, OAuthError.SCOPE),
        ("visas", "mixed", {"scope": "ga4gh_passport_v1"}, OAuthError.SCOPE),
        ("a scope of another service", "robot", {"scope": "clients:write"}, OAuthError.SCOPE),
        ("a scope that nobody knows", "robot", {"scope": "admin"}, OAuthError.SCOPE),
        ("another resource", "robot", {"resource": DRS}, OAuthError.TARGET),
        ("an audience", "robot", {"audience": DRS}, OAuthError.TARGET),
        ("not registered for it", "app", {}, OAuthError.CLIENT_GRANT),
    ],
)
async def test_what_a_service_does_not_get(row: str, client: str, form: dict[str, str], error: OAuthError) -> None:
    w = world()
    assert await w.post(client, grant_type=GRANT, **form) is error, row
    assert w.ledger.kinds() == ["token.refused"]
    assert w.ledger.entries[0].about == {"client": client, "code": error.code}


async def test_a_client_that_only_says_its_name_gets_nothing() -> None:
    w = world()
    from broker.flows.oauth.token import token  # noqa: PLC0415 (only here)

    form = urlencode({"client_id": "loud", "grant_type": GRANT}).encode()
    assert await token(w.d, None, form) is OAuthError.CLIENT_PUBLIC
    assert await token(w.d, basic("robot", "wrong"), urlencode({"grant_type": GRANT}).encode()) is (
        OAuthError.CLIENT_FAILED
    )


async def test_a_person_door_takes_no_token_of_a_service() -> None:
    w = world()
    text = (await issued(w)).access_token
    assert await userinfo(w.d, shown_token(f"Bearer {text}")) is OAuthError.TOKEN_INVALID
    w.put(replace(SERVICE, grant_types=(*SERVICE.grant_types, "urn:ietf:params:oauth:grant-type:token-exchange")))
    assert await w.exchange(text, "robot") is OAuthError.SUBJECT_TOKEN


async def test_b15_a_client_never_passes_for_a_person_nor_a_person_for_a_client() -> None:
    """RFC 9700 2.x: a client whose id equals a `sub` (were one ever registered) opens nothing of that person's."""
    w = world()
    w.put(replace(SERVICE, id=ClientId(str(ADA.id))))
    text = (await issued(w, str(ADA.id))).access_token
    assert said(text)["sub"] == ADA.id
    assert await userinfo(w.d, shown_token(f"Bearer {text}")) is OAuthError.TOKEN_INVALID
    assert read_access_token(said(text), ISSUER, START) is OAuthError.TOKEN_INVALID
    persons = (await w.tokens()).access_token
    assert read_service_token(said(persons), ISSUER, START) is OAuthError.TOKEN_INVALID
    without = {name: value for name, value in said(persons).items() if name != "sid"}
    assert read_service_token(without, ISSUER, START) is OAuthError.TOKEN_INVALID


async def test_introspection_and_revocation_know_such_tokens() -> None:
    w = world()
    text = (await issued(w)).access_token
    form = urlencode({"token": text}).encode()
    told = await introspect(w.d, basic("robot"), form)
    assert isinstance(told, Mapping)
    assert (told["active"], told["sub"], told["client_id"]) == (True, "robot", "robot")
    assert await introspect(w.d, basic("app"), form) == {"active": False}
    assert await revoke(w.d, basic("app"), form) is None
    assert (await introspect(w.d, basic("robot"), form))["active"] is True  # type: ignore[index]
    for _ in range(2):
        assert await revoke(w.d, basic("robot"), form) is None
    assert await introspect(w.d, basic("robot"), form) == {"active": False}
    assert w.ledger.kinds() == ["token.issued", "token.revoked"]


async def test_a_suspended_clients_token_is_dead() -> None:
    w = world()
    w.put(_client("registry", serves=(ISSUER,)))
    form = urlencode({"token": (await issued(w)).access_token}).encode()
    assert (await introspect(w.d, basic("registry"), form))["active"] is True  # type: ignore[index]
    w.put(replace(SERVICE, status="suspended"))
    assert await introspect(w.d, basic("registry"), form) == {"active": False}


ROBOT = replace(SERVICE, resources=())
ROLE = Role(id="r1", role="issuer_admin", scope="service", iss=Issuer(b.US), sub=service_subject("robot"))
TOKEN = {
    "iss": b.US, "sub": "robot", "client_id": "robot", "aud": [b.US], "scope": "issuers:read", "jti": "j1",
    "iat": START, "exp": START + 600,
}  # fmt: skip


async def caller(*rows: Any, scheme: Any = "Bearer", **claims: Any) -> ServiceCaller | Reason:
    made = stage(ROBOT, ROLE)
    made.live._current = follow(made.live.current(), (ROBOT, ROLE, *rows))
    keys, unused = FakeKeys(), Any
    given = {name: value for name, value in {**TOKEN, **claims}.items() if value is not None}
    text = at_once(keys.sign("oidc-es256", "at+jwt", given))
    proofs = Proofs(check=jose.check_signature, scratch=made.world.scratch, nonce_key=b"n" * 32)
    verifier = Verifier(reader=keys, keys=unused, check=unused, proofs=proofs)  # type: ignore[arg-type]
    return await by_client_token(made.world, verifier, Shown(scheme=scheme, token=text, sent=NOTHING))


async def test_a_service_comes_with_its_scopes_and_the_roles_of_its_row() -> None:
    found = await caller()
    assert isinstance(found, ServiceCaller)
    assert (str(found.client), sorted(found.scopes), int(found.ends)) == ("robot", ["issuers:read"], START + 600)
    assert found.has_role("issuer_admin", "service")
    assert not found.has_role("admin", "service")
    assert found.person is None


@pytest.mark.parametrize(
    ("row", "rows", "claims", "code"),
    [
        ("suspended", (replace(ROBOT, status="suspended"),), {}, "AUTH-REVOKED"),
        ("removed", (replace(ROBOT, status="removed"),), {}, "AUTH-REVOKED"),
        ("revoked", (Revocation(id="token:j1", since=START),), {}, "AUTH-REVOKED"),
        ("no longer for services", (replace(ROBOT, grant_types=("authorization_code",)),), {}, "AUTH-TOKEN-INVALID"),
        ("public by now", (replace(ROBOT, auth_method="none"),), {}, "AUTH-TOKEN-INVALID"),
        ("nobody", (), {"sub": "ghost", "client_id": "ghost"}, "AUTH-TOKEN-INVALID"),
        ("expired", (), {"iat": START - 600, "exp": START}, "AUTH-TOKEN-EXPIRED"),
        ("for another door", (), {"aud": ["https://drs.example/"]}, "AUTH-TOKEN-INVALID"),
        ("of another issuer", (), {"iss": "https://evil.example"}, "AUTH-TOKEN-INVALID"),
        ("a person's", (), {"sub": "usr_ada", "sid": "fam-usr_ada"}, "AUTH-TOKEN-INVALID"),
        ("bound to a key, without proof", (), {"cnf": {"jkt": "A" * 43}}, "AUTH-TOKEN-BOUND"),
        ("bound in another way", (), {"cnf": {"x5t#S256": "A" * 43}}, "AUTH-TOKEN-INVALID"),
        ("about somebody else", (), {"sub": "other"}, "AUTH-TOKEN-INVALID"),
    ],
)
async def test_which_tokens_are_no_services(row: str, rows: tuple[Any, ...], claims: dict[str, Any], code: str) -> None:
    assert await caller(*rows, **claims) == Reason(code=code), row


async def test_a_scope_that_its_row_lost_is_lost_at_once() -> None:
    found = await caller(replace(ROBOT, scopes=("issuers:write",)))
    assert isinstance(found, ServiceCaller)
    assert found.scopes == frozenset()


async def test_the_api_of_persons_takes_no_service() -> None:
    made, keys, unused = stage(ROBOT, ROLE), FakeKeys(), Any
    text = at_once(keys.sign("oidc-es256", "at+jwt", TOKEN))
    proofs = Proofs(check=jose.check_signature, scratch=made.world.scratch, nonce_key=b"n" * 32)
    verifier = Verifier(reader=keys, keys=unused, check=unused, proofs=proofs)  # type: ignore[arg-type]
    shown = Shown(scheme="Bearer", token=text, sent=NOTHING)
    assert await by_access_token(made.world, verifier, shown, {b.US}) == Reason(code="AUTH-TOKEN-INVALID")


def test_a_clients_row_is_of_its_own_kind() -> None:
    assert isinstance(SERVICE, Client)
    assert not str(b.ADA).startswith("client:")
