"""The first step of every endpoint but the authorization endpoint: which client is this?"""

from collections.abc import Sequence

from broker.core import jws
from broker.core.jws import Jwk, Jws
from broker.core.oidc import client_assertion as rules
from broker.core.oidc.client_auth import Credentials, authenticate, credentials
from broker.core.oidc.dpop import Sent
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.parameters import Parameters
from broker.core.passport.keys import thumbprint, usable
from broker.core.rows.oauth import Client
from broker.core.time import Seconds
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.standing import may_act, revoked_since

ASSERTIONS = "client_assertion"
"""The kind of Scratch that holds which assertions were used."""
_NOBODY: Jwk = {
    "kty": "EC",
    "crv": "P-256",
    "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
    "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
}
"""The generator of P-256: checked where there is no key, so that it takes the same time. A yes of it counts for
nothing: only a registered client's own key is ever believed."""


async def client_of(
    d: Deps, authorization: str | None, form: Parameters, *, public: bool = True
) -> Client | OAuthError:
    """The authenticated client. `public`: may it be one that keeps no secret and only says its id?

    One that asks too often is told to come back later, whatever it asks; who only claims its name costs it nothing.
    LedgerDownError: nobody can say whether an assertion was used before, so that it does not count.
    """
    client = await _authenticated(d, authorization, form, public=public)
    if isinstance(client, OAuthError) or client.auth_method == "none":  # whose name anybody can say
        return client
    return OAuthError.TOO_OFTEN if d.rates.wait("client", client.id, d.clock.now()) else client


async def _authenticated(d: Deps, authorization: str | None, form: Parameters, *, public: bool) -> Client | OAuthError:
    given = credentials(authorization, form)
    if isinstance(given, OAuthError):
        return given
    if given.method == "private_key_jwt":
        return await _by_assertion(d, given)
    client = await d.rows.get(Client, given.client_id)
    refused = authenticate(client, given)
    if client is None or refused is not None:
        return refused or OAuthError.CLIENT_FAILED
    return client if public or given.method != "none" else OAuthError.CLIENT_PUBLIC


async def _by_assertion(d: Deps, given: Credentials) -> Client | OAuthError:
    """A client by `private_key_jwt`: its own key signed, for us, now, and for the first time (T068)."""
    now = d.clock.now()
    parsed = jws.read(given.assertion)
    client_id = rules.claimed_by(parsed.payload) if parsed is not None else None
    if parsed is None or client_id is None or given.client_id not in ("", client_id):
        return OAuthError.CLIENT_FAILED
    client = await d.rows.get(Client, client_id)
    ours = rules.audiences(d.issuer, legacy=client is not None and client.assertion_audience == "legacy")
    assertion = rules.read(parsed.header, parsed.payload, client_id, ours, now)
    signed = await _signed(d, client, parsed, assertion, now)
    named = Credentials("private_key_jwt", client_id)
    if client is None or assertion is None or authenticate(client, named, asserted=signed) is not None:
        return OAuthError.CLIENT_FAILED
    if client.owner is not None and d.rates.wait("computers", client.owner, now):
        return OAuthError.TOO_OFTEN  # before it is remembered: there is one place for what all clients used
    # Last, so that only what its owner signed is remembered, and atomic: of parallel uses one counts.
    first = await d.scratch.add(ASSERTIONS, assertion.once, {}, assertion.ends, now)
    return client if first and await may_act(d, client) else OAuthError.CLIENT_FAILED


async def _signed(d: Deps, client: Client | None, parsed: Jws, assertion: rules.Assertion | None, now: Seconds) -> bool:
    """Did the client's own key sign? Some key is always checked; a key that was revoked signs nothing."""
    known = client is not None and client.status == "active" and client.auth_method == "private_key_jwt"
    keys = await _keys(d, client, assertion) if client is not None and known and assertion is not None else ()
    key = rules.signing_key(assertion, keys) if assertion is not None else None
    algorithm = assertion.algorithm if key is not None and assertion is not None else "ES256"
    fits = d.check(algorithm, key or _NOBODY, parsed.signing_input, parsed.signature)
    if key is None or not fits:
        return False
    since = await revoked_since(d, "key", thumbprint(key))
    return since is None or now < since


async def _keys(d: Deps, client: Client, assertion: rules.Assertion) -> Sequence[Jwk]:
    """The client's keys: those in its row; or at the address in its row, and nowhere else (T069)."""
    if client.jwks_uri is None:
        return usable({"keys": list(client.jwks)}) or ()
    pair = (str(client.id), client.jwks_uri)
    return (await d.keys.sets([(*pair, assertion.kid or "")])).get(pair) or ()


async def proved_key(d: Deps, client: Client, sent: Sent) -> str | OAuthError | None:
    """The key that the request of `client` proves to hold; None if it does not try (RFC 9449 section 5).

    The proof is used up. Asked once the client is known, and remembered apart from everybody else's if it is a public
    one, whose name anybody can say: so strangers cannot fill up where the others' proofs are remembered.
    """
    if not sent.proofs:
        return None
    now = d.clock.now()
    proof = d.proofs.judge(sent, now, nonce=client.dpop_nonce)
    if isinstance(proof, OAuthError):
        return proof
    return await d.proofs.first_use(proof, now, stranger=client.auth_method == "none") or proof.jkt
