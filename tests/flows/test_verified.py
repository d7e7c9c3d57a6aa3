"""What was verified once is believed only while all that said yes still does: nothing outlives anything."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters import jose
from broker.core.outcome import Reason
from broker.core.passport.keys import named
from broker.core.passport.trust import Jwk, Trust
from broker.core.passport.visa import Passport, Visa
from broker.core.time import Seconds
from broker.flows.verified import Memory, Verifier, verified_passports, verified_visas
from tests.core.passport.visa_builders import (
    BROKER,
    BROKER_JKU,
    ISSUER,
    JKU,
    KEYS,
    NOW,
    OTHER_EC,
    US,
    broker_row,
    issuer_row,
    passport_token,
    verify,
    verify_p,
    visa_token,
)

HOUR = 3600
Sets = Mapping[tuple[str, str], tuple[Jwk, ...]]


@dataclass
class Scene:
    """All that decides about a token, and how often a signature was really looked at."""

    at: int = NOW
    us: frozenset[str] = US
    trust: Trust = field(default_factory=lambda: Trust([issuer_row(), broker_row()]))
    served: Sets = field(default_factory=lambda: dict(KEYS))
    checks: int = 0
    passports: Memory[Passport] = field(default_factory=Memory[Passport])
    visas: Memory[Visa] = field(default_factory=Memory[Visa])

    async def sets(self, needs: Any) -> dict[tuple[str, str], Sequence[Jwk] | None]:
        return {(iss, jku): self.served.get((iss, jku)) for iss, jku, _ in needs}

    def at_hand(self, iss: str, jku: str, kid: str) -> Jwk | None:
        return named(self.served.get((iss, jku), ()), kid)

    def check(self, *given: Any) -> bool:
        self.checks += 1
        return jose.check_signature(*given)

    def verifier(self) -> Verifier:
        unused: Any = None
        return Verifier(
            reader=unused, keys=self, check=self.check, proofs=unused, passports=self.passports, visas=self.visas
        )

    def visa(self, token: str) -> Visa | Reason:
        found = verified_visas(self.verifier(), [token], self.trust, Seconds(self.at), self.us)
        return asyncio.run(found)[0][1]

    def passport(self, token: str) -> Passport | Reason | None:
        """None: left out, as of a broker that nobody trusts."""
        found = asyncio.run(verified_passports(self.verifier(), [token], self.trust, Seconds(self.at), self.us))
        return found if isinstance(found, Reason) else next(iter(found), None)


def _other_key(served: Sets) -> Sets:
    return {**served, (ISSUER, JKU): (jose.public_jwk(OTHER_EC, "v-1", "ES256"),)}


def _for_encryption(served: Sets) -> Sets:
    return {**served, (ISSUER, JKU): ({**served[ISSUER, JKU][0], "use": "enc"},)}


CHANGES: dict[str, tuple[Callable[[Scene], None], str]] = {
    "it has expired": (lambda s: setattr(s, "at", NOW + HOUR + 30), "VISA-EXPIRED"),
    "the clock is set back": (lambda s: setattr(s, "at", NOW - 91), "VISA-NOT-YET"),
    "its issuer is trusted no longer": (lambda s: setattr(s, "trust", Trust([broker_row()])), "VISA-ISSUER-UNTRUSTED"),
    "its key address is registered no longer": (
        lambda s: setattr(s, "trust", Trust([issuer_row(jku=("https://visas.example/new",))])),
        "VISA-JKU-UNTRUSTED",
    ),
    "its algorithm is taken no longer": (
        lambda s: setattr(s, "trust", Trust([issuer_row(algorithms=frozenset({"RS256"}))])),
        "VISA-ALGORITHM",
    ),
    "it lives longer than its issuer's may": (
        lambda s: setattr(s, "trust", Trust([issuer_row(max_lifetime=Seconds(60))])),
        "VISA-LIFETIME",
    ),
    "its key was withdrawn": (lambda s: setattr(s, "served", {(ISSUER, JKU): ()}), "VISA-KEY-UNKNOWN"),
    "its keys cannot be had": (lambda s: setattr(s, "served", {}), "VISA-KEYS-UNAVAILABLE"),
    "another key has its name": (lambda s: setattr(s, "served", _other_key(s.served)), "VISA-SIGNATURE"),
    "its key is for something else": (lambda s: setattr(s, "served", _for_encryption(s.served)), "VISA-SIGNATURE"),
    "another key shares its name": (
        lambda s: setattr(s, "served", {(ISSUER, JKU): (*s.served[ISSUER, JKU], _other_key({})[ISSUER, JKU][0])}),
        "VISA-KEY-UNKNOWN",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.row("T030", "T118", "T119")
def test_what_was_verified_counts_no_longer_when(change: str) -> None:
    scene, (spoil, code) = Scene(), CHANGES[change]
    token = visa_token()
    assert isinstance(scene.visa(token), Visa)
    spoil(scene)
    found = scene.visa(token)
    assert isinstance(found, Reason)
    assert found.code == code


def test_a_token_for_somebody_else_is_not_for_us_because_it_was_for_them() -> None:
    scene, token = Scene(us=frozenset({"https://other.example"})), visa_token(payload={"aud": "https://other.example"})
    assert isinstance(scene.visa(token), Visa)
    scene.us = US
    found = scene.visa(token)
    assert isinstance(found, Reason)
    assert found.code == "VISA-AUDIENCE"


def test_a_signature_is_looked_at_once_while_nothing_changes() -> None:
    scene, visa, passport = Scene(), visa_token(), passport_token([visa_token()])
    first = scene.visa(visa), scene.passport(passport)
    assert scene.checks == 2
    scene.at = NOW + HOUR - 1000
    assert (scene.visa(visa), scene.passport(passport)) == first
    assert scene.checks == 2


def test_a_row_that_was_replaced_by_its_equal_is_asked_anew() -> None:
    scene, token = Scene(), visa_token()
    scene.visa(token)
    scene.trust = Trust([issuer_row(), broker_row()])
    assert isinstance(scene.visa(token), Visa)
    assert scene.checks == 2


@pytest.mark.row("T010", "T118")
def test_what_is_known_of_one_text_says_nothing_of_another() -> None:
    """Another signature under the same words, another person in nearly the same words: each is judged by itself."""
    scene, token = Scene(), visa_token()
    assert isinstance(scene.visa(token), Visa)
    words, _, signature = token.rpartition(".")
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    found = scene.visa(f"{words}.{flipped}")
    assert isinstance(found, Reason)
    assert found.code == "VISA-SIGNATURE"
    bob = scene.visa(visa_token(payload={"sub": "bob"}))
    assert isinstance(bob, Visa)
    assert bob.identity == (ISSUER, "bob")


def test_no_is_never_remembered() -> None:
    """A key that comes later makes the token good: what was refused is asked anew."""
    scene, token = Scene(served={}), visa_token()
    assert isinstance(scene.visa(token), Reason)
    assert len(scene.visas) == 0
    scene.served = dict(KEYS)
    assert isinstance(scene.visa(token), Visa)


PASSPORT_CHANGES: dict[str, Callable[[Scene], None]] = {
    "it has expired": lambda s: setattr(s, "at", NOW + 3030),
    "its key was withdrawn": lambda s: setattr(s, "served", {(BROKER, BROKER_JKU): ()}),
    "its keys cannot be had": lambda s: setattr(s, "served", {}),
}


@pytest.mark.parametrize("change", PASSPORT_CHANGES)
def test_a_passport_that_was_verified_refuses_the_request_when(change: str) -> None:
    scene, token = Scene(), passport_token([])
    assert isinstance(scene.passport(token), Passport)
    PASSPORT_CHANGES[change](scene)
    assert isinstance(scene.passport(token), Reason)


def test_a_passport_is_left_out_once_its_issuer_is_no_broker_any_more() -> None:
    scene, token = Scene(), passport_token([])
    assert isinstance(scene.passport(token), Passport)
    scene.trust = Trust([issuer_row(), broker_row(is_broker=False)])
    assert scene.passport(token) is None


@pytest.mark.row("T120")
def test_however_many_come_the_memory_stays_bounded_and_the_oldest_go() -> None:
    token = visa_token()
    scene = Scene(visas=Memory(characters=3 * len(token) + 10))
    tokens = [visa_token(payload={"jti": f"v-{n}"}) for n in range(6)]
    for each in tokens:
        scene.visa(each)
    assert len(scene.visas) == 3
    before = scene.checks
    scene.visa(tokens[3])  # asked for again, so that it is young
    scene.visa(tokens[0])
    assert tokens[4] not in scene.visas
    assert scene.checks == before + 1


def test_what_is_larger_than_the_memory_is_not_kept_and_drives_nothing_out() -> None:
    small, large = visa_token(), visa_token(payload={"jti": "v" * 200})
    scene = Scene(visas=Memory(characters=len(small)))
    assert isinstance(scene.visa(small), Visa)
    assert isinstance(scene.visa(large), Visa)
    assert small in scene.visas
    assert large not in scene.visas


_SERVED: tuple[Sets, ...] = (dict(KEYS), {}, _other_key(dict(KEYS)), _for_encryption(dict(KEYS)), {(ISSUER, JKU): ()})
_TRUSTS = (
    Trust([issuer_row(), broker_row()]),
    Trust([issuer_row(algorithms=frozenset({"RS256"})), broker_row(is_broker=False)]),
    Trust([broker_row()]),
    Trust([issuer_row(max_lifetime=Seconds(60), access_tokens=True), broker_row()]),
)
_TOKENS = (
    visa_token(),
    visa_token(payload={"sub": "bob", "exp": NOW + 60}),
    visa_token(payload={"nbf": NOW + 100}),
    visa_token(header={"jku": "https://evil.example/"}),
    "not a token",
)
_PASSPORTS = (passport_token([]), passport_token([_TOKENS[0]], payload={"exp": NOW + 90}), passport_token("no list"))
_MOMENTS = st.tuples(
    st.integers(NOW - 200, NOW + HOUR + 200),
    st.sampled_from(_SERVED),
    st.sampled_from(_TRUSTS),
    st.sampled_from(_TOKENS),
    st.sampled_from(_PASSPORTS),
)


@given(st.lists(_MOMENTS, max_size=8))
def test_with_or_without_memory_every_answer_is_the_same(moments: list[tuple[int, Sets, Trust, str, str]]) -> None:
    scene = Scene()
    for at, served, trust, token, passport in moments:
        scene.at, scene.served, scene.trust = at, served, trust
        assert scene.visa(token) == verify(token, trust, at, keys_of=served)
        alone = verify_p(passport, trust, at, keys_of=served)
        untrusted = isinstance(alone, Reason) and alone.code == "PASSPORT-ISSUER-UNTRUSTED"
        assert scene.passport(passport) == (None if untrusted else alone)
