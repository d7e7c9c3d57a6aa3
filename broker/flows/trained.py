"""Was whoever decides in a committee trained for it, and does it still hold? (WHO 2024, 3.6-10)

Where a committee names a training, nobody votes or answers in it without a live certificate: an assertion that somebody
else made of them here, or a word of their home organisation, with that address as its value.
"""

from broker.core.decision.asserted import certified
from broker.core.outcome import Reason
from broker.core.rows import Committee
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.world import Caller


def untrained(caller: Caller, committee: Committee | None, snapshot: Snapshot, now: Seconds) -> Reason | None:
    """Why the caller has no say in `committee` now; None: they were trained, or it asks for none."""
    if committee is None or committee.training is None:
        return None
    if certified(committee.training, caller.identities, caller.stated, now, snapshot):
        return None
    return Reason(code="AUTH-SEAT-TRAINING", facts=(("url", committee.training),))
