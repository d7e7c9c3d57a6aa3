"""The header of a Crypt4GH file: which packets does it hold, and what do opened ones say? (Crypt4GH 1.0, section 2)

Everything is bounded before it is believed: a header comes from whoever made the file. Opening and sealing packets
is work for a cipher (adapters/crypt4gh/packets.py).
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MAGIC = b"crypt4gh"
VERSION = 1
MAX_PACKETS = 256
"""Each costs a key agreement for every key that we have."""
MAX_HEADER = 1 << 20
"""Longest header that is read, in bytes."""
MAX_EDITS = 32_768
"""Most lengths in an edit list."""
KEY_BYTES = 32
NONCE_BYTES = 12
MAC_BYTES = 16
METHOD = 0
"""X25519 with ChaCha20-Poly1305, for packets; and ChaCha20-Poly1305 for data: the one method of each that there is."""

_PREFIX = struct.Struct("<8sII")
_LENGTH = struct.Struct("<I")
_NUMBER = struct.Struct("<I")
_LEAST = 8
"""Bytes of a packet that says nothing but its own length and method."""
_SEALED_LEAST = 8 + KEY_BYTES + NONCE_BYTES + MAC_BYTES
_DATA_KEY, _EDIT_LIST = 0, 1


class HeaderError(ValueError):
    """Not a header that can be used. The message says what is wrong with it and nothing of what is in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet of the only method that there is, still sealed. `sealed`: ciphertext and MAC."""

    writer: bytes
    nonce: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The packets that might be for us, and how many bytes the whole header has."""

    packets: tuple[Packet, ...]
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a header says to who can open it. `edits`: lengths to discard and keep in turn; None: nothing is edited."""

    keys: tuple[bytes, ...] = field(repr=False)
    edits: tuple[int, ...] | None = None


def parse(data: bytes) -> Header:
    """The header with which `data` begins; what follows it is not looked at. HeaderError.

    Packets of an unknown method are passed over, as those of other readers are.
    """
    if len(data) < _PREFIX.size:
        raise HeaderError("shorter than a header")
    magic, version, count = _PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise HeaderError("not a Crypt4GH file")
    if version != VERSION:
        raise HeaderError(f"version {version}; only {VERSION} is known")
    if not 0 < count <= MAX_PACKETS:
        raise HeaderError(f"{count} packets; there must be 1 to {MAX_PACKETS}")
    at, packets = _PREFIX.size, list[Packet]()
    for _ in range(count):
        packet = _packet(data, at)
        at += len(packet)
        if _NUMBER.unpack_from(packet, 4)[0] == METHOD:
            packets.append(_sealed(packet))
    return Header(packets=tuple(packets), length=at)


def _packet(data: bytes, at: int) -> bytes:
    """The whole packet that begins at `at`."""
    if at + _LEAST > min(len(data), MAX_HEADER):
        raise HeaderError("the header is cut off, or too long")
    length = _LENGTH.unpack_from(data, at)[0]
    if length < _LEAST:
        raise HeaderError("a packet is shorter than its own length")
    if at + length > min(len(data), MAX_HEADER):
        raise HeaderError("the header is cut off, or too long")
    return data[at : at + length]


def _sealed(packet: bytes) -> Packet:
    if len(packet) < _SEALED_LEAST:
        raise HeaderError("a packet is too short to be sealed")
    nonce = 8 + KEY_BYTES
    return Packet(writer=packet[8:nonce], nonce=packet[nonce : nonce + NONCE_BYTES], sealed=packet[nonce + 12 :])


def contents(opened: Iterable[bytes]) -> Contents:
    """What the packets say that could be opened. HeaderError: no key, two edit lists, or something unknown.

    Bytes after what a packet says are padding, which the standard allows.
    """
    keys, lists = dict[bytes, None](), list[tuple[int, ...]]()
    for plain in opened:
        kind = _NUMBER.unpack_from(plain)[0] if len(plain) >= _NUMBER.size else None
        if kind == _DATA_KEY:
            keys[_data_key(plain)] = None
        elif kind == _EDIT_LIST:
            lists.append(_edit_list(plain))
        else:
            raise HeaderError("a packet of an unknown type")
    if not keys:
        raise HeaderError("no packet with a data key can be opened")
    if len(lists) > 1:
        raise HeaderError("more than one edit list")
    return Contents(keys=tuple(keys), edits=lists[0] if lists else None)


def _data_key(plain: bytes) -> bytes:
    if len(plain) < 8 + KEY_BYTES:
        raise HeaderError("a data key is cut off")
    if _NUMBER.unpack_from(plain, 4)[0] != METHOD:
        raise HeaderError("an unknown way of encrypting data")
    return plain[8 : 8 + KEY_BYTES]


def _edit_list(plain: bytes) -> tuple[int, ...]:
    count = _NUMBER.unpack_from(plain, 4)[0] if len(plain) >= _LEAST else None
    if count is None or count > MAX_EDITS or len(plain) < _LEAST + 8 * count:
        raise HeaderError("an edit list is cut off, or too long")
    return struct.unpack_from(f"<{count}Q", plain, _LEAST)


def plain_packets(said: Contents) -> tuple[bytes, ...]:
    """What the packets of a header say before they are sealed: a packet a key, and one for the edit list."""
    keys = tuple(struct.pack("<II", _DATA_KEY, METHOD) + key for key in said.keys)
    if said.edits is None:
        return keys
    return (*keys, struct.pack(f"<II{len(said.edits)}Q", _EDIT_LIST, len(said.edits), *said.edits))


def assembled(packets: Sequence[Packet]) -> bytes:
    """The header of these packets."""
    bodies = [struct.pack("<I", METHOD) + one.writer + one.nonce + one.sealed for one in packets]
    framed = [_LENGTH.pack(len(body) + _LENGTH.size) + body for body in bodies]
    return _PREFIX.pack(MAGIC, VERSION, len(framed)) + b"".join(framed)


def length_for(said: Contents) -> int:
    """How long the header will be that says this."""
    return _PREFIX.size + sum(_SEALED_LEAST + len(plain) for plain in plain_packets(said))
