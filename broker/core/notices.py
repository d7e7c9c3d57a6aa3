"""Who is told of what happened? One table: kind of entry to those whom it concerns (dac-workflow section 7).

Nobody is told here what was said, decided or chosen, and nothing is told of which the receiver cannot see the thing
itself: a remark among the committee reaches no applicant, a withdrawn consent nobody but whose it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from broker.core import of_findings
from broker.core.access.cases import ANSWERED_BY, answered_in
from broker.core.access.life import Stage
from broker.core.applications import awaited
from broker.core.grants import fellows
from broker.core.happened import REMINDERS, Happened, Rule, Told, hook_box, person_box, role_box, subject_box
from broker.core.ids import ApplicationId, DatasetId, GrantId, PersonId
from broker.core.notices_of_law import consulted, said_of_law, second_persons
from broker.core.rows import (
    Alert,
    Application,
    Case,
    Client,
    Committee,
    ConsentRow,
    Dataset,
    DrsObject,
    Grant,
    IdentityLink,
    Incident,
    Notice,
    RecipientKey,
    Report,
    Request,
    Review,
    Sanction,
    Usage,
)
from broker.core.rows.applications import Remark
from broker.core.rows.notices import box_of
from broker.core.time import Seconds

_SERVICE = "service"


def _committee(id: str, about: str, but: Iterable[PersonId] = ()) -> Iterator[Told]:
    """Its members, its chair among them, and who keeps its desk."""
    for role in ("committee_member", "handler"):
        yield Told(to=role_box(role, f"committee:{id}"), about=about, but=tuple(but))


def _applying(h: Happened, id: ApplicationId) -> tuple[PersonId, ...]:
    """Who applies, the applicant first."""
    row = h.get(Application, id)
    return row.people if row is not None else ()


def _ever_applied(h: Happened, id: ApplicationId) -> tuple[PersonId, ...]:
    """Who applies or once did: what a committee is told, they are not."""
    row = h.get(Application, id)
    return tuple(sorted(row.ever)) if row is not None else ()


def _applicants(h: Happened) -> Iterator[Told]:
    """Who applied."""
    for row in h.of(Review):
        yield from (Told(to=person_box(one), about=row.application) for one in _applying(h, row.application))


def _people(h: Happened) -> Iterator[Told]:
    """Who applies, of who joins them or leaves them."""
    for row in h.of(Application):
        yield from (Told(to=person_box(one), about=row.id) for one in row.people)


def _parted(h: Happened) -> Iterator[Told]:
    """Whose grants ended because they apply no longer with the others."""
    yield from _named_grants(h, "grant.revoked")


def _desks(h: Happened) -> Iterator[Told]:
    """The committees before which it is; not who stepped aside, and not who applies."""
    for row in h.of(Review):
        yield from _committee(row.committee, row.id, (*_ever_applied(h, row.application), *sorted(row.apart)))


def _officials(h: Happened) -> Iterator[Told]:
    """Who answers for the applicant's institution, where that is what it waits for."""
    for row in h.of(Review):
        application = h.get(Application, row.application) if row.stage is Stage.SUBMITTED else None
        scopes = (one.partition("@")[2] for one in application.affiliations) if application is not None else ()
        homes, roles = h.before.organisations(scopes), awaited(row, h.before.get(Committee, row.committee))
        for box in (role_box(role, f"organisation:{home.id}") for home in homes for role in sorted(roles)):
            yield Told(to=box, about=row.id, but=_ever_applied(h, row.application))


def _remarked(h: Happened) -> Iterator[Told]:
    """Both sides of what is said to everybody, but for who said it; of the rest the committee alone."""
    for row in h.of(Review):
        said: Remark = row.remarks[-1]
        applicants = _applying(h, row.application)
        if said.to == "everybody":
            whom = (one for one in applicants if one != said.person)
            yield from (Told(to=person_box(one), about=row.application) for one in whom)
        yield from _committee(
            row.committee, row.id, (*_ever_applied(h, row.application), *sorted(row.apart), said.person)
        )


def _invited(h: Happened) -> Iterator[Told]:
    for row in h.of(Review):
        yield Told(to=person_box(row.invited[-1].person), about=row.id)


