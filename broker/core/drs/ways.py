"""In which ways are the bytes of an object to be had, and under which access ids? (DRS 1.5.0, AccessMethod)

One table, which every door that gives addresses reads: an access id that is not of this object is not there.
"""

from dataclasses import dataclass
from typing import Any

from broker.core.drs.objects import AccessType, Json, access_method, access_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way. `access_id` is what `/access` is asked with."""

    kind: AccessType
    access_id: str

    def method(self, where: "Where", auth: Json) -> Json:
        """AccessMethod, for bytes that lie there."""
        return access_method(kind=self.kind, access_id=self.access_id, auth=auth, **where.said())


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where the bytes of an object lie: in which cloud, in which of its regions; and are they at hand?"""

    cloud: str | None
    region: str | None
    available: bool

    def said(self) -> dict[str, Any]:
        """Members of AccessMethod. `available` is said only where it is not: the bytes have to be brought first."""
        return {"cloud": self.cloud, "region": self.region, "available": None if self.available else False}


def by_regions(url: str, where: Where) -> Json:
    """AccessMethod of an object whose regions can be asked for at `url` (htsget).

    An address and no access id: whoever shows a token there is judged there, and a client of htsget needs no other
    answer first. It comes last, for who wants the whole file is served better by the others.
    """
    return access_method(kind="htsget", url=access_url(url), **where.said())


HTTPS = Way(kind="https", access_id="https")
"""Our own byte endpoint: the content as it is."""
SEALED = Way(kind="https", access_id="crypt4gh")
"""The same, encrypted for the newest key that the person registered (Crypt4GH)."""

STORE = Way(kind="https", access_id="store")
"""An address of the store where it lies, which the store signed: nobody here sees or stops those bytes."""

EVERY = (HTTPS, SEALED, STORE)


def ways(*, clear: bool, sealed: bool, signed: bool = False) -> tuple[Way, ...]:
    """The ways that are said of an object that has bytes, the best first. `clear`: may they leave unencrypted?

    `sealed`: they are stored encrypted. What is not may be asked for encrypted all the same; who has registered no key
    cannot use that, and clients try every way that they are told.
    """
    return (*(HTTPS,) * clear, *(SEALED,) * sealed, *(STORE,) * (clear and signed))
