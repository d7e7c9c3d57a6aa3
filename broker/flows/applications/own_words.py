"""Whoever answers for others says why in words of their own: neither a vote nor an answer repeats the rules."""

from broker.core.decision.explanation import views
from broker.core.ids import DecisionId
from broker.core.outcome import Reason
from broker.core.own_words import is_copied, sentences_of
from broker.core.rows import Request, Trace
from broker.flows.world import World


async def copied(w: World, request: Request | None, *grounds: str) -> Reason | None:
    """REQ-OWN-WORDS, if a ground repeats what the rules said of the request, in whichever language they said it. None:
    there is none, of which the rules could have said something.
    """
    if request is None:
        return None
    trace = await w.rows.get(Trace, DecisionId(request.decision or request.foresight))
    if trace is None or not views.of_one(trace.body):
        return None
    told = [views.committee(trace.id, trace.body, language) for language in w.languages.values()]
    said = [one for each in told for one in sentences_of(each)]
    return Reason(code="REQ-OWN-WORDS") if any(is_copied(ground, said) for ground in grounds) else None
