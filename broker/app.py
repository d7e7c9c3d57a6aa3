"""Composition root: the only module that knows the adapters and the web edge, and wires them together."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import Any

from aiohttp import web

from broker.adapters import jose, keys, signing
from broker.adapters.alone import Locks
from broker.adapters.application_forms import load_form
from broker.adapters.catalogue.forms import CatalogueForms
from broker.adapters.clock import SystemClock
from broker.adapters.descriptors import open_files
from broker.adapters.entropy import SystemEntropy
from broker.adapters.income_groups import load_income_groups
from broker.adapters.jwks import JwksClient
from broker.adapters.key_ring import KeyRing
from broker.adapters.languages import load_languages
from broker.adapters.names import SivNames
from broker.adapters.ontology import open_ontology
from broker.adapters.outgoing import Outgoing
from broker.adapters.permissions_apis import PermissionsApis
from broker.adapters.policy_watch import PolicyWatch
from broker.adapters.probe import HttpProbe
from broker.adapters.provider_credentials import Credentials
from broker.adapters.repositories.genomic_files import GenomicFiles
from broker.adapters.repositories.stores import open_stores
from broker.adapters.rights import load_rights
from broker.adapters.scanner import scanner_of
from broker.adapters.sealed_rows import RunningLedger
from broker.adapters.snapshots import LiveSnapshot, searched_in
from broker.adapters.storage.log import SqliteLog
from broker.adapters.trusted_providers import RegisteredProviders
from broker.adapters.vault import AesVault
from broker.config import Settings, SettingsError, shared_folder
from broker.core.audit.entry import decode
from broker.core.catalogue import of_a_demo
from broker.core.ids import Issuer
from broker.core.jobs import Jobs
from broker.core.jurisdiction.rulebook import Mode
from broker.core.notices import Channels
from broker.core.oidc.metadata import BASIC_SCOPES
from broker.core.quota import Rates
from broker.core.rows import Client, IdentityProvider, Row
from broker.core.snapshot import empty
from broker.database import Storage
from broker.flows.documents import document
from broker.flows.figures import Figures
from broker.flows.gather import Gathering
from broker.flows.inspect import Tools
from broker.flows.notices.ledger import TellingLedger
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.targets import audience_of
from broker.flows.proofs import Proofs
from broker.flows.release_visas import shown_grants, visas_to_release
from broker.flows.verified import Verifier
from broker.flows.world import World
from broker.key_places import key_makers
from broker.notified import channels, telling
from broker.policies import RulesError, policy_folder, policy_sets, rules_in, watch_policies
from broker.ports import Entropy
from broker.ports.tracing import UNTRACED, Tracer
from broker.state import (
    again,
    cancelled,
    deliveries_told,
    envelopes_of,
    heard,
    keep_texts,
    key_ring,
    log_key,
    outbox_of,
    picture_of,
    seal_old_secrets,
    storage_of,
    witnessed,
)
from broker.trusted import client_keys, identity_providers, open_verifier
from broker.web.connections import EACH, FEWEST, RESERVED, connections_for
from broker.web.edge import EDGE, Edge, Network, Pace, networks
from broker.web.middleware import CLOCK, ENTROPY, SECURE, around, safe_headers
from broker.web.once import RUNNING, OnceLedger, once
from broker.web.pages.render import set_up
from broker.web.recording import WATCHED, WatchedLedger
from broker.web.routes import add_routes
from broker.web.server import listening, tls_of
from broker.web.state import BROKER, READY, Administration, Broker, Readiness
from broker.web.streams import LiveStreams
from broker.web.trials import Trials

_OUTGOING_SECONDS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A broker whose parts are open: the flows' world, and the application that serves it."""

    world: World
    app: web.Application
    ledger: RunningLedger
    readiness: Readiness
    ring: KeyRing
    watch: PolicyWatch
    audit: SqliteLog

    def look_again(self) -> None:
        """Something was changed beside us: take up new keys and packs now, not at the next look."""
        self.ring.asked.set()
        self.watch.asked.set()

    def stop_if_unrecorded(self) -> None:
        """No record, no data: if the ledger has died, what runs is cut at once instead of drained."""
        if self.ledger.failed:
            self.app[BROKER].streams.cut_all()


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Running]:
    """Everything open and wired. Errors of the files involved come out as they are: a start either works or not."""
    clock, entropy, jobs = SystemClock(), SystemEntropy(), Jobs()
    store = keys.open_keys(settings.keys, settings.passphrase_file)
    makers = key_makers(settings)
    tokens = signing.OwnTokens(store, settings.issuer, clock.now, makers)
    folder = policy_folder(settings)
    ontology, rules = open_ontology(settings.ontology_file, settings.ontologies), rules_in(folder, settings)
    async with AsyncExitStack() as stack:
        for maker in makers.values():
            stack.push_async_callback(maker.close)
        storage = await stack.enter_async_context(storage_of(settings, store, clock, entropy))
        ledger = storage.ledger
        await _not_before_the_last(storage.log, clock)
        live = await picture_of(empty(ontology, rules, signing.own_trust(tokens, settings.issuer)), storage)
        _heed_revocations(tokens, live, clock)
        world = _world(settings, storage, live, tokens, clock, entropy, channels(settings))
        await _set_right(world, live, storage, settings)
        watch = watch_policies(world, live, settings, folder)
        ring = await key_ring(world, tokens, live, settings)
        _look_on(stack, *again(ring, watch, world, storage, settings, jobs))
        await stack.enter_async_context(deliveries_told(world, settings.nginx_log, await storage.alive()))
        outgoing = _outgoing(stack, tracer := _tracer(stack, settings))
        stack.push_async_callback((await outbox_of(world, ledger, outgoing)).close)
        proofs = _proofs(world, store, settings)
        verifier, issuers, endpoints = open_verifier(world, live, outgoing, tokens, store, proofs, stack, jobs)
        gathering = _gathering(verifier, outgoing, store, entropy, stack)
        broker = Broker(
            world=world,
            oauth=_oauth(world, tokens, store, client_keys(live, outgoing, stack), proofs, settings, gathering),
            verifier=verifier,
            gathering=gathering,
            providers=RegisteredProviders(live),
            idps=identity_providers(outgoing, Credentials(tokens, clock, entropy), stack),
            snapshots=live,
            sources=(sources := await stack.enter_async_context(open_stores(settings.repository_credentials))),
            envelopes=(envelopes := envelopes_of(settings, store, entropy)),
            regions=GenomicFiles(sources, envelopes),
            streams=LiveStreams(live.listen, clock),
            audit=storage.log,
            receipt_checker=(shared_folder("config") / "tools" / "verify_receipt.py").read_bytes(),
            witnesses=await stack.enter_async_context(witnessed(world, storage.log, settings, outgoing, jobs)),
            issuers=issuers,
            endpoints=endpoints,
            jwks=tokens.jwks,
            visa_jwks=tokens.visa_jwks,
            version=version("ga4gh-access-broker"),
            languages=world.languages,
            post=await stack.enter_async_context(telling(world, outgoing, settings, store, jobs)),
            administration=_administration(outgoing, settings, store, jobs, watch, stack),
            tracer=tracer,
            scanner=scanner_of(settings.attachment_scanner),
            searched=await searched_in(live),
        )
        storage.on_silence(broker.streams.cut_all)
        ready = Readiness(lambda: not ledger.failed and storage.is_fresh())
        app = build(broker, ready, *_front(settings), _pace())
        await heard(storage)
        storage.started()
        yield Running(world=world, app=app, ledger=ledger, readiness=ready, ring=ring, watch=watch, audit=storage.log)


