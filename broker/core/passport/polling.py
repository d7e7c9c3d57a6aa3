"""Until when does a Visa Access Token count, and when is its issuer asked again?

(AAI 1.2.1 "Conformance for Passport Clearinghouses" 5.2 and "Access Token Polling")

It counts for an hour from `iat`; after that only while its issuer, asked within the last hour, has said yes. Asked
at most once an hour; what was not answered is tried again, later and later, with jitter.
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core.passport.limits import VISA_ACCESS_TOKEN_AGE
from broker.core.passport.visa import Visa
from broker.core.time import Seconds

POLL_EVERY = VISA_ACCESS_TOKEN_AGE
"""Seconds between two questions about one token, retries left out."""
EARLY = 300
"""Seconds before the first hour is over at which the first question is asked, so that a retry may still be in time."""
CONFIRMED_FOR = POLL_EVERY + EARLY
"""Seconds for which a yes counts: until the next question may be asked, and while it and its retries are under way;
or every download would break off on the hour."""
RETRY_FIRST, RETRY_MOST = 30, 900
"""Seconds before the first retry, at most; doubled for each further one, up to the second."""
NEEDED = 2 * 3600
"""Seconds for which a token that was shown is kept alive: as long as a ticket lives, and an hour."""
RANDOM = 1 << 16
"""`random` below is a whole number from 0 up to this, without it."""

_RETRYABLE = frozenset({408, 425, 429})


def first(visa: Visa, at: Seconds) -> Seconds:
    """When the issuer is first asked about a visa that came at `at`."""
    return Seconds(max(at, visa.iat + POLL_EVERY - EARLY))


def retry(at: Seconds, failures: int, random: int) -> Seconds:
    """When to try again after `failures` (1, 2, …) attempts: half of a growing time for sure, half by chance."""
    longest = min(RETRY_FIRST * 2 ** min(failures - 1, 10), RETRY_MOST)
    return Seconds(at + longest // 2 + (longest - longest // 2) * random // (RANDOM - 1))


def is_final(status: int) -> bool:
    """Does this status say no for good? (400 and its like; 408, 425, 429, 5xx, 3xx and silence are tried again)"""
    return 400 <= status < 500 and status not in _RETRYABLE  # noqa: PLR2004 (RFC 9110: client error)


def lasting(visa: Visa, confirmed: Seconds | None) -> Visa:
    """The visa with the end that it has for us. One with a `jku` is none of this kind and stays as it is."""
    if visa.jku is not None:
        return visa
    ends = visa.iat + VISA_ACCESS_TOKEN_AGE
    if confirmed is not None:
        ends = max(ends, confirmed + CONFIRMED_FOR)
    return replace(visa, exp=Seconds(min(visa.exp, ends)))


def update(visa: Visa, given: Sequence[tuple[str, Visa]]) -> tuple[str, Visa] | None:
    """The one of `given` (token, visa) that takes the place of `visa`: it says the same of the same, longest.

    None: there is none, and a clearinghouse that cannot use what it was given acts as though the old one were
    revoked (section 8, condition 5).
    """
    same = [one for one in given if _says(one[1]) == _says(visa)]
    return max(same, key=lambda one: (one[1].exp, one[1].digest), default=None)


def _says(visa: Visa) -> tuple[str | None, ...]:
    return (visa.iss, visa.sub, visa.type, visa.value, visa.source, visa.by)