def _communities(h: Happened) -> Iterator[Told]:
    """The authorities of the communities that govern what is asked for; not who asks, and that it is asked alone."""
    for row in h.of(Request):
        review = h.get(Review, row.review) if row.review is not None else None
        but = (row.person, *(_ever_applied(h, review.application) if review is not None else ()))
        for layer in h.before.communities(row.dataset):
            to = role_box("community_authority", f"community:{layer.ref}")
            yield Told(to=to, about=layer.ref, but=but, what="community.asked")


def _governed(h: Happened) -> Iterator[Told]:
    """Those besides who speak for the community, and who answers requests for the data that it governs."""
    for row in h.of(ConsentRow):
        ref = row.consent.subject_ref
        yield Told(to=role_box("community_authority", f"community:{ref}"), about=ref)
        held = (h.get(Dataset, id) for id in sorted(row.datasets))
        for committee in sorted({one.committee for one in held if one is not None}):
            yield from _committee(committee, ref)


def _asker(h: Happened) -> Iterator[Told]:
    """Who asked for the data."""
    for row in h.of(Request):
        about = (h.get(Review, row.review) if row.review is not None else None) or row
        yield Told(to=person_box(row.person), about=about.application if isinstance(about, Review) else row.id)


def _asked(h: Happened) -> Iterator[Told]:
    """The committee of the data that are asked for."""
    for row in h.of(Request):
        dataset = h.get(Dataset, row.dataset)
        if dataset is not None:
            yield from _committee(dataset.committee, row.id, (row.person,))


def _heard(h: Happened) -> Iterator[Told]:
    """Both sides of a request, of what the place of origin said to it; not who said it."""
    yield from _asker(h)
    for row in h.of(Request):
        dataset, review = h.get(Dataset, row.dataset), h.get(Review, row.review) if row.review is not None else None
        out = (*_ever_applied(h, review.application), *sorted(review.apart)) if review is not None else (row.person,)
        said = tuple(one.person for one in row.origin.words[-1:]) if row.origin is not None else ()
        if dataset is not None:
            yield from _committee(dataset.committee, row.review or row.id, (*out, *said))


def _grant(h: Happened) -> Grant | None:
    about = h.entry.about
    named = about.get("grant") or (about.get("value") if about.get("what") == "grant" else None)
    return h.get(Grant, GrantId(named)) if isinstance(named, str) else None


def _holder(h: Happened) -> Iterator[Told]:
    """Who holds the grant."""
    row = _grant(h)
    if row is not None:
        yield Told(to=person_box(row.person), about=row.id)


def _giver(h: Happened) -> Iterator[Told]:
    """The committee to which the holder reports."""
    for row in h.of(Report):
        yield from _committee(row.committee, row.grant, (row.person,))


def _responsible(h: Happened) -> Iterator[Told]:
    """Who acts when something went wrong with data; not who may be involved."""
    for row in h.of(Incident):
        yield from _of_data(h, row.dataset, row.id, tuple(dict.fromkeys(_involved(h, row))))


def _involved(h: Happened, row: Incident) -> Iterator[PersonId]:
    yield from (grant.person for id in row.frozen if (grant := h.get(Grant, id)) is not None)


def _of_data(h: Happened, dataset: DatasetId, about: str, but: tuple[PersonId, ...] = ()) -> Iterator[Told]:
    row = h.get(Dataset, dataset)
    if row is not None:
        yield from _committee(row.committee, about, but)
    yield Told(to=role_box("custodian", f"dataset:{dataset}"), about=about, but=but)
    yield Told(to=role_box("admin", _SERVICE), about=about, but=but)


def _frozen(h: Happened) -> Iterator[Told]:
    """Whose grants rest; that they do, and not why."""
    yield from _named_grants(h, "grant.suspended")


def _named_grants(h: Happened, what: str) -> Iterator[Told]:
    named = h.entry.about.get("grants", ())
    for id in named if isinstance(named, tuple) else ():
        row = h.get(Grant, GrantId(id))
        if row is not None:
            yield Told(to=person_box(row.person), about=row.id, what=what)


def _reporter(h: Happened) -> Iterator[Told]:
    yield from (Told(to=person_box(row.reporter), about=row.id) for row in h.of(Incident))


def _answerers(h: Happened) -> Iterator[Told]:
    """Who answers a question, challenge or complaint: never the committee, of what is said outside of it."""
    for row in h.of(Case):
        scope = answered_in(row.kind, row.committee)
        yield Told(to=role_box(ANSWERED_BY[row.kind], scope), about=row.id, but=(row.person,) if row.person else ())


