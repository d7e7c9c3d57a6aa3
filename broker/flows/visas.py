"""Which visas of ours does a person hold, and what do they say when they are minted?

A visa is minted each time it is handed out: from a live grant, and only while the grant really opens its dataset
(the same question is asked as at every other door); from an assertion, while it holds; from what the home identity
provider said, while the session lasts. Nothing is stored but the entry.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.core.decision import Decision, Explanation, Question, evaluate, explain
from broker.core.ids import DecisionId, Issuer, PersonId
from broker.core.oidc.claims import VISA_CLAIM
from broker.core.oidc.narrowing import grant_url, named_grant
from broker.core.oidc.opaque import base64url
from broker.core.oidc.release import MintedVisa
from broker.core.passport.assertions import Stated, visa_jti, visa_object
from broker.core.passport.linked import linked_value
from broker.core.passport.visa import AFFILIATION, GRANT, LINK
from broker.core.plain import digest
from broker.core.rows import Assertion, Grant, Person, Put, Session
from broker.core.snapshot import Linked, Snapshot
from broker.core.time import Seconds
from broker.flows.traces import trace
from broker.flows.world import World

VISA_TYPE = "vnd.ga4gh.visa+jwt"
VISA_SECONDS = 86_400
"""A visa lives a day at most and is minted again from what is behind it."""
VISA_ACCESS_TYPE = "JWT"
"""As v1.0 has it. RFC 9068's would make resource servers look for an audience, which a visa must not have."""
VISA_ACCESS = "visa-access"
"""By which name our own are read: signed with the key of visas, where an ID token's header says the same."""
VISA_ACCESS_SCOPE = "openid ga4gh_passport_v1"
VISA_ACCESS_SECONDS = 3_600
"""A Visa Access Token lives an hour at most: nobody has to ask after it (AAI, C7)."""
_LINKED = 2
_LINK_LENGTH = 8 * 1024
"""Characters of a LinkedIdentities value: its visa stays below 16 KiB. One identity never needs more."""
_JTI_BYTES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A visa that could be minted. `id` names it on the consent page and in what was released.

    `ends`: the end of what it is minted from. `origin`: the assertion behind it, and the version of it.
    """

    id: str
    said: Stated
    ends: Seconds
    origin: tuple[str, int] | None = None
    sub: PersonId | None = None
    """Whose it is, where that is a linked identity's: then the visa names that one, and a link says who it is."""
    judged: tuple[Question, Decision, Snapshot] | None = None
    """Of a grant: why it opens its dataset now."""

    @property
    def type(self) -> str:
        return self.said.type

    @property
    def value(self) -> str:
        return self.said.value

    @property
    def source(self) -> str:
        return self.said.source


def held_visas(
    w: World, person: Person, session: Session, now: Seconds, others: Collection[tuple[str, str]] = ()
) -> tuple[Held, ...]:
    """Every visa of ours that `person` holds at `now`, in the order in which a page lists them.

    `others`: identities of which visas of others are handed on beside these.

    One for each affiliation and statement of the home identity provider, each live assertion about one of their
    identities, their linked identities, and each grant that opens its dataset.
    """
    snapshot = w.snapshots.current()
    linked = snapshot.linked(person.id, now)
    asserted = snapshot.assertions(identities_of(w, session), now)
    return (
        *(_of_affiliation(value, session) for value in session.affiliations),
        *(_of_statement(said, session) for said in session.stated if said.asserted <= now),
        *(
            Held(id=f"assertion:{row.id}", said=row.said, ends=row.ends, origin=(row.id, row.version))
            for row in asserted
        ),
        *_of_links(w, session, {*others, *(everybody(w, session, now) - identities_of(w, session))}),
        *_of_grants(w, person.id, session, now),
        *(held for one in linked for held in _of_linked(w, one, session, now)),
    )


def _of_grants(w: World, person: PersonId, session: Session, now: Seconds) -> Iterator[Held]:
    for grant in w.snapshots.current().grants_of(person):
        question, snapshot = _question(w, grant, session, now), w.snapshots.current()
        decision = evaluate(question, snapshot)
        if decision.permits:
            yield replace(_of_grant(grant, decision.ends), judged=(question, decision, snapshot))


