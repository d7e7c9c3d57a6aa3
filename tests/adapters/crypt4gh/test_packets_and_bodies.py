"""Headers and bodies against the known construction and against another's implementation, in both directions."""

import hashlib
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.adapters.crypt4gh.bodies import Sealer, SegmentError
from broker.adapters.crypt4gh.packets import SecretKey, sealed, unsealed
from broker.core.crypt4gh.edits import edits_for, kept
from broker.core.crypt4gh.header import Contents, HeaderError, assembled, parse
from broker.core.crypt4gh.segments import PLAIN, SEALED
from broker.core.ranges import Span
from tests.adapters.crypt4gh.of_the_package import decrypted, encrypted, rearranged, with_edits
from tests.adapters.crypt4gh.whole import open_all, seal_all

ARCHIVE, READER, OTHER = (SecretKey.of(name * 32) for name in (b"a", b"r", b"o"))
DATA_KEY = b"d" * 32
SEED = b"s" * 32
SIZES = [0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN, 3 * PLAIN + 7]


def content(size: int) -> bytes:
    return hashlib.shake_256(str(size).encode()).digest(size)


def counted(number: int) -> bytes:
    return number.to_bytes(12, "big")


def body(plain: bytes, key: bytes = DATA_KEY) -> bytes:
    return seal_all(key, plain)


def file(plain: bytes, *readers: SecretKey, edits: tuple[int, ...] | None = None) -> bytes:
    said = Contents(keys=(DATA_KEY,), edits=edits)
    return sealed(said, [one.public for one in readers or (ARCHIVE,)], SEED) + body(plain)


def test_a_packet_is_sealed_as_the_standard_says() -> None:
    """Section 2.3 step by step, by the primitives alone."""
    made = sealed(Contents(keys=(DATA_KEY,)), [READER.public], SEED)
    (packet,) = parse(made).packets
    shared = READER.private.exchange(X25519PublicKey.from_public_bytes(packet.writer))
    both = hashlib.blake2b(shared + READER.public + packet.writer).digest()
    plain = ChaCha20Poly1305(both[:32]).decrypt(packet.nonce, packet.sealed, None)
    assert plain == struct.pack("<II", 0, 0) + DATA_KEY


@pytest.mark.parametrize("size", SIZES)
def test_what_we_encrypt_the_package_decrypts(size: int) -> None:
    assert decrypted(file(content(size), OTHER, READER), READER) == content(size)


@pytest.mark.parametrize("size", SIZES)
def test_what_the_package_encrypts_we_decrypt(size: int) -> None:
    made = encrypted(content(size), [ARCHIVE, READER], OTHER)
    for reader in (ARCHIVE, READER):
        header, said = unsealed(made, [OTHER, reader])
        assert open_all(said.keys, made[header.length :]) == content(size)


@pytest.mark.parametrize("size", [1, PLAIN, 3 * PLAIN + 7])
def test_a_header_for_somebody_else_opens_the_body_that_was_not_touched(size: int) -> None:
    stored = encrypted(content(size), [ARCHIVE], OTHER)
    header, said = unsealed(stored, [ARCHIVE])
    anew = sealed(said, [READER.public], SEED)
    assert decrypted(anew + stored[header.length :], READER) == content(size)
    with pytest.raises(HeaderError):
        unsealed(anew, [ARCHIVE])


LISTS: list[tuple[int, ...]] = [(0, 10), (5, 10), (7, 3, 9, 70_000), (5,), (65_536, 1, 65_535, 4), (1, 1, 1)]


@pytest.mark.parametrize("edits", LISTS)
def test_edit_lists_mean_the_same_here_and_there(edits: tuple[int, ...]) -> None:
    plain = content(3 * PLAIN)
    ours = file(plain, READER, edits=edits)
    expected = b"".join(plain[one.first : one.last + 1] for one in kept(edits, len(plain)))
    assert decrypted(ours, READER) == expected
    theirs = with_edits(encrypted(plain, [READER], OTHER), READER, edits)
    assert unsealed(theirs, [READER])[1].edits == edits


@pytest.mark.parametrize(("offset", "span"), [(0, 1), (65_530, 12), (PLAIN, PLAIN), (70_000, 100_000)])
def test_a_part_that_the_package_made_is_read_here(offset: int, span: int) -> None:
    plain = content(3 * PLAIN + 7)
    part = rearranged(encrypted(plain, [READER], OTHER), READER, offset, span)
    header, said = unsealed(part, [READER])
    opened = open_all(said.keys, part[header.length :])
    (one,) = kept(said.edits, len(opened))
    assert opened[one.first : one.last + 1] == plain[offset : offset + span]


