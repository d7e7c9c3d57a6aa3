"""Opens and seals the packets of a Crypt4GH header. (Crypt4GH 1.0, section 2.3: X25519, BLAKE2b, ChaCha20-Poly1305)"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from broker.core.crypt4gh.header import (
    KEY_BYTES,
    MAX_HEADER,
    NONCE_BYTES,
    Contents,
    Header,
    Packet,
    assembled,
    contents,
    parse,
    plain_packets,
)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A secret key with its public half, which every packet needs."""

    private: X25519PrivateKey = field(repr=False)
    public: bytes

    @classmethod
    def of(cls, raw: bytes) -> "SecretKey":
        """The key whose 32 secret bytes are `raw`."""
        private = X25519PrivateKey.from_private_bytes(raw)
        return cls(private, private.public_key().public_bytes_raw())


def unsealed(data: bytes, keys: Iterable[SecretKey]) -> tuple[Header, Contents]:
    """The header with which `data` begins, and what it says to the holder of `keys`. HeaderError.

    Packets for others are passed over; which ones those are nobody is told.
    """
    header, ours = parse(data[:MAX_HEADER]), tuple(keys)
    opened = (_opened(packet, key) for packet in header.packets for key in ours)
    return header, contents(plain for plain in opened if plain is not None)


def _opened(packet: Packet, key: SecretKey) -> bytes | None:
    """What the packet says; None: it is not for this key, or was tampered with, which cannot be told apart."""
    try:
        shared = key.private.exchange(X25519PublicKey.from_public_bytes(packet.writer))
        return ChaCha20Poly1305(_packet_key(shared, key.public, packet.writer)).decrypt(
            packet.nonce, packet.sealed, None
        )
    except (InvalidTag, ValueError):  # ValueError: the writer's point is one of low order
        return None


def _packet_key(shared: bytes, reader: bytes, writer: bytes) -> bytes:
    """The first 32 of the 64 bytes that BLAKE2b makes of the shared secret and both public keys, the reader's first."""
    return hashlib.blake2b(shared + reader + writer, digest_size=64).digest()[:KEY_BYTES]


def sealed(said: Contents, readers: Iterable[bytes], seed: bytes) -> bytes:
    """A header that says this to each of `readers` (public keys). ValueError for a weak one.

    `seed`: 32 bytes from which the writer's key and every nonce are made, and of which nobody else may know. The same
    seed gives the same header byte for byte, so one seed is never used to say two things: it must be random, or made
    of all that is said (`headers.py`).
    """
    recipients, plains = tuple(readers), plain_packets(said)
    count = len(recipients) * len(plains)
    made = HKDF(SHA256(), KEY_BYTES + NONCE_BYTES * count, None, b"crypt4gh header").derive(seed)
    writer = SecretKey.of(made[:KEY_BYTES])
    nonces = (made[at : at + NONCE_BYTES] for at in range(KEY_BYTES, len(made), NONCE_BYTES))
    packets: list[Packet] = []
    for reader in recipients:
        shared = writer.private.exchange(X25519PublicKey.from_public_bytes(reader))
        cipher = ChaCha20Poly1305(_packet_key(shared, reader, writer.public))
        for plain in plains:
            nonce = next(nonces)
            packets.append(Packet(writer=writer.public, nonce=nonce, sealed=cipher.encrypt(nonce, plain, None)))
    return assembled(packets)
