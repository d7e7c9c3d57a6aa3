"""What does a withdrawal do to everything that exists already? (docs/reference/consent-rules.md, "Withdrawal")

Tables, so that a committee can read them. What is not listed stops: an unknown thing is never exempt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from broker.core.consent.model import Withdrawal
from broker.core.time import Seconds

_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What `no_further_use` demands of one kind of thing, and by when (default, counted from the withdrawal).

    `limit`: may an approved limit, told beforehand, leave it in place? `unlimited`: the code without one.
    """

    action: str
    within: Seconds
    limit: bool = False
    unlimited: str = "RGT-W-STOP"


CONSEQUENCES: Mapping[str, Consequence] = MappingProxyType(
    {
        "request_open": Consequence(action="evaluate again without the person", within=Seconds(1)),
        "visa_issued": Consequence(action="leave out of the next visa; the gate denies", within=Seconds(1)),
        "stream_running": Consequence(action="stop the bytes", within=Seconds(2)),
        "tre_workspace": Consequence(
            action="mask at the next session; remove copies at the end of grace", within=Seconds(30 * _DAY)
        ),
        "downloaded": Consequence(action="destroy and attest", within=Seconds(30 * _DAY)),
        "derivative": Consequence(action="destroy and attest", within=Seconds(30 * _DAY)),
        "model_trained": Consequence(
            action="no new training with the person; retrain or justify", within=Seconds(90 * _DAY), limit=True
        ),
        "aggregate_result": Consequence(
            action="tell the person", within=Seconds(14 * _DAY), limit=True, unlimited="RGT-W-LIMIT-MISSING"
        ),
        "published": Consequence(
            action="tell the person", within=Seconds(14 * _DAY), limit=True, unlimited="RGT-W-LIMIT-MISSING"
        ),
    }
)
"""By kind of thing. The log is not in it: entries stay, under a pseudonym, as the receipt says."""

_UNLISTED = Consequence(action="stop", within=Seconds(1))


def consequence(thing: str) -> Consequence:
    """What `no_further_use` demands of `thing`; to stop at once where the table does not list it."""
    return CONSEQUENCES.get(thing, _UNLISTED)


def effects(withdrawal: Withdrawal, things: Iterable[str], *, needs_new_data: bool = True) -> Mapping[str, str]:
    """For each thing that exists, the code that says what happens to it.

    `needs_new_data`: does the open request need data that do not exist yet? Matters to `no_further_access`.
    """
    return {thing: _code(withdrawal, thing, needs_new_data=needs_new_data) for thing in things}


def _code(withdrawal: Withdrawal, thing: str, *, needs_new_data: bool) -> str:
    if withdrawal.kind == "no_further_contact":
        return "RGT-W-CONTACT-ONLY"
    row = consequence(thing)
    if withdrawal.kind == "no_further_access":
        frozen = thing in CONSEQUENCES and not (thing == "request_open" and needs_new_data)
        return "RGT-W-NO-NEW-DATA" if frozen else "RGT-W-STOP"
    limited = row.limit and any(one.what == thing and one.applies for one in withdrawal.approved_limits)
    return "RGT-W-LIMIT" if limited else row.unlimited