RANGES = [
    (Span(0, 0),),
    (Span(65_530, 65_541),),
    (Span(5, 9), Span(20, 30), Span(PLAIN + 3, 2 * PLAIN + 3)),
    (Span(10, 20), Span(3 * PLAIN, 3 * PLAIN + 6)),
]


@pytest.mark.parametrize("pieces", RANGES)
def test_a_part_that_we_make_is_read_there(pieces: tuple[Span, ...]) -> None:
    plain = content(3 * PLAIN + 7)
    stored = body(plain)
    runs, edits = edits_for(pieces)
    sent = b"".join(stored[run.first * SEALED : (run.last + 1) * SEALED] for run in runs)
    made = sealed(Contents(keys=(DATA_KEY,), edits=edits), [READER.public], SEED) + sent
    assert decrypted(made, READER) == b"".join(plain[one.first : one.last + 1] for one in pieces)


def test_the_same_seed_gives_the_same_header_and_another_one_nothing_in_common() -> None:
    said = Contents(keys=(DATA_KEY,), edits=(1, 2))
    first, again, other = (sealed(said, [READER.public], seed) for seed in (SEED, SEED, b"t" * 32))
    assert first == again
    ours, theirs = parse(first).packets, parse(other).packets
    assert not {p.writer for p in ours} & {p.writer for p in theirs}
    every = [p.nonce for p in (*ours, *theirs)]
    assert len(set(every)) == len(every)


@pytest.mark.row("T101")
def test_nothing_is_sealed_for_a_weak_key() -> None:
    with pytest.raises(ValueError, match="shared key"):
        sealed(Contents(keys=(DATA_KEY,)), [bytes(32)], SEED)


def test_a_writer_of_low_order_is_passed_over() -> None:
    good = parse(sealed(Contents(keys=(DATA_KEY,)), [ARCHIVE.public], SEED)).packets[0]
    weak = type(good)(writer=bytes(32), nonce=good.nonce, sealed=good.sealed)
    assert unsealed(assembled([weak, good]), [ARCHIVE])[1].keys == (DATA_KEY,)
    with pytest.raises(HeaderError, match="no packet"):
        unsealed(assembled([weak]), [ARCHIVE])


@given(at=st.integers(0, 123), bit=st.integers(0, 7))
def test_a_header_with_one_bit_turned_does_not_open(at: int, bit: int) -> None:
    made = bytearray(sealed(Contents(keys=(DATA_KEY,)), [ARCHIVE.public], SEED))
    made[at] ^= 1 << bit
    if at in range(12, 16):
        return  # the count of packets: then the header is longer than it is, or has none
    with pytest.raises(HeaderError):
        unsealed(bytes(made), [ARCHIVE])


def test_wrong_key_and_tampering_are_refused_in_the_same_words() -> None:
    made = sealed(Contents(keys=(DATA_KEY,)), [ARCHIVE.public], SEED)
    said: set[str] = set()
    for data, key in ((made, READER), (made[:-1] + bytes([made[-1] ^ 1]), ARCHIVE)):
        with pytest.raises(HeaderError) as told:
            unsealed(data, [key])
        said.add(str(told.value))
    assert len(said) == 1


TAMPERED: list[tuple[str, Any]] = [
    ("a bit of the nonce", lambda b: bytes([b[0] ^ 1]) + b[1:]),
    ("a bit of the text", lambda b: b[:20] + bytes([b[20] ^ 1]) + b[21:]),
    ("a bit of the MAC", lambda b: b[: SEALED - 1] + bytes([b[SEALED - 1] ^ 1]) + b[SEALED:]),
    ("a cut within the text", lambda b: b[:-1]),
    ("a cut within the MAC", lambda b: b[: SEALED + 20]),
    ("a cut at nothing but a MAC", lambda b: b[: SEALED + 28]),
]


@pytest.mark.parametrize(("name", "change"), TAMPERED)
def test_a_segment_that_was_touched_does_not_open(name: str, change: Any) -> None:
    del name
    with pytest.raises(SegmentError):
        open_all([DATA_KEY], change(body(content(PLAIN + 100))))


def test_a_broken_segment_is_named_by_its_place_in_the_file() -> None:
    with pytest.raises(SegmentError, match="segment 7 "):
        open_all([b"x" * 32], body(b"text"), 7)


@settings(max_examples=25)
@given(order=st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_each_segment_opens_with_whichever_key_it_was_sealed(order: list[int]) -> None:
    keys = [bytes([n]) * 32 for n in range(3)]
    plain = content(PLAIN)
    made = b"".join(Sealer(keys[n], counted).seal(plain, place) for place, n in enumerate(order))
    assert open_all(keys, made) == plain * len(order)


def test_a_secret_key_is_not_shown() -> None:
    assert "private" not in repr(ARCHIVE)
    assert isinstance(ARCHIVE.private, X25519PrivateKey)
