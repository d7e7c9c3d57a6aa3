"""OAuth 2.0 rows: clients, and what they were authorised to do. Secrets and tokens are stored as hashes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from broker.core.ids import ClientId, DatasetId, PersonId
from broker.core.time import Seconds

VisaStyle = Literal["document", "access_token"]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registered client. `secret`: SHA-256 of a random secret of 32 bytes or more, hexadecimal.

    `consent`: `ask` shows the page; `remembered` is for demo clients only (they release everything).
    `resources`: the audiences for which it may have tokens and Passports. `serves`: the audiences that it is
    itself: a repository may introspect what was issued for it.

    For `private_key_jwt`: `jwks`, its public keys, or `jwks_uri`, where it publishes them (`internal`: at a private
    address, or by http). `assertion_audience`: `issuer` takes our issuer alone as `aud` of an assertion; `legacy`
    also the URL of the endpoint that is asked. `require_par`: it may only ask by pushed requests (RFC 9126).
    `dpop_required`: it gets nothing without a DPoP proof (RFC 9449), and what it hands on is bound to its key too.
    `dpop_nonce`: its proofs need a nonce of ours.

    `post_logout_redirect_uris`: where a browser may go after signing out; exact. `backchannel_logout_uri`: where it
    hears of the end of a session (`internal` counts here too).

    `installs`: its installations may register themselves in the device flow. Such an installation is a client of
    its own, with `parent` (whose installation it is), `owner` (in whose name it acts) and `created`.
    """

    KIND: ClassVar[str] = "client"
    id: ClientId
    version: int = 1
    name: str
    auth_method: AuthMethod
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    consent: Literal["ask", "remembered"] = "ask"
    status: Literal["active", "suspended", "removed"] = "active"
    resources: tuple[str, ...] = ()
    serves: tuple[str, ...] = ()
    id_token_alg: Literal["RS256", "ES256"] = "RS256"  # noqa: S105 (an algorithm, not a secret)
    jwks: tuple[Mapping[str, Any], ...] = ()
    jwks_uri: str | None = None
    internal: bool = False
    assertion_audience: Literal["issuer", "legacy"] = "issuer"
    require_par: bool = False
    dpop_required: bool = False
    installs: bool = False
    parent: ClientId | None = None
    owner: PersonId | None = None
    created: Seconds | None = None
    dpop_nonce: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    visa_style: VisaStyle = "document"
    """How our visas come to it: as Document Tokens, or as Visa Access Tokens for clearinghouses that take no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One authorisation that a person gave a client; every token descends from one and dies with it.

    `released`: the ids of the visas that the person agreed to release (`None`: all of them, now and later).
    `resources`: for which tokens may be asked (empty: none was named, tokens are for the broker).
    `id_token_claims`, `userinfo_claims`: claims that were asked for one by one, and agreed to.
    `parent`, `datasets`: for a task alone. The authorisation that it came from, with which it ends too; and the data
    that it is for.
    Ends by a Revocation of `family:<id>`, at `expires`, or with its session.
    """

    KIND: ClassVar[str] = "family"
    id: str
    version: int = 1
    client: ClientId
    person: PersonId
    session: str
    scope: tuple[str, ...]
    released: frozenset[str] | None
    auth_time: Seconds
    expires: Seconds
    nonce: str | None = None
    resources: tuple[str, ...] = ()
    id_token_claims: tuple[str, ...] = ()
    userinfo_claims: tuple[str, ...] = ()
    parent: str | None = None
    datasets: tuple[DatasetId, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code (RFC 6749 section 4.1.2), or the code of a device that was approved (RFC 8628).

    `id`: SHA-256 of the code, hexadecimal. `device`: which of the two; one never passes for the other. A
    device's code has neither `redirect_uri` nor `challenge`. `jkt`: the key that must be proved to redeem it
    (`dpop_jkt`, RFC 9449 section 10).
    """

    KIND: ClassVar[str] = "code"
    id: str
    version: int = 1
    family: str
    redirect_uri: str
    challenge: str
    expires: Seconds
    spent: Seconds | None = None
    device: bool = False
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token of a family, used once and then replaced. `id`: SHA-256 of the token, hexadecimal.

    `jkt`: the key that must be proved to use it, that with which it was asked for (RFC 9449 section 5).
    """

    KIND: ClassVar[str] = "refresh_token"
    id: str
    version: int = 1
    family: str
    expires: Seconds
    spent: Seconds | None = None
    jkt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person asked us to remember for one client, so as not to be asked again (AAI Brokers 6.2).

    `id` is `approval_id(person, client)`. `ended`: the person took it back and will be asked again.
    """

    KIND: ClassVar[str] = "approval"
    id: str
    version: int = 1
    person: PersonId
    client: ClientId
    scope: frozenset[str]
    claims: frozenset[str]
    released: frozenset[str] | None
    since: Seconds
    ended: Seconds | None = None


def approval_id(person: str, client: str) -> str:
    """Under which id what `person` agreed to for `client` is remembered. Ids of persons hold no space."""
    return f"{person} {client}"