def _look_on(stack: AsyncExitStack, *tasks: Coroutine[Any, Any, None]) -> None:
    """Do these beside everything else, until the end."""
    for task in tasks:
        stack.push_async_callback(cancelled, asyncio.create_task(task))


def _world(
    settings: Settings,
    storage: Storage,
    live: LiveSnapshot,
    tokens: signing.OwnTokens,
    clock: SystemClock,
    entropy: SystemEntropy,
    heard: Channels,
) -> World:
    return World(
        issuer=Issuer(settings.issuer),
        clock=clock,
        entropy=entropy,
        ledger=TellingLedger(storage.ledger, live, heard),
        rows=storage.rows,
        scratch=storage.scratch,
        snapshots=live,
        signer=tokens,
        names=SivNames(),
        alone=Locks(),
        process=storage.process,
        form=load_form(settings.application_form_file),
        languages=load_languages(settings.text_folder),
        consultation_days=settings.asked_for_days,
        seat_percent=settings.seat_percent,
    )


async def _not_before_the_last(log: SqliteLog, clock: SystemClock) -> None:
    """The clock never goes back behind the last entry of the log."""
    for last in await log.newest(1):
        clock.not_before(decode(last.body).entry.at)


async def _set_right(world: World, live: LiveSnapshot, storage: Storage, settings: Settings) -> None:
    """RulesError if a pack says something else than the same version did before."""
    await seal_old_secrets(world, storage.rows)
    if wrong := await keep_texts(world, live.current(), settings.ontology_file):
        raise RulesError("\n".join(wrong))


