"""The operator's program that looks at files: it reads one from standard input, and says by its exit what it found."""

import asyncio
from pathlib import Path

from broker.ports.scanner import Found, NoScanner, ScanError, Scanner

SECONDS = 30.0
"""For one file."""
_CLEAN, _HARMFUL = 0, 1
"""As clamdscan and others exit; anything else: it could not look."""


class ProgramScanner:
    """A ports.scanner.Scanner. The program gets no arguments and nothing of our environment."""

    def __init__(self, program: Path, seconds: float = SECONDS) -> None:
        self._program, self._seconds = program, seconds

    async def scan(self, content: bytes) -> Found:
        """Run it on `content`."""
        try:
            process = await asyncio.create_subprocess_exec(
                str(self._program), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
        except OSError as failure:
            raise ScanError(f"the scanner cannot be run: {failure.strerror}") from None
        try:
            async with asyncio.timeout(self._seconds):
                await process.communicate(content)
        except TimeoutError:
            raise ScanError("the scanner took too long") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode not in (_CLEAN, _HARMFUL):
            raise ScanError(f"the scanner ended with {process.returncode}")
        return "clean" if process.returncode == _CLEAN else "harmful"


def scanner_of(program: Path | None) -> Scanner:
    """The one of the settings."""
    return ProgramScanner(program) if program is not None else NoScanner()