def _opener(h: Happened) -> Iterator[Told]:
    yield from (Told(to=person_box(row.person), about=row.id) for row in h.of(Case) if row.person is not None)


def _sanctioned(h: Happened) -> Iterator[Told]:
    """Whom it is against: the person, or who signs for the institution."""
    for row in h.of(Sanction):
        is_person = row.kind == "person"
        whom = person_box(PersonId(row.whom)) if is_person else role_box("signing_official", f"organisation:{row.whom}")
        yield Told(to=whom, about=row.id)


def _participant(h: Happened) -> Iterator[Told]:
    """Whose data they are, of what is on record as their choice."""
    rows = (row.consent for row in h.of(ConsentRow) if row.consent.level == "participant")
    yield from (Told(to=subject_box(one.subject_ref), about=one.consent_id) for one in rows)


def _joined(h: Happened) -> Iterator[Told]:
    """Both of two identities: whoever did not do this hears of it."""
    for row in h.of(IdentityLink):
        yield from (Told(to=person_box(one), about=row.id) for one in row.persons)


def _owner(h: Happened) -> Iterator[Told]:
    yield from (Told(to=person_box(row.person), about=row.id) for row in h.of(RecipientKey))
    yield from (Told(to=person_box(row.owner), about=row.id) for row in h.of(Client) if row.owner is not None)


def _admins(h: Happened) -> Iterator[Told]:
    yield Told(to=role_box("admin", _SERVICE), about=str(h.entry.id))


def _data_used(h: Happened) -> Iterator[Told]:
    """Who is responsible for data of which a repository reports a use that nobody allowed."""
    for row in h.of(Usage):
        held = h.get(DrsObject, row.object)
        if held is not None:
            yield from _of_data(h, held.dataset, str(row.receipt))
        else:
            yield from _admins(h)


def _alerted(h: Happened) -> Iterator[Told]:
    """Who answers for the data; not who used them. The holder hears that the grant rests, where it does."""
    for row in h.of(Alert):
        grant = h.get(Grant, row.grant)
        if grant is None:
            continue
        if row.held:
            yield Told(to=person_box(grant.person), about=grant.id, what="grant.suspended")
        yield from _of_data(h, row.dataset, row.id, (grant.person, *sorted(fellows(grant, h.before) - {grant.person})))


TABLE: Mapping[str, tuple[str, tuple[Rule, ...]]] = MappingProxyType({
    "application.submitted": ("desk", (_desks, _officials, _communities)),
    "application.withdrawn": ("desk", (_desks,)),
    "application.amended": ("desk", (_desks, _officials, _communities)),
    "application.joined": ("application", (_people, _desks, _officials)),
    "application.left": ("application", (_people, _parted)),
    "request.submitted": ("desk", (_asked, _communities)),
    "request.withdrawn": ("desk", (_asked,)),
    "request.approved": ("answer", (_asker,)),
    "request.rejected": ("answer", (_asker,)),
    "finding.given": ("talk", (_asker,)),
    "origin.said": ("talk", (_heard,)),
    "review.endorsed": ("talk", (_applicants, _desks)),
    "review.confirmed": ("talk", (_applicants, _desks)),
    "review.declined": ("application", (_applicants,)),
    "review.remarked": ("talk", (_remarked,)),
    "review.invited": ("invited", (_invited,)),
    "review.delayed": ("application", (_applicants,)),
    "review.returned": ("application", (_applicants,)),
    "review.reopened": ("application", (_applicants, _desks)),
    "grant.suspended": ("stopped", (_holder,)),
    "grant.resumed": ("grant", (_holder,)),
    "grant.revoked": ("stopped", (_holder,)),
    "revocation.made": ("stopped", (_holder,)),
    "grant.extended": ("grant", (_holder,)),
    "grant.renewal_declined": ("grant", (_holder,)),
    "grant.renewal_asked": ("reported", (_giver,)),
    "grant.closed": ("reported", (_giver,)), "grant.published": ("reported", (_giver,)),
    "incident.reported": ("incident", (_responsible,)),
    "incident.frozen": ("incident", (_frozen, _responsible)),
    "incident.decided": ("incident", (_reporter,)),
    "result.reported": ("result", (of_findings.steward,)),
    "result.retracted": ("result", (of_findings.steward,)),
    "result.allowed": ("result", (of_findings.steward,)),
    "result.referred": ("result", (of_findings.ethics,)),
    "case.opened": ("case", (_answerers,)),
    "case.acknowledged": ("case", (_opener,)),
    "case.answered": ("case", (_opener,)),
    "case.withdrawn": ("case", (_answerers,)),
    "sanction.imposed": ("sanction", (_sanctioned,)),
    "sanction.lift": ("sanction", (_sanctioned,)),
    "community.decided": ("community", (_governed,)),
    "consent.changed": ("choices", (_participant,)),
    "consent.withdrawn": ("choices", (_participant,)),
    "identity.linked": ("safety", (_joined,)),
    "identity.unlinked": ("safety", (_joined,)),
    "recipient.registered": ("safety", (_owner,)),
    "recipient.removed": ("safety", (_owner,)),
    "client.registered": ("safety", (_owner,)),
    "usage.unexpected": ("use", (_data_used,)), "use.repeated": ("repeat", (_holder,)),
    "alert.raised": ("alert", (_alerted,)),
    "issuer.suspended": ("service", (_admins,)),
    "issuer.removed": ("service", (_admins,)),
    "idp.suspended": ("service", (_admins,)),
    "idp.removed": ("service", (_admins,)),
    "key.revoked": ("service", (_admins,)),
    "policy.activated": ("service", (_admins,)),
    "policy.proposed": ("law", (second_persons,)),
    "consultation.opened": ("consultation", (consulted,)),
    "consultation.commented": ("consultation", (said_of_law,)),
    "consultation.answered": ("consultation", (said_of_law,)),
    "consultation.closed": ("consultation", (consulted,)),
})  # fmt: skip
"""Kind of entry to its topic, and to who is told of it. What is not here is told nobody by itself."""

