"""What every IssuerHealth must do: one body of tests, every implementation."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from broker.adapters.issuer_health import LiveIssuerHealth
from broker.adapters.jose import public_jwk
from broker.adapters.jwks import JwksClient, KeySource
from broker.core.passport.health import Concerns, Hint, IssuerReport, Refusals
from broker.core.passport.trust import TrustRow
from broker.core.time import Seconds
from broker.ports import IssuerHealth
from tests.fakes import MemoryIssuerHealth

A, B, STRANGER = "https://a.example/", "https://b.example/", "https://stranger.example/"
JKU = f"{A}jwks"
NOW = Seconds(100)
KEY = public_jwk(ec.derive_private_key(7, ec.SECP256R1()), "k1", "ES256")


class _Addresses:
    async def fetch(self, url: str, **_: Any) -> bytes:
        assert url == JKU
        return json.dumps({"keys": [KEY]}).encode()


def live() -> LiveIssuerHealth:
    client = JwksClient(_Addresses(), lambda: 0.0, [KeySource(iss=A, jku=JKU)])
    made = LiveIssuerHealth(client)
    made.register([TrustRow(iss=A, jku=(JKU,)), TrustRow(iss=B, keys=(KEY,))])
    return made


@pytest.fixture(params=["memory", "live"])
def health(request: pytest.FixtureRequest) -> IssuerHealth:
    return MemoryIssuerHealth(issuers=(A, B)) if request.param == "memory" else live()


def told(health: IssuerHealth, iss: str = A) -> IssuerReport:
    return next(report for report in health.reports() if report.iss == iss)


async def test_every_registered_issuer_is_reported_before_anything_happened(health: IssuerHealth) -> None:
    assert [report.iss for report in health.reports()] == [A, B]
    assert told(health).refusals == ()
    assert told(health).last_code is None
    assert told(health).hints == ()


async def test_refusals_are_counted_by_issuer_and_code(health: IssuerHealth) -> None:
    for code, at in (("VISA-EXPIRED", 100), ("VISA-SIGNATURE", 101), ("VISA-EXPIRED", 102)):
        health.refused(Concerns(iss=A, code=code, hint=None), Seconds(at))
    assert told(health).refusals == (
        Refusals(code="VISA-EXPIRED", count=2, last=Seconds(102)),
        Refusals(code="VISA-SIGNATURE", count=1, last=Seconds(101)),
    )
    assert told(health).last_code == "VISA-EXPIRED"
    assert told(health, B).refusals == ()


async def test_a_hint_is_given_once(health: IssuerHealth) -> None:
    for hint in (Hint.SLASH, None, Hint.JKU, Hint.SLASH):
        health.refused(Concerns(iss=A, code="VISA-EXPIRED", hint=hint), NOW)
    assert told(health).hints == (Hint.SLASH, Hint.JKU)


async def test_strangers_leave_no_trace(health: IssuerHealth) -> None:
    for number in range(1000):
        health.refused(Concerns(iss=f"{STRANGER}{number}", code="VISA-EXPIRED", hint=None), NOW)
    assert [report.iss for report in health.reports()] == [A, B]
    assert not any(report.refusals for report in health.reports())
    assert await health.refresh(STRANGER) is None


async def test_a_refresh_reports_the_issuer(health: IssuerHealth) -> None:
    found = await health.refresh(A)
    assert found is not None
    assert found.iss == A


async def test_the_live_one_shows_addresses_and_pinned_keys() -> None:
    health = live()
    assert [(one.jku, one.state, one.keys) for one in told(health).addresses] == [(JKU, "unused", ())]
    found = await health.refresh(A)
    assert found is not None
    assert [(one.jku, one.state, [key.kid for key in one.keys]) for one in found.addresses] == [(JKU, "good", ["k1"])]
    assert [(one.jku, one.state, [key.kid for key in one.keys]) for one in told(health, B).addresses] == [
        ("", "good", ["k1"])
    ]


async def test_a_row_that_changed_starts_anew_and_one_that_went_is_forgotten() -> None:
    health = live()
    for iss in (A, B):
        health.refused(Concerns(iss=iss, code="VISA-EXPIRED", hint=None), NOW)
    health.register([TrustRow(iss=A, jku=(JKU,)), TrustRow(iss=B, keys=(KEY,), may_link=True)])
    assert [len(report.refusals) for report in health.reports()] == [1, 0]
    health.register([TrustRow(iss=B, keys=(KEY,), may_link=True)])
    assert [report.iss for report in health.reports()] == [B]
