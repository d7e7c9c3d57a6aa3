"""What every Vault must do: one body of tests, every implementation."""

from collections.abc import Callable

import pytest

from broker.adapters.vault import AesVault
from broker.ports import Vault
from tests.fakes import CountingEntropy, MemoryVault

CANARY = "canary-token"


def real(key: bytes = b"k" * 32) -> AesVault:
    return AesVault(key, CountingEntropy())


@pytest.fixture(params=[MemoryVault, real], ids=["memory", "aes"])
def vault(request: pytest.FixtureRequest) -> Vault:
    make: Callable[[], Vault] = request.param
    return make()


def test_what_was_shut_opens_for_the_same_purpose(vault: Vault) -> None:
    assert vault.open(vault.shut(CANARY, "a"), "a") == CANARY
    assert vault.open(vault.shut("", ""), "") == ""


def test_it_opens_for_nothing_else(vault: Vault) -> None:
    shut = vault.shut(CANARY, "a")
    assert vault.open(shut, "b") is None
    for text in ("", "x", shut[:-4], "AAAA" + shut, CANARY, "\u00e9"):
        assert vault.open(text, "a") is None


def test_the_same_secret_looks_different_each_time(vault: Vault) -> None:
    assert vault.shut(CANARY, "a") != vault.shut(CANARY, "a")


def test_the_secret_is_not_to_be_seen() -> None:
    assert CANARY not in real().shut(CANARY, "a")


def test_another_key_opens_nothing() -> None:
    shut = real().shut(CANARY, "a")
    assert real(b"l" * 32).open(shut, "a") is None
    assert MemoryVault(key="l").open(MemoryVault().shut(CANARY, "a"), "a") is None


def test_one_changed_character_is_seen() -> None:
    shut = real().shut(CANARY, "a")
    for place in range(len(shut) - 2):
        changed = shut[:place] + ("A" if shut[place] != "A" else "B") + shut[place + 1 :]
        assert real().open(changed, "a") is None
