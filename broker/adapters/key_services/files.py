"""The keys of our own folder as one of the places that sign: the private halves are in the memory of this process."""

from collections.abc import Iterable

from broker.adapters import jose
from broker.adapters.keys import Elsewhere, Key
from broker.ports.keys import Algorithm, KeyServiceDownError

FILES = "files"


class FileKeys:
    """A ports.keys.KeyService. A key's name is its `kid`."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._private = {key.kid: key.private for key in keys if not isinstance(key.private, Elsewhere)}

    async def sign(self, key: str, algorithm: Algorithm, data: bytes) -> bytes:
        """See ports.keys.KeyService."""
        private = self._private.get(key)
        if not isinstance(private, jose.PrivateKey):
            raise KeyServiceDownError(f"files: there is no key {key} that signs tokens")
        try:
            return jose.signature(algorithm, private, data)
        except ValueError as wrong:
            raise KeyServiceDownError(f"files: {key}: {wrong}") from None
