"""The whole web edge on a loopback socket, over the flows' world in memory and files of a real folder."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from aiohttp import TCPConnector, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from broker.adapters import jose
from broker.adapters.application_forms import load_form
from broker.adapters.catalogue.forms import CatalogueForms
from broker.adapters.crypt4gh.archive_keys import ArchiveKeys
from broker.adapters.crypt4gh.envelopes import ArchiveEnvelopes
from broker.adapters.crypt4gh.packets import SecretKey
from broker.adapters.entropy import SystemEntropy
from broker.adapters.keys import USES, Key, KeyStore
from broker.adapters.languages import load_languages
from broker.adapters.repositories.genomic_files import GenomicFiles
from broker.adapters.repositories.stores import open_stores
from broker.adapters.rights import load_rights
from broker.adapters.signing import OwnTokens, own_trust
from broker.adapters.trusted_providers import RegisteredProviders
from broker.app import build
from broker.core.ids import ClientId
from broker.core.oidc.metadata import BASIC_SCOPES
from broker.core.passport.trust import Trust
from broker.core.questions import Form
from broker.core.reasons.language import Language
from broker.core.rows import Client, Family, Repository, Row, Session, VisaIssuer
from broker.core.snapshot import follow
from broker.core.time import Seconds
from broker.flows.documents import document
from broker.flows.gather import Gathering
from broker.flows.inspect import Tools
from broker.flows.notices.send import Post
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.targets import audience_of
from broker.flows.proofs import Proofs
from broker.flows.release_visas import shown_grants, visas_to_release
from broker.flows.verified import Verifier
from broker.ports.sources import Sources
from broker.ports.tracing import UNTRACED, Tracer
from broker.web.edge import Edge
from broker.web.state import BROKER, Administration, Broker, Readiness
from broker.web.streams import LiveStreams
from tests import builders as b
from tests.fakes import START, MemoryChanges, MemoryEndpoints, MemoryIssuerHealth, MemorySources, MemoryVault, signed
from tests.flows.worlds import Stage, stage

CONTENT = bytes(range(256)) * 64
PATIENCE = 20
"""Seconds for which a client of a test waits for bytes that may never come."""
CLIENT = Client(
    id=ClientId("web"),
    name="Portal",
    auth_method="none",
    grant_types=("authorization_code",),
    scopes=tuple(BASIC_SCOPES),
)
SECRET = "s" * 43
"""What a browser's session cookie holds."""
COOKIE = {"Cookie": f"__Host-broker-session={SECRET}"}
BACK = "https://portal.example/callback"
PORTAL = Client(
    id=ClientId("portal"), name="Portal", auth_method="none", redirect_uris=(BACK,), grant_types=("authorization_code",),
    scopes=("openid", "profile"),
)  # fmt: skip


@cache
def shipped_form() -> Form:
    return load_form(b.CONFIG / "forms" / "application.yaml")


@cache
def languages() -> Mapping[str, Language]:
    return load_languages(b.CONFIG / "texts")


@cache
def keys() -> KeyStore:
    made: dict[str, Any] = {
        "oidc-rs256": rsa.generate_private_key(65537, 2048),
        "log": ed25519.Ed25519PrivateKey.generate(),
    }
    return KeyStore(tuple(Key(use, use, 0, made.get(use) or ec.generate_private_key(ec.SECP256R1())) for use in USES))


ARCHIVE = SecretKey.of(b"a" * 32)
"""The repository's own Crypt4GH key."""


class _Archive(ArchiveKeys):
    """Keys that lie in no folder."""

    def __init__(self) -> None:
        pass

    def all(self) -> tuple[SecretKey, ...]:
        return (ARCHIVE,)


def envelopes() -> ArchiveEnvelopes:
    return ArchiveEnvelopes(_Archive(), b"e" * 32, SystemEntropy().random)


class NoKeys:
    """Nobody else's keys."""

    async def sets(self, needs: Any) -> dict[Any, Any]:
        del needs
        return {}

    def at_hand(self, *_: str) -> None:
        return None


@dataclass
class Site:
    """A running site, and who may call it."""

    stage: Stage
    http: TestClient[web.Request, web.Application]
    tokens: OwnTokens
    broker: Broker

    def access_token(self, person: str, *, scope: str = "openid ga4gh_passport_v1", **claims: Any) -> str:
        said = {
            "iss": b.US, "sub": person, "aud": [b.US, "web"], "client_id": "web", "scope": scope, "sid": f"fam-{person}",
            "jti": "t1", "iat": START, "exp": START + 600,
        }  # fmt: skip
        return signed(self.tokens, "oidc-es256", "at+jwt", said | claims)

    def headers(self, person: str = str(b.ADA), **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token(person, **claims)}"}


def signed_in(person: str, affiliations: tuple[str, ...] = ()) -> list[Row]:
    """A person's session and the authorisation of the client."""
    session = Session(
        id=f"ses-{person}", person=person, idp=b.HOME, identities=((b.HOME, person.removeprefix("usr_")),),  # type: ignore[arg-type]
        auth_time=START, expires=Seconds(START + 9000), affiliations=affiliations, location="DE",
    )  # fmt: skip
    family = Family(
        id=f"fam-{person}", client=CLIENT.id, person=person, session=session.id, scope=("openid",), released=None,  # type: ignore[arg-type]
        auth_time=START, expires=Seconds(START + 9000),
    )  # fmt: skip
    return [session, family]


