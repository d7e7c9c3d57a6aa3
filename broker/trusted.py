"""Whose keys and answers does the broker go by? Of issuers, clients and home providers; each set follows its rows.

Three sets of keys that never mix: what a client may sign with says nothing about visas.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from functools import partial

from broker.adapters import jose, keys, signing
from broker.adapters.discovery import Discovery
from broker.adapters.endpoints import HttpEndpoints
from broker.adapters.identity_providers import HttpIdentityProviders
from broker.adapters.issuer_health import LiveIssuerHealth
from broker.adapters.issuers import discoverable, key_sources, userinfo_source
from broker.adapters.jwks import JwksClient, KeySource
from broker.adapters.outgoing import Outgoing
from broker.adapters.poll_loop import EVERY_SECONDS, PollLoop
from broker.adapters.provider_credentials import Credentials
from broker.adapters.snapshots import LiveSnapshot
from broker.adapters.vault import AesVault
from broker.core.jobs import Jobs
from broker.core.rows import VisaIssuer
from broker.core.snapshot import Snapshot
from broker.flows.foreign_tokens import us_of
from broker.flows.poll_visas import due, poll
from broker.flows.proofs import Proofs
from broker.flows.verified import Poller, Verifier
from broker.flows.world import World
from broker.state import cancelled


def _trusted(
    live: LiveSnapshot, outgoing: Outgoing, stack: AsyncExitStack
) -> tuple[JwksClient, LiveIssuerHealth, HttpEndpoints]:
    """Keys of trusted issuers, how these are doing, and their UserInfo; all follow the trust rows as they change."""
    discovery = Discovery(outgoing, time.monotonic)
    client = JwksClient(outgoing, time.monotonic, discovered=discovery.jwks_uri)
    endpoints = HttpEndpoints(outgoing, discovery, time.monotonic)
    for part in (client, discovery, endpoints):
        stack.push_async_callback(part.close)
    health = LiveIssuerHealth(client)

    def follow(snapshot: Snapshot) -> None:
        rows = [row for row in snapshot.all(VisaIssuer) if row.status == "active"]
        client.register(source for row in rows for source in key_sources(row))
        discovery.register(discoverable(row) for row in rows if row.trust.discovery)
        endpoints.register(userinfo_source(row) for row in rows if row.trust.userinfo or row.trust.polled)
        health.register(row.trust for row in rows)

    follow(live.current())
    stack.callback(live.listen(follow))
    return client, health, endpoints


def open_verifier(
    world: World,
    live: LiveSnapshot,
    outgoing: Outgoing,
    tokens: signing.OwnTokens,
    store: keys.KeyStore,
    proofs: Proofs,
    stack: AsyncExitStack,
    jobs: Jobs,
) -> tuple[Verifier, LiveIssuerHealth, HttpEndpoints]:
    """Who verifies tokens, and asks in time about the Visa Access Tokens in use, from before this start too."""
    trusted, issuers, endpoints = _trusted(live, outgoing, stack)
    vault = AesVault(store.secret("polled-visas"), world.entropy)
    poller = Poller(endpoints=endpoints, vault=vault, us=us_of(world))
    verifier = Verifier(
        reader=tokens,
        keys=trusted,
        check=jose.check_signature,
        proofs=proofs,
        health=issuers,
        poller=poller,
        pause=partial(asyncio.sleep, 0),
    )
    asking = PollLoop(
        lambda: due(world, world.clock.now()), lambda one: poll(world, verifier, poller, one, world.clock.now())
    )
    stack.push_async_callback(asking.close)
    stack.push_async_callback(
        cancelled, asyncio.create_task(asking.run(jobs.turns("poll", EVERY_SECONDS, world.clock.now)))
    )
    return verifier, issuers, endpoints


def client_keys(live: LiveSnapshot, outgoing: Outgoing, stack: AsyncExitStack) -> JwksClient:
    """Keys of clients that publish them; the addresses follow the clients' rows as they change."""
    client = JwksClient(outgoing, time.monotonic)
    stack.push_async_callback(client.close)

    def follow(snapshot: Snapshot) -> None:
        client.register(
            KeySource(iss=row.id, jku=row.jwks_uri, internal=row.internal)
            for row in snapshot.clients_with_addresses()
            if row.jwks_uri is not None
        )

    follow(live.current())
    stack.callback(live.listen(follow))
    return client


def identity_providers(outgoing: Outgoing, credentials: Credentials, stack: AsyncExitStack) -> HttpIdentityProviders:
    """Home identity providers; their keys are kept apart from those of visa issuers."""
    keys = JwksClient(outgoing, time.monotonic)
    made = HttpIdentityProviders(outgoing, keys, jose.check_signature, credentials, time.monotonic)
    stack.push_async_callback(made.close)
    return made
