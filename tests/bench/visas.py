"""Verifying visas and Passports: new ones, those that were seen before, and as many as one Passport may carry."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from broker.adapters import jose
from broker.adapters.jwks import JwksClient, KeySource
from broker.core.outcome import Reason
from broker.core.passport.evaluate import evaluate
from broker.core.passport.limits import PASSPORT_VISAS
from broker.core.passport.trust import Trust
from broker.flows.verified import Verifier, verified_passports, verified_visas
from tests.bench.measure import Goal
from tests.core.passport.visa_builders import (
    BROKER,
    BROKER_JKU,
    ISSUER,
    JKU,
    KEYS,
    NOW,
    US,
    broker_row,
    issuer_row,
    passport_token,
    visa_token,
)

_TRUST = Trust([issuer_row(), broker_row(vouches=True)])
_ME = frozenset({(ISSUER, "alice"), (BROKER, "u-1")})
_AGAIN = 2000


class _Served:
    """The issuers' key sets, as their addresses serve them."""

    async def fetch(self, url: str, **_: Any) -> bytes:
        pair = next(pair for pair in KEYS if pair[1] == url)
        return json.dumps({"keys": list(KEYS[pair])}).encode()


class _Door:
    """A clearinghouse with its real memory and its real key client, and one loop in which everything runs."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        sources = [KeySource(iss=ISSUER, jku=JKU), KeySource(iss=BROKER, jku=BROKER_JKU)]
        self.keys = JwksClient(_Served(), lambda: 0.0, sources)
        self.forget()

    def forget(self) -> None:
        """What comes next was never seen."""
        unused: Any = None
        self.verifier = Verifier(reader=unused, keys=self.keys, check=jose.check_signature, proofs=unused)

    def visas(self, tokens: Sequence[str]) -> None:
        """Each by itself, as it comes with a request of its own; never seen before."""
        self.forget()
        self.loop.run_until_complete(self._visas(tokens))

    def passports(self, tokens: Sequence[str]) -> None:
        self.forget()
        self.loop.run_until_complete(self._passports(tokens))

    def again(self, token: str, times: int) -> None:
        """One visa that was verified before, verified again and again."""
        self.loop.run_until_complete(self._again(token, times))

    async def _visas(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            judged = await verified_visas(self.verifier, (token,), _TRUST, NOW, US)
            _all_count([visa for _, visa in judged], 1)

    async def _passports(self, tokens: Sequence[str]) -> None:
        for token in tokens:
            passports = await verified_passports(self.verifier, [token], _TRUST, NOW, US)
            assert isinstance(passports, tuple), passports
            (one,) = passports
            judged = await verified_visas(self.verifier, one.visas, _TRUST, NOW, US)
            _all_count([visa for _, visa in judged], len(one.visas))

    async def _again(self, token: str, times: int) -> None:
        for _ in range(times):
            ((_, visa),) = await verified_visas(self.verifier, (token,), _TRUST, NOW, US)
            assert not isinstance(visa, Reason)


def _all_count(visas: list[Any], wanted: int) -> None:
    found = evaluate(visas, _TRUST, _ME, NOW)
    assert len(found.accepted) == wanted, found.dropped


def _visa(n: int) -> str:
    return visa_token(payload={"jti": f"v-{n}"}, visa={"value": f"https://data.example/datasets/{n}"})


def goals() -> tuple[Goal, ...]:
    """Made when asked for: signing them takes a moment."""
    door = _Door()
    visas = [_visa(n) for n in range(300)]
    tens = [passport_token(visas[10 * p : 10 * p + 10], payload={"jti": f"p-{p}"}) for p in range(30)]
    largest = passport_token([_visa(n) for n in range(PASSPORT_VISAS)])
    return (
        Goal(
            name="one new ES256 visa, verified and evaluated",
            micros=150,
            run=lambda: door.visas(visas),
            times=len(visas),
        ),
        Goal(
            name="a Passport of ten new visas, verified and evaluated",
            micros=1200,
            run=lambda: door.passports(tens),
            times=len(tens),
        ),
        Goal(
            name=f"a Passport of {PASSPORT_VISAS} new visas, verified and evaluated",
            micros=PASSPORT_VISAS * 150,
            run=lambda: door.passports([largest]),
        ),
        Goal(
            name="a visa that was verified before, verified again",
            micros=5,
            run=lambda: door.again(visas[0], _AGAIN),
            times=_AGAIN,
        ),
    )
