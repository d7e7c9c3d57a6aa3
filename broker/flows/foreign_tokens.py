"""What every way in with foreign tokens shares: which Passports and visas count here, what is told of the others."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from broker.core.outcome import Reason
from broker.core.passport.left_out import LeftOut, left_out
from broker.core.passport.visa import Passport, Visa
from broker.core.time import Seconds
from broker.flows.poll_visas import watch
from broker.flows.verified import Verifier, note, verified_passports, verified_visas
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What came with a Passport or from UserInfo: the visas that verify, and why the others do not."""

    visas: tuple[Visa, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


async def passports_of(
    w: World, v: Verifier, tokens: Sequence[str], now: Seconds, us: AbstractSet[str] | None = None
) -> tuple[Passport, ...] | Reason:
    """The Passports of trusted brokers, every one of them good; those of strangers are left out.

    `us`: the audiences that mean the door (None: ours).
    """
    verified = await verified_passports(
        v, tokens, w.snapshots.current().trust, now, us_of(w) if us is None else frozenset(us)
    )
    if isinstance(verified, Reason):
        return verified
    current = w.snapshots.current()  # the keys may have been waited for
    for found in verified:
        if found.iss == w.issuer and now >= found.exp:
            return Reason(code="PASSPORT-EXPIRED")  # our own clock needs no leeway (ruling 16)
        if current.revoked("issuer", found.iss, now) or current.revoked("key", found.key, now):
            return Reason(code="PASSPORT-REVOKED")
    return verified


async def visas_of(w: World, v: Verifier, tokens: Iterable[str], now: Seconds) -> Inside:
    """Every visa that verifies, each once; the others count for nothing and hinder nobody."""
    trust = w.snapshots.current().trust
    good: dict[str, Visa] = {}
    shown: list[tuple[str, Visa]] = []
    refused: list[tuple[str, Reason]] = []
    for token, visa in await verified_visas(v, tokens, trust, now, us_of(w)):
        if isinstance(visa, Visa) and not (visa.iss == w.issuer and now >= visa.exp):
            good[visa.digest] = visa
            if visa.jku is None:
                shown.append((token, visa))
            continue
        reason = visa if isinstance(visa, Reason) else Reason(code="VISA-EXPIRED")  # ruling 16, as above
        refused.append((token, reason))
        note(v, trust, token, reason, now)
    if shown and v.poller is not None:
        await watch(w, v, v.poller, shown, now)
    return Inside(visas=tuple(good.values()), left_out=left_out(refused, trust))


def us_of(w: World) -> frozenset[str]:
    """Audiences that mean this broker's own doors."""
    return frozenset({w.issuer, f"{w.issuer}/", f"{w.issuer}/ga4gh/drs/v1", f"{w.issuer}/ga4gh/htsget/v1"})
