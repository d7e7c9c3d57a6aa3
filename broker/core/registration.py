"""Do the members of a client's registration fit together? Asked of every client, however it came to be registered.

RFC 7591 section 2, RFC 7523, RFC 8725 section 3, RFC 9700 section 2. A registration that contradicts itself would
fail one day, at a user's cost, or be weaker than its owner believes.
"""

import re
from collections.abc import Iterator
from typing import TypeGuard
from urllib.parse import urlsplit

from broker.core import strict_json
from broker.core.ids import ClientId, PersonId
from broker.core.jws import MEMBERS, thumbprint
from broker.core.oidc.device import GRANT_TYPE as DEVICE
from broker.core.oidc.device import Installation
from broker.core.oidc.exchange import GRANT_TYPE as EXCHANGE
from broker.core.oidc.limits import VALUE_LIMITS
from broker.core.oidc.opaque import base64url
from broker.core.oidc.own_tokens import OPENID, PASSPORT_SCOPE, TASK_SCOPE
from broker.core.oidc.redirects import registrable
from broker.core.oidc.service_scopes import GRANT_TYPE as CLIENT_CREDENTIALS
from broker.core.oidc.service_scopes import SERVICE_SCOPES
from broker.core.passport.keys import usable
from broker.core.rows.oauth import Client
from broker.core.time import Seconds

MAX_KEYS = 20
MAX_LABEL = 60
"""Characters of a name that a client gives itself."""
_OF_AN_INSTALLATION = frozenset({"refresh_token", DEVICE, EXCHANGE})
_PERSONAL = frozenset({OPENID, PASSPORT_SCOPE, "profile", "eduperson_scoped_affiliation", TASK_SCOPE})
_SECRET = frozenset({"client_secret_basic", "client_secret_post"})
_ID = re.compile(r"[!-~]{1,128}")


def faults(client: Client) -> tuple[str, ...]:
    """What is wrong with this registration, one sentence each; nothing if it can be used."""
    return (*_authentication(client), *_keys(client), *_addresses(client), *_abilities(client))


def _authentication(client: Client) -> Iterator[str]:
    if not _ID.fullmatch(client.id) or client.id.startswith(("usr_", "client:")):
        yield "id: printable, and none that could be a person's"
    if (client.auth_method in _SECRET) != (client.secret is not None):
        yield "secret_sha256: needed, and only for clients that have a secret"
    if client.auth_method == "private_key_jwt":
        if bool(client.jwks) == (client.jwks_uri is not None):
            yield "private_key_jwt: either jwks or jwks_uri is needed"
    elif client.jwks or client.jwks_uri is not None:
        yield "jwks, jwks_uri: only for private_key_jwt"


def _keys(client: Client) -> Iterator[str]:
    """RFC 8725 section 3: a key that cannot be used, or that everybody could sign with, is told at once."""
    if len(client.jwks) > MAX_KEYS:
        yield f"jwks: at most {MAX_KEYS} keys"
    elif client.jwks and len(usable({"keys": list(client.jwks)}) or ()) != len(client.jwks):
        yield "jwks: public EC or RSA keys only, each with a kid of its own"
    if client.jwks_uri is not None:
        parts = urlsplit(client.jwks_uri)
        if parts.scheme != "https" and not (client.internal and parts.scheme == "http"):
            yield "jwks_uri: https, unless the client is internal"
        if not parts.hostname or parts.username is not None or parts.fragment:
            yield "jwks_uri: an address without user name and fragment"


def _addresses(client: Client) -> Iterator[str]:
    for uri in client.redirect_uris:
        if not registrable(uri):
            yield f"redirect_uris: {uri} cannot be registered (https, loopback http, or a private scheme; exact)"
    for uri in client.post_logout_redirect_uris:
        if not registrable(uri):
            yield f"post_logout_redirect_uris: {uri} cannot be registered (as redirect_uris)"
    if client.backchannel_logout_uri is not None:
        parts = urlsplit(client.backchannel_logout_uri)
        if parts.scheme != "https" and not (client.internal and parts.scheme == "http"):
            yield "backchannel_logout_uri: https, unless the client is internal"
        if not parts.hostname or parts.username is not None or parts.fragment:
            yield "backchannel_logout_uri: an address without user name and fragment"
    elif client.backchannel_logout_session_required:
        yield "backchannel_logout_session_required: only with a backchannel_logout_uri"


