"""An operator applies a catalogue: shown as a plan first, then all of it in one transaction or none."""

from collections.abc import Iterable
from dataclasses import replace

from broker.core import catalogue
from broker.core.audit.entry import Value
from broker.core.catalogue import DeclaredGrant, NotRegistrableError, Step, changes, plan, unregistrable
from broker.core.committees import orphaned
from broker.core.consent.exclusion import SALT_BYTES, Exclusion, exclusion
from broker.core.consent.importing import Incoming
from broker.core.decision import Question, evaluate
from broker.core.ids import Issuer, RequestId
from broker.core.plain import digest
from broker.core.rows import ConsentRow, ConsentTemplate, Dataset, Grant, Identity, IdentityProvider, Person, Row
from broker.core.rows.consents import consent_row_id
from broker.core.rows.identity import identity_id
from broker.core.snapshot import Snapshot, follow
from broker.flows.authenticate import new_person
from broker.flows.decide_request import signed
from broker.flows.exchange_consents import planned
from broker.flows.world import World


async def foresee(w: World, declared: Iterable[Row], grants: Iterable[DeclaredGrant] = ()) -> tuple[Step, ...]:
    """The plan: what would be created and changed. Nothing is written.

    A consent that is declared passes what an import passes: it is never edited, and `recorded_at` is ours.

    ValueError: something is declared that was removed for good, or declared twice, a grant for a dataset that
    nobody declared, a second identity provider for participants, a consent version that is stored otherwise, or other
    content for a DRS object, or a committee that could not answer what waits for it. NotRegistrableError: a dataset
    lacks a safeguard, or a fact that a loaded pack needs; or a bundle holds itself, or what nobody declared.
    """
    rows = _consents(w, list(declared))
    faults = unregistrable(rows, follow(w.snapshots.current(), rows), w.clock.now())
    if faults:
        raise NotRegistrableError(faults)
    await _one_for_participants(w, rows)
    if waiting := orphaned(rows, w.snapshots.current(), follow(w.snapshots.current(), rows), w.clock.now()):
        raise ValueError("\n".join(waiting))
    datasets = {str(row.id): row for row in rows if isinstance(row, Dataset)}
    people: dict[str, Person] = {}
    after = follow(w.snapshots.current(), rows)
    for grant in grants:
        rows += await _grant_rows(w, grant, datasets, people, after)
    stored: dict[tuple[str, str], Row | None] = {
        (row.KIND, row.id): await w.rows.get(type(row), row.id) for row in rows
    }
    changed = [why for row in rows if (why := catalogue.other_content(row, stored[row.KIND, row.id]))]
    if changed:
        raise ValueError("\n".join(changed))
    gone = [f"{kind} {name}" for (kind, name), row in stored.items() if getattr(row, "status", "") == "removed"]
    if gone:
        raise ValueError(f"removed for good, so take it out of the file: {', '.join(gone)}")
    return plan(rows, lambda kind, name: stored[kind.KIND, name])


def cautions(w: World, declared: Iterable[Row]) -> tuple[str, ...]:
    """What an operator should know of the declared datasets before they are registered."""
    rows = list(declared)
    return catalogue.cautions(rows, follow(w.snapshots.current(), rows))


async def apply(w: World, steps: tuple[Step, ...], by: Person | None) -> int:
    """Steps: 1 gathered by `foresee`, 2 nothing to decide, 3 record all of it, 4 say how much changed.

    StaleError: somebody changed one of the rows since the plan was made; nothing was stored.
    """
    puts = changes(steps)
    if not puts:
        return 0
    told: dict[str, Value] = {"rows": len(puts), "plan": digest([put.row for put in puts])}
    await w.ledger.record(w.entry("catalogue.applied", w.clock.now(), by, told), *puts)
    return len(puts)


