"""The only module that draws random bytes."""

import secrets


class SystemEntropy:
    """The operating system's generator."""

    def random(self, nbytes: int) -> bytes:
        return secrets.token_bytes(nbytes)
