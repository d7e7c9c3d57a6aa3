"""The `claims` parameter asks; it never takes (OpenID Connect Core 5.5, B10, T074)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.requested_claims import PERSONAL, RequestedClaims, requested_claims


def test_known_claims_are_asked_and_others_ignored() -> None:
    text = json.dumps(
        {
            "userinfo": {"name": {"essential": True}, "email": None, "ga4gh_passport_v1": None},
            "id_token": {"name": None, "auth_time": {"essential": True}, "acr": {"values": ["mfa"]}},
            "other": {"name": None},
        }
    )
    assert requested_claims(text) == RequestedClaims(id_token=frozenset({"name"}), userinfo=frozenset({"name"}))


@pytest.mark.row("B10")
def test_b10_visas_cannot_be_asked_for_one_by_one() -> None:
    assert "ga4gh_passport_v1" not in PERSONAL


def test_an_essential_acr_and_a_subject_bind() -> None:
    text = '{"id_token":{"acr":{"essential":true,"values":["a","b"]},"sub":{"value":"ada"}}}'
    asked = requested_claims(text)
    assert asked == RequestedClaims(acr=frozenset({"a", "b"}), subject="ada")


@pytest.mark.row("T074")
@pytest.mark.parametrize("text", [
    "", "null", "[]", "1", '"x"', "{", '{"id_token":[]}', '{"userinfo":"name"}', '{"userinfo":{"name":1}}',
    '{"userinfo":{"name":{"essential":"yes"}}}', '{"userinfo":{"name":{"values":"x"}}}',
    '{"userinfo":{"name":null},"userinfo":{}}', '{"id_token":{"sub":{"value":1}}}',
    '{"id_token":{"sub":{"values":["a","b"]}}}', '{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}',
    '{"a":' * 40 + "1" + "}" * 40, json.dumps({"userinfo": {"name": {"values": ["x"] * 21}}}),
])  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    assert requested_claims(text) is OAuthError.CLAIMS


def test_one_value_or_twenty_are_understood_and_only_an_essential_acr_binds() -> None:
    assert requested_claims('{"id_token":{"acr":{"essential":true,"value":"a"}}}') == RequestedClaims(
        acr=frozenset({"a"})
    )
    assert requested_claims('{"id_token":{"acr":{"value":"a"}}}') == RequestedClaims()
    twenty = {"userinfo": {"name": {"values": ["x"] * 20}}}
    assert requested_claims(json.dumps(twenty)) == RequestedClaims(userinfo=frozenset({"name"}))


def test_absent_means_nothing_is_asked() -> None:
    assert requested_claims(None) == RequestedClaims()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["name", "sub", "acr", "value", "values", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id_token", "userinfo", "name", "sub", "acr", "value", "values", "essential"]), inner
        )
    ),
    max_leaves=12,
)


@pytest.mark.row("T018")
@given(JSON)
def test_any_json_is_understood_or_refused(value: object) -> None:
    asked = requested_claims(json.dumps(value))
    assert asked is OAuthError.CLAIMS or isinstance(asked, RequestedClaims)
