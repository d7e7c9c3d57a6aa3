"""Whom do the consents leave out of an object under a grant now? For who gave the data out under it before.

The same question as at every door, of whose answer only this is read: it lets nobody in. The place and the institution
are those of the request that was granted, for nobody shows anything here.
"""

from broker.core.decision import Question, evaluate
from broker.core.decision.explain import left_out_of
from broker.core.ids import Issuer, ObjectId, SubjectRef
from broker.core.rows import Grant, Request
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds


def left_out_under(grant: Grant, object: ObjectId, snapshot: Snapshot, now: Seconds) -> frozenset[SubjectRef]:
    """The participants by pseudonym; why is nobody's business (settled question 10)."""
    request = snapshot.get(Request, grant.request)
    question = Question(
        stage="use",
        at=now,
        known_at=now,
        person=grant.person,
        identities=frozenset({(Issuer(snapshot.own.iss), str(grant.person))}),
        affiliations=grant.affiliations or (request.affiliations if request is not None else ()),
        location=request.location if request is not None else None,
        grants=(grant.id,),
        grant=grant.id,
        dataset=grant.dataset,
        object=object,
    )
    return frozenset(left_out_of(question, evaluate(question, snapshot), snapshot))