def _tracer(stack: AsyncExitStack, settings: Settings) -> Tracer:
    """SettingsError if traces are wanted and what sends them is not installed."""
    if not settings.traces:
        return UNTRACED
    try:
        telemetry = import_module("broker.adapters.telemetry")  # an extra: nobody else needs its packages
    except ImportError as missing:
        raise SettingsError(f"traces: install ga4gh-access-broker[traces]; {missing.name} is missing") from None
    tracer: Tracer = stack.enter_context(telemetry.telling(version=version("ga4gh-access-broker")))
    return tracer


def _outgoing(stack: AsyncExitStack, tracer: Tracer) -> Outgoing:
    outgoing = Outgoing(seconds=_OUTGOING_SECONDS, tracer=tracer)
    stack.push_async_callback(outgoing.close)
    return outgoing


def _administration(
    outgoing: Outgoing, settings: Settings, store: keys.KeyStore, jobs: Jobs, watch: PolicyWatch, stack: AsyncExitStack
) -> Administration:
    stack.push_async_callback((trials := Trials()).close)
    return Administration(
        forms=CatalogueForms(),
        tools=Tools(probe=HttpProbe(outgoing), fits=jose.fits, check=jose.check_signature),
        mode=settings.mode,
        operator=settings.operator,
        figures=Figures(load_income_groups(settings.income_groups_file)),
        rights=load_rights(settings.rights_file),
        jobs=jobs,
        sets=policy_sets(settings, watch),
        trials=trials,
        log_key=str(log_key(store, settings.issuer)[0]),
    )


def _heed_revocations(tokens: signing.OwnTokens, live: LiveSnapshot, clock: SystemClock) -> None:
    """From now on nothing counts that a revoked key of ours signed."""
    tokens.withdrawn = lambda key: live.current().revoked("key", key, clock.now())


def _front(settings: Settings) -> tuple[tuple[Network, ...], str, tuple[Network, ...]]:
    """The proxies before us, where they have our files, and who reads our metrics."""
    return networks(settings.trusted_proxies), settings.nginx_location or "", networks(settings.metrics_from)


def _pace() -> Pace:
    """As many connections as there are descriptors for. SettingsError if those are too few to serve at all."""
    pace, allowed = Pace(), open_files()
    if (room := connections_for(allowed)) < FEWEST:
        needed = RESERVED + EACH * FEWEST
        raise SettingsError(f"open files: {allowed} are allowed, {needed} are needed (LimitNOFILE, ulimit -n)")
    return replace(pace, connections=min(pace.connections, room))


async def assert_fit(running: Running, settings: Settings) -> None:
    """SettingsError if something is stored that must not be served in this mode."""
    rows = running.world.rows
    stored = [row async for row in rows.scan(IdentityProvider)], [row async for row in rows.scan(Client)]
    assert_declared_fit((*stored[0], *stored[1]), settings.mode)


