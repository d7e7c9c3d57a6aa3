"""What Crypt4GH reads of strangers, fed with random and with mutated input: only the declared answers come out."""

import base64
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.core.crypt4gh.header import Contents, HeaderError, contents
from broker.core.crypt4gh.public_keys import PublicKeyError, is_weak, read

OWN, KEY = SecretKey.of(b"a" * 32), b"d" * 32
SEALED = sealed(Contents(keys=(KEY,), edits=(1, 2, 3)), [OWN.public] * 2, b"s" * 32)
CHANGES = st.lists(st.tuples(st.integers(0, len(SEALED) - 1), st.binary(min_size=1, max_size=8)), max_size=4)


@given(changes=CHANGES, more=st.binary(max_size=40))
def test_headers(changes: list[tuple[int, bytes]], more: bytes) -> None:
    raw = bytearray(SEALED)
    for at, new in changes:
        raw[at : at + len(new)] = new
    for data in (bytes(raw) + more, bytes(raw)[: len(more) * 9]):
        try:
            header, said = unsealed(data, [OWN])
        except HeaderError:
            continue
        assert said.keys == (KEY,), "what was changed is not believed"
        assert header.length <= len(data)


@given(plains=st.lists(st.binary(max_size=60), max_size=5))
def test_what_headers_say(plains: list[bytes]) -> None:
    for tried in (plains, [bytes(4) + one for one in plains], [b"\1\0\0\0" + one for one in plains]):
        with suppress(HeaderError):
            assert contents(tried).keys


@given(text=st.text(max_size=200), raw=st.binary(max_size=60))
def test_public_keys(text: str, raw: bytes) -> None:
    coded = base64.b64encode(raw).decode()
    for tried in (text, coded, f"ssh-ed25519 {coded}"):
        with suppress(PublicKeyError):
            assert not is_weak(read(tried))