def _abilities(client: Client) -> Iterator[str]:
    known = {"authorization_code", "refresh_token", CLIENT_CREDENTIALS, DEVICE, EXCHANGE}
    unknown = sorted(set(client.grant_types) - known)
    if unknown:
        yield f"grant_types: not known: {', '.join(unknown)}"
    strange = sorted(set(client.scopes) - _PERSONAL - SERVICE_SCOPES.keys())
    if strange:
        yield f"scopes: not known: {', '.join(strange)}"
    services = SERVICE_SCOPES.keys() & set(client.scopes)
    # What only an authenticated client may do, the installations of one that `installs` can: they authenticate.
    proven = {CLIENT_CREDENTIALS} if client.installs else {CLIENT_CREDENTIALS, EXCHANGE}
    if client.auth_method == "none" and (proven & set(client.grant_types)):
        yield "grant_types: client_credentials and token exchange need a client that authenticates"
    if TASK_SCOPE in client.scopes and EXCHANGE not in client.grant_types:
        yield "scopes: task needs token exchange"
    if (CLIENT_CREDENTIALS in client.grant_types) != bool(services):
        yield "scopes: client_credentials and scopes of a service come together"
    if client.installs and DEVICE not in client.grant_types:
        yield "installs: only with the device flow"
    if client.require_par and "authorization_code" not in client.grant_types:
        yield "require_par: only with the code flow"


def read_installation(text: str) -> Installation | None:
    """The computer that `text` describes (`{"name": …, "jwk": …}`, RFC 7517); None if it does not, or not well enough.

    The key is named by its thumbprint, whatever it called itself: no two are called the same.
    """
    try:
        said = strict_json.loads(text.encode("utf-8", "surrogatepass"), VALUE_LIMITS["installation"])
    except strict_json.StrictJsonError:
        return None
    if not isinstance(said, dict) or said.keys() != {"name", "jwk"}:
        return None
    name, key = said["name"], said["jwk"]
    if not is_label(name) or not isinstance(key, dict):
        return None
    (named, *_) = usable({"keys": [{**key, "kid": "unnamed"}]}) or (None,)
    if named is None:
        return None
    public = {member: named[member] for member in MEMBERS[named["kty"]]}
    return Installation(name=name, jwk={**public, "kid": base64url(thumbprint(public)), "use": "sig"})


def installation(parent: Client, of: Installation, id: ClientId, owner: PersonId, now: Seconds) -> Client:
    """The client that a computer becomes in its owner's name: never more than the program that it runs.

    It proves who it is by its own key, and its tokens are bound to a key. So it may exchange tokens, which a program
    that everybody has a copy of may not (ruling 14).
    """
    return Client(
        id=id,
        name=f"{parent.name} on {of.name}",
        auth_method="private_key_jwt",
        jwks=(of.jwk,),
        grant_types=tuple(grant for grant in parent.grant_types if grant in _OF_AN_INSTALLATION),
        scopes=tuple(scope for scope in parent.scopes if scope in _PERSONAL),
        resources=parent.resources,
        id_token_alg=parent.id_token_alg,
        dpop_required=True,
        dpop_nonce=parent.dpop_nonce,
        parent=parent.id,
        owner=owner,
        created=now,
    )


def is_label(value: object) -> TypeGuard[str]:
    """Is this a name that a page may show: short, on one line, and written the way that it reads?"""
    return isinstance(value, str) and 0 < len(value.strip()) == len(value) <= MAX_LABEL and value.isprintable()
