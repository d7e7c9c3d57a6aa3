"""How often may one caller ask? A bucket each, which every request empties a little and time fills again.

A limit of conduct, not a right: it says "later" (RFC 6585 section 4), never "no", and is not recorded. Who asks too
often is told when to come back; whoever else asks is served.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from broker.core.time import Seconds

_MINUTE = 60_000
_SECOND = 1_000


@dataclass(frozen=True, slots=True)
class Quota:
    """`burst` requests at once, and `per_minute` in the long run."""

    burst: int
    per_minute: int


QUOTAS: Mapping[str, Quota] = MappingProxyType({
    "token": Quota(burst=600, per_minute=3_000),
    "introspection": Quota(burst=3_000, per_minute=30_000),
    "pushed request": Quota(burst=300, per_minute=1_200),
    "device": Quota(burst=60, per_minute=120),
    "sign-in": Quota(burst=60, per_minute=120),
    "authorization": Quota(burst=300, per_minute=600),
    "computers": Quota(burst=600, per_minute=1_200),
    "pre-check": Quota(burst=30, per_minute=60),
    "complaint": Quota(burst=10, per_minute=10),
    "registration": Quota(burst=10, per_minute=10),
    "usage": Quota(burst=600, per_minute=6_000),
    "feed": Quota(burst=120, per_minute=600),
    "search": Quota(burst=300, per_minute=1_200),
    "client": Quota(burst=6_000, per_minute=60_000),
})  # fmt: skip
"""For each kind of request of one network address; `client`: for all requests of one authenticated client;
`computers`: for those of all computers that one person connected, each a client too, so that whoever makes themselves
twenty clients cannot fill what all clients share (where it is remembered which assertions were used). `usage`, `feed`,
`search`: of one repository.

`authorization`: each of these leaves a request that waits, and of all that wait the newest 10,000 are kept. What one
address may ask within their life (15 minutes) is less than that, or it could make everybody else's be forgotten.
"""

MOST = 50_000
"""Callers that are remembered; of more than that, those that asked longest ago are forgotten, and start anew."""


def judge(empty_until: int, quota: Quota, now: int) -> tuple[int, int]:
    """The bucket after this request, and how long to wait; 0: the request may go on. Milliseconds, both.

    `empty_until`: when the bucket would be full again if nobody asked (0: it is full). A refused request costs
    nothing.
    """
    each = max(1, _MINUTE // quota.per_minute)
    begins = max(empty_until, now)
    wait = begins - now - each * (quota.burst - 1)
    return (empty_until, wait) if wait > 0 else (begins + each, 0)


class Rates:
    """The buckets of everybody who asked lately: at most `most`, in memory, gone with the process."""

    def __init__(self, scale: int = 1, *, quotas: Mapping[str, Quota] = QUOTAS, most: int = MOST) -> None:
        """`scale` multiplies every quota; 0: there are none."""
        self._quotas = {
            what: Quota(quota.burst * scale, quota.per_minute * scale) for what, quota in quotas.items() if scale
        }
        self._most = most
        self._buckets: dict[tuple[str, str], int] = {}

    def wait(self, what: str, who: str, now: Seconds) -> int:
        """Seconds that `who` must wait before asking for `what`; 0: go on, and this request is counted."""
        quota = self._quotas.get(what)
        if quota is None:
            return 0
        moment, key = int(now) * _SECOND, (what, who)
        bucket, wait = judge(self._buckets.pop(key, 0), quota, moment)
        self._buckets[key] = bucket  # at the end: who asked last is forgotten last
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return -(-wait // _SECOND)

    def __len__(self) -> int:
        return len(self._buckets)
