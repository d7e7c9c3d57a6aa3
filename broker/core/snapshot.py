"""What decisions read: an immutable picture of the world, and how one change makes the next picture.

A change moves `generation` on. Maps are persistent (`immutables.Map`), so that a new picture shares nearly
all of the old one: following a change costs the same with a million grants as with a thousand.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar, cast

from immutables import Map

from broker.core.breadth import Form
from broker.core.consent.known import KnownAnswers
from broker.core.consent.model import Layer, Subject
from broker.core.copied import copied
from broker.core.documents import Standing, standing
from broker.core.duo.ontology import Ontology
from broker.core.forms import counted
from broker.core.ids import DatasetId, GrantId, Issuer, ObjectId, PersonId, SubjectRef
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.memory import Memory
from broker.core.passport.trust import Trust, TrustRow
from broker.core.rows import (
    SNAPSHOT_KINDS,
    Application,
    Assertion,
    Case,
    Client,
    ConsentRow,
    DrsObject,
    Grant,
    IdentityLink,
    IdentityProvider,
    Organisation,
    PolledVisa,
    Report,
    Request,
    Review,
    Revocation,
    Role,
    Row,
    Sanction,
    VisaIssuer,
)
from broker.core.rows.consents import speaking
from broker.core.rows.credentials import OF_CREDENTIALS
from broker.core.rows.index import keys_of
from broker.core.rows.revocation import What, revocation_id
from broker.core.rows.sanctions import TargetKind
from broker.core.time import EPOCH, Seconds

R = TypeVar("R", bound=Row)
_NONE: Map[Any, Any] = Map()

_REMEMBERED = 200_000
"""What is remembered: uses, the participants left out of each, and visas, together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Another identity of the same human being, and the link that says so (of a chain, the last one)."""

    person: PersonId
    iss: Issuer
    sub: str
    link: str
    since: Seconds


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One picture. Read it through its methods; make the next one with `follow`.

    `rows`: (kind, id) -> row. `index`: (what, key…) -> ids or rows in order of id, kept by `_INDEXES`.
    """

    ontology: Ontology
    rulebook: Rulebook
    own: TrustRow
    """Ourselves as a trusted issuer: our own `iss`, and our published keys, pinned."""
    trust: Trust
    """Every issuer that is trusted now, ourselves included."""
    stands_on: Standing
    """By which names packs, ontology and our own trust row are kept."""
    generation: int = 0
    """How many entries the log had when a row of this picture changed last: it is the picture as of then."""
    rows: Map[tuple[str, str], Row] = field(default=_NONE)
    index: Map[tuple[str, ...], Map[str, Row]] = field(default=_NONE)
    forms: Map[DatasetId, Map[Form, int]] = field(default=_NONE)
    """How many consents of which kind of form a dataset has (core/breadth.py)."""
    data: object = field(default_factory=object, compare=False, repr=False)
    """Another object whenever a row changed that says something about data, participants or institutions."""
    vouching: object = field(default_factory=object, compare=False, repr=False)
    """Another object whenever a row changed that may decide which visas count."""
    memory: Memory[object] = field(default_factory=lambda: Memory(_REMEMBERED), compare=False, repr=False)
    """What was worked out before (decision/use.py, weighing.py); the pictures that follow one another share it."""
    learned: Seconds = EPOCH
    """The latest time at which a consent version became known: what is asked as of before it is a replay."""
    answers: KnownAnswers = field(default_factory=KnownAnswers, compare=False, repr=False)
    """Answers about sets of participants that were worked out before; nothing depends on what is in it."""

    def get(self, kind: type[R], id: str) -> R | None:
        """The row of `kind` with `id`, or None."""
        return cast("R | None", self.rows.get((kind.KIND, id)))

    def all(self, kind: type[R]) -> tuple[R, ...]:
        """Every row of `kind`, in order of id."""
        return cast("tuple[R, ...]", self._listed("all", kind.KIND))

    def grants(self, person: PersonId, dataset: DatasetId) -> tuple[Grant, ...]:
        """Every grant, live or not, of a person for a dataset."""
        return cast("tuple[Grant, ...]", self._listed("grant", person, dataset))

    def grants_of(self, person: PersonId) -> tuple[Grant, ...]:
        """Every grant, live or not, of a person."""
        return cast("tuple[Grant, ...]", self._listed("person", person))

    def requests_of(self, person: PersonId) -> tuple[Request, ...]:
        """Every request of a person."""
        return cast("tuple[Request, ...]", self._listed("requests", person))

    def requests_for(self, dataset: DatasetId) -> tuple[Request, ...]:
        """Every request for a dataset."""
        return cast("tuple[Request, ...]", self._listed("inbox", dataset))

    def applications_of(self, person: PersonId) -> tuple[Application, ...]:
        """Every application of a person."""
        return cast("tuple[Application, ...]", self._listed("applications", person))

    def desk(self, committee: str) -> tuple[Review, ...]:
        """Every application that is or was before a committee."""
        return cast("tuple[Review, ...]", self._listed("desk", committee))

    def seats(self, scope: str, at: Seconds) -> tuple[Role, ...]:
        """Who sits in a committee (`committee:<id>`), or speaks for a community (`community:<ref>`), at `at`."""
        return tuple(role for role in cast("tuple[Role, ...]", self._listed("seats", scope)) if role.holds(at))

    def reports(self, grant: GrantId) -> tuple[Report, ...]:
        """What the holder of a grant reported, the oldest first."""
        return cast("tuple[Report, ...]", self._listed("reports", grant))

    def cases(self, about: str) -> tuple[Case, ...]:
        """Every challenge and complaint about a request, or of a person."""
        return cast("tuple[Case, ...]", self._listed("cases", about))

    def consents(self, subject: SubjectRef) -> tuple[ConsentRow, ...]:
        """Every consent version of a participant."""
        return cast("tuple[ConsentRow, ...]", self._listed("subject", subject))

    def chain(self, consent_id: str) -> tuple[ConsentRow, ...]:
        """Every version of one consent, the oldest first."""
        found = cast("tuple[ConsentRow, ...]", self._listed("consent", consent_id))
        return tuple(sorted(found, key=lambda row: row.consent.version))

    def represented(self, by: SubjectRef) -> tuple[ConsentRow, ...]:
        """Every consent version that somebody gave for another person."""
        return cast("tuple[ConsentRow, ...]", self._listed("grantor", by))

    def about(self, ref: SubjectRef) -> tuple[ConsentRow, ...]:
        """Every consent version under a pseudonym, be it a participant's, a family's or a community's."""
        keys = (("subject", ref), ("layer", "family", ref), ("layer", "community", ref))
        return cast("tuple[ConsentRow, ...]", tuple(row for key in keys for row in self._listed(*key)))

    def subject(self, ref: SubjectRef, known_at: Seconds, dataset: DatasetId) -> Subject:
        """A participant with what is on record of them for a dataset, and of the families and communities they name."""
        versions = tuple(row.consent for row in speaking(self.consents(ref), dataset))
        known = [one for one in versions if one.known_from <= known_at]
        families = dict.fromkeys(one.family_ref for one in known if one.family_ref is not None)
        communities = dict.fromkeys(name for one in known for name in one.community_refs)
        if not families and not communities:
            return Subject(ref=ref, versions=versions)
        layers = (
            *(self._layer("family", name) for name in families),
            *(self._layer("community", name) for name in communities),
        )
        return Subject(ref=ref, versions=versions, family=next(reversed(families), None), layers=layers)

    def communities(self, dataset: DatasetId) -> tuple[Layer, ...]:
        """The communities of whose decisions about a dataset something is on record."""
        if ("communities", dataset) not in self.index:
            return ()
        rows = cast("tuple[ConsentRow, ...]", self._listed("communities", dataset))
        return tuple(self._layer("community", ref) for ref in sorted({row.consent.subject_ref for row in rows}))

    def _layer(self, level: Literal["family", "community"], ref: str) -> Layer:
        rows = cast("tuple[ConsentRow, ...]", self._listed("layer", level, ref))
        return Layer(level=level, ref=ref, versions=tuple(row.consent for row in rows))

    def concerned(self, row: ConsentRow) -> frozenset[SubjectRef]:
        """The participants about whom a consent version says something: its own, or the members of its group."""
        consent = row.consent
        if consent.level == "participant":
            return frozenset({consent.subject_ref})
        members = cast("tuple[ConsentRow, ...]", self._listed("member", consent.level, consent.subject_ref))
        return frozenset(one.consent.subject_ref for one in members)

    def objects(self, dataset: DatasetId) -> tuple[DrsObject, ...]:
        """The objects of a dataset."""
        return cast("tuple[DrsObject, ...]", self._listed("dataset", dataset))

    def roles(self, iss: Issuer, sub: str, at: Seconds) -> tuple[Role, ...]:
        """The roles of an identity that hold at `at`."""
        found = cast("tuple[Role, ...]", self._listed("role", iss, sub))
        return tuple(role for role in found if role.holds(at))

    def clients_with_addresses(self) -> tuple[Client, ...]:
        """The active clients whose keys have to be fetched."""
        found = cast("tuple[Client, ...]", self._listed("jwks_uri"))
        return tuple(client for client in found if client.status == "active")

    def installations(self, person: PersonId) -> tuple[Client, ...]:
        """The clients that a person made of their own computers, removed ones too."""
        return cast("tuple[Client, ...]", self._listed("installation", person))

    def assertions(self, identities: Iterable[tuple[Issuer, str]], at: Seconds) -> tuple[Assertion, ...]:
        """What is asserted of any of these identities, and live at `at`; in order of id.

        Not what one of them entered about another, but for terms that they accept: nobody vouches for themselves,
        also if it came out only later that the two are one.
        """
        known = tuple(identities)
        live = [row for row in self.ever_asserted(known) if row.is_live(at)]
        if not live:
            return ()
        ours = [PersonId(sub) for iss, sub in known if iss == self.own.iss]
        theirs = frozenset().union(*(self.ever_linked(person) for person in ours))
        good = (row for row in live if row.entered_by not in theirs or (row.by, row.source) == ("self", self.own.iss))
        return tuple(sorted(good, key=lambda row: row.id))

    def ever_asserted(self, identities: Iterable[tuple[Issuer, str]]) -> tuple[Assertion, ...]:
        """What was ever asserted of any of these identities, live or not."""
        keys = [key for iss, sub in identities if (key := ("assertion", iss, sub)) in self.index]
        return cast("tuple[Assertion, ...]", tuple(row for key in keys for row in self._listed(*key)))

    def linked(self, person: PersonId, at: Seconds) -> tuple[Linked, ...]:
        """Whom else this person is, by chains of links that hold at `at`; nearest first, without the person.

        A link counts only while both providers are trusted: who is trusted no longer cannot say who somebody is.
        """
        if ("link", person) not in self.index:
            return ()
        found: dict[PersonId, Linked] = {}
        reached = [person]
        for here in reached:
            for link in cast("tuple[IdentityLink, ...]", self._listed("link", here)):
                place = link.persons.index(here)
                other, (iss, sub) = link.persons[1 - place], link.identities[1 - place]
                if other == person or other in found or not link.holds(at):
                    continue
                if self._vouched(iss, at) and self._vouched(link.identities[place][0], at):
                    found[other] = Linked(person=other, iss=iss, sub=sub, link=link.id, since=link.since)
                    reached.append(other)
        return tuple(found.values())

    def ever_linked(self, person: PersonId) -> frozenset[PersonId]:
        """The person, and everybody who was ever shown to be the same human being, also if the link has ended."""
        reached = {person: None}
        waiting = [person]
        while waiting:
            for link in cast("tuple[IdentityLink, ...]", self._listed("link", waiting.pop())):
                new = [other for other in link.persons if other not in reached]
                reached |= dict.fromkeys(new)
                waiting += new
        return frozenset(reached)

    def _vouched(self, iss: Issuer, at: Seconds) -> bool:
        row = self.get(IdentityProvider, iss)
        return (row is None or row.status == "active") and not self.revoked("issuer", iss, at)

    def polled(self) -> tuple[PolledVisa, ...]:
        """The Visa Access Tokens whose issuers are asked again."""
        return cast("tuple[PolledVisa, ...]", self._listed("polled"))

    def organisations(self, scopes: Iterable[str]) -> tuple[Organisation, ...]:
        """The registered organisations that speak for any of these affiliation scopes."""
        found = (org for scope in scopes for org in self._listed("scope", scope))
        return tuple({org.id: cast("Organisation", org) for org in found}.values())

    def revocations(self, names: Iterable[str]) -> list[Revocation]:
        """The revocations with these ids, also those that begin later."""
        found = [self.rows.get((Revocation.KIND, name)) for name in names]
        return [row for row in found if isinstance(row, Revocation)]

    def revoked_names(self, names: Iterable[str], at: Seconds) -> frozenset[str]:
        """Those of `names` (ids of revocations) that are revoked by `at`."""
        return frozenset(row.id for row in self.revocations(names) if row.holds(at))

    def revoked(self, what: What, value: str, at: Seconds) -> bool:
        """Has `what`:`value` been revoked by `at`?"""
        return self.any_revoked((revocation_id(what, value),), at)

    def any_revoked(self, names: Iterable[str], at: Seconds) -> bool:
        """Is one of `names` (ids of revocations) revoked by `at`?"""
        for name in names:
            row = self.rows.get((Revocation.KIND, name))
            if isinstance(row, Revocation) and row.holds(at):
                return True
        return False

    @property
    def unsanctioned(self) -> bool:
        """Is nobody under any sanction, and was never? Then nobody need be looked up."""
        return ("sanctions",) not in self.index

    def sanctions(self, kind: TargetKind, whom: str) -> tuple[Sanction, ...]:
        """Every sanction, in force or over, against a person or an organisation."""
        return cast("tuple[Sanction, ...]", self._listed("sanction", kind, whom))

    def subjects(self, dataset: DatasetId, object: ObjectId | None = None) -> frozenset[SubjectRef]:
        """Whose data are in an object of a dataset, or in any object of it."""
        if object is not None:
            row = self.get(DrsObject, object)
            return row.subjects if row is not None and row.dataset == dataset else frozenset()
        return frozenset().union(*(row.subjects for row in self.objects(dataset)))

    def _listed(self, *key: str) -> tuple[Row, ...]:
        found = self.index.get(key)
        return tuple(row for _, row in sorted(found.items())) if found else ()


