"""What a broker keeps between two starts: making it, its log's key and name, its keys, who has still to be told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from broker.adapters import keys
from broker.adapters.clock import SystemClock
from broker.adapters.crypt4gh.archive_keys import FOLDER, ArchiveKeys
from broker.adapters.crypt4gh.envelopes import ArchiveEnvelopes
from broker.adapters.entropy import SystemEntropy
from broker.adapters.key_ring import LOOK_SECONDS as KEYS_SECONDS
from broker.adapters.key_ring import KeyRing
from broker.adapters.keys import USES, KeyStore, make_key, make_passphrase, open_keys, read_passphrase
from broker.adapters.nginx_log import NginxLog
from broker.adapters.note_keys import open_second, verify
from broker.adapters.outbox import Outbox
from broker.adapters.outgoing import Outgoing
from broker.adapters.policy_watch import LOOK_SECONDS as PACKS_SECONDS
from broker.adapters.policy_watch import PolicyWatch
from broker.adapters.sealed_rows import RunningLedger, Seal, SealedRows
from broker.adapters.signing import OwnTokens, own_trust
from broker.adapters.snapshots import LiveSnapshot, load
from broker.adapters.storage.scratch import SWEEP_SECONDS
from broker.adapters.storage.shards import Shard
from broker.adapters.storage.turn import Turning
from broker.adapters.witnesses import ASK_SECONDS, HttpWitnesses, go_on_asking, parse_witness
from broker.config import Settings
from broker.core.audit.note import Key, Signer, cosign_note, first_log, sign_note
from broker.core.audit.witness import Witness
from broker.core.documents import ontology_text, own_text
from broker.core.jobs import Ended, Jobs, Turns
from broker.core.oidc.limits import FAREWELL_DELAYS
from broker.core.rows import Farewell, Row
from broker.core.rows.retention import Keeping
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.database import Storage, assert_makeable, make_database, open_storage, turn_database
from broker.flows.deliver import close_left_open
from broker.flows.drop import drop_daily
from broker.flows.handing_on import close_reported
from broker.flows.note_keys import FoundKey, note_keys
from broker.flows.put_in_force import put_in_force, put_rules_in_force
from broker.flows.seal_secrets import seal_secrets
from broker.flows.tell_clients import tell, waiting
from broker.flows.witness import Asking, ask_witness
from broker.flows.world import World
from broker.ports import LedgerDownError, Messenger, StaleError
from broker.ports.log import AuditReads

log = structlog.get_logger(__name__)

log_origin = first_log
"""The name of the log, by the issuer."""

_DROPPING = 900.0
"""Seconds between two looks at whether today anybody has dropped what was kept long enough."""
_HEARING, _LOOKING = 10.0, 0.05
"""Seconds: how long a start waits for word of the other processes, and how often it looks."""


def log_key(store: KeyStore, issuer: str) -> tuple[Key, Callable[[bytes], bytes]]:
    """The first log's public key under its name, and what makes a signed note of the text of any log's checkpoint."""
    private = store.signing("log").private
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the log's key is an Ed25519 key")
    key = Key(log_origin(issuer), private.public_key().public_bytes_raw())

    def sign(text: bytes) -> bytes:
        said = text.decode()
        return sign_note(said, [Signer(key_of(key, said.partition("\n")[0]), private.sign)])

    return key, sign


def key_of(key: Key, origin: str) -> Key:
    """The same key under the name of another log of this broker: the key of a log has its name."""
    return Key(origin, key.public, key.kind)


def second_line(chosen: Settings, now: Callable[[], Seconds]) -> Callable[[bytes], bytes]:
    """What adds the line of the log's second key to a checkpoint, where `broker keys second` made one."""
    second = open_second(chosen.keys, read_passphrase(chosen.passphrase_file), log_origin(chosen.issuer))
    if second is None:
        return lambda note: note

    def also(note: bytes) -> bytes:
        origin = note.decode().partition("\n")[0]
        return cosign_note(note, Signer(key_of(second.key, origin), second.sign), now())

    return also


