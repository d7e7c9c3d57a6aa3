"""Which obligations does a grant carry, and who owes them until when? (HUMAN_RIGHTS section 3.)

Two sources: the codes of the decision (what DUO, consents and packs ask for), and the duties that the custodian
registered with the dataset, for every grant or for those across a border.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from broker.core.jurisdiction.facts import FactValue
from broker.core.rows.obligations import Obligation
from broker.core.rows.safeguards import Duty, DutyClass
from broker.core.time import FOREVER, Seconds, add_months

CODES: Mapping[str, tuple[DutyClass, int | None]] = MappingProxyType({
    # code of a decision: class, months after the grant's end until it is due (None: it holds all along)
    "no_reidentification": ("respect", None),
    "no_discrimination": ("respect", None),
    "no_public_genai_prompting": ("respect", None),
    "flag_genetic_as_sensitive": ("respect", None),
    "respect_labels": ("respect", None),
    "source_attribution": ("fulfil", None),
    "community_attribution": ("fulfil", None),
    "publish_results": ("fulfil", 12),
    "return_results": ("fulfil", 12),
    "benefit_sharing_report": ("fulfil", 6),
    "community_results_summary": ("fulfil", 6),
    "notify_significant_findings": ("fulfil", None),
    "breach_report": ("account", None),
    "audit_cooperation": ("account", None),
    "annual_renewal": ("account", None),
    "transfer_register": ("account", None),
    "record_transfer_basis": ("account", None),
    "record_exemption_basis": ("account", None),
    "publish_transfer_notice": ("account", None),
    "delete_genai_models_at_closeout": ("account", 1),
})  # fmt: skip
"""What a code of a decision is. One that is not listed protects: it binds the institution all along."""

RECIPIENT = "recipient institution"
"""Who holds what a decision's codes ask for."""


def crosses_a_border(data: Mapping[str, FactValue], destinations: Iterable[str | None]) -> bool:
    """Do the data go to another country than those of their people and of their controller? Unknown counts as yes."""
    origins = data.get("data.origin_countries")
    controller = data.get("data.controller_country")
    if not isinstance(origins, tuple) or not origins or not isinstance(controller, str):
        return True
    places = {*origins, controller, *destinations}
    return None in places or len(places) > 1


def needs_a_benefit(data: Mapping[str, FactValue], countries: Iterable[str], location: str | None) -> bool:
    """Must a request say what it gives to the population that the data come from (WHO 3.2-1)? Across a border.

    `countries`: where the purpose says that data are processed; `location`: where the person is. Nothing stated is
    nothing known.
    """
    places = [*(tuple(countries) or (None,)), *((location,) if location is not None else ())]
    return crosses_a_border(data, places)


def bound(
    codes: Iterable[str], duties: Iterable[Duty], *, abroad: bool, begins: Seconds, ends: Seconds
) -> tuple[Obligation, ...]:
    """The obligations of a grant from `begins` to `ends`: each code's, and each duty's that is for such a grant.

    A duty that is due within the grant comes again after as many months, until the grant ends.
    """
    made = [_of_code(code, ends) for code in codes]
    for duty in duties:
        if abroad or duty.every:
            made += _of_duty(duty, begins, ends)
    return tuple({one.id: one for one in made}.values())


def _of_code(code: str, ends: Seconds) -> Obligation:
    cls, months = CODES.get(code.partition(":")[0], ("protect", None))
    due = add_months(ends, months) if months is not None else None
    return Obligation(id=code, cls=cls, text=code, holder=RECIPIENT, due=due)


def _of_duty(duty: Duty, begins: Seconds, ends: Seconds) -> Iterator[Obligation]:
    for number, due in enumerate(_due(duty, begins, ends), 1):
        yield Obligation(
            id=f"{duty.id}.{number}",
            cls=duty.cls,
            text=duty.text,
            holder=duty.holder,
            flows_down=duty.flows_down,
            due=due,
            evidence=duty.evidence,
            late=duty.late,
        )


def _due(duty: Duty, begins: Seconds, ends: Seconds) -> Iterator[Seconds | None]:
    if duty.months is None:
        yield None
    elif duty.after_end:
        yield add_months(ends, duty.months)
    else:
        count = 1
        yield add_months(begins, duty.months)
        while (due := add_months(begins, duty.months * (count + 1))) <= ends and due < FOREVER:
            count += 1
            yield due


def overdue(obligations: Iterable[Obligation], now: Seconds) -> tuple[Obligation, ...]:
    """Those that should have been recorded as done by `now`, the oldest first."""
    late = [one for one in obligations if one.overdue(now)]
    return tuple(sorted(late, key=lambda one: (one.due or 0, one.id)))


def carried_on(before: tuple[Obligation, ...], owed: tuple[Obligation, ...]) -> tuple[Obligation, ...]:
    """What is owed under a grant that goes on: all that was, with what was recorded of it, and what comes besides.

    A duty that is not done yet gets its new date, if that is later: it counts from the end.
    """
    old = {one.id: one for one in before}
    new = {one.id: _later(old.get(one.id), one) for one in owed}
    return tuple({**old, **new}.values())


def _later(old: Obligation | None, new: Obligation) -> Obligation:
    if old is None:
        return new
    if old.fulfilled or old.due is None or new.due is None:
        return old
    return replace(old, due=max(old.due, new.due))
