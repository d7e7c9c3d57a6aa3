"""From a trusted issuer's row to the addresses at which it may be asked, and no others."""

from collections.abc import Iterator

from broker.adapters.discovery import Discoverable
from broker.adapters.endpoints import UserInfoSource
from broker.adapters.jwks import KeySource
from broker.core.passport.read import DISCOVERED
from broker.core.rows import VisaIssuer


def key_sources(row: VisaIssuer) -> Iterator[KeySource]:
    """Where its keys are. Whose keys are pinned is never asked."""
    if row.trust.keys:
        return
    for jku in row.trust.jku:
        yield KeySource(iss=row.id, jku=jku, internal=row.internal)
    if row.trust.discovery and not row.trust.jku:
        yield KeySource(iss=row.id, jku=DISCOVERED, internal=row.internal)


def discoverable(row: VisaIssuer) -> Discoverable:
    """Its discovery document, which may lead to its own host and to what the row lists."""
    listed = (*row.trust.jku, *((row.trust.userinfo_url,) if row.trust.userinfo_url is not None else ()))
    return Discoverable(iss=row.id, listed=frozenset(listed), internal=row.internal)


def userinfo_source(row: VisaIssuer) -> UserInfoSource:
    """Its UserInfo, as its row or else its discovery document says."""
    return UserInfoSource(iss=row.id, url=row.trust.userinfo_url, internal=row.internal)
