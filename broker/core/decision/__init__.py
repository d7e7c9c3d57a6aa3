"""May this person use this data, for this purpose, from this place, in this way, now?

Read `evaluate.py` first: it is the only place in the broker that says yes. `question.py` is all that it is
told, `gates/` what each gate asks, `explain.py` how an answer is told to a person.
"""

from broker.core.decision.evaluate import evaluate
from broker.core.decision.explain import Explanation, explain
from broker.core.decision.many import foresee_each, use_each
from broker.core.decision.question import Decision, Question

__all__ = ["Decision", "Explanation", "Question", "evaluate", "explain", "foresee_each", "use_each"]
