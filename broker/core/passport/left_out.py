"""What is said of visas that did not count: why, and whose they claim to be, in words of ours and bounded.

For the record, and for who sent them. Nothing that only the token says is repeated: an unverified token may say
anything, so of its issuer only a registered name is told, and of its content nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.outcome import Reason
from broker.core.passport import compact, limits
from broker.core.passport.evaluate import Dropped
from broker.core.passport.trust import Trust

MOST = 50
"""Visas that are named; of the others only how many there are is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One visa that did not count. `iss` and `type`: as verified, or the registered issuer that it names.

    `digest`: of what was signed, so that its owner finds it; empty for what is no token at all.
    """

    reason: Reason
    iss: str = ""
    type: str = ""
    digest: str = ""


def left_out(refused: Sequence[tuple[str, Reason]], trust: Trust) -> tuple[LeftOut, ...]:
    """Tokens that were no visas of a trusted issuer. All of them: who shows them bounds them."""
    return tuple(_of_token(token, reason, trust) for token, reason in refused)


def dropped(found: Iterable[Dropped]) -> tuple[LeftOut, ...]:
    """Verified visas that do not count for this caller."""
    return tuple(
        LeftOut(reason=one.reason, iss=one.visa.iss, type=one.visa.type, digest=one.visa.digest) for one in found
    )


def _of_token(token: str, reason: Reason, trust: Trust) -> LeftOut:
    parsed = compact.parse(token, limits.VISA_BYTES, "VISA")
    if isinstance(parsed, Reason):
        return LeftOut(reason=reason)
    row = trust.of(parsed.payload.get("iss"))
    return LeftOut(reason=reason, iss=row.iss if row is not None else "", digest=parsed.digest)
