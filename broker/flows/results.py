"""A finding about a participant goes from a researcher to the custodian, and never to the person (WHO 2024, 3.2-2).

Whoever reports one learns nothing by it: nobody looks up the participant while it is taken in, and what they are told
of it later is the same whoever it is about and whatever becomes of it. A limit counts what was reported, not what
waits. The broker hands the words to nobody but the custodian and, where it must judge, an ethics committee.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace

from broker.core.access.grants import GrantCommand
from broker.core.access.results import RESULT_TRANSITIONS as MOVES
from broker.core.access.results import WAITING, ResultCommand, ResultPart, ResultStage, may
from broker.core.consent.returning import Actionable, Onset, Route, Routed, routed, strictest_onset
from broker.core.grants import fellows
from broker.core.ids import DatasetId, GrantId, SubjectRef
from broker.core.outcome import Reason
from broker.core.rows import Dataset, Grant, Put, ResultReport, changed
from broker.core.rows.results import ResultStep
from broker.core.rows.retention import LEAST_DAYS
from broker.core.snapshot import Snapshot
from broker.core.time import Seconds
from broker.flows.grants.desk import at_grant
from broker.flows.world import Caller, World

_DAY = 86_400
MOST = 50
"""Reports of one person within MOST_DAYS, be they open or not: a limit on what waits would tell what became of them."""
MOST_DAYS = 30
OWN_DAYS = LEAST_DAYS["results"]
"""For which somebody sees what they reported: as long as every row is there for sure."""
LONGEST = 20_000
LONGEST_NAME = 255
_SHOWN = 200
"""Closed and forwarded findings that a desk shows, the latest first."""
Known = dict[DatasetId, dict[str, SubjectRef]]
_ENTRIES: Mapping[ResultStage, str] = {
    ResultStage.VALIDATED: "result.validated",
    ResultStage.AT_ETHICS: "result.referred",
    ResultStage.FORWARDED: "result.forwarded",
    ResultStage.CLOSED: "result.closed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a researcher reports. `subject`: the participant as the data name them."""

    subject: str
    text: str
    onset: Onset = "unknown"
    actionable: Actionable = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step at the desk. `onset`, `actionable`: of VALIDATE, what the custodian says. `approval`: of ALLOW."""

    command: ResultCommand
    text: str = ""
    onset: Onset | None = None
    actionable: Actionable | None = None
    approval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenResult:
    """A finding as its desk sees it. `says`: where the person's choice would let it go now.

    `text`: what was found; empty where the person does not want it known, so that it stops before more people read it;
    so is what was written at the steps until then, which may repeat it.
    """

    report: ResultReport
    may: frozenset[ResultCommand]
    says: Routed
    text: str


async def report(w: World, caller: Caller, grant: GrantId, found: Found) -> ResultReport | Reason:
    """Take a finding in. Nothing is asked about the participant. Steps: 1 gather, 2 decide, 3 record."""
    async with w.alone.at("findings", caller.person.id):
        # 1. Gather.
        now, snapshot = w.clock.now(), w.snapshots.current()
        held = at_grant(caller, grant, GrantCommand.TELL, snapshot, now)
        if isinstance(held, Reason):
            return held
        dataset = snapshot.get(Dataset, held.grant.dataset)
        lately = [one async for one in _own(w, caller, MOST_DAYS)]
        # 2. Decide.
        if dataset is None or dataset.safeguards.return_of_results is None:
            return Reason(code="REQ-NO-RESULTS-POLICY")
        subject, text = found.subject.strip(), found.text.strip()
        if not 0 < len(subject) <= LONGEST_NAME or not 0 < len(text) <= LONGEST:
            return Reason(code="REQ-INVALID", facts=(("problem", "subject, text: about whom, and what was found"),))
        if len(lately) >= MOST:
            return Reason(code="REQ-TOO-LARGE", facts=(("limit", f"{MOST} findings in {MOST_DAYS} days"),))
        row = ResultReport(
            id=w.new_id("rsl", now), reporter=caller.person.id, grant=grant, dataset=dataset.id, subject=subject,
            text=text, onset=found.onset, actionable=found.actionable, reported=now,
        )  # fmt: skip
        # 3. Record.
        await w.ledger.record(w.entry("result.reported", now, caller.person, _about(row)), Put(row))
        return row


async def retract(w: World, caller: Caller, id: str) -> ResultReport | Reason:
    """It was wrong. Answered alike in every stage; twice is once. Steps: 1 gather, 2 decide, 3 record."""
    # 1. Gather.
    now = w.clock.now()
    row = next((one for one in await own(w, caller) if one.id == id), None)
    # 2. Decide.
    if row is None:
        return Reason(code="REQ-NOT-FOUND")
    if row.retracted is not None:
        return row
    stage = MOVES[row.stage][ResultCommand.RETRACT]
    put = changed(row, stage=stage, retracted=now)
    if row.stage in WAITING:
        put = replace(_emptied(put), ended=now, why="retracted")
    # 3. Record.
    await w.ledger.record(w.entry("result.retracted", now, caller.person, _about(row)), Put(put))
    return put


async def own(w: World, caller: Caller) -> tuple[ResultReport, ...]:
    """What somebody reported lately, the latest first. To be told by `as_told` alone."""
    found = [one async for one in _own(w, caller, OWN_DAYS)]
    return tuple(sorted(found, key=lambda one: (-one.reported, one.id)))


async def desk(w: World, caller: Caller) -> tuple[SeenResult, ...]:
    """What waits for the caller as custodian or ethics committee, the oldest first; then what is over."""
    snapshot, now = w.snapshots.current(), w.clock.now()
    known: Known = {}
    rows = [row for stage in WAITING async for row in w.rows.find(ResultReport, "stage", stage)]
    over = (ResultStage.FORWARDED, ResultStage.CLOSED)
    ended = [row for stage in over async for row in w.rows.newest(ResultReport, "stage", stage, _SHOWN)]
    waiting = sorted(rows, key=lambda row: (row.reported, row.id))
    late = sorted(ended, key=lambda row: (-row.reported, row.id))
    return tuple(one for row in (*waiting, *late) if (one := seen(caller, row, snapshot, now, known)) is not None)


async def take(w: World, caller: Caller, id: str, step: Step) -> ResultReport | Reason:
    """The next step; what the person chose may stop it, or leave it to an ethics committee.

    Steps: 1 gather, 2 decide by the tables, 3 record. StaleError: somebody else was faster.
    """
    # 1. Gather.
    now, row = w.clock.now(), await w.rows.get(ResultReport, id)
    snapshot = w.snapshots.current()  # after the read: what was chosen meanwhile counts
    found = seen(caller, row, snapshot, now) if row is not None else None
    # 2. Decide.
    if row is None or found is None:
        return Reason(code="REQ-NOT-FOUND")
    if step.command not in found.may:
        return _refused(caller, row, step.command, snapshot)
    wrong = _unsaid(step, found)
    if wrong is not None:
        return wrong
    said = _with(row, step)
    says = _routed(said, snapshot, now, {})
    command = _stopped(step.command, says)
    put = changed(said, stage=MOVES[row.stage][command], taken=_taken(row, caller, step, now))
    if put.stage is ResultStage.AT_ETHICS:
        put = replace(put, why=says.why)
    if put.stage in (ResultStage.CLOSED, ResultStage.FORWARDED):
        put = replace(put, ended=now, why="")
    if put.stage is ResultStage.CLOSED:
        put = replace(_emptied(put), why=says.why if says.route is Route.CLOSE else "closed")
    # 3. Record.
    kind = "result.allowed" if command is ResultCommand.ALLOW else _ENTRIES[put.stage]
    await w.ledger.record(w.entry(kind, now, caller.person, _about(row)), Put(put))
    return put


def seen(
    caller: Caller, row: ResultReport, snapshot: Snapshot, now: Seconds, known: Known | None = None
) -> SeenResult | None:
    """The finding as the caller sees it; None: not at all. `known`: kept between many of the same data."""
    can = may(row.stage, _parts(caller, row, snapshot))
    if ResultCommand.SEE not in can:
        return None
    says = _routed(row, snapshot, now, {} if known is None else known)
    row = _emptied(row) if says.route is Route.CLOSE else row
    return SeenResult(report=row, may=can, says=says, text=row.text)


def _routed(row: ResultReport, snapshot: Snapshot, now: Seconds, known: Known) -> Routed:
    """Where the choice of the person lets it go, of those whom the data know."""
    if row.dataset not in known:
        known[row.dataset] = _names(row.dataset, snapshot)
    ref = known[row.dataset].get(row.subject)
    subject = snapshot.subject(ref, now, row.dataset) if ref is not None else None
    onset = strictest_onset(row.onset, row.checked_onset)
    return routed(subject, onset, row.checked_actionable or row.actionable, now, row.allowed)


def _names(dataset: DatasetId, snapshot: Snapshot) -> dict[str, SubjectRef]:
    """By what the data call each participant: pseudonyms, and names of samples. What names two people names nobody:
    it would tell one what was found in another.
    """
    files = snapshot.objects(dataset)
    said = {(str(who), who) for file in files for who in file.subjects}
    said |= {(name, who) for file in files for name, who in file.samples.items()}
    times = Counter(name for name, _ in said)
    return {name: who for name, who in said if times[name] == 1}


def _stopped(command: ResultCommand, says: Routed) -> ResultCommand:
    """What happens instead of the step that is asked for, where the person's choice is against it."""
    if command is ResultCommand.CLOSE:
        return command
    if says.route is Route.CLOSE:
        return ResultCommand.STOP
    return ResultCommand.REFER if says.route is Route.ETHICS else command