def why_not_now(w: World, grant: Grant, session: Session, now: Seconds) -> Explanation | None:
    """Why a grant opens nothing at this moment; None: it opens its dataset. Its holder reads it, nobody is let in."""
    question, snapshot = _question(w, grant, session, now), w.snapshots.current()
    decision = evaluate(question, snapshot)
    return None if decision.permits else explain(question, decision, snapshot)


def _of_linked(w: World, other: Linked, session: Session, now: Seconds) -> Iterator[Held]:
    """What a linked identity holds: its grants and assertions. What its provider says, it says at its own sign-in."""
    rows = w.snapshots.current().assertions(((other.iss, other.sub), (w.issuer, str(other.person))), now)
    for row in rows:
        held = Held(id=f"assertion:{row.id}", said=row.said, ends=row.ends, origin=(row.id, row.version))
        yield replace(held, sub=other.person)
    for held in _of_grants(w, other.person, session, now):
        yield replace(held, sub=other.person)


def identities_of(w: World, session: Session) -> frozenset[tuple[Issuer, str]]:
    """Everybody whom the person of a session is known to be: their identities elsewhere, and ours."""
    return frozenset({*session.identities, (w.issuer, str(session.person))})


def everybody(w: World, session: Session, now: Seconds) -> frozenset[tuple[Issuer, str]]:
    """The same, and their linked identities: what is asserted of one of them is asserted of this person."""
    linked = w.snapshots.current().linked(session.person, now)
    theirs = {pair for one in linked for pair in ((one.iss, one.sub), (w.issuer, str(one.person)))}
    return identities_of(w, session) | theirs


async def mint(
    w: World, person: Person, held: tuple[Held, ...], now: Seconds, access_of: str | None = None
) -> tuple[MintedVisa, ...]:
    """Sign the visas. The caller records them before it hands them out.

    `access_of`: the authorisation for whose client they are Visa Access Tokens (AAI v1.0 "Embedded Access Token");
    None: they are Document Tokens.
    """
    return tuple([await _mint(w, person, visa, now, access_of) for visa in held])


def needed(
    issuer: str, held: tuple[Held, ...], resources: frozenset[str], others: frozenset[str] = frozenset()
) -> tuple[Held, ...]:
    """Those for the datasets and grants that `resources` name; all, if none is named. Affiliations always.

    `others`: datasets for which visas of others are held.
    """
    named = ({visa.value for visa in held if visa.type == GRANT} | others) & resources
    granted = {grant_visa_id(grant) for one in resources if (grant := named_grant(issuer, one)) is not None}
    return tuple(
        visa
        for visa in held
        if not (named or granted) or visa.type != GRANT or visa.value in named or visa.id in granted
    )


def _answers(issuer: str, visa: Held) -> frozenset[str]:
    """The address of the grant behind a visa: a `resource` that names it is answered by this visa."""
    if visa.type != GRANT:
        return frozenset()
    return frozenset({grant_url(issuer, visa.id.removeprefix(grant_visa_id("")))})


def grant_visa_id(grant: str) -> str:
    """The id of the visa that is minted from a grant."""
    return f"grant:{grant}"


def assertion_visa_id(assertion: str) -> str:
    """The id of the visa that is minted from an assertion."""
    return f"assertion:{assertion}"


def statement_visa_id(said: Stated) -> str:
    """The id of the visa of what a provider said: the same for the same words at the next sign-in."""
    return "stated:" + digest([said.type, said.value, said.source, said.by or ""])[:32]


def _question(w: World, grant: Grant, session: Session, now: Seconds) -> Question:
    """Does the grant open its dataset now, and until when at least?"""
    return Question(
        stage="use",
        at=now,
        known_at=now,
        person=session.person,
        identities=identities_of(w, session),
        session=session.id,
        affiliations=session.affiliations,
        assertions=tuple(row.id for row in w.snapshots.current().assertions(everybody(w, session, now), now)),
        stated=session.stated,
        location=session.location,
        sign_in=session.sign_in,
        grants=(grant.id,),
        dataset=grant.dataset,
        modality=grant.purpose.modality,
    )


