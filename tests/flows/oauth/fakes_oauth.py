"""A small world for the authorization server: three clients, one person, a signer that signs nothing real."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from broker.adapters import jose
from broker.core.ids import ClientId, Issuer, PersonId
from broker.core.oidc.authorize import AuthorizationRequest, Proceed
from broker.core.oidc.exchange import ACCESS_TOKEN_TYPE, GRANT_TYPE, PASSPORT_TYPE
from broker.core.oidc.pkce import challenge_of
from broker.core.oidc.release import MintedVisa
from broker.core.plain import canonical
from broker.core.rows.identity import Person, Session
from broker.core.rows.oauth import Client
from broker.core.rows.revocation import Revocation, What, revocation_id
from broker.core.time import FOREVER, Seconds
from broker.flows.oauth.answers import Tokens
from broker.flows.oauth.authorize import Consent, Redirect, answer, check
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.token import token
from broker.flows.proofs import Proofs
from broker.ports import Use
from tests.fakes import START, CountingEntropy, FakeClock, MemoryLedger, MemoryRows, MemoryScratch

ISSUER = "https://broker.example"
CB = "https://app.example/cb"
DRS = "https://drs.example/"
DATASET = DRS + "d1"
VERIFIER = "v" * 43
SECRET = "the-secret-of-app"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALL_GRANTS = ("authorization_code", "refresh_token", GRANT_TYPE, DEVICE_GRANT)
PASSPORT_SCOPES = "openid ga4gh_passport_v1"


class FakeKeys:
    """Signs with a digest, reads what it signed. Anybody could forge it; nothing here tries to."""

    async def sign(self, use: Use, typ: str, claims: Mapping[str, Any]) -> str:
        body = base64.urlsafe_b64encode(json.dumps([use, typ, claims]).encode()).rstrip(b"=").decode()
        return f"{body}.{hashlib.sha256(body.encode()).hexdigest()}"

    def read(self, token: str, typ: str) -> Mapping[str, Any] | None:
        body, _, mac = token.partition(".")
        if hashlib.sha256(body.encode()).hexdigest() != mac:
            return None
        claims: Mapping[str, Any] = said(token)
        return claims if header(token)[1] == typ else None


@dataclass
class PublishedKeys:
    """What clients publish: (client, address) to keys. `asked`: what was ever looked up."""

    served: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def sets(self, needs: Any) -> Any:
        self.asked += needs
        return {(iss, jku): self.served.get((iss, jku)) for iss, jku, _ in needs}


def header(token: str) -> tuple[str, str]:
    """(use, typ) of a token of FakeKeys."""
    use, typ, _ = _decoded(token)
    return use, typ


def said(token: str) -> dict[str, Any]:
    """The claims of a token of FakeKeys."""
    claims: dict[str, Any] = _decoded(token)[2]
    return claims


def _decoded(token: str) -> Any:
    body = token.partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def audience_of(resource: str) -> str | None:
    if resource.startswith(f"{ISSUER}/api/v1/grants/"):
        return DRS
    return next((base for base in (DRS, "https://other.example/") if resource.startswith(base)), None)


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def visa(id: str = "grant:1", value: str = DATASET, exp: int = START + 80_000) -> MintedVisa:
    return MintedVisa(
        id=id,
        jti=f"jti-{id}",
        token=f"visa-{id}",
        type="ControlledAccessGrants",
        value=value,
        source="https://dac.example/",
        exp=Seconds(exp),
    )


@dataclass
class World:
    """The fakes, and shortcuts for what a browser and a client do."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    clock: FakeClock = field(default_factory=FakeClock)
    keys: FakeKeys = field(default_factory=FakeKeys)
    scratch: MemoryScratch = field(default_factory=MemoryScratch)
    held: tuple[MintedVisa, ...] = (visa(), visa("affiliation:x", "x"))
    asked: list[frozenset[str]] = field(default_factory=list)
    access_of: list[str | None] = field(default_factory=list)
    published: PublishedKeys = field(default_factory=PublishedKeys)

    def __post_init__(self) -> None:
        for row in (*CLIENTS, ADA, SESSION):
            self.ledger.rows[row.KIND, row.id] = row
        self.d = Deps(
            issuer=ISSUER,
            scopes=frozenset({"openid", "profile", "ga4gh_passport_v1", "eduperson_scoped_affiliation"}),
            clock=self.clock,
            entropy=CountingEntropy(),
            ledger=self.ledger,
            rows=MemoryRows(self.ledger),
            scratch=self.scratch,
            signer=self.keys,
            reader=self.keys,
            visas=self.visas,
            audience_of=audience_of,
            refresh_key=b"k" * 32,
            keys=self.published,
            check=jose.check_signature,
            proofs=Proofs(check=jose.check_signature, scratch=self.scratch, nonce_key=b"n" * 32),
        )

    async def visas(
        self,
        person: Person,
        session: Session,
        resources: frozenset[str],
        now: Seconds,  # noqa: ARG002 (the port's)
        access_of: str | None = None,
    ) -> tuple[MintedVisa, ...]:
        assert (person, session.person) == (ADA, ADA.id)
        self.asked.append(resources)
        self.access_of.append(access_of)
        return self.held

    def put(self, *rows: Any) -> None:
        """Store rows as if something else had recorded them."""
        for row in rows:
            self.ledger.rows[row.KIND, row.id] = row

    def end(self, what: What, value: str) -> None:
        id = revocation_id(what, value)
        self.put(Revocation(id=id, since=self.clock.now(), until=FOREVER))

    def family(self) -> str:
        """The id of the only family."""
        (id,) = [id for kind, id in self.ledger.rows if kind == "family"]
        return id

    async def request(self, client: str = "app", **more: str) -> AuthorizationRequest:
        query = {
            "client_id": client,
            "redirect_uri": CB,
            "response_type": "code",
            "scope": PASSPORT_SCOPES,
            "state": "st",
            "nonce": "no",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
            **more,
        }
        found = await check(self.d, urlencode(query).encode())
        assert isinstance(found, Proceed), found
        return found.request

    async def code(self, client: str = "app", consent: Consent | None = None, /, **more: str) -> str:
        request = await self.request(client, **more)
        agreed = consent or Consent(
            scope=frozenset(request.scope), claims=request.claims.id_token | request.claims.userinfo, released=None
        )
        sent = await answer(self.d, request, SESSION.id, self.clock.now(), agreed)
        assert isinstance(sent, Redirect), sent
        assert sent.error is None, sent
        return parse_qs(urlsplit(sent.location).query)["code"][0]

    async def post(self, client: str = "app", **form: str | None) -> Any:
        """A token request of `client`, with its own authentication."""
        members = {name: value for name, value in form.items() if value is not None}
        if client == "public":
            return await token(self.d, None, urlencode({"client_id": client, **members}).encode())
        return await token(self.d, basic(client), urlencode(members).encode())

    async def redeem(self, code: str, client: str = "app", /, **changes: str | None) -> Any:
        form = {"code": code, "redirect_uri": CB, "code_verifier": VERIFIER, **changes}
        return await self.post(client, grant_type="authorization_code", **form)

    async def tokens(self, client: str = "app", **more: str) -> Tokens:
        got = await self.redeem(await self.code(client, **more), client)
        assert isinstance(got, Tokens), got
        return got

    async def exchange(self, subject: str, client: str = "app", **changes: str | None) -> Any:
        form: dict[str, str | None] = {
            "requested_token_type": PASSPORT_TYPE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN_TYPE,
            **changes,
        }
        return await self.post(client, grant_type=GRANT_TYPE, **form)

    async def exchange_raw(self, subject: str, more: str, client: str = "app") -> Any:
        """`exchange` with `more` behind the form as it is: parameters that repeat."""
        form = {
            "grant_type": GRANT_TYPE,
            "requested_token_type": PASSPORT_TYPE,
            "subject_token": subject,
            "subject_token_type": ACCESS_TOKEN_TYPE,
        }
        return await token(self.d, basic(client), (urlencode(form) + more).encode())

    def stored(self) -> bytes:
        """Everything that is stored, as bytes: no secret may be in it."""
        rows = b"".join(canonical(row) for row in self.ledger.rows.values())
        return b"".join(self.ledger.bodies) + rows


def basic(client: str, secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


def _client(id: str, **changes: Any) -> Client:
    given: dict[str, Any] = {
        "name": id,
        "auth_method": "client_secret_basic",
        "secret": hashed(SECRET),
        "redirect_uris": (CB,),
        "grant_types": ALL_GRANTS,
        "scopes": ("openid", "ga4gh_passport_v1", "profile"),
        "resources": (DRS,),
    }
    return Client(id=ClientId(id), **{**given, **changes})


CLIENTS = (
    _client("app"),
    _client("other"),
    _client("public", auth_method="none", secret=None),
    _client("demo", consent="remembered"),
    _client("repository", redirect_uris=(), grant_types=(), serves=(DRS,)),
)
ADA = Person(id=PersonId("ada"), log_key="ab" * 32, created=Seconds(1))
SESSION = Session(
    id="session-1",
    person=ADA.id,
    idp=Issuer("https://idp.example"),
    identities=((Issuer("https://idp.example"), "u1"),),
    auth_time=Seconds(START - 100),
    expires=Seconds(START + 28_800),
    name="Ada",
    affiliations=("faculty@uni.example",),
    acr="mfa",
)
BOB = Person(id=PersonId("bob"), log_key="cd" * 32, created=Seconds(1))
