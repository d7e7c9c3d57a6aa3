"""How do we prove to a home identity provider who we are? (OpenID Connect Core section 9, RFC 6749 2.3.1, RFC 7523)

The one way that its row says; where it says none, by our secret, as the provider's document offers. An assertion
names the provider's issuer as its sole audience (rfc7523bis), so that nobody to whom it is sent can use it elsewhere.
"""

import base64
from dataclasses import dataclass, field
from urllib.parse import quote

from broker.core.oidc.provider_metadata import ProviderMetadata
from broker.core.rows import IdentityProvider
from broker.ports import Clock, Entropy, Signer

ASSERTION_SECONDS = 60
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What goes into a request: an Authorization header, or members of the form."""

    header: str | None = field(default=None, repr=False)
    form: dict[str, str] = field(default_factory=dict, repr=False)


class Credentials:
    """Our credentials at providers. `signer`: our published keys sign the assertions."""

    def __init__(self, signer: Signer, clock: Clock, entropy: Entropy) -> None:
        self._signer, self._clock, self._entropy = signer, clock, entropy

    async def of(self, idp: IdentityProvider, document: ProviderMetadata) -> Shown | str:
        """What to show to `idp`; or why nothing can be shown."""
        way = idp.token_auth or _offered(document)
        if way == "private_key_jwt":
            if document.token_auth_algorithms is not None and _ALGORITHM not in document.token_auth_algorithms:
                return f"it takes no client assertions signed with {_ALGORITHM}"
            return await self._assertion(idp)
        if way == "client_secret_post":
            return Shown(form={"client_id": idp.client_id, "client_secret": idp.client_secret})
        pair = f"{quote(idp.client_id, safe='')}:{quote(idp.client_secret, safe='')}".encode()
        return Shown(header="Basic " + base64.b64encode(pair).decode())

    async def _assertion(self, idp: IdentityProvider) -> Shown:
        """`typ` is JWT: strict providers take no other. That it is for somebody else keeps it out of our own doors."""
        now = self._clock.now()
        claims = {
            "iss": idp.client_id,
            "sub": idp.client_id,
            "aud": idp.id,
            "jti": self._entropy.random(16).hex(),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        signed = await self._signer.sign("oidc-es256", "JWT", claims)
        return Shown(
            form={
                "client_id": idp.client_id,
                "client_assertion_type": _ASSERTION_TYPE,
                "client_assertion": signed,
            }
        )


def _offered(document: ProviderMetadata) -> str:
    """By RFC 8414 section 2 a provider that says nothing takes a Basic header."""
    methods = document.token_auth_methods
    only_post = methods is not None and "client_secret_basic" not in methods and "client_secret_post" in methods
    return "client_secret_post" if only_post else "client_secret_basic"
