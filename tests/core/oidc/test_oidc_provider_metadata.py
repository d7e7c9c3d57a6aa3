"""What a provider says about itself: T022, and nothing that would send our secrets elsewhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.provider_metadata import ProviderMetadata, discovery_address, read_metadata

ISSUER = "https://uni.example"
GOOD: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://uni.example/auth",
    "token_endpoint": "https://uni.example:443/token",
    "jwks_uri": "https://UNI.example/jwks",
}
ES = frozenset({"ES256"})


def read(hosts: tuple[str, ...] = (), changed: dict[str, Any] | None = None, **changes: Any) -> Any:
    document = {name: value for name, value in (GOOD | changes | (changed or {})).items() if value is not None}
    return read_metadata(document, issuer=ISSUER, hosts=frozenset(hosts), internal=False, algorithms=ES)


def test_a_good_document_says_what_is_used() -> None:
    found = read(
        userinfo_endpoint="https://uni.example/me",
        authorization_response_iss_parameter_supported=True,
        token_endpoint_auth_methods_supported=["private_key_jwt"],
        acr_values_supported=["a"],
        id_token_signing_alg_values_supported=["RS256", "ES256"],
        response_types_supported=["code", "id_token"],
    )
    assert isinstance(found, ProviderMetadata)
    assert found.sends_iss
    assert (found.token_auth_methods, found.acr_values) == (("private_key_jwt",), ("a",))
    assert found.userinfo_endpoint == "https://uni.example/me"
    assert read().userinfo_endpoint is None


def test_the_address_is_the_issuer_with_the_well_known_path() -> None:
    for issuer in ("https://a.example/x", "https://a.example/x/"):
        assert discovery_address(issuer) == "https://a.example/x/.well-known/openid-configuration"


@pytest.mark.row("T022")
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/x", "https://uni.example.evil.example/x", "https://sub.uni.example/x",
        "https://uni.example:8443/x", "http://uni.example/x", "file:///etc/passwd", "data:application/json,{}",
        "ftp://uni.example/x", "https://uni.example@evil.example/x", "https://me@uni.example/x",
        "https://uni.example/x#frag", "https://uni.example\\@evil.example", "https://uni.example:99999/x", "https:///x",
        "//uni.example/x", "/x", "", 7, ["https://uni.example/x"], "https://uni.example/\nx", "https://uni.example/ü",
        "https://[::1/x", "https://uni.example/" + "a" * 2048,
    ],
)  # fmt: skip
def test_an_endpoint_elsewhere_refuses_the_provider(name: str, address: Any) -> None:
    found = read(changed={name: address})
    assert isinstance(found, str)
    assert name in found
    assert "evil" not in found, "operators are shown our words, not the document's"


@pytest.mark.row("T022")
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_an_endpoint_that_is_missing_refuses_the_provider(name: str) -> None:
    assert read(changed={name: None}) == f"{name} is missing"


@pytest.mark.row("T022")
@pytest.mark.parametrize(
    "issuer", ["https://uni.example/", "https://UNI.example", "https://other.example", None, 3, []]
)
def test_another_issuer_is_somebody_else(issuer: Any) -> None:
    found = read(changed={"issuer": issuer})
    assert isinstance(found, str)
    if issuer == "https://uni.example/":
        assert "slash" in str(found)


def test_a_host_that_the_row_names_is_allowed_and_no_other() -> None:
    google: dict[str, Any] = {
        "token_endpoint": "https://oauth2.apis.example/t",
        "jwks_uri": "https://www.apis.example:8443/k",
    }
    assert isinstance(read(changed=google, hosts=("oauth2.apis.example", "www.apis.example:8443")), ProviderMetadata)
    assert isinstance(read(changed=google, hosts=("oauth2.apis.example", "www.apis.example")), str)
    assert isinstance(read(changed=google, hosts=("apis.example",)), str)


def test_plain_http_is_for_internal_providers_alone() -> None:
    here = {name: f"http://127.0.0.1:9/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    home = "http://127.0.0.1:9"
    for internal in (True, False):
        found = read_metadata(here | {"issuer": home}, issuer=home, hosts=frozenset(), internal=internal, algorithms=ES)
        assert isinstance(found, ProviderMetadata) == internal


def test_what_cannot_be_used_is_told_before_anybody_signs_in() -> None:
    assert "algorithms" in read(id_token_signing_alg_values_supported=["RS256", "none"])
    assert "code" in read(response_types_supported=["id_token"])
    assert isinstance(read(acr_values_supported=[1, 2], token_endpoint_auth_methods_supported="x"), ProviderMetadata)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*GOOD, "userinfo_endpoint", "acr_values_supported"]), inner)))  # fmt: skip
def test_no_document_breaks_the_reading(document: Any) -> None:
    found = read_metadata(document, issuer=ISSUER, hosts=frozenset(), internal=False, algorithms=ES)
    assert isinstance(found, str)
