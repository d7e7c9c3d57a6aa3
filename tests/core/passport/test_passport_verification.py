"""Passports: what a broker signs around visas, and the limits of a request (AAI section 6; rulings 16 and 17)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.outcome import Reason
from broker.core.passport import limits
from broker.core.passport.read import read_passport, too_much
from broker.core.passport.trust import Trust
from broker.core.passport.verify import seal_visa, verify_passport
from broker.core.passport.visa import Passport
from broker.core.reasons import REASONS
from tests.core.passport.visa_builders import (
    BROKER,
    BROKER_JKU,
    DROP,
    EC,
    ISSUER,
    NOW,
    TRUST,
    US,
    broker_row,
    code,
    issuer_row,
    passport_token,
    verify_p,
    visa_token,
)


@pytest.mark.row("C4")
def test_a_good_passport_carries_its_visas_unread() -> None:
    visas = [visa_token(), "not a visa", visa_token()]
    passport = verify_p(passport_token(visas))
    assert isinstance(passport, Passport)
    assert passport.identity == (BROKER, "u-1")
    assert passport.exp == NOW + 3000
    assert passport.visas == (visas[0], "not a visa"), "the same text twice counts once"


GOOD = {
    "empty": passport_token([]),
    "typ as a full media type": passport_token(header={"typ": "application/vnd.ga4gh.passport+jwt"}),
    "no jti": passport_token(payload={"jti": DROP}),
    "aud names us": passport_token(payload={"aud": ["https://clearinghouse.example"]}),
    "its registered jku": passport_token(header={"jku": BROKER_JKU}),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_standard_allows_is_accepted(name: str) -> None:
    assert isinstance(verify_p(GOOD[name]), Passport)


BAD = {
    "typ absent": (passport_token(header={"typ": DROP}), "PASSPORT-TYP"),
    "typ JWT": (passport_token(header={"typ": "JWT"}), "PASSPORT-TYP"),
    "typ of a visa": (passport_token(header={"typ": "vnd.ga4gh.visa+jwt"}), "PASSPORT-TYP"),
    "typ of an access token": (passport_token(header={"typ": "at+jwt"}), "PASSPORT-TYP"),
    "alg none": (passport_token(header={"alg": "none"}), "PASSPORT-ALGORITHM"),
    "alg HS256": (passport_token(header={"alg": "HS256"}), "PASSPORT-ALGORITHM"),
    "no kid": (passport_token(header={"kid": DROP}), "PASSPORT-CLAIMS"),
    "crit": (passport_token(header={"crit": ["exp"]}), "PASSPORT-HEADER"),
    "another's jku": (passport_token(header={"jku": "https://visas.example/jwks.json"}), "PASSPORT-JKU-UNTRUSTED"),
    "unknown key": (passport_token(header={"kid": "b-2"}), "PASSPORT-KEY-UNKNOWN"),
    "another's key": (passport_token(key=EC), "PASSPORT-SIGNATURE"),
    "untrusted broker": (passport_token(payload={"iss": "https://other.example/"}), "PASSPORT-ISSUER-UNTRUSTED"),
    "an issuer that is no broker": (passport_token(payload={"iss": ISSUER}), "PASSPORT-ISSUER-UNTRUSTED"),
    "a visa": (visa_token(), "PASSPORT-ISSUER-UNTRUSTED"),
    "expired": (passport_token(payload={"exp": NOW - 30}), "PASSPORT-EXPIRED"),
    "not yet": (passport_token(payload={"iat": NOW + 31}), "PASSPORT-NOT-YET"),
    "lives longer than a day": (passport_token(payload={"exp": NOW - 60 + 86_401}), "PASSPORT-LIFETIME"),
    "no sub": (passport_token(payload={"sub": DROP}), "PASSPORT-CLAIMS"),
    "aud another": (passport_token(payload={"aud": "https://other.example"}), "PASSPORT-AUDIENCE"),
    "no list of visas": (passport_token(DROP), "PASSPORT-CLAIMS"),
    "visas null": (passport_token(None), "PASSPORT-CLAIMS"),
    "visas an object": (passport_token({}), "PASSPORT-CLAIMS"),
    "a visa that is an object": (passport_token([{}]), "PASSPORT-CLAIMS"),
    "also a visa": (passport_token(payload={"ga4gh_visa_v1": {}}), "PASSPORT-CLAIMS"),
    "no token": ("x", "PASSPORT-MALFORMED"),
}


@pytest.mark.row("C4", "C10", "T013")
@pytest.mark.parametrize("name", BAD)
def test_a_passport_that_fails_a_check_is_refused(name: str) -> None:
    token, reason = BAD[name]
    assert code(verify_p(token)) == reason


@pytest.mark.row("T012", "C4")
def test_the_leeway_is_the_same_as_for_visas() -> None:
    token = passport_token(payload={"exp": NOW})
    assert isinstance(verify_p(token, at=NOW + 29), Passport)
    assert code(verify_p(token, at=NOW + 30)) == "PASSPORT-EXPIRED"


def test_a_brokers_pinned_keys_need_no_fetch() -> None:
    row = broker_row(jku=())
    assert code(verify_p(passport_token(), Trust([row]))) == "PASSPORT-JKU-UNTRUSTED"
    claimed = read_passport(passport_token(), TRUST, at=NOW, us=US)
    assert not isinstance(claimed, Reason)
    assert claimed.need.pair == (BROKER, BROKER_JKU)
    with pytest.raises(TypeError):
        seal_visa(claimed, (), lambda *_: True)


@pytest.mark.row("C4", "C10")
def test_the_keys_of_a_broker_that_cannot_be_had_reject_the_request() -> None:
    assert code(verify_p(passport_token(), keys_of={})) == "PASSPORT-KEYS-UNAVAILABLE"


@pytest.mark.row("T045")
def test_500_visas_are_read_and_501_are_refused_by_name() -> None:
    assert isinstance(verify_p(passport_token(["v"] * limits.PASSPORT_VISAS)), Passport)
    found = verify_p(passport_token(["v"] * (limits.PASSPORT_VISAS + 1)))
    assert found == Reason(code="PASSPORT-TOO-MANY-VISAS", facts=(("limit", "500"),))


@pytest.mark.row("T045")
def test_a_visa_over_16_kib_refuses_the_passport_by_name_and_is_not_cut_out() -> None:
    assert isinstance(verify_p(passport_token(["v" * limits.VISA_BYTES])), Passport)
    found = verify_p(passport_token(["v" * (limits.VISA_BYTES + 1)]))
    assert found == Reason(code="VISA-TOO-LARGE", facts=(("limit", "16384"),))


@pytest.mark.row("T045")
def test_a_passport_of_a_mebibyte_is_read_and_one_character_more_is_refused() -> None:
    assert code(verify_p("x" * limits.PASSPORT_BYTES)) == "PASSPORT-MALFORMED"
    assert code(verify_p("x" * (limits.PASSPORT_BYTES + 1))) == "PASSPORT-TOO-LARGE"


@pytest.mark.row("T045")
def test_10_passports_and_4_mebibytes_a_request_and_no_more() -> None:
    assert too_much(["p"] * limits.REQUEST_PASSPORTS) is None
    assert code(too_much(["p"] * (limits.REQUEST_PASSPORTS + 1))) == "PASSPORT-TOO-MANY"
    quarter = limits.REQUEST_BYTES // 4
    assert too_much(["p" * quarter] * 4) is None
    assert too_much([*["p" * quarter] * 4, "p"]) == Reason(code="PASSPORT-TOO-LARGE", facts=(("limit", "4194304"),))
    assert too_much(["p" * (quarter + 1)]) == Reason(code="PASSPORT-TOO-LARGE", facts=(("limit", "1048576"),))


def test_every_limit_has_a_reason_that_the_web_answers_with_413() -> None:
    assert REASONS.keys() >= limits.TOO_LARGE


def test_every_reason_that_the_two_kinds_share_is_registered() -> None:
    shared = "TOO-LARGE MALFORMED HEADER TYP ALGORITHM CLAIMS LIFETIME NOT-YET EXPIRED AUDIENCE ISSUER-UNTRUSTED"
    for word in [*shared.split(), "JKU-UNTRUSTED", "KEY-UNKNOWN", "KEYS-UNAVAILABLE", "SIGNATURE"]:
        assert {f"VISA-{word}", f"PASSPORT-{word}"} <= REASONS.keys()


_NAMES = st.sampled_from(["alg", "kid", "jku", "typ", "iss", "sub", "exp", "iat", "aud", "ga4gh_passport_v1"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.row("T018")
@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    assert isinstance(verify_p(text), Reason)


@pytest.mark.row("T018")
@given(st.dictionaries(_NAMES, _JSON, max_size=3), st.dictionaries(_NAMES, _JSON, max_size=3))
def test_any_members_of_any_type_are_answered(header: Any, payload: Any) -> None:
    token = passport_token([], header, payload)
    assert isinstance(verify_passport(token, TRUST, {}, at=NOW, us=US, check=lambda *_: True), Reason)


def test_a_row_for_two_jobs_verifies_both_kinds() -> None:
    trust = Trust([issuer_row(is_broker=True)])
    header = {"kid": "v-1"}
    assert isinstance(verify_p(passport_token([], header, {"iss": ISSUER}, key=EC), trust), Passport)
