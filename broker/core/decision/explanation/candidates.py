"""Which facts could somebody make true that may move a gate? Whether they really do is asked of the gate itself.

Only what the asker, their institution, the community or the custodian can bring about: a signature, an approval, a
narrower purpose, another place of work, another sign-in. Never who somebody is, and never a softer word for the same
use: sensitive topics, prohibited purposes and the kind of an organisation are not on offer. What the law would take
is asked of the packs themselves (by_law.py).
"""

from collections.abc import Callable, Iterator, Mapping

from broker.core.decision.case import Case
from broker.core.decision.explanation.steps import (
    COMMUNITY_SAID_YES,
    DUTIES,
    EVIDENCE,
    GRANT,
    LEVEL,
    LOCATION,
    OBLIGATION,
    RECOURSE,
    REQUEST,
    RESEARCHER_STATUS,
    SAFEGUARDS,
    SEALED,
    SIGN_IN,
    TASK,
    TERMS_ACCEPTED,
    TRAINING,
    Step,
    own_grants,
)
from broker.core.decision.gates.conduct import credentials, late
from broker.core.decision.gates.safeguards import recorded
from broker.core.decision.gates.security import EVIDENCE as OF_LEVEL
from broker.core.decision.gates.security import STATED, shown
from broker.core.duo import vocabulary as duo
from broker.core.duo.regions import expand
from broker.core.duo.terms import Term
from broker.core.outcome import Gate
from broker.core.purpose import Purpose

_NARROWER: Mapping[str, tuple[str | bool, ...]] = {
    "commercial": (False,),
    "clinical_care": (False,),
    "linkage": (False,),
    "recontact": (False,),
    "ai_use": ("none", "training"),
    "genetic_data": (True,),
}
"""Members of the purpose, and the answers that ask for less. A project may do less than it planned."""

_ONLY_IF_UNSTATED = frozenset({"genetic_data"})
"""Answers that say what a project is, and do not narrow it: offered only where nothing was said."""


def candidates(gate: Gate, case: Case) -> tuple[Step, ...]:
    """What could move `gate`, the easiest first; empty where nobody could do anything."""
    offer = _OFFERS.get(gate)
    if case.purpose is None and case.question.stage == "use":  # no gate can say yes before there is a purpose
        offer = _entitling
    return tuple(offer(case)) if offer is not None else ()


def _sign_in(case: Case) -> Iterator[Step]:
    if case.dataset is not None and case.dataset.assurance is not None and case.question.person is not None:
        yield Step(fact=SIGN_IN, how="set", value="again", by="you")


def _terms(case: Case) -> Iterator[Step]:
    if case.dataset is not None and case.dataset.terms_of_use is not None:
        yield Step(fact=TERMS_ACCEPTED, how="add", value=case.dataset.terms_of_use, by="you")
    if case.dataset is not None and case.dataset.training is not None:
        yield Step(fact=TRAINING, how="add", value=case.dataset.training, by="institution")


_GRANTS = 3
"""How many other grants of theirs are tried."""


def _entitling(case: Case) -> Iterator[Step]:
    """A grant that they hold and did not show, what Registered Access asks for, or a grant to be asked for."""
    question, dataset, held = case.question, case.dataset, case.held
    if question.stage != "use" or dataset is None or question.person is None:
        return
    theirs = own_grants(question, case.snapshot)
    others = [one for one in theirs if one.begins <= question.at < one.ends and (held is None or one.id != held.id)]
    yield from (Step(fact=GRANT, how="set", value=one.id, by="you") for one in others[:_GRANTS])
    if dataset.access == "registered":
        yield Step(fact=TERMS_ACCEPTED, how="add", value=dataset.registered_version, by="you")
        yield Step(fact=RESEARCHER_STATUS, how="add", value=dataset.registered_version, by="institution")
        return
    known = (question.purpose, held.purpose if held is not None else None, *(one.purpose for one in theirs[:1]))
    project = next((one.project for one in known if one is not None and one.project is not None), None)
    if project is not None:
        yield Step(fact=REQUEST, how="add", value=project, by="you")


def _safeguards(case: Case) -> Iterator[Step]:
    """What the data holder has not put on record, all at once; and duties for a grant abroad."""
    if case.dataset is None:
        return
    known = recorded(case, case.dataset)
    if known.lacking:
        yield Step(fact=SAFEGUARDS, how="add", value=known.lacking, by="custodian")
    if known.classes:
        yield Step(fact=DUTIES, how="add", value=tuple(known.classes), by="custodian")


def _conduct(case: Case) -> Iterator[Step]:
    """Whatever is owed and late; a new sign-in or a new task in place of those that do not count here."""
    for duty in dict.fromkeys((one.id, one.holder) for one in late(case)):
        yield Step(fact=OBLIGATION, how="set", value=duty[0], by="you" if duty[1] == "researcher" else "institution")
    if case.snapshot.any_revoked(credentials(case), case.question.at):
        yield Step(fact=SIGN_IN, how="set", value="again", by="you")
    if case.question.within is not None and case.question.dataset not in case.question.within:
        yield Step(fact=TASK, how="set", value=case.question.dataset, by="you")