def storage_of(
    settings: Settings, store: KeyStore, clock: SystemClock, entropy: SystemEntropy
) -> AbstractAsyncContextManager[Storage]:
    """What the settings name, to be opened."""
    return open_storage(
        settings,
        origin=log_origin(settings.issuer),
        sign=log_key(store, settings.issuer)[1],
        clock=clock,
        entropy=entropy,
        also=second_line(settings, clock.now),
        seal=Seal(store.secret("row-secrets")),
    )


def turn_log(chosen: Settings, name: str, *, lost: bool) -> Shard:
    """End the log of the settings, and begin the log `name`; the one that ended."""
    clock, store = SystemClock(), open_keys(chosen.keys, chosen.passphrase_file)
    key, sign = log_key(store, chosen.issuer)
    turning = Turning(
        root=log_origin(chosen.issuer),
        sign=sign,
        also=second_line(chosen, clock.now),
        key=lambda origin: str(key_of(key, origin)),
        clock=clock,
        entropy=SystemEntropy(),
    )
    return turn_database(chosen, name, turning, lost=lost)


def make_state(chosen: Settings) -> str:
    """Everything that a broker needs to start; which database, in words. FileExistsError rather than overwrite."""
    clock, entropy = SystemClock(), SystemEntropy()
    if chosen.database.exists() or chosen.keys.exists():
        raise FileExistsError(f"{chosen.state}: there is a broker already")
    assert_makeable(chosen, log_origin(chosen.issuer))
    chosen.keys.mkdir(parents=True, mode=0o700)
    if not chosen.passphrase_file.exists():
        make_passphrase(chosen.passphrase_file, entropy.random(32))
    passphrase, now = read_passphrase(chosen.passphrase_file), clock.now()
    for use in USES:
        make_key(chosen.keys, use, passphrase, now)
    store = open_keys(chosen.keys, chosen.passphrase_file)
    return make_database(
        chosen,
        origin=log_origin(chosen.issuer),
        sign=log_key(store, chosen.issuer)[1],
        clock=clock,
        entropy=entropy,
    )


def archive_keys(settings: Settings) -> ArchiveKeys:
    """The repository's Crypt4GH keys, of which there may be none."""
    return ArchiveKeys(settings.keys / FOLDER, settings.passphrase_file)


def envelopes_of(settings: Settings, store: KeyStore, entropy: SystemEntropy) -> ArchiveEnvelopes:
    """What makes headers and bodies for readers; what it makes follows from the log's key, which is never rotated."""
    return ArchiveEnvelopes(archive_keys(settings), store.secret("crypt4gh"), entropy.random)


async def keep_texts(world: World, picture: Snapshot, ontology_file: Path) -> tuple[str, ...]:
    """Packs and ontology that decide from now on are kept. What is wrong: a pack says something else than before."""
    wrong = await put_rules_in_force(world, picture.rulebook)
    if not wrong:
        await put_in_force(world, ontology_text(picture.ontology, ontology_file.read_bytes))
    return wrong


async def seal_old_secrets(world: World, rows: SealedRows) -> None:
    """What an older version stored in clear is encrypted. Another process may be faster with it."""
    with suppress(StaleError):
        await seal_secrets(world, await rows.in_clear())


async def key_ring(world: World, tokens: OwnTokens, live: LiveSnapshot, settings: Settings) -> KeyRing:
    """Keys that appear in the folder are recorded, published, and sign when it is their time; without a restart."""

    async def note(found: Sequence[keys.Key]) -> Mapping[str, Seconds]:
        return await note_keys(
            world, (FoundKey(kid=one.kid, use=one.use, made=Seconds(one.made), urgent=one.urgent) for one in found)
        )

    async def adopt(store: KeyStore) -> None:
        tokens.adopt(store)
        own = own_trust(tokens, settings.issuer)
        live.as_ourselves(own)
        await put_in_force(world, own_text(own))

    ring = KeyRing(settings.keys, settings.passphrase_file, note, adopt, tokens.prove)
    await ring.look()
    return ring


