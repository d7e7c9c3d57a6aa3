"""Programs that register themselves (RFC 7591): only where allowed, only a strict subset, nothing ever fetched."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters import jose
from broker.core.oidc.limits import MAX_REDIRECTS, MAX_REGISTRATION
from broker.core.registration import MAX_KEYS, MAX_LABEL
from broker.core.rows import Client
from tests.web.site import Site, site

REGISTER = "/oauth2/register"
TOKEN = "initial-access-token-of-the-operator"
KEY = jose.public_jwk(ec.derive_private_key(31, ec.SECP256R1()), "k1", "ES256")
BACK = "https://new.example/cb"
GOOD = {"redirect_uris": [BACK], "client_name": "New"}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def allow(s: Site) -> None:
    oauth = replace(s.broker.oauth, registration=hashlib.sha256(TOKEN.encode()).hexdigest())
    object.__setattr__(s.broker, "oauth", oauth)


async def post(s: Site, said: Any, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    got = await s.http.post(REGISTER, json=said, headers=headers)
    told: dict[str, Any] = await got.json()
    return got.status, told


def stored(s: Site, id: str) -> Client:
    row = s.stage.ledger.rows["client", id]
    assert isinstance(row, Client)
    return row


async def test_it_is_off_until_the_operator_wants_it(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        assert (await post(s, GOOD))[0] == 404
        told = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert "registration_endpoint" not in told
        allow(s)
        assert (await post(s, GOOD))[0] == 201
        told = await (await s.http.get("/.well-known/openid-configuration")).json()
        assert told["registration_endpoint"].endswith(REGISTER)


async def test_a_program_gets_an_id_and_a_secret_that_is_told_once_and_stored_hashed(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        allow(s)
        status, told = await post(s, GOOD)
        assert status == 201
        row = stored(s, told["client_id"])
        assert row.secret == hashlib.sha256(told["client_secret"].encode()).hexdigest()
        assert told["client_secret_expires_at"] == 0
        assert told["token_endpoint_auth_method"] == "client_secret_basic"
        assert (row.name, row.redirect_uris, row.grant_types, row.scopes) == (
            "New", (BACK,), ("authorization_code",), ("openid",),
        )  # fmt: skip
        (entry,) = s.stage.ledger.entries
        assert (entry.kind, entry.who, entry.about["client"]) == ("client.registered", None, row.id)
        assert told["client_secret"] not in repr(s.stage.ledger.entries) + repr(s.stage.ledger.rows)
        assert TOKEN not in repr(s.stage.ledger.entries)


@pytest.mark.row("T070", "T069")
async def test_nothing_is_set_that_a_program_may_not_set_for_itself(tmp_path: Path) -> None:
    mischief = {
        "client_id": "web", "client_secret": "chosen", "id": "web", "status": "removed", "consent": "remembered",
        "resources": ["https://drs.example/"], "serves": ["https://drs.example/"], "internal": True, "installs": True,
        "owner": "usr_ada", "parent": "web", "version": 7, "assertion_audience": "legacy", "secret": "0" * 64,
        "logo_uri": "http://169.254.169.254/", "client_uri": "http://10.0.0.1/", "policy_uri": "http://10.0.0.1/",
        "tos_uri": "http://10.0.0.1/", "sector_identifier_uri": "http://10.0.0.1/", "request_uris": ["http://10.0.0.1/"],
        "software_statement": "e30.e30.", "contacts": ["a@b.example"], "approved": True, "user_id": "usr_ada",
    }  # fmt: skip
    async with site(tmp_path) as s:
        allow(s)
        status, told = await post(s, GOOD | mischief)
        assert status == 201
        row = stored(s, told["client_id"])
        assert told["client_id"] != "web"
        plain = stored(s, (await post(s, GOOD))[1]["client_id"])
        assert replace(row, id=plain.id, secret=plain.secret) == plain
        assert (row.status, row.consent, row.resources, row.serves, row.installs, row.owner) == (
            "active", "ask", (), (), False, None,
        )  # fmt: skip
        assert not mischief.keys() - {"client_id", "client_secret"} & told.keys()


@pytest.mark.parametrize(
    ("row", "more", "error"),
    [
        ("keys at an address", {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://10.0.0.1/"},
         "invalid_client_metadata"),
        ("an address beside keys", {"jwks_uri": "https://new.example/jwks"}, "invalid_client_metadata"),
        ("a private key", {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{**KEY, "d": "AA"}]}},
         "invalid_client_metadata"),
        ("no key", {"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ("keys that are a list", {"token_endpoint_auth_method": "private_key_jwt", "jwks": [KEY]},
         "invalid_client_metadata"),
        ("too many keys", {"token_endpoint_auth_method": "private_key_jwt",
                           "jwks": {"keys": [{**KEY, "kid": str(n)} for n in range(MAX_KEYS + 1)]}},
         "invalid_client_metadata"),
        ("a way that nobody knows", {"token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ("a way that is a list", {"token_endpoint_auth_method": ["none"]}, "invalid_client_metadata"),
        ("implicit", {"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ("a service", {"grant_types": ["client_credentials"], "scope": "clients:write"}, "invalid_client_metadata"),
        ("a scope of a service", {"scope": "openid clients:write"}, "invalid_client_metadata"),
        ("a scope that nobody knows", {"scope": "admin"}, "invalid_client_metadata"),
        ("a scope that is a list", {"scope": ["openid"]}, "invalid_client_metadata"),
        ("another response_type", {"response_types": ["token"]}, "invalid_client_metadata"),
        ("exchange without proof", {"grant_types": [EXCHANGE], "token_endpoint_auth_method": "none"},
         "invalid_client_metadata"),
        ("a name that is written backwards", {"client_name": "a\u202eb"}, "invalid_client_metadata"),
        ("a name that is too long", {"client_name": "a" * (MAX_LABEL + 1)}, "invalid_client_metadata"),
        ("an algorithm that we do not use", {"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
        ("a yes that is text", {"dpop_bound_access_tokens": "true"}, "invalid_client_metadata"),
        ("plain http", {"redirect_uris": ["http://new.example/cb"]}, "invalid_redirect_uri"),
        ("a wildcard", {"redirect_uris": ["https://*.new.example/cb"]}, "invalid_redirect_uri"),
        ("a fragment", {"redirect_uris": [BACK + "#x"]}, "invalid_redirect_uri"),
        ("javascript", {"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ("no address", {"redirect_uris": []}, "invalid_redirect_uri"),
        ("one that is a number", {"redirect_uris": [7]}, "invalid_redirect_uri"),
        ("one that is text", {"redirect_uris": BACK}, "invalid_redirect_uri"),
        ("too many", {"redirect_uris": [f"{BACK}{n}" for n in range(MAX_REDIRECTS + 1)]}, "invalid_redirect_uri"),
    ],
)  # fmt: skip
@pytest.mark.row("T063", "T069")
async def test_what_is_not_registered(tmp_path: Path, row: str, more: dict[str, Any], error: str) -> None:
    async with site(tmp_path) as s:
        allow(s)
        status, told = await post(s, GOOD | more)
        assert (status, told["error"]) == (400, error), row
        assert s.stage.kinds() == []


async def test_what_a_program_may_choose_is_what_it_is_told_back(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        allow(s)
        choices = {
            "client_name": "a" * MAX_LABEL,
            "redirect_uris": [f"{BACK}{n}" for n in range(MAX_REDIRECTS)],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [{**KEY, "kid": str(n)} for n in range(MAX_KEYS)]},
            "grant_types": ["authorization_code", "refresh_token", EXCHANGE],
            "response_types": ["code"],
            "scope": "openid ga4gh_passport_v1",
            "id_token_signed_response_alg": "ES256",
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": True,
        }
        status, told = await post(s, choices)
        assert status == 201, told
        assert {name: told[name] for name in choices} == choices
        assert "client_secret" not in told
        native = {"redirect_uris": ["http://127.0.0.1/cb", "org.new.app:/cb"], "token_endpoint_auth_method": "none"}
        status, told = await post(s, native)
        assert (status, told["client_name"]) == (201, told["client_id"])


async def test_without_the_initial_access_token_nothing_is_read(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        allow(s)
        for token in (None, "", "wrong", hashlib.sha256(TOKEN.encode()).hexdigest()):
            headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
            got = await s.http.post(REGISTER, data=b"{", headers=headers | {"Content-Type": "application/json"})
            assert got.status in (400, 401), token
            assert (await got.json())["error"] in ("invalid_token", "invalid_request")
        got = await s.http.post(REGISTER, json=GOOD)
        assert (got.status, got.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")
        with_dpop = {"Authorization": f"DPoP {TOKEN}"}
        assert (await s.http.post(REGISTER, json=GOOD, headers=with_dpop)).status == 401
        assert (await s.http.get(f"{REGISTER}?access_token={TOKEN}")).status == 405
        assert s.stage.kinds() == []


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a":1,"a":2}', b"null", b"[" * 5000])
async def test_what_is_no_description_is_refused(tmp_path: Path, body: bytes) -> None:
    async with site(tmp_path) as s:
        allow(s)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        got = await s.http.post(REGISTER, data=body, headers=headers)
        assert (got.status, (await got.json())["error"]) == (400, "invalid_client_metadata")
        assert (await s.http.post(REGISTER, data=body, headers={**headers, "Content-Type": "text/plain"})).status == 400


@pytest.mark.parametrize(("over", "status"), [(0, 201), (1, 413)])
async def test_a_description_is_read_up_to_its_limit(tmp_path: Path, over: int, status: int) -> None:
    async with site(tmp_path) as s:
        allow(s)
        bare = len(json.dumps(GOOD | {"x": ""}))
        body = json.dumps(GOOD | {"x": "y" * (MAX_REGISTRATION - bare + over)}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        assert (await s.http.post(REGISTER, data=body, headers=headers)).status == status