def assert_declared_fit(rows: Iterable[Row], mode: Mode) -> None:
    """SettingsError for what `mode` does not take: nobody is let in, or told of, without a page in production."""
    found = of_a_demo(rows) if mode == "production" else ()
    if found:
        raise SettingsError("mode production: only a demo may have these\n" + "\n".join(found))


def build(
    broker: Broker,
    readiness: Readiness,
    proxies: tuple[Network, ...] = (),
    files: str = "",
    watchers: tuple[Network, ...] = (),
    pace: Pace | None = None,
) -> web.Application:
    """The application around a wired broker. Tests call this with fakes."""
    app = web.Application(middlewares=[around, once], client_max_size=64 * 1024)
    app[WATCHED] = WatchedLedger(broker.world.ledger, broker.tracer)
    ledger = OnceLedger(app[WATCHED])
    app[BROKER] = replace(
        broker, world=replace(broker.world, ledger=ledger), oauth=replace(broker.oauth, ledger=ledger)
    )
    app[RUNNING] = set()
    app[READY] = readiness
    app[EDGE] = Edge(pace=pace or Pace(), rates=broker.oauth.rates, proxies=proxies, files=files, watchers=watchers)
    app[CLOCK] = broker.world.clock
    app[ENTROPY] = broker.world.entropy
    app[SECURE] = broker.world.issuer.startswith("https://")
    set_up(app)
    add_routes(app)
    app.on_response_prepare.append(safe_headers)
    return app


def serving(running: Running, settings: Settings, *, shared: bool = False) -> AbstractAsyncContextManager[int]:
    """Listen; the port that was taken is what the context manager yields."""
    tls = tls_of(settings.tls_cert, settings.tls_key)
    return listening(running.app, settings.host, settings.port, tls, settings.drain_seconds, shared)


def _proofs(world: World, store: keys.KeyStore, settings: Settings) -> Proofs:
    return Proofs(
        check=jose.check_signature,
        scratch=world.scratch,
        nonce_key=store.secret("dpop-nonce"),
        nonces=settings.dpop_nonce == "required",
    )


def _gathering(
    verifier: Verifier, outgoing: Outgoing, store: keys.KeyStore, entropy: Entropy, stack: AsyncExitStack
) -> Gathering:
    """How visas of other issuers come in."""
    sources = PermissionsApis(outgoing, time.monotonic)
    stack.push_async_callback(sources.close)
    return Gathering(sources=sources, verifier=verifier, vault=AesVault(store.secret("gathered"), entropy))


def _oauth(
    world: World,
    tokens: signing.OwnTokens,
    store: keys.KeyStore,
    client_keys: JwksClient,
    proofs: Proofs,
    settings: Settings,
    gathering: Gathering,
) -> Deps:
    return Deps(
        issuer=world.issuer,
        scopes=BASIC_SCOPES,
        clock=world.clock,
        entropy=world.entropy,
        ledger=world.ledger,
        rows=world.rows,
        scratch=world.scratch,
        signer=tokens,
        reader=tokens,
        visas=partial(visas_to_release, world, gathering),
        audience_of=lambda resource: audience_of(resource, world.issuer, world.snapshots.current()),
        refresh_key=store.secret("refresh"),
        linked=lambda person, now: frozenset(one.person for one in world.snapshots.current().linked(person, now)),
        known_as=lambda person: world.snapshots.current().ever_linked(person),
        rates=Rates(settings.quota_scale),
        keys=client_keys,
        check=jose.check_signature,
        proofs=proofs,
        require_par=settings.require_par,
        registration=settings.registration_token_sha256,
        installed=lambda person: world.snapshots.current().installations(person),
        grants=partial(shown_grants, world),
        documents=partial(document, world, tokens),
    )


async def first_of(*events: Awaitable[object]) -> None:
    """Until the first of `events` is over."""
    tasks = [asyncio.ensure_future(event) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
