"""What each gate asks. Each takes the case and answers with a GateResult; none knows of the others.

The table GATES is all of them, in the order in which they are told.
"""

from collections.abc import Callable

from broker.core.decision.case import Case
from broker.core.decision.gates.community import community
from broker.core.decision.gates.conduct import conduct
from broker.core.decision.gates.consent import consent
from broker.core.decision.gates.duo import duo
from broker.core.decision.gates.entitlement import entitlement
from broker.core.decision.gates.identity import identity
from broker.core.decision.gates.jurisdiction import jurisdiction
from broker.core.decision.gates.purpose import purpose
from broker.core.decision.gates.safeguards import safeguards
from broker.core.decision.gates.security import security
from broker.core.decision.gates.terms import terms
from broker.core.outcome import Gate, GateResult

GATES: tuple[Callable[[Case], GateResult], ...] = (
    identity,
    entitlement,
    terms,
    purpose,
    safeguards,
    duo,
    consent,
    community,
    jurisdiction,
    security,
    conduct,
)
"""Every gate. All are asked, whatever the others say."""

ASK_FOR_THE_WAY = frozenset({Gate.SAFEGUARDS, Gate.CONSENT, Gate.COMMUNITY, Gate.JURISDICTION, Gate.SECURITY})
"""The gates that may answer otherwise to another way of access. What the others refuse, no milder way lifts."""
