"""What a broker keeps between two starts: making it, and the key and the name of its log."""

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import USES, KeyStore, make_key, make_passphrase, open_keys, read_passphrase
from broker.config import Settings
from broker.core.audit.note import Key, Signer, sign_note


def log_origin(issuer: str) -> str:
    """The name of the log in its checkpoints: the issuer without its scheme (C2SP: schema-less URL)."""
    return issuer.partition("://")[2] + "/audit"


def log_key(store: KeyStore, issuer: str) -> tuple[Key, Callable[[bytes], bytes]]:
    """The log's public key under the log's name, and what makes a signed note of a checkpoint's text."""
    private = store.signing("log").private
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the log's key is an Ed25519 key")
    key = Key(log_origin(issuer), private.public_key().public_bytes_raw())
    return key, lambda text: sign_note(text.decode(), [Signer(key, private.sign)])


def make_state(chosen: Settings) -> None:
    """Everything that a broker needs to start. FileExistsError rather than overwrite."""
    from broker.adapters.storage.create import create  # noqa: PLC0415 (Alembic: half a second that serving need not wait)

    clock, entropy = SystemClock(), SystemEntropy()
    if chosen.database.exists() or chosen.keys.exists():
        raise FileExistsError(f"{chosen.state}: there is a broker already")
    chosen.keys.mkdir(parents=True, mode=0o700)
    if not chosen.passphrase_file.exists():
        make_passphrase(chosen.passphrase_file, entropy.random(32))
    passphrase, now = read_passphrase(chosen.passphrase_file), clock.now()
    for use in USES:
        make_key(chosen.keys, use, passphrase, now)
    store = open_keys(chosen.keys, chosen.passphrase_file)
    create(
        chosen.database,
        chosen.lock_database,
        origin=log_origin(chosen.issuer),
        sign=log_key(store, chosen.issuer)[1],
        clock=clock,
        entropy=entropy,
    )
