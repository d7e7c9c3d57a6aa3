"""Which visas leave, and until when? What the person released to this client, and nothing that has ended.

AAI Profile Brokers 6.1 ("with sufficient granularity"), section 4 row P13, ruling 15.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.limits import MAX_VISA_BYTES, MAX_VISAS, PASSPORT_LIFE, until
from broker.core.oidc.narrowing import AudienceOf
from broker.core.time import FOREVER, Seconds

_LONG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MintedVisa:
    """A visa that is ready to leave: ours, just minted, or another issuer's, passed on as it is.

    `id`: by which name a person releases it, the same for every minting. `exp` without leeway. `ends`: the
    end of the grant behind it. `answers`: requested resources, besides its `value`, for which it stands (the
    address of a grant, for example). `sub`: whom it names, where that is a linked identity of the person.
    """

    id: str
    jti: str
    token: str = field(repr=False)
    type: str
    value: str
    source: str
    exp: Seconds
    ends: Seconds = FOREVER
    answers: frozenset[str] = frozenset()
    sub: str | None = None
    decided: object = field(default=None, compare=False, repr=False)
    """For a grant of ours: the change (`Put`) that keeps why it opens its data; recorded with what hands it out."""


def releasable(visas: Iterable[MintedVisa], released: Collection[str] | None, now: Seconds) -> tuple[MintedVisa, ...]:
    """The live visas among `visas` that the person released (`None`: all of them), each once."""
    live = (visa for visa in visas if now < min(visa.exp, visa.ends))
    return tuple({visa.token: visa for visa in live if released is None or visa.id in released}.values())


def unanswered(resources: Iterable[str], visas: Iterable[MintedVisa], audience_of: AudienceOf) -> tuple[str, ...]:
    """The resources that name data or a grant for which none of `visas` stands; audiences need no visa."""
    named = {resource for visa in visas for resource in (visa.value, *visa.answers)}
    return tuple(r for r in resources if r not in named and audience_of(r) != r)


def over(visas: Sequence[MintedVisa]) -> OAuthError | None:
    """Which limit (ruling 17) keeps one Passport from carrying them all? Nothing is ever left out silently."""
    if len(visas) > MAX_VISAS:
        return OAuthError.PASSPORT_TOO_MANY
    size = sum(len(visa.token) + len('"",') for visa in visas)
    return OAuthError.PASSPORT_TOO_LARGE if size > MAX_VISA_BYTES else None


def log_name(visa: MintedVisa) -> str:
    """By which name the log says that a visa left: its `jti`, or the digest of a long one."""
    if len(visa.jti) <= _LONG:
        return visa.jti
    return "sha256:" + hashlib.sha256(visa.jti.encode("utf-8", "surrogatepass")).hexdigest()


def passport_end(visas: Iterable[MintedVisa], now: Seconds, *ends: Seconds) -> Seconds:
    """The earliest of: one hour, the end of any visa inside or of its grant, the other `ends` (session)."""
    return until(now, PASSPORT_LIFE, *(min(visa.exp, visa.ends) for visa in visas), *ends)