def follow(snapshot: Snapshot, rows: Iterable[Row], size: int | None = None) -> Snapshot:
    """The picture after `rows` were put. Rows of kinds that decisions do not read change nothing.

    `size`: how many entries the log has since; None, where there is no log: one more than before.
    """
    seen = [row for row in rows if type(row) in SNAPSHOT_KINDS]
    if not seen:
        return snapshot
    table, index, forms = snapshot.rows, snapshot.index, snapshot.forms
    for row in seen:
        before, known = table.get((row.KIND, row.id)), table
        table = table.set((row.KIND, row.id), row)
        if isinstance(row, ConsentRow):
            forms = counted(forms, known, table, row)
        if before is not None:
            for key in keys_of(before):
                index = index.set(key, index[key].delete(row.id))
        for key in keys_of(row):
            index = index.set(key, index.get(key, _NONE).set(row.id, row))
    data = snapshot.data if all(type(row) in OF_CREDENTIALS for row in seen) else object()
    vouching = object() if any(map(_speaks_of_visas, seen)) else snapshot.vouching
    learned = max((row.consent.known_from for row in seen if isinstance(row, ConsentRow)), default=EPOCH)
    generation = snapshot.generation + 1 if size is None else size
    learned = max(snapshot.learned, learned)
    after = copied(
        snapshot, rows=table, index=index, forms=forms, generation=generation, data=data, vouching=vouching,
        learned=learned,
    )  # fmt: skip
    after = copied(after, answers=_remembered(snapshot, after, seen))
    return copied(after, trust=_trust(after)) if any(isinstance(row, VisaIssuer) for row in seen) else after


