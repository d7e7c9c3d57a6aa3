"""Whom a refused token concerns, and what it hints at: registered names and words of ours only."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.outcome import Reason
from broker.core.passport.health import Concerns, Hint, concerns
from broker.core.passport.read import read_passport, read_visa
from broker.core.passport.trust import Trust
from broker.core.time import Seconds
from tests.core.passport.visa_builders import BROKER, ISSUER, NOW, TRUST, US, issuer_row, passport_token, visa_token

ROWS: list[tuple[str, dict[str, Any], str, Hint | None]] = [
    ("slash taken away", {"payload": {"iss": ISSUER[:-1]}}, ISSUER, Hint.SLASH),
    ("slash added", {"payload": {"iss": f"{ISSUER}x/"}}, f"{ISSUER}x", Hint.SLASH),
    ("http for https", {"payload": {"iss": ISSUER.replace("https", "http")}}, ISSUER, Hint.SCHEME),
    ("other jku", {"header": {"jku": "https://visas.example/other.json"}}, ISSUER, Hint.JKU),
    ("other alg", {"header": {"alg": "EdDSA"}}, ISSUER, Hint.ALGORITHM),
    ("clock ahead", {"payload": {"iat": NOW + 600}}, ISSUER, Hint.CLOCK),
    ("for somebody else", {"payload": {"aud": "https://elsewhere.example"}}, ISSUER, Hint.AUDIENCE),
    ("both styles", {"payload": {"scope": "openid"}}, ISSUER, Hint.STYLE),
    ("expired: nothing to mend in the row", {"payload": {"iat": NOW - 900, "exp": NOW - 600}}, ISSUER, None),
]


@pytest.mark.parametrize(("what", "changes", "iss", "hint"), ROWS, ids=[row[0] for row in ROWS])
def test_a_refused_visa_hints_at_what_to_mend(what: str, changes: dict[str, Any], iss: str, hint: Hint | None) -> None:
    del what
    trust = Trust([issuer_row(), issuer_row(iss=f"{ISSUER}x")])
    token = visa_token(**changes)
    reason = read_visa(token, trust, at=NOW, us=US)
    assert isinstance(reason, Reason)
    assert concerns(token, reason, trust) == Concerns(iss=iss, code=reason.code, hint=hint)


def test_an_unknown_key_hints_at_the_key() -> None:
    found = concerns(visa_token(), Reason(code="VISA-KEY-UNKNOWN"), TRUST)
    assert found is not None
    assert found.hint is Hint.KID


def test_a_passport_of_an_issuer_that_is_no_broker_is_told_apart() -> None:
    token = passport_token(payload={"iss": ISSUER})
    reason = read_passport(token, TRUST, at=NOW, us=US)
    assert isinstance(reason, Reason)
    assert concerns(token, reason, TRUST) == Concerns(
        iss=ISSUER, code="PASSPORT-ISSUER-UNTRUSTED", hint=Hint.NOT_A_BROKER
    )


@pytest.mark.parametrize("iss", ["https://stranger.example/", "", "x", 7, None, ["https://visas.example/"]])
def test_a_stranger_concerns_nobody(iss: object) -> None:
    token = visa_token(payload={"iss": iss})
    reason = read_visa(token, TRUST, at=NOW, us=US)
    assert isinstance(reason, Reason)
    assert concerns(token, reason, TRUST) is None


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"))
def test_no_text_makes_an_operator_read_it(text: str) -> None:
    assert concerns(text, Reason(code="VISA-MALFORMED"), TRUST) is None


def test_nothing_of_a_token_but_registered_names_comes_out() -> None:
    token = visa_token({"kid": "canary-kid", "jku": "https://canary.example/"}, {"sub": "canary-sub"})
    reason = read_visa(token, TRUST, at=Seconds(NOW), us=US)
    assert isinstance(reason, Reason)
    assert "canary" not in repr(concerns(token, reason, TRUST))
    assert BROKER not in repr(concerns(token, reason, TRUST))
