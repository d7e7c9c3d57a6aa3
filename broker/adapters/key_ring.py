"""The key folder of a running broker: looked at again and again, so that keys rotate without a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import structlog

from broker.adapters.keys import Key, KeyStore, KeyStoreError, key_files, open_keys
from broker.adapters.waking import time_to_look
from broker.core.jobs import Ended, Turns
from broker.core.time import Seconds

LOOK_SECONDS = 5.0
"""Between two looks; SIGHUP asks for one now."""

log = structlog.get_logger(__name__)


class KeyRing:
    """Keeps those who sign and verify up to date. Nothing changes while it cannot be read, or a key cannot sign."""

    def __init__(
        self,
        folder: Path,
        passphrase: Path,
        note: Callable[[Sequence[Key]], Awaitable[Mapping[str, Seconds]]],
        adopt: Callable[[KeyStore], Awaitable[None]],
        prove: Callable[[KeyStore], Awaitable[None]],
    ) -> None:
        """`note`: records what is new, and says when each key signs. `adopt`: these hold from now on.

        `prove`: asked before keys that are new are adopted; raises KeyStoreError if one of them cannot sign.
        """
        self._folder, self._passphrase = folder, passphrase
        self._note, self._adopt, self._prove = note, adopt, prove
        self._seen: tuple[str, ...] | None = None
        self._store: KeyStore | None = None
        self.asked = asyncio.Event()

    async def look(self) -> None:
        """Read the folder if something was added or taken away. KeyStoreError, OSError: it cannot be read."""
        names = key_files(self._folder)
        if names != self._seen:
            read = await asyncio.to_thread(open_keys, self._folder, self._passphrase)
            store = read.beginning(await self._note(read.keys))
            await self._prove(store)
            self._store, self._seen = store, names
        if self._store is not None:
            await self._adopt(self._store)  # also when nothing came: keys begin and retire by the clock

    async def look_on(self, turns: Turns, seconds: float = LOOK_SECONDS) -> None:
        """Look again and again until cancelled."""
        while True:
            await time_to_look(self.asked, seconds)
            turns.begun()
            outcome: Ended = "failed"
            try:
                await self.look()
                outcome = "done"
            except (KeyStoreError, OSError) as wrong:
                log.error("keys.unreadable", why=str(wrong))  # noqa: TRY400 (an operator's matter: one line)
            except Exception:
                log.exception("keys.failed")
            turns.ended(outcome, seconds)