def _with(row: ResultReport, step: Step) -> ResultReport:
    """The row with what the step says of the finding itself."""
    if step.command is ResultCommand.VALIDATE:
        return replace(row, checked_onset=step.onset, checked_actionable=step.actionable)
    if step.command is ResultCommand.ALLOW:
        return replace(row, approval=step.approval.strip(), allowed=row.allowed | {row.why})
    return row


def _emptied(row: ResultReport) -> ResultReport:
    """Without what was found: what nobody is told, nobody needs to keep. Who took which step stays, and why somebody
    closed it; what was written at other steps says what was found.
    """
    steps = tuple(one if one.command is ResultCommand.CLOSE else replace(one, text="") for one in row.taken)
    return replace(row, text="", taken=steps)


def _unsaid(step: Step, found: SeenResult) -> Reason | None:
    problem = None
    stops = found.says.route is Route.CLOSE
    if len(step.text) > LONGEST or len(step.approval) > LONGEST_NAME:
        problem = "text, approval: too long"
    elif stops:
        problem = None  # it goes no further, whatever is said
    elif step.command is ResultCommand.VALIDATE and (step.onset is None or step.actionable is None):
        problem = "onset, actionable: what it means"
    elif step.command is ResultCommand.ALLOW and not step.approval.strip():
        problem = "approval: the reference of the approval"
    elif not step.text.strip():
        problem = "text: nothing is said"
    return Reason(code="REQ-INVALID", facts=(("problem", problem),)) if problem is not None else None