def _consents(w: World, rows: list[Row]) -> list[Row]:
    """The rows, each consent as it would be on record. ValueError with everything that is wrong with one."""
    snapshot = w.snapshots.current()
    consents = {row.id: row for row in rows if isinstance(row, ConsentRow)}
    forms = [row for row in rows if isinstance(row, ConsentTemplate)]
    incoming = [Incoming(place=f"consent {id}", version=row.consent) for id, row in consents.items()]
    found = planned(snapshot, incoming, w.clock.now(), forms)
    if found.faults:
        raise ValueError("\n".join(map(str, found.faults)))
    recorded = {consent_row_id(one.version): one.version for one in found.new}
    after: list[Row] = []
    for row in rows:
        stored = snapshot.get(ConsentRow, row.id) if isinstance(row, ConsentRow) else None
        if isinstance(row, ConsentRow):
            kept = replace(stored, datasets=row.datasets) if stored is not None else None
            after.append(kept or replace(row, consent=recorded[row.id]))
        else:
            after.append(row)
    return after


async def _one_for_participants(w: World, declared: Iterable[Row]) -> None:
    """A consent names its participant by pseudonym alone, so a second provider could name somebody else's."""
    after = {row.id: row async for row in w.rows.scan(IdentityProvider)}
    after |= {row.id: row for row in declared if isinstance(row, IdentityProvider)}
    active = sorted(row.id for row in after.values() if row.audience == "participant" and row.status == "active")
    if len(active) > 1:
        raise ValueError(f"only one identity provider may be for participants: {', '.join(active)}")


async def _grant_rows(
    w: World, declared: DeclaredGrant, datasets: dict[str, Dataset], people: dict[str, Person], after: Snapshot
) -> list[Row]:
    """The grant, and its person where nobody has met them yet. Every use of it is judged like any other.

    It is bound to the list of those whom the consents leave out when it is first declared, as a grant that is given
    here; declaring the same again changes nothing.
    """
    dataset = datasets.get(declared.dataset) or await w.rows.get(Dataset, declared.dataset)
    if dataset is None:
        raise ValueError(f"grant {declared.id}: {declared.dataset} is not declared")
    name, made = identity_id(declared.iss, declared.sub), list[Row]()
    known = await w.rows.get(Identity, name)
    person = await w.rows.get(Person, known.person) if known is not None else people.get(name)
    if person is None:
        person, identity = new_person(w, declared.iss, declared.sub, w.clock.now())
        people[name] = person
        made += [person, identity]
    unsigned = Grant(
        id=declared.id,
        request=RequestId(""),
        person=person.id,
        dataset=dataset.id,
        duo=dataset.duo,
        purpose=declared.purpose,
        affiliations=declared.affiliations,
        begins=declared.begins,
        ends=declared.ends,
        committee=dataset.committee,
        document="",
    )
    stored = await w.rows.get(Grant, declared.id)
    if stored is not None and stored.exclusion is not None and _is_same(stored, unsigned):
        return [*made, stored]
    closed = stored.closed if stored is not None else None
    bound = replace(unsigned, exclusion=_left_out(w, unsigned, after))
    return [*made, replace(bound, document=await signed(w, bound), closed=closed)]


def _is_same(stored: Grant, declared: Grant) -> bool:
    """Does the file say what is on record, but for what only the record has?"""
    kept = replace(
        stored, version=declared.version, document="", exclusion=None, findings=declared.findings,
        obligations=declared.obligations, closed=None,
    )  # fmt: skip
    return kept == declared


def _left_out(w: World, grant: Grant, after: Snapshot) -> Exclusion:
    """The list of the grant, by the consents of now: found as a committee's yes finds it."""
    now = w.clock.now()
    question = Question(
        stage="approve",
        at=now,
        known_at=now,
        person=grant.person,
        identities=frozenset({(Issuer(w.issuer), str(grant.person))}),
        affiliations=grant.affiliations,
        purpose=grant.purpose,
        dataset=grant.dataset,
        modality=grant.purpose.modality,
    )
    return exclusion(evaluate(question, after).excluded, w.entropy.random(SALT_BYTES).hex())
