"""Which rule judges which modifier? One row per code; a modifier without a row is for a person."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from broker.core.duo import duties, limits
from broker.core.duo import vocabulary as duo
from broker.core.duo.asked import Asked
from broker.core.duo.opinion import SILENT, Opinion, review
from broker.core.duo.terms import Term

Rule = Callable[[Term, Asked], Opinion]


def _care(_: Term, __: Asked) -> Opinion:
    """CC adds to the permission (`permissions.py`); by itself it asks for nothing."""
    return SILENT


MODIFIERS: Mapping[str, tuple[Rule, ...]] = MappingProxyType(
    {
        duo.NMDS: (limits.no_methods,),
        duo.GSO: (limits.genetic_only,),
        duo.NPU: (limits.non_profit,),
        duo.NCU: (limits.non_commercial,),
        duo.NPUNCU: (limits.non_profit, limits.non_commercial),
        duo.NPOA: (limits.no_ancestry,),
        duo.CC: (_care,),
        duo.RS: (limits.research_type,),
        duo.GS: (limits.region,),
        duo.US: (limits.named_users,),
        duo.PS: (limits.named_projects,),
        duo.IS: (limits.named_institutions,),
        duo.IRB: (duties.ethics_approval,),
        duo.COL: (duties.collaboration,),
        duo.PUB: (duties.publication,),
        duo.RTN: (duties.return_of_data,),
        duo.MOR: (duties.moratorium,),
        duo.TS: (duties.time_limit,),
    }
)
"""Section 3.2. NPUNCU is both of its halves, never the class above them that OWL makes of it (data trap 4)."""


def _no_modifier(term: Term, _: Asked) -> Opinion:
    return review("DUO-CODE-UNKNOWN", code=term.name)


def rules_for(term: Term) -> tuple[Rule, ...]:
    """The rules of one modifier. A code that is no modifier has one that sends it to a person."""
    return MODIFIERS.get(term.code, (_no_modifier,))


def modifier_opinions(term: Term, asked: Asked) -> tuple[Opinion, ...]:
    """What one modifier says."""
    return tuple(rule(term, asked) for rule in rules_for(term))