def _security(case: Case) -> Iterator[Step]:
    """The level that the data ask for, with what shows it; somebody who can be held to account; an encrypted copy."""
    if not case.question.sealed and case.object is not None and case.object.envelope is not None:
        yield Step(fact=SEALED, how="set", value=True, by="you")
    dataset, organisation = case.dataset, case.organisation
    if dataset is None or organisation is None:
        return
    wanted, stated = dataset.security_level, case.facts.get(LEVEL)
    have, _ = shown(organisation, stated, case.question.at)
    if wanted is not None and (have is None or have < wanted):
        if not isinstance(stated, int) or stated < wanted:
            yield Step(fact=LEVEL, how="set", value=wanted, by="institution")
        if wanted > STATED:
            yield Step(fact=EVIDENCE, how="add", value=(f"{OF_LEVEL}{wanted}",), by="institution")
    if not organisation.recourse:
        yield Step(fact=RECOURSE, how="add", value="contract", by="institution")


def _community(_: Case) -> Iterator[Step]:
    yield COMMUNITY_SAID_YES


def _purpose(case: Case) -> Iterator[Step]:
    """For DUO and the certificate. A use has the purpose that was approved; another one is another request."""
    if case.question.stage == "use" or case.question.purpose is None or case.dataset is None:
        return
    stated = case.question.purpose
    terms = (*case.dataset.duo, *case.dataset.certificate.permissions, *case.dataset.certificate.modifiers)
    yield from _promises(stated, terms)
    yield from _answers(stated)
    yield from _parts(stated)
    yield from _limits(stated, terms, case)
    yield from _places(stated, case)


def _promises(stated: Purpose, terms: tuple[Term, ...]) -> Iterator[Step]:
    agreed, codes = stated.agreements, {term.code: term for term in terms}
    if duo.PUB in codes and not agreed.publish:
        yield Step(fact="purpose.agreements.publish", how="set", value=True, by="you")
    if duo.RTN in codes and not agreed.return_data:
        yield Step(fact="purpose.agreements.return_data", how="set", value=True, by="you")
    if duo.MOR in codes and (day := codes[duo.MOR].date) is not None and agreed.no_publication_before is not None:
        yield Step(fact="purpose.agreements.no_publication_before", how="set", value=day.isoformat(), by="you")
    if duo.COL in codes and agreed.collaborate != "recorded":
        yield Step(fact="purpose.agreements.collaborate", how="set", value="recorded", by="custodian")
    if duo.IRB in codes and stated.ethics_approval != "verified":
        yield Step(fact="purpose.evidence.ethics_approval", how="set", value="verified", by="institution")


def _answers(stated: Purpose) -> Iterator[Step]:
    for name, values in _NARROWER.items():
        before = getattr(stated, name)
        if before is not None and name in _ONLY_IF_UNSTATED:
            continue
        for value in values:
            if before == value:
                break
            yield Step(fact=f"purpose.{name}", how="set", value=value, by="you")


def _parts(stated: Purpose) -> Iterator[Step]:
    """A kind of research or a disease that the project could do without."""
    if len(stated.named_kinds) > 1 or stated.diseases:
        for kind in sorted(stated.named_kinds):
            yield Step(fact="purpose.kinds", how="remove", value=(kind.value,), by="you")
    if len(stated.diseases) > 1:
        for disease in sorted(stated.diseases):
            yield Step(fact="purpose.diseases", how="remove", value=(disease,), by="you")


def _limits(stated: Purpose, terms: tuple[Term, ...], case: Case) -> Iterator[Step]:
    for term in terms:
        if term.months and (stated.duration_months is None or stated.duration_months > term.months):
            yield Step(fact="purpose.duration_months", how="set", value=term.months, by="you")
        inside = frozenset[str]().union(*(expand(region) or frozenset() for region in term.regions))
        home = case.facts.get("recipient.country")
        if inside and not stated.countries <= inside and home in inside:
            yield Step(fact="purpose.countries", how="set", value=(str(home),), by="you")
        if term.code == duo.DS and term.diseases and not stated.diseases:
            yield Step(fact="purpose.diseases", how="add", value=tuple(sorted(term.diseases)), by="you")


def _places(stated: Purpose, case: Case) -> Iterator[Step]:
    """Computing where the data lie, and working from where one's institution is."""
    storage, home = case.facts.get("data.storage_country"), case.facts.get("recipient.country")
    if isinstance(storage, str) and stated.countries != {storage}:
        yield Step(fact="purpose.countries", how="set", value=(storage,), by="you")
    if isinstance(home, str) and case.question.location != home:
        yield Step(fact=LOCATION, how="set", value=home, by="you")


_OFFERS: Mapping[Gate, Callable[[Case], Iterator[Step]]] = {
    Gate.IDENTITY: _sign_in,
    Gate.ENTITLEMENT: _entitling,
    Gate.TERMS: _terms,
    Gate.PURPOSE: _entitling,
    Gate.SAFEGUARDS: _safeguards,
    Gate.DUO: _purpose,
    Gate.CONSENT: _purpose,
    Gate.COMMUNITY: _community,
    Gate.SECURITY: _security,
    Gate.CONDUCT: _conduct,
}
