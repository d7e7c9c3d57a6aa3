"""A proxy in front of a repository asks about one request: may these bytes go to whoever sent it?

As over AuthZEN, and on record like that; and two things more, because a proxy hands over whole answers and nobody can
stop them half-way (settled question 23). The dataset must allow deliveries that cannot be stopped, and for how many
seconds; an answer is at most what a slow line takes in that time. And nobody in the file may have to be left out.
"""

from dataclasses import dataclass, replace

from broker.core.audit.entry import Value
from broker.core.authz.asked import Action, Asked, Entity
from broker.core.authz.scope import Asker
from broker.core.authz.telling import reasons
from broker.core.handing_on import length_asked, too_much, unseen_seconds
from broker.core.outcome import Reason
from broker.core.purpose import Modality
from broker.core.rows import Dataset, DrsObject
from broker.flows.authenticate import is_passport
from broker.flows.repositories.before import Judged
from broker.flows.repositories.deciding import OBJECT, Answer, Desk, Round, judge, keep
from broker.flows.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A request that a proxy holds. `shown`: the person's access token or Passport. `range`: its Range field;
    `conditional`: does it come with If-Range?
    """

    object: str
    shown: str
    range: str | None = None
    conditional: bool = False


async def may_pass(w: World, desk: Desk, asker: Asker, passing: Passing) -> Answer:
    """Steps: 1 gather, 2 decide, 3 record, 4 tell."""
    # 1. Gather. 2. Decide.
    asked = Asked(
        subject=Entity(type="passport" if is_passport(passing.shown) else "access_token", id=passing.shown),
        action=Action(name=str(Modality.DOWNLOAD)),
        resource=Entity(type=OBJECT, id=passing.object),
    )
    found = await judge(w, desk, asker, asked, Round())
    if not isinstance(found, Judged) or not found.permits:
        return await keep(w, desk, found)
    no = _against(found, passing)
    # 3. Record. 4. Tell.
    beside: dict[str, Value] = {"uninterruptible": unseen_seconds(_dataset(found))}
    if no is None:
        return await keep(w, desk, found, beside)
    told = await keep(w, desk, found, beside | {"door": no.code})
    return replace(
        told, permits=False, context={"decision": found.id, "reasons": reasons((no.code,))}, codes=(no.code,), text=""
    )


def _against(found: Judged, passing: Passing) -> Reason | None:
    """Why the door stays shut although the person may have the data; None: it opens."""
    if found.excluded:
        return Reason(code="ASK-LEAVE-OUT")
    row = found.snapshot.get(DrsObject, found.question.object or "")
    if row is None:
        return Reason(code="ASK-UNSTOPPABLE")
    return too_much(_dataset(found), length_asked(passing.range, row.size, conditional=passing.conditional))


def _dataset(found: Judged) -> Dataset | None:
    return found.snapshot.get(Dataset, found.question.dataset)
