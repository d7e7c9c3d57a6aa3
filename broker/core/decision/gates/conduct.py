"""The conduct gate: sanctions, revocations, and what is owed under grants."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from broker.core import shut_out
from broker.core.decision.case import Case
from broker.core.decision.gates.result import result
from broker.core.duties import overdue
from broker.core.ids import GrantId
from broker.core.outcome import Gate, GateResult, Outcome
from broker.core.rows import Client, Grant, IdentityProvider, Sanction, VisaIssuer
from broker.core.rows.obligations import Obligation
from broker.core.rows.revocation import What, revocation_id
from broker.core.time import FOREVER, Seconds, rfc3339


def conduct(case: Case) -> GateResult:
    """Is the person or institution under a sanction, was anything revoked that it rests on, is a duty late?"""
    question, snapshot, at = case.question, case.snapshot, case.question.at
    if question.person is not None and shut_out.revoked(snapshot, question.person, at):
        return result(Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED")
    suspensions = () if snapshot.unsanctioned else tuple(_suspensions(case))
    for sanction in suspensions:
        if sanction.holds(at):
            return result(
                Gate.CONDUCT, Outcome.DENY, "OPS-RECIPIENT-SUSPENDED", until=sanction.over,
                ref=sanction.id, step=sanction.step, appeal=sanction.appeal,
            )  # fmt: skip
    if question.within is not None and question.dataset not in question.within:
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-TASK-OTHER-DATA")
    if snapshot.any_revoked(credentials(case), question.at):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    if question.let_in and any(_rests(snapshot.rows.get(name)) for name in question.let_in):
        return result(Gate.CONDUCT, Outcome.DENY, "AUTH-REVOKED")
    found = _owed(case)
    coming = [sanction.begins for sanction in suspensions if at < sanction.begins]
    return replace(found, until=min(found.until, *coming)) if coming else found


def _suspensions(case: Case) -> Iterator[Sanction]:
    """Every suspension of the person, of whoever was ever shown to be them, and of every institution of theirs.

    Nobody shakes a sanction off by parting from the identity that it was given to.
    """
    question, snapshot = case.question, case.snapshot
    if question.person is not None:
        yield from shut_out.suspensions(snapshot, question.person)
    for organisation in _institutions(case):
        yield from (row for row in snapshot.sanctions("organisation", organisation) if row.suspends)


def _institutions(case: Case) -> dict[str, None]:
    """Those for whom the person speaks now, and those for whom they got the grant: leaving one out does not help."""
    snapshot, held = case.snapshot, case.held
    grant = snapshot.get(Grant, GrantId(held.id)) if held is not None else None
    shown = (*case.affiliations, *(grant.affiliations if grant is not None else ()))
    found = dict.fromkeys(row.id for row in snapshot.organisations([one.partition("@")[2] for one in shown]))
    stated = held.purpose.institution if held is not None and held.purpose is not None else None
    return found if stated is None else {**found, stated: None}


def _owed(case: Case) -> GateResult:
    """A report that is late stops the grant until it is in; anything else that is late stops new grants."""
    owed = late(case)
    if owed:
        code = "OPS-REPORT-OVERDUE" if owed[0].late == "stop" else "OPS-DUTY-OVERDUE"
        return _late(code, owed[0])
    coming = {"use": _stops, "foresee": _of_person}.get(case.question.stage)  # what is late afterwards cuts no grant
    return result(Gate.CONDUCT, Outcome.PERMIT, until=_next(coming(case)) if coming is not None else FOREVER)


def late(case: Case) -> tuple[Obligation, ...]:
    """What is late and stops this use, or a new grant; the oldest first."""
    return overdue(_stops(case) if case.question.stage == "use" else _of_person(case), case.question.at)


def _stops(case: Case) -> list[Obligation]:
    """What stops the grant under which the use is asked for, once it is late."""
    grant = case.snapshot.get(Grant, GrantId(case.held.id)) if case.held is not None else None
    return [one for one in grant.obligations if one.late == "stop"] if grant is not None else []


def _of_person(case: Case) -> Iterator[Obligation]:
    """What the person owes under any of their grants for these data, ended ones too: no renewal before it is done.

    As with a suspension, whoever was ever shown to be them owes it.
    """
    who = case.question.person
    for person in sorted(case.snapshot.ever_linked(who)) if who is not None else ():
        for grant in case.snapshot.grants(person, case.question.dataset):
            yield from grant.obligations


def _late(code: str, duty: Obligation) -> GateResult:
    since = rfc3339(duty.due) if duty.due is not None else ""
    told = result(Gate.CONDUCT, Outcome.PENDING, code, date=since, duty=duty.id)
    return replace(told, missing=(f"obligation {duty.id}",))


def _next(stops: Iterable[Obligation]) -> Seconds:
    return min((one.due for one in stops if one.due is not None and not one.fulfilled), default=FOREVER)


def credentials(case: Case) -> list[str]:
    """The ids of the revocations that would end what the question came with."""
    question, ours = case.question, case.snapshot.own.iss
    held: list[tuple[What, str | None]] = [
        ("session", question.session),
        ("family", question.family),
        ("access", question.access),
    ]
    names = [revocation_id(what, value) for what, value in held if value is not None]
    return [
        *question.rests_on,
        *names,
        *[revocation_id("issuer", iss) for iss, _ in question.identities if iss != ours],
    ]


def _rests(row: object) -> bool:
    """Was this client, provider or broker suspended or removed? One that was never registered was not."""
    return isinstance(row, Client | IdentityProvider | VisaIssuer) and row.status != "active"