_BESIDE = {"community.asked": "community"}
"""What some are told in other words than those of the entry, where no entry has these words."""

TOPICS: Mapping[str, str] = MappingProxyType(
    {kind: topic for kind, (topic, _) in TABLE.items()} | dict(REMINDERS) | _BESIDE
)

CAN_BE_OFF: tuple[str, ...] = ("desk", "talk", "reported", "service", "draft", "consultation", "repeat")
"""Topics of which no letter need come. Those of answers, ends, sanctions, choices and an account's safety always do."""

CANNOT_WAIT = frozenset({"stopped", "incident", "use", "alert", "sanction", "safety", "choices"})
"""Topics that no daily letter holds back."""

TO_NOBODY_ELSE = frozenset({"choices", "safety", "result", "draft"})
"""Topics of which no webhook hears: they are one person's own (ruling 10)."""


def told(happened: Happened) -> tuple[Told, ...]:
    """Whom this concerns; everybody once."""
    _, rules = TABLE.get(happened.entry.kind, ("", ()))
    return tuple({one.to: one for rule in rules for one in rule(happened)}.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """How anybody is told outside: `hooks`, which topics each webhook hears; `letters`: is there a mail server?"""

    hooks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    letters: bool = False

    def hear(self, topic: str) -> list[str]:
        """The webhooks that hear of it."""
        return [name for name, topics in self.hooks.items() if topic in topics - TO_NOBODY_ELSE]

    def notice(self, id: str, one: Told, what: str, sequence: int, at: Seconds) -> Notice:
        """One that waits to be told outside, or that is kept to be read here."""
        outside = self.letters or one.to.startswith(hook_box(""))
        return Notice(
            id=id, to=one.to, box=box_of(one.to, at), what=what, about=one.about, sequence=sequence, at=at, but=one.but,
            state="waiting" if outside else "kept",
        )  # fmt: skip


def notices(happened: Happened, channels: Channels) -> tuple[Notice, ...]:
    """What is to be stored with it. The same record makes the same ids."""
    whom, entry = told(happened), happened.entry
    listening = channels.hear(TOPICS.get(entry.kind, ""))
    hooked = [Told(to=hook_box(name), about=about) for name in listening for about in {one.about: None for one in whom}]
    return tuple(
        channels.notice(
            f"ntc_{str(entry.id)[4:]}.{n:03d}", one, one.what or entry.kind, _version(happened, one.about), entry.at
        )
        for n, one in enumerate((*whom, *hooked))
    )


def _version(happened: Happened, about: str) -> int:
    """In which version the thing stands; of one that is not of this record itself, the first."""
    return next((row.version for row in happened.rows if row.id == about), 1)