async def picture_of(empty: Snapshot, storage: Storage) -> LiveSnapshot:
    """What is stored, and from now on whatever is stored; also what was while it was loaded."""
    ledger, meanwhile = storage.ledger, list[Row]()
    ledger.on_commit = meanwhile.extend
    live = LiveSnapshot(await load(empty, storage.rows, ledger.size), storage.is_fresh)
    live.committed(meanwhile, ledger.size)

    def committed(stored: tuple[Row, ...]) -> None:
        storage.changed(stored)
        live.committed(stored, ledger.size)

    ledger.on_commit = committed
    return live


async def heard(storage: Storage) -> None:
    """Until the picture is known to be the newest, at most so long: a start works longer at a stretch than that lasts.

    Then, too, the start goes on: a database that is gone by now is told by `readyz`, and nothing is decided.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_HEARING):
            while not storage.is_fresh():  # noqa: ASYNC110 (a matter of time, and nothing tells of it)
                await asyncio.sleep(_LOOKING)


async def outbox_of(world: World, ledger: RunningLedger, messenger: Messenger) -> Outbox:
    """Whoever has to be told that a session has ended is told, from before this start too."""
    outbox, before = Outbox(partial(tell, world, messenger), FAREWELL_DELAYS), ledger.on_commit

    def committed(rows: tuple[Row, ...]) -> None:
        before(rows)
        outbox.add(row.id for row in rows if isinstance(row, Farewell) and row.state == "waiting")

    ledger.on_commit = committed
    outbox.add(await waiting(world))
    return outbox


@asynccontextmanager
async def witnessed(
    world: World, audit: AuditReads, settings: Settings, outgoing: Outgoing, jobs: Jobs
) -> AsyncIterator[tuple[Witness, ...]]:
    """While this runs, the witnesses of the settings are asked to sign our checkpoints."""
    witnesses = tuple(map(parse_witness, settings.witnesses))
    asking = Asking(scratch=world.scratch, audit=audit, door=HttpWitnesses(outgoing), verify=verify)
    going_on = asyncio.create_task(
        go_on_asking(
            witnesses,
            lambda witness: ask_witness(asking, witness, world.clock.now()),
            lambda name: jobs.turns(f"witness {name}", ASK_SECONDS, world.clock.now),
        )
    )
    try:
        yield witnesses
    finally:
        going_on.cancel()
        with suppress(asyncio.CancelledError):
            await going_on


@asynccontextmanager
async def deliveries_told(world: World, nginx_log: Path | None, alive: Container[str]) -> AsyncIterator[None]:
    """Close what was running when a process ended; then follow what nginx says that it sent.

    `alive`: the processes that have not ended.
    """
    told = NginxLog(nginx_log, partial(close_reported, world)) if nginx_log is not None else None
    if told is not None:
        await told.look()
    await close_left_open(world, alive)
    following = asyncio.create_task(told.run()) if told is not None else None
    try:
        yield
    finally:
        if following is not None:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


async def go_on_dropping(
    world: World,
    keeping: Keeping,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    jobs: Jobs | None = None,
) -> None:
    """Once a day, while the broker runs, what was kept long enough goes. What fails is tried again the next day."""
    told = (jobs or Jobs()).turns("drop", _DROPPING, world.clock.now, first=_DROPPING)
    while True:
        await sleep(_DROPPING)
        told.begun()
        found = 0
        outcome: Ended = "done"
        try:
            found = await drop_daily(world, keeping)
        except LedgerDownError:
            log.warning("drop.unrecorded")
            outcome = "unrecorded"
        except Exception:
            log.exception("drop.failed")
            outcome = "failed"
        told.ended(outcome, _DROPPING, found)


def again(
    ring: KeyRing, watch: PolicyWatch, world: World, storage: Storage, settings: Settings, jobs: Jobs
) -> tuple[Coroutine[Any, Any, None], ...]:
    """Take up keys and packs that came; away with what has expired, and with what was kept long enough."""

    def of(name: str, seconds: float) -> Turns:
        return jobs.turns(name, seconds, world.clock.now, first=seconds)

    return (
        ring.look_on(of("keys", KEYS_SECONDS)),
        watch.look_on(of("policies", PACKS_SECONDS)),
        storage.scratch.sweep_on(world.clock.now, of("sweep", SWEEP_SECONDS)),
        go_on_dropping(world, settings.keeping, jobs=jobs),
    )


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
