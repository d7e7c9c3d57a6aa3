"""In which ways are the bytes of an object to be had, and under which access ids? (DRS 1.5.0, AccessMethod)

One table, which every door that gives addresses reads: an access id that is not of this object is not there.
"""

from dataclasses import dataclass

from broker.core.drs.objects import AccessType, Json, access_method


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way. `access_id` is what `/access` is asked with; `cloud` and `region` where the bytes lie in a cloud."""

    kind: AccessType
    access_id: str
    cloud: str | None = None
    region: str | None = None

    def method(self, *, available: bool, auth: Json) -> Json:
        """AccessMethod. `available` is said only where it is not: the bytes have to be brought first."""
        return access_method(
            kind=self.kind,
            access_id=self.access_id,
            cloud=self.cloud,
            region=self.region,
            available=None if available else False,
            auth=auth,
        )


HTTPS = Way(kind="https", access_id="https")
"""Our own byte endpoint: the content as it is."""
SEALED = Way(kind="https", access_id="crypt4gh")
"""The same, encrypted for the newest key that the person registered (Crypt4GH)."""

EVERY = (HTTPS, SEALED)


def ways(*, clear: bool, sealed: bool) -> tuple[Way, ...]:
    """The ways that are said of an object that has bytes, the best first. `clear`: may they leave unencrypted?

    `sealed`: they are stored encrypted. What is not may be asked for encrypted all the same; who has registered no key
    cannot use that, and clients try every way that they are told.
    """
    return (*(HTTPS,) * clear, *(SEALED,) * sealed)