def _refused(caller: Caller, row: ResultReport, command: ResultCommand, snapshot: Snapshot) -> Reason:
    mine = _parts(caller, row, snapshot)
    if any(command in may(stage, mine) for stage in ResultStage):
        return Reason(code="REQ-STATE", facts=(("state", row.stage.value),))
    return Reason(code="REQ-NOT-YOUR-PART", facts=(("step", command.value),))


def _parts(caller: Caller, row: ResultReport, snapshot: Snapshot) -> frozenset[ResultPart]:
    dataset, grant = snapshot.get(Dataset, row.dataset), snapshot.get(Grant, row.grant)
    scopes = [f"dataset:{row.dataset}", *([f"committee:{dataset.committee}"] if dataset is not None else [])]
    near = {row.reporter, *({grant.person, *fellows(grant, snapshot)} if grant is not None else ())}
    has = {
        ResultPart.INVOLVED: bool(near & snapshot.ever_linked(caller.person.id)),
        ResultPart.CUSTODIAN: caller.has_role("custodian", scopes[0]),
        ResultPart.ETHICS: any(caller.has_role("ethics_committee", scope) for scope in scopes),
    }
    return frozenset(part for part, true in has.items() if true)


async def _own(w: World, caller: Caller, days: int) -> AsyncIterator[ResultReport]:
    since = w.clock.now() - days * _DAY
    async for row in w.rows.find(ResultReport, "reporter", caller.person.id):
        if row.reported > since:
            yield row


def _about(row: ResultReport) -> dict[str, str]:
    return {"report": row.id, "dataset": row.dataset}


def _taken(row: ResultReport, caller: Caller, step: Step, now: Seconds) -> tuple[ResultStep, ...]:
    return (*row.taken, ResultStep(command=step.command, person=caller.person.id, text=step.text.strip(), at=now))
