"""Does an authorisation still last? One rule for every token that descends from it."""

from collections.abc import Sequence

from broker.core.time import Seconds


def lasts(now: Seconds, ends: Sequence[Seconds], stops: Sequence[Seconds | None]) -> bool:
    """Is `now` before every one of `ends`, and has none of `stops` come (None: not stopped)?

    `ends`: the end of the authorisation and of its session. `stops`: when the session was ended, from when on
    something was revoked. Without any end nothing lasts: an empty list of checks is a no.
    """
    if not ends or any(now >= end for end in ends):
        return False
    return not any(stop is not None and now >= stop for stop in stops)