def _of_grant(grant: Grant, until: Seconds) -> Held:
    """`until`: when law, evidence or the consents as a whole may end the grant's use; no visa outlives that.

    The end of one participant's consent is not among it: it ends nobody else's grant, and a date would tell it (ruling
    10). From then on they are left out, here at once.
    """
    ends = Seconds(min(grant.ends, until))
    said = Stated(type=GRANT, value=grant.dataset, source=grant.committee, by="dac", asserted=grant.begins, ends=ends)
    return Held(id=grant_visa_id(grant.id), said=said, ends=ends)


def _of_affiliation(value: str, session: Session) -> Held:
    said = Stated(
        type=AFFILIATION,
        value=value,
        source=str(session.idp),
        by="system",
        asserted=session.auth_time,
        ends=session.expires,
    )
    return Held(id=f"affiliation:{value}", said=said, ends=session.expires)


def _of_assertion(row: Assertion) -> Held:
    return Held(id=assertion_visa_id(row.id), said=row.said, ends=row.ends, origin=(row.id, row.version))


def _of_statement(said: Stated, session: Session) -> Held:
    return Held(id=statement_visa_id(said), said=said, ends=Seconds(min(said.ends, session.expires)))


def _of_links(w: World, session: Session, others: Collection[tuple[str, str]]) -> tuple[Held, ...]:
    """Of whom else the person is known to be, where that is more than the one identity that they signed in with.

    Several visas where there are many: each must stay below 16 KiB, and they link all the same through our `sub`.
    """
    known = sorted({*session.identities, *others} - {(w.issuer, str(session.person))})
    if len(known) < _LINKED and not others:
        return ()
    parts: list[list[tuple[str, str]]] = [[]]
    for identity in known:
        if parts[-1] and len(linked_value([*parts[-1], identity])) > _LINK_LENGTH:
            parts.append([])
        parts[-1].append(identity)
    return tuple(_of_link(w, session, part, place) for place, part in enumerate(parts))


def _of_link(w: World, session: Session, known: Sequence[tuple[str, str]], place: int) -> Held:
    said = Stated(
        type=LINK,
        value=linked_value(known),
        source=w.issuer,
        by="system",
        asserted=session.auth_time,
        ends=session.expires,
    )
    return Held(id=f"links:{place}" if place else "links", said=said, ends=session.expires)


async def _mint(w: World, person: Person, visa: Held, now: Seconds, access_of: str | None) -> MintedVisa:
    exp = Seconds(min(now + (VISA_SECONDS if access_of is None else VISA_ACCESS_SECONDS), visa.ends))
    jti = w.new_id("vis", now)
    if visa.origin is not None:
        jti = visa_jti(*visa.origin, base64url(w.entropy.random(_JTI_BYTES)))
    claims: dict[str, Any] = {
        **(visa.said.extra or {}),
        "iss": Issuer(w.issuer),
        "sub": visa.sub or person.id,
        "jti": jti,
        "iat": now,
        "exp": exp,
        VISA_CLAIM: visa_object(visa.said),
    }
    if access_of is None:
        token = await w.signer.sign("visa", VISA_TYPE, claims)
    else:
        token = await w.signer.sign(
            "visa-access", VISA_ACCESS_TYPE, claims | {"scope": VISA_ACCESS_SCOPE, "sid": access_of}
        )
    return MintedVisa(
        id=visa.id,
        jti=jti,
        token=token,
        type=visa.type,
        value=visa.value,
        source=visa.source,
        exp=exp,
        ends=visa.ends,
        answers=_answers(w.issuer, visa),
        sub=visa.sub,
        decided=why_open(w, person, visa, now),
    )


def why_open(w: World, person: Person, visa: Held, now: Seconds) -> Put | None:
    """Why a grant opens its dataset: recorded with what hands out its visa, or the grant itself."""
    if visa.judged is None:
        return None
    question, decision, snapshot = visa.judged
    return trace(w, person, DecisionId(w.new_id("dec", now)), question, decision, None, snapshot)