class AsServed(TestServer):
    """Handlers go on when their client has gone, as they do where the broker serves; aiohttp's own test server ends them."""

    async def _make_runner(self, **options: Any) -> web.BaseRunner:
        return await super()._make_runner(**options | {"handler_cancellation": False})


@asynccontextmanager
async def site(
    folder: Path,
    *more: Row,
    content: bytes = CONTENT,
    edge: Edge | None = None,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    tracer: Tracer = UNTRACED,
    form: Form | None = None,
    **changes: Any,
) -> AsyncIterator[Site]:
    """The site; `folder` holds the bytes of `obj-1`. `tls`: of server and client. `changes` as in `builders.snapshot`."""
    (folder / "obj-1.bam").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    one = b.drs_object(size=len(content), checksums={"sha-256": digest})
    world = {"one": one, "repository": Repository(id="bank", name="The bank", root=str(folder))} | changes
    rows = [
        CLIENT, *signed_in("usr_ada", ("faculty@rhine.example",)), *signed_in("usr_mei"), *signed_in("usr_pia"), *more,
    ]  # fmt: skip
    made = stage(*rows, **world)
    tokens = OwnTokens(keys(), b.US, made.clock.now)
    tokens.withdrawn = lambda key: made.live.current().revoked("key", key, made.clock.now())
    own = own_trust(tokens, b.US)
    made.live._current = follow(
        replace(made.live.current(), own=own, trust=Trust((own,))), made.live.current().all(VisaIssuer)
    )
    made.world = replace(made.world, signer=tokens, form=form or shipped_form(), languages=languages())
    edge = edge or Edge()
    async with open_stores(None) as stores:
        app = build(
            replace(_broker(made, tokens, edge, stores), tracer=tracer),
            Readiness(lambda: not made.ledger.failed),
            edge.proxies,
            edge.files,
            pace=edge.pace,
        )
        server, connector = AsServed(app), None
        if tls is not None:
            connector = TCPConnector(ssl=tls[1])
            await server.start_server(ssl=tls[0])
        async with TestClient(server, connector=connector) as http:
            yield Site(stage=made, http=http, tokens=tokens, broker=app[BROKER])


def _broker(made: Stage, tokens: OwnTokens, edge: Edge, sources: Sources) -> Broker:
    w = made.world

    async def visas(person: Any, session: Any, resources: frozenset[str], now: Seconds, access_of: Any = None) -> Any:
        return await visas_to_release(w, gathering, person, session, resources, now, access_of)

    unused: Any = None
    proofs = Proofs(check=jose.check_signature, scratch=w.scratch, nonce_key=b"n" * 32)
    verifier = Verifier(
        reader=tokens, keys=NoKeys(), check=jose.check_signature, proofs=proofs, pause=partial(asyncio.sleep, 0)
    )
    gathering = Gathering(sources=MemorySources(), verifier=verifier, vault=MemoryVault())
    oauth = Deps(
        issuer=w.issuer, scopes=BASIC_SCOPES, clock=w.clock, entropy=w.entropy, ledger=w.ledger, rows=w.rows,
        scratch=w.scratch, signer=tokens, reader=tokens, visas=visas, audience_of=lambda resource: audience_of(resource, w.issuer, w.snapshots.current()),
        refresh_key=b"k" * 32, grants=partial(shown_grants, w), documents=partial(document, w, tokens),
        linked=lambda person, now: frozenset(one.person for one in made.live.current().linked(person, now)),
        known_as=lambda person: made.live.current().ever_linked(person), keys=NoKeys(), check=jose.check_signature,
        installed=lambda person: w.snapshots.current().installations(person), proofs=proofs,
        rates=edge.rates,
    )  # fmt: skip
    return Broker(
        world=w, oauth=oauth, verifier=verifier, gathering=gathering, idps=unused,
        providers=RegisteredProviders(made.live),
        snapshots=made.live, sources=sources, regions=GenomicFiles(sources, envelopes()), envelopes=envelopes(), streams=LiveStreams(made.live.listen, w.clock), audit=MemoryChanges(made.ledger),  # type: ignore[arg-type]
        issuers=MemoryIssuerHealth(), endpoints=MemoryEndpoints(), jwks=tokens.jwks, visa_jwks=tokens.visa_jwks, languages=languages(),
        version="0", receipt_checker=b"", post=Post(mailer=made.mailer, vault=MemoryVault(), languages=languages()),
        administration=Administration(
            forms=CatalogueForms(), tools=Tools(probe=made.probe, fits=jose.fits, check=jose.check_signature), mode="production",
            rights=load_rights(b.CONFIG / "rights.yaml"),
        ),
    )  # fmt: skip


ACCESS = "/ga4gh/drs/v1/objects/obj-1/access/https"


async def opened(s: Site, way: str = "https") -> tuple[str, dict[str, str]]:
    """The path of the bytes and the header that opens them."""
    answer = await s.http.get(ACCESS.replace("https", way), headers=s.headers())
    assert answer.status == 200, await answer.text()
    told = await answer.json()
    return told["url"].removeprefix(b.US), dict(line.split(": ", 1) for line in told["headers"])
