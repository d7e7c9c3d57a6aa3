"""Does this verified visa count here at all, before anybody asks for whom? (Passport 1.2.1, 8.3 and "Visa Expiry")

Asked again at each use, with the trust rows of that moment: a row that was narrowed, a key that was revoked, an
hour that passed take effect on visas verified earlier.
"""

from collections.abc import Set as AbstractSet
from functools import lru_cache

from broker.core.outcome import Reason
from broker.core.passport.assertions import origins
from broker.core.passport.keys import holds
from broker.core.passport.linked import Identity
from broker.core.passport.trust import Trust, TrustRow
from broker.core.passport.visa import GRANT, LINK, STANDARD_TYPES, Visa
from broker.core.time import Seconds


def ends(visa: Visa, row: TrustRow) -> Seconds:
    """When the visa ends for us, without leeway: its `exp`, its row's greatest age of `asserted` (Option A), or the
    end of pinned keys.
    """
    age, keys_until = row.max_asserted_age, row.keys_until
    ends = visa.exp if age is None else Seconds(min(visa.exp, visa.asserted + age))
    return ends if keys_until is None else min(ends, keys_until)


def turns(visa: Visa, row: TrustRow, leeway: Seconds) -> tuple[Seconds, ...]:
    """The seconds at which `refusal` may begin or cease to drop the visa by itself."""
    age = () if row.max_asserted_age is None else (Seconds(visa.asserted + row.max_asserted_age),)
    keys = () if row.keys_until is None else (row.keys_until,)
    return (Seconds(visa.iat - leeway), Seconds(visa.exp + leeway), *age, *keys)


def dataset(visa: Visa, row: TrustRow) -> str | None:
    """The dataset that a ControlledAccessGrants visa names; None for other types."""
    return row.dataset_of(visa.value) if visa.type == GRANT else None


def revocation_names(visa: Visa) -> tuple[str, ...]:
    """The ids of Revocation rows that end this visa: of the visa, of the key that signed it, of its issuer.

    A visa is named by what was signed (`digest`), or by `<iss> <jti>`: a `jti` alone is unique to nobody. One of
    ours that was minted from an assertion is also named by it, and by its version (`assertions.visa_jti`).
    """
    return _revocation_names(visa.iss, visa.jti, visa.digest, visa.key)


@lru_cache(maxsize=4096)
def _revocation_names(iss: str, jti: str | None, digest: str, key: str) -> tuple[str, ...]:
    jtis = (jti, *origins(jti)) if jti is not None else ()
    by_jti = tuple(f"visa:{iss} {one}" for one in jtis)
    return (*by_jti, f"visa:{digest}", f"key:{key}", f"issuer:{iss}")


def refusal(visa: Visa, trust: Trust, at: Seconds, leeway: Seconds, revoked: AbstractSet[str]) -> TrustRow | Reason:
    """The row that this visa counts under, or why it does not."""
    row = trust.of(visa.iss)
    if row is None:
        return Reason(code="VISA-ISSUER-UNTRUSTED")
    if revoked and not revoked.isdisjoint(revocation_names(visa)):
        return Reason(code="VISA-REVOKED")
    code = _time(visa, row, at, leeway) or _scope(visa, row, at) or _special(visa, row)
    return row if code is None else Reason(code=code)


def lapsed(visa: Visa, trust: Trust, at: Seconds, revoked: AbstractSet[str]) -> Reason | None:
    """Why a verified visa must not be handed on (any more). What it opens here is not asked: others may be meant.

    Without leeway: what we hand on is still good when it arrives.
    """
    row = trust.of(visa.iss)
    if row is None:
        return Reason(code="VISA-ISSUER-UNTRUSTED")
    if revoked and not revoked.isdisjoint(revocation_names(visa)):
        return Reason(code="VISA-REVOKED")
    code = _time(visa, row, at, Seconds(0)) or _scope(visa, row, at)
    return None if code is None else Reason(code=code)


def _time(visa: Visa, row: TrustRow, at: Seconds, leeway: Seconds) -> str | None:
    if at < visa.iat - leeway:
        return "VISA-NOT-YET"
    if not at < visa.exp + leeway:
        return "VISA-EXPIRED"
    age = row.max_asserted_age
    return "VISA-ASSERTED-TOO-LONG-AGO" if age is not None and not at < visa.asserted + age else None


def _scope(visa: Visa, row: TrustRow, at: Seconds) -> str | None:
    """Within the row's keys, types and sources?"""
    if visa.algorithm not in row.algorithms:
        return "VISA-ALGORITHM"
    if row.keys and not holds(row.keys, visa.kid, visa.key):
        return "VISA-KEY-UNKNOWN"
    if row.keys_until is not None and at >= row.keys_until:
        return "VISA-KEYS-UNAVAILABLE"
    if visa.jku is not None and row.jku and visa.jku not in row.jku:
        return "VISA-JKU-UNTRUSTED"
    if visa.jku is None and not row.access_tokens:
        return "VISA-STYLE"
    if visa.type not in (STANDARD_TYPES if row.types is None else row.types):
        return "VISA-TYPE-UNTRUSTED"
    sources = row.link_sources if visa.type == LINK and row.link_sources is not None else row.sources
    return "VISA-SOURCE-UNTRUSTED" if sources is not None and visa.source not in sources else None


def _special(visa: Visa, row: TrustRow) -> str | None:
    """What grants and links need besides: the dataset, who decided; the right to join these identities."""
    if visa.type == GRANT and not row.may_grant(row.dataset_of(visa.value)):
        return "VISA-VALUE-UNTRUSTED"
    if visa.type == GRANT and visa.by not in row.granted_by:
        return "VISA-BY"
    if visa.type == LINK and not _may_join(visa.linked, row):
        return "VISA-LINK-UNTRUSTED"
    return None


def _may_join(pairs: tuple[Identity, ...], row: TrustRow) -> bool:
    if not row.may_link:
        return False
    others = row.link_issuers
    return others is None or all(iss == row.iss or iss in others for iss, _ in pairs)
