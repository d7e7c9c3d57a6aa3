"""Tokens of our own whose signature was checked before: what is remembered, and what never is."""

from dataclasses import replace

import pytest

from broker.adapters import jose, signing
from broker.adapters.keys import KeyStore
from broker.adapters.signing import OwnTokens
from broker.core.oidc.own_tokens import ACCESS_TOKEN_TYP, PASSPORT_TYP, TASK_TYP
from broker.core.passport.trust import Jwk
from broker.core.time import Seconds
from tests import builders as b
from tests.fakes import START, FakeClock, signed
from tests.web.site import keys


class Checks:
    """Counts how often a signature is really looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, real = 0, jose.check_signature

        def counted(algorithm: str, jwk: Jwk, said: bytes, signature: bytes) -> bool:
            self.count += 1
            return real(algorithm, jwk, said, signature)

        monkeypatch.setattr(jose, "check_signature", counted)


def own(clock: FakeClock) -> tuple[OwnTokens, str]:
    made = OwnTokens(keys(), b.US, clock.now)
    return made, signed(made, "oidc-es256", ACCESS_TOKEN_TYP, {"jti": "t", "exp": START + 600})


def test_a_signature_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, text = own(FakeClock())
    checks = Checks(monkeypatch)
    first = tokens.read(text, ACCESS_TOKEN_TYP)
    assert first == {"jti": "t", "exp": START + 600}
    assert tokens.read(text, ACCESS_TOKEN_TYP) == first
    assert checks.count == 1
    with pytest.raises(TypeError):
        first["jti"] = "u"  # type: ignore[index]


@pytest.mark.row("RO-AGAIN")
def test_it_passes_for_no_other_kind_and_no_other_text() -> None:
    tokens, text = own(FakeClock())
    assert tokens.read(text, ACCESS_TOKEN_TYP) is not None
    for typ in (TASK_TYP, PASSPORT_TYP):
        assert tokens.read(text, typ) is None
    for other in (text + "A", text[:-1], text.replace(".", "..", 1), text.upper()):
        assert tokens.read(other, ACCESS_TOKEN_TYP) is None
    assert tokens.read(text, ACCESS_TOKEN_TYP) is not None


@pytest.mark.row("RO-AGAIN")
def test_a_key_that_is_withdrawn_takes_along_what_is_remembered() -> None:
    tokens, text = own(FakeClock())
    assert tokens.read(text, ACCESS_TOKEN_TYP) is not None
    tokens.withdrawn = lambda _: True
    assert tokens.read(text, ACCESS_TOKEN_TYP) is None


@pytest.mark.row("RO-AGAIN")
def test_so_does_one_that_is_ours_no_more() -> None:
    tokens, text = own(FakeClock())
    assert tokens.read(text, ACCESS_TOKEN_TYP) is not None
    others = tuple(replace(key, kid=f"{key.kid}-2") for key in keys().keys)
    tokens.adopt(KeyStore(others))
    assert tokens.read(text, ACCESS_TOKEN_TYP) is None


@pytest.mark.row("RO-AGAIN")
def test_nothing_is_remembered_beyond_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    tokens, text = own(clock)
    checks = Checks(monkeypatch)
    tokens.read(text, ACCESS_TOKEN_TYP)
    clock.advance(600)
    tokens.read(text, ACCESS_TOKEN_TYP)
    assert checks.count == 2


def test_memory_is_bounded_and_forgets_what_was_shown_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "MEMORY_CHARACTERS", 1000)
    tokens = OwnTokens(keys(), b.US, FakeClock(Seconds(START)).now)
    texts = [signed(tokens, "oidc-es256", ACCESS_TOKEN_TYP, {"jti": f"t{n}"}) for n in range(9)]
    for text in texts:
        tokens.read(text, ACCESS_TOKEN_TYP)
        tokens.read(texts[0], ACCESS_TOKEN_TYP)
    checks = Checks(monkeypatch)
    tokens.read(texts[0], ACCESS_TOKEN_TYP)
    assert checks.count == 0
    tokens.read(texts[1], ACCESS_TOKEN_TYP)
    assert checks.count == 1
