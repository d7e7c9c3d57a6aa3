"""What does a `resource` name: which service (RFC 8707), or somebody else's grant (ruling 3: `PUR-MISMATCH`)?"""

from collections.abc import Collection, Iterable

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import named_grant
from broker.core.rows.access import Grant
from broker.core.rows.identity import Person
from broker.core.snapshot import Snapshot
from broker.flows.oauth.deps import Deps
from broker.flows.visas import grant_visa_id


async def foreign_grant(
    d: Deps, resources: Iterable[str], person: Person, released: Collection[str] | None
) -> OAuthError | None:
    """GRANT_FOREIGN if one of `resources` names a grant that is not `person`'s, or was not released to the client.

    In the same words for a grant that does not exist, so that nobody learns which ones do. `released` as in Family.
    """
    named = (named_grant(d.issuer, resource) for resource in resources)
    for grant in (one for one in named if one is not None):
        row = await d.rows.get(Grant, grant)
        if row is None or row.person not in {person.id, *d.linked(person.id, d.clock.now())}:
            return OAuthError.GRANT_FOREIGN
        if released is not None and grant_visa_id(grant) not in released:
            return OAuthError.GRANT_FOREIGN
    return None


def audience_of(resource: str, issuer: str, snapshot: Snapshot) -> str | None:
    """To which service a resource URI belongs (RFC 8707): our DRS, for it, every dataset and grant; our htsget; or
    ourselves.
    """
    drs, htsget = f"{issuer}/ga4gh/drs/v1", f"{issuer}/ga4gh/htsget/v1"
    if named_grant(issuer, resource) is not None:  # a grant is used where its data are
        return drs
    if resource == drs or resource.startswith(f"{drs}/") or snapshot.rows.get(("dataset", resource)) is not None:
        return drs
    if resource == htsget or resource.startswith(f"{htsget}/"):
        return htsget
    return issuer if resource == issuer or resource.startswith(f"{issuer}/") else None
