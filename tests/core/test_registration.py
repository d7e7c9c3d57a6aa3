"""Which registrations can be used at all: one row for each way of contradicting oneself."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters.jose import public_jwk
from broker.core.ids import ClientId
from broker.core.oidc.service_scopes import SERVICE_SCOPES, service_subject
from broker.core.registration import MAX_KEYS, faults
from broker.core.rows import Client

KEY = public_jwk(ec.derive_private_key(7, ec.SECP256R1()), "k1", "ES256")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
GOOD = Client(
    id=ClientId("app"), name="App", auth_method="private_key_jwt", jwks=(KEY,), redirect_uris=("https://app.example/cb",),
    grant_types=("authorization_code", "refresh_token", EXCHANGE), scopes=("openid", "ga4gh_passport_v1"),
)  # fmt: skip
SERVICE = replace(GOOD, redirect_uris=(), grant_types=("client_credentials",), scopes=("issuers:read",))


@pytest.mark.parametrize(
    ("row", "client"),
    [
        ("keys inline", GOOD),
        ("keys at an address", replace(GOOD, jwks=(), jwks_uri="https://app.example/jwks")),
        ("keys inside the house", replace(GOOD, jwks=(), jwks_uri="http://app.local/jwks", internal=True)),
        ("a secret", replace(GOOD, auth_method="client_secret_basic", jwks=(), secret="0" * 64)),
        ("a service", SERVICE),
        ("a repository that only asks", replace(GOOD, redirect_uris=(), serves=("https://repository.example/",))),
        ("both", replace(GOOD, grant_types=(*GOOD.grant_types, "client_credentials"), scopes=("openid", "visas:push"))),
        ("as many keys as may be", replace(GOOD, jwks=tuple({**KEY, "kid": str(n)} for n in range(MAX_KEYS)))),
    ],
)
def test_what_fits_together(row: str, client: Client) -> None:
    assert faults(client) == (), row


@pytest.mark.row("T063", "T069")
@pytest.mark.parametrize(
    ("row", "changes", "about"),
    [
        ("id like a person's", {"id": "usr_0123"}, "id"),
        ("id like a role's subject", {"id": "client:app"}, "id"),
        ("id with a space", {"id": "a b"}, "id"),
        ("no key", {"jwks": ()}, "private_key_jwt"),
        ("keys in two places", {"jwks_uri": "https://app.example/jwks"}, "private_key_jwt"),
        ("a secret beside keys", {"secret": "0" * 64}, "secret_sha256"),
        ("no secret", {"auth_method": "client_secret_basic", "jwks": ()}, "secret_sha256"),
        ("a public client with a secret", {"auth_method": "none", "jwks": (), "secret": "0" * 64}, "secret_sha256"),
        ("keys of a public client", {"auth_method": "none"}, "jwks"),
        ("a private key", {"jwks": ({**KEY, "d": "AA"},)}, "jwks"),
        ("a shared secret as key", {"jwks": ({"kty": "oct", "k": "AA", "kid": "1"},)}, "jwks"),
        ("a key without a name", {"jwks": ({name: KEY[name] for name in ("kty", "crv", "x", "y")},)}, "jwks"),
        ("two keys of one name", {"jwks": (KEY, KEY)}, "jwks"),
        ("too many keys", {"jwks": tuple({**KEY, "kid": str(n)} for n in range(MAX_KEYS + 1))}, "jwks"),
        ("keys by http", {"jwks": (), "jwks_uri": "http://app.example/jwks"}, "jwks_uri"),
        ("keys from a file", {"jwks": (), "jwks_uri": "file:///etc/passwd", "internal": True}, "jwks_uri"),
        ("keys with a user name", {"jwks": (), "jwks_uri": "https://u@app.example/jwks"}, "jwks_uri"),
        ("a wildcard", {"redirect_uris": ("https://*.app.example/cb",)}, "redirect_uris"),
        ("plain http", {"redirect_uris": ("http://app.example/cb",)}, "redirect_uris"),
        ("a fragment", {"redirect_uris": ("https://app.example/cb#x",)}, "redirect_uris"),
        ("javascript", {"redirect_uris": ("javascript:alert(1)",)}, "redirect_uris"),
        ("a grant that nobody knows", {"grant_types": ("implicit",)}, "grant_types"),
        ("passwords", {"grant_types": ("password",)}, "grant_types"),
        ("a scope that nobody knows", {"scopes": ("openid", "admin")}, "scopes"),
        ("exchange without proof", {"auth_method": "none", "jwks": ()}, "grant_types"),
        ("a service that only says its name", {"auth_method": "none", "jwks": (), "grant_types": ("client_credentials",),
                                               "scopes": ("issuers:read",)}, "grant_types"),
        ("client_credentials for nothing", {"grant_types": ("client_credentials",), "redirect_uris": ()}, "scopes"),
        ("scopes of a service without the grant", {"scopes": ("issuers:read",)}, "scopes"),
        ("installs without devices", {"installs": True}, "installs"),
        ("PAR without the code flow", {"require_par": True, "grant_types": (DEVICE,)}, "require_par"),
    ],
)  # fmt: skip
def test_what_contradicts_itself(row: str, changes: dict[str, Any], about: str) -> None:
    found = faults(replace(GOOD, **changes))
    assert any(fault.startswith(about) for fault in found), (row, found)


def test_scopes_of_services_name_nothing_of_a_person() -> None:
    assert not {"openid", "profile", "ga4gh_passport_v1", "eduperson_scoped_affiliation"} & SERVICE_SCOPES.keys()
    assert all(":" in scope for scope in SERVICE_SCOPES)
    assert service_subject("app") == "client:app"
