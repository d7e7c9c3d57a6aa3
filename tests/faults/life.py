"""A broker in a process of its own, which can be made to fail, be killed, and start again on the same folder.

It is the real command, `broker serve`, on the folder of a demo that was set up before. Processes come from a fork
server that has imported everything: a life costs what a start costs, and no more.
"""

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.faults.seeds import SEEDS

START_SECONDS = 60
READY = 0.01
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.life", "broker.app", "broker.commands.serve"])


Under = Callable[[Path], None]
"""What is done to the process of a broker on this folder before it begins; a function that can be named."""


def _serve(
    environment: Mapping[str, str], log: str, seed: str, limits: Sequence[tuple[int, int]], under: Under | None
) -> None:
    """In the child: everything that the command says goes to `log`; its status is the process's."""
    import resource  # noqa: PLC0415 (in the child)

    from broker.__main__ import main  # noqa: PLC0415 (in the child)

    for what, most in limits:
        resource.setrlimit(what, (most, most))
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 2)
    os.environ.update(environment)
    if seed:
        SEEDS[seed]()
    if under is not None:
        under(Path(environment["BROKER_STATE"]))
    sys.argv = ["broker", "serve"]
    main()


class Life:
    """One life of a broker. `faults`: plans of broker/adapters/faults.py; `seed`: a fault planted in its code."""

    def __init__(
        self,
        state: Path,
        *faults: str,
        seed: str = "",
        limits: Sequence[tuple[int, int]] = (),
        under: Under | None = None,
        **settings: str,
    ) -> None:
        self.state = state
        self.log = state / "serve.log"
        self.port = int((state / "port").read_text())
        environment = {
            "BROKER_ISSUER": f"http://127.0.0.1:{self.port}",
            "BROKER_PORT": str(self.port),
            "BROKER_STATE": str(state),
            "BROKER_PACKS": "core-baseline,eu-gdpr-ch5",
            "BROKER_MODE": "example",
            "BROKER_DRAIN_SECONDS": "2",
            "BROKER_LOG_LEVEL": "warning",
        } | {f"BROKER_{name.upper()}": value for name, value in settings.items()}
        if faults:
            environment["BROKER_FAULTS"] = ",".join(faults)
        self._process: ForkServerProcess = _CONTEXT.Process(
            target=_serve, args=(environment, str(self.log), seed, tuple(limits), under), daemon=True
        )

    async def start(self) -> "Life":
        """Until it answers. An end before that is told by `status`."""
        self._process.start()
        async with asyncio.timeout(START_SECONDS):
            while self._process.is_alive():
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                    writer.close()
                    return self
                await asyncio.sleep(READY)
        return self

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_over(self) -> bool:
        return not self._process.is_alive()

    def send(self, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, what)

    async def status(self) -> int:
        """The status with which it ended by itself; minus the signal if one ended it."""
        async with asyncio.timeout(START_SECONDS):
            await asyncio.to_thread(self._process.join)
        assert self._process.exitcode is not None
        return self._process.exitcode

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        self.send(how)
        return await self.status()

    def said(self) -> list[dict[str, Any]]:
        """The lines of its log that are JSON, of all lives on this folder."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]


@asynccontextmanager
async def lived(state: Path, *faults: str, seed: str = "", **settings: Any) -> AsyncIterator[Life]:
    """A broker that serves, and is killed behind the block if it still does."""
    life = Life(state, *faults, seed=seed, **settings)
    await life.start()
    try:
        yield life
    finally:
        await life.end()
