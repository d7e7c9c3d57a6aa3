"""Has the holder of a grant accepted the terms of its data here, in the version of now? For pages; doors ask the gate.

Acceptances that others say in a visa count at the doors too, and are not looked for here.
"""

from dataclasses import dataclass

from broker.core.access.grants import GrantCommand, GrantPart
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.passport.visa import TERMS
from broker.core.rows import Assertion, Dataset, Grant
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds, start_of
from broker.flows.assertions import accept_terms
from broker.flows.grants.desk import at_grant
from broker.flows.world import Caller, World


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsNow:
    """`sha256`: of the text, if the data holder states it. `until`: earlier terms were accepted, and count so long."""

    url: str
    sha256: str | None
    accepted: bool
    until: Seconds | None = None


def terms_now(w: World, grant: Grant, snapshot: Snapshot, now: Seconds) -> TermsNow | None:
    """How it is with the terms of the data of `grant`; None: there are none."""
    dataset = snapshot.get(Dataset, grant.dataset)
    if dataset is None or dataset.terms_of_use is None:
        return None
    rows = snapshot.assertions([(w.issuer, str(grant.person))], now)
    mine = {row.value: row.ends for row in rows if (row.by, row.type) == ("self", TERMS)}
    url, sha256 = dataset.terms_of_use, dataset.terms_sha256
    if url in mine:
        return TermsNow(url=url, sha256=sha256, accepted=True)
    kept = [min(mine[one.url], start_of(one.until)) for one in dataset.former_terms if one.url in mine]
    until = max((end for end in kept if now < end), default=None)
    return TermsNow(url=url, sha256=sha256, accepted=False, until=until)


async def accept(w: World, caller: Caller, id: GrantId) -> Assertion | Reason:
    """The holder accepts the terms of now, in the stated text. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now, snapshot = w.clock.now(), w.snapshots.current()
    found = at_grant(caller, id, GrantCommand.SEE, snapshot, now)
    if isinstance(found, Reason):
        return found
    here = terms_now(w, found.grant, snapshot, now)
    # 2. Decide.
    if GrantPart.HOLDER not in found.parts or found.grant.person != caller.person.id:
        return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", "accept"),))
    if here is None or here.sha256 is None:
        return Reason(code="REQ-STATE", facts=(("state", "no text of terms is stated"),))
    # 3. Record.
    return await accept_terms(w, caller, here.url, here.sha256)
