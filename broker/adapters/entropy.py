"""The only module that draws random bytes."""

import os


class SystemEntropy:
    """The operating system's generator."""

    def random(self, nbytes: int) -> bytes:
        return os.urandom(nbytes)
