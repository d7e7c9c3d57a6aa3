"""Does a `resource` name somebody else's grant? (ruling 3: one that is not theirs is `PUR-MISMATCH`)"""

from collections.abc import Collection, Iterable

from broker.core.oidc.errors import OAuthError
from broker.core.oidc.narrowing import named_grant
from broker.core.rows.access import Grant
from broker.core.rows.identity import Person
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
        if row is None or row.person != person.id:
            return OAuthError.GRANT_FOREIGN
        if released is not None and grant_visa_id(grant) not in released:
            return OAuthError.GRANT_FOREIGN
    return None