def _speaks_of_visas(row: Row) -> bool:
    """Issuers, what they answered, and every revocation but those of somebody's own session (by far the most)."""
    if isinstance(row, Revocation):
        return not row.id.startswith(("session:", "family:", "access:", "person:", "grant:"))
    return isinstance(row, VisaIssuer | PolledVisa)


def _remembered(before: Snapshot, after: Snapshot, rows: Iterable[Row]) -> KnownAnswers:
    """What is still remembered after `rows` were put: whom they concern is asked anew, the others are not."""
    homes = {row.dataset for row in rows if isinstance(row, DrsObject)}
    consents = [row for row in rows if isinstance(row, ConsentRow)]
    if not homes and not consents:
        return before.answers
    if not before.answers:
        return KnownAnswers()
    homes |= {old.dataset for row in rows if (old := before.get(DrsObject, row.id)) is not None}
    refs = frozenset[SubjectRef]().union(*(one.concerned(row) for row in consents for one in (before, after)))
    return before.answers.after(refs, before.subject, homes)


def empty(ontology: Ontology, rulebook: Rulebook, own: TrustRow) -> Snapshot:
    """The picture before anything was stored: whom we trust is ourselves."""
    stands_on = standing(ontology, rulebook, own)
    return Snapshot(ontology=ontology, rulebook=rulebook, own=own, trust=Trust((own,)), stands_on=stands_on)


def as_ourselves(snapshot: Snapshot, own: TrustRow) -> Snapshot:
    """The picture in which we are `own`: our keys were rotated."""
    return on_texts(snapshot, snapshot.ontology, snapshot.rulebook, own)


def on_texts(snapshot: Snapshot, ontology: Ontology, rulebook: Rulebook, own: TrustRow) -> Snapshot:
    """The same rows under other texts."""
    stands_on = standing(ontology, rulebook, own)
    after = replace(snapshot, ontology=ontology, rulebook=rulebook, own=own, stands_on=stands_on, vouching=object())
    return replace(after, trust=_trust(after))


def under(snapshot: Snapshot, rulebook: Rulebook) -> Snapshot:
    """The picture in which the packs of `rulebook` hold."""
    return on_texts(snapshot, snapshot.ontology, rulebook, snapshot.own)


def _trust(snapshot: Snapshot) -> Trust:
    """Suspended issuers are not trusted; nobody else may speak as us."""
    others = (row for row in snapshot.all(VisaIssuer) if row.status == "active" and row.id != snapshot.own.iss)
    return Trust((snapshot.own, *(row.trust for row in others)))
