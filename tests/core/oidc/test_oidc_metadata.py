"""The discovery documents say what is true, and Authlib's validators accept them (B2, B7, B13, T074)."""

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from broker.core.oidc import metadata
from broker.core.oidc.authorize import PROMPTS
from broker.core.oidc.client_auth import METHODS
from broker.core.oidc.exchange import GRANT_TYPE

ISSUER = "https://broker.example"


@pytest.mark.row("B1", "B2")
def test_authlib_accepts_the_document_in_both_readings() -> None:
    document = metadata.provider(ISSUER)
    OpenIDProviderMetadata(document).validate()
    AuthorizationServerMetadata(document).validate()


@pytest.mark.row("B2", "B7", "B8", "B11")
def test_the_document_names_what_oidc_and_aai_require() -> None:
    document = metadata.provider(ISSUER)
    assert document["issuer"] == ISSUER
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"openid", "ga4gh_passport_v1"} <= set(document["scopes_supported"])
    assert document["token_endpoint"] == ISSUER + "/oauth2/token"
    assert document["userinfo_endpoint"] == ISSUER + "/oauth2/userinfo"
    assert GRANT_TYPE in document["grant_types_supported"]
    assert document["authorization_response_iss_parameter_supported"] is True


@pytest.mark.row("B2", "T074")
def test_t065_nothing_old_is_offered() -> None:
    document = metadata.provider(ISSUER)
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["query"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert not {"implicit", "password"} & set(document["grant_types_supported"])
    assert document["request_parameter_supported"] is document["request_uri_parameter_supported"] is False


@pytest.mark.row("B2", "B8")
def test_the_document_says_what_the_rules_do() -> None:
    document = metadata.provider(ISSUER)
    assert set(document["prompt_values_supported"]) == PROMPTS
    assert tuple(document["token_endpoint_auth_methods_supported"]) == METHODS
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]


def test_rfc_9126_and_7591_are_told_as_they_are_set() -> None:
    document = metadata.provider(ISSUER)
    assert document["pushed_authorization_request_endpoint"] == ISSUER + "/oauth2/par"
    assert document["require_pushed_authorization_requests"] is False
    assert "registration_endpoint" not in document
    set_so = metadata.provider(ISSUER, require_par=True, registration=True)
    assert set_so["require_pushed_authorization_requests"] is True
    assert set_so["registration_endpoint"] == ISSUER + "/oauth2/register"


def test_no_algorithm_is_none() -> None:
    told = {name: value for name, value in metadata.provider(ISSUER).items() if "_alg_values_" in name}
    assert len(told) == 5
    assert all("none" not in value and set(value) <= {"ES256", "RS256"} for value in told.values())


def test_no_member_is_empty_and_acr_values_are_told_when_there_are_some() -> None:
    assert all(value not in ([], None, "") for value in metadata.provider(ISSUER).values())
    assert "acr_values_supported" not in metadata.provider(ISSUER)
    assert metadata.provider(ISSUER, acr_values=["mfa"])["acr_values_supported"] == ["mfa"]


@pytest.mark.row("B18")
@pytest.mark.parametrize("issuer", ["http://broker.example", "https://b?x", "https://b#x", "broker", "https://b /"])
def test_what_cannot_be_an_issuer_is_an_error(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        metadata.provider(issuer)


@pytest.mark.row("B2")
def test_the_demo_may_be_http_on_loopback_and_a_path_or_slash_is_kept() -> None:
    assert metadata.provider("http://127.0.0.1:8080")["token_endpoint"] == "http://127.0.0.1:8080/oauth2/token"
    document = metadata.provider("https://h/x/")
    assert (document["issuer"], document["jwks_uri"]) == ("https://h/x/", "https://h/x/.well-known/jwks.json")


def test_a_protected_resource_names_its_server() -> None:
    document = metadata.protected_resource("https://h/ga4gh/drs/v1", ISSUER, {"openid"}, "DRS")
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert document["authorization_servers"] == [ISSUER]
    assert document["bearer_methods_supported"] == ["header"]
