"""Run the demo: state, identity provider, catalogue, broker; then the story, in a process of its own."""

import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from string import Template

from aiohttp import web

from broker.adapters.catalogue import read_catalogue
from broker.adapters.clock import SystemClock
from broker.adapters.entropy import SystemEntropy
from broker.app import first_of, opened, serving
from broker.config import Settings, shared_folder
from broker.demo.clients import ExtraClient, extra_clients
from broker.demo.data import make_files
from broker.demo.describe import Described, describe
from broker.demo.idp import NOT_CONNECTED, make_idp
from broker.demo.idp_requests import IdpClient
from broker.demo.people import PERSONAS, IssuerName
from broker.flows import apply_catalogue
from broker.state import make_state

HOST = "127.0.0.1"
PACKS = ("core-baseline", "eu-gdpr-ch5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for."""

    port: int
    state: Path | None
    story: bool
    leave: bool
    describe: Path | None
    clients: tuple[Path, ...]
    database: str | None = None


async def run(wishes: Wishes) -> int:
    """The whole demo. Returns how many steps of the story did not turn out as told."""
    async with AsyncExitStack() as stack:
        state = wishes.state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broker-demo-")))
        stop = asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, stop.set)
        described = await stack.enter_async_context(_started(wishes, state))
        path = state / "describe.json"
        _write(path, described.document)
        if wishes.describe is not None:
            _write(wishes.describe, described.document)
        failed = await _tell(path, stop) if wishes.story else 0
        if not wishes.leave and not stop.is_set():
            _announce(described)
            await first_of(stop.wait(), described.running.ledger.ended())
        return failed


@asynccontextmanager
async def _started(wishes: Wishes, state: Path) -> AsyncIterator[Described]:
    """Everything up: provider, broker with its catalogue, and the description that a client needs."""
    await asyncio.to_thread(state.mkdir, mode=0o700, parents=True, exist_ok=True)
    secrets = _Secrets.of(state)
    port, idp_port = _port(wishes.port, state, "port"), _port(0, state, "idp-port")
    settings = Settings(
        issuer=f"http://{HOST}:{port}",
        host=HOST,
        port=port,
        state=state,
        packs=PACKS,
        mode="example",
        log_level="warning",
        drain_seconds=2,
        database_url=wishes.database,
    )
    await asyncio.to_thread(_files, state)
    if not settings.keys.exists():
        await asyncio.to_thread(make_state, settings)
    extra = [client for path in wishes.clients for client in extra_clients(path)]
    rows = read_catalogue(_catalogue(settings, idp_port, secrets, extra, state)).rows
    async with _provider(settings, idp_port, secrets), opened(settings) as running:
        steps = await apply_catalogue.foresee(running.world, rows)
        await apply_catalogue.apply(running.world, steps, None)
        async with serving(running, settings):
            yield await describe(settings, running, secrets.web, extra, f"http://{HOST}:{idp_port}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Secrets:
    """The demo's secrets: made at its first start, kept with its state."""

    web: str
    idp: str
    college: str

    @classmethod
    def of(cls, state: Path) -> "_Secrets":
        path, made = state / "demo-secrets.json", SystemEntropy()
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        found = {one.name: kept.get(one.name) or made.random(32).hex() for one in fields(cls)}
        if found != kept:
            _write(path, found)
        return cls(**found)


def _files(state: Path) -> None:
    """The demo's files are made once, and listed."""
    listed = state / "files.json"
    if not listed.exists():
        _write(listed, [asdict(file) for file in make_files(state / "data")])


def _catalogue(settings: Settings, idp_port: int, secrets: _Secrets, extra: list[ExtraClient], state: Path) -> Path:
    """The demo's catalogue with its words filled in."""
    template = Template((shared_folder("config") / "demo" / "catalogue.yaml").read_text("utf-8"))
    text = template.substitute(
        IDP=f"http://{HOST}:{idp_port}",
        IDP_SECRET=secrets.idp,
        ISSUER=settings.issuer,
        DATA=str((state / "data").resolve()),
        WEB_SECRET_SHA256=hashlib.sha256(secrets.web.encode()).hexdigest(),
    )
    path = state / "catalogue.yaml"
    path.write_text(text + "".join(client.yaml(settings.issuer) for client in extra), "utf-8")
    path.chmod(0o600)
    return path


@asynccontextmanager
async def _provider(settings: Settings, port: int, secrets: _Secrets) -> AsyncIterator[None]:
    """The demo identity provider, listening."""
    clients = [
        IdpClient(
            issuer=name,
            id="access-broker",
            secret=secret,
            redirect_uris=(f"{settings.issuer}/sign-in/{name}/callback",),
        )
        for name, secret in _clients(secrets)
    ]
    app = make_idp(f"http://{HOST}:{port}", clients, SystemClock(), SystemEntropy())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _clients(secrets: _Secrets) -> tuple[tuple[IssuerName, str], ...]:
    """At which issuers the broker is registered, and its secret there: the college tells its own to everybody."""
    return (("home", secrets.idp), ("biobank", secrets.idp), (NOT_CONNECTED, secrets.college))


def _port(wanted: int, state: Path, name: str) -> int:
    """`wanted`, or the one of last time, or a free one; kept, because addresses are in the database."""
    kept = state / name
    if wanted == 0 and kept.exists():
        return int(kept.read_text())
    if wanted == 0:
        with contextlib.closing(socket.socket()) as free:
            free.bind((HOST, 0))
            wanted = free.getsockname()[1]
    kept.write_text(str(wanted))
    return wanted


async def _tell(path: Path, stop: asyncio.Event) -> int:
    """The story, by somebody who knows nothing but the description."""
    story = await asyncio.create_subprocess_exec(sys.executable, "-m", "broker.demo.story", str(path))
    told = asyncio.create_task(story.wait())
    await first_of(told, stop.wait())
    if story.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            story.terminate()
    return await story.wait()


def _announce(described: Described) -> None:
    document = described.document
    print(f"\nThe broker serves at {document['issuer']} (Ctrl-C ends it).")
    print("Sign in as one of these; as login_hint, the first word does it without a page:")
    for persona in PERSONAS:
        print(f"  {persona.id:5} {persona.title}")
    college = f"{document['identity_provider']}/{NOT_CONNECTED}"
    print(f"A home organisation that waits to be connected says there how: {college}")


def _write(path: Path, document: object) -> None:
    """Whole or not at all, and for its owner only: it holds secrets, and whoever waits must not read half of it."""
    half = path.with_name(path.name + ".half")
    half.touch(mode=0o600)
    half.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    half.replace(path)
