"""A home identity provider's row: what contradicts itself is told before anybody signs in."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import Issuer
from broker.core.provider_registration import provider_faults
from broker.core.rows.catalogue import AssuranceRule, IdentityProvider

GOOD = IdentityProvider(id=Issuer("https://uni.example"), slug="uni", name="U", client_id="us", client_secret="s")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"token_auth": "private_key_jwt", "client_secret": ""}, None),
        ({"token_auth": "private_key_jwt"}, "client_secret"),
        ({"client_secret": ""}, "client_secret"),
        ({"token_auth": "client_secret_post", "client_secret": ""}, "client_secret"),
        ({"id": "http://uni.example"}, "https"),
        ({"id": "http://127.0.0.1:9", "internal": True}, None),
        ({"id": "ftp://127.0.0.1:9", "internal": True}, "https"),
        ({"id": "https://uni.example?x=1"}, "issuer"),
        ({"id": "https://me@uni.example"}, "issuer"),
        ({"request_scopes": ("profile",)}, "openid"),
        ({"algorithms": frozenset()}, "algorithms"),
        ({"algorithms": frozenset({"HS256", "ES256"})}, "algorithms"),
        ({"endpoint_hosts": frozenset({"a.example", "b.example:8443"})}, None),
        ({"endpoint_hosts": frozenset({"https://a.example"})}, "endpoint_hosts"),
        ({"endpoint_hosts": frozenset({"A.example"})}, "endpoint_hosts"),
        ({"endpoint_hosts": frozenset({"me@a.example"})}, "endpoint_hosts"),
        ({"assurance": (AssuranceRule(acr="x"),)}, "assurance"),
        ({"assurance": (AssuranceRule(acr="x", amr=("mfa",)),)}, None),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(changes: dict[str, Any], fault: str | None) -> None:
    found = provider_faults(replace(GOOD, **changes))
    assert bool(found) == (fault is not None), found
    assert fault is None or fault in found[0]
