"""Which visas does a person hold here, and what do they say when they are minted?

A visa is minted from a live grant each time it is handed out, and only while the grant really opens its
dataset: the same question is asked as at every other door. Nothing is stored but the entry.
"""

from dataclasses import dataclass
from typing import Any

from broker.core.decision import Decision, Question, evaluate
from broker.core.ids import Issuer
from broker.core.oidc.narrowing import grant_url, named_grant
from broker.core.oidc.release import MintedVisa
from broker.core.passport.visa import AFFILIATION, GRANT
from broker.core.rows import Grant, Person, Session
from broker.core.time import Seconds
from broker.flows.world import World

VISA_TYPE = "vnd.ga4gh.visa+jwt"
VISA_SECONDS = 86_400
"""A visa lives a day at most and is minted again from its grant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A visa that could be minted. `id` names it on the consent page and in what was released."""

    id: str
    type: str
    value: str
    source: str
    by: str
    asserted: Seconds
    ends: Seconds


def held_visas(w: World, person: Person, session: Session, now: Seconds) -> tuple[Held, ...]:
    """Every visa that `person` holds at `now`: one for each grant that opens its dataset, one for each affiliation."""
    snapshot = w.snapshots.current()
    judged = ((grant, _judged(w, grant, session, now)) for grant in snapshot.grants_of(person.id))
    opening = (_of_grant(grant, decision.until) for grant, decision in judged if decision.permits)
    return (*(_of_affiliation(value, session) for value in session.affiliations), *opening)


def mint(w: World, person: Person, held: tuple[Held, ...], now: Seconds) -> tuple[MintedVisa, ...]:
    """Sign the visas. The caller records them before it hands them out."""
    return tuple(_mint(w, person, visa, now) for visa in held)


def needed(issuer: str, held: tuple[Held, ...], resources: frozenset[str]) -> tuple[Held, ...]:
    """Those for the datasets and grants that `resources` name; all, if none is named. Affiliations always."""
    named = {visa.value for visa in held if visa.type == GRANT} & resources
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


def _judged(w: World, grant: Grant, session: Session, now: Seconds) -> Decision:
    """Does the grant open its dataset now, and until when at least?"""
    question = Question(
        stage="use",
        at=now,
        known_at=now,
        person=grant.person,
        identities=frozenset({*session.identities, (w.issuer, str(grant.person))}),
        session=session.id,
        affiliations=session.affiliations,
        location=session.location,
        grants=(grant.id,),
        dataset=grant.dataset,
        modality=grant.purpose.modality,
    )
    return evaluate(question, w.snapshots.current())


def _of_grant(grant: Grant, until: Seconds) -> Held:
    """`until`: when consent, evidence or law may end the grant's use; no visa outlives that."""
    return Held(
        id=grant_visa_id(grant.id),
        type=GRANT,
        value=grant.dataset,
        source=grant.committee,
        by="dac",
        asserted=grant.begins,
        ends=min(grant.ends, until),
    )


def _of_affiliation(value: str, session: Session) -> Held:
    return Held(
        id=f"affiliation:{value}",
        type=AFFILIATION,
        value=value,
        source=str(session.idp),
        by="system",
        asserted=session.auth_time,
        ends=session.expires,
    )


def _mint(w: World, person: Person, visa: Held, now: Seconds) -> MintedVisa:
    jti, exp = w.new_id("vis", now), Seconds(min(now + VISA_SECONDS, visa.ends))
    claims: dict[str, Any] = {
        "iss": Issuer(w.issuer),
        "sub": person.id,
        "jti": jti,
        "iat": now,
        "exp": exp,
        "ga4gh_visa_v1": {
            "type": visa.type,
            "asserted": visa.asserted,
            "value": visa.value,
            "source": visa.source,
            "by": visa.by,
        },
    }
    return MintedVisa(
        id=visa.id,
        jti=jti,
        token=w.signer.sign("visa", VISA_TYPE, claims),
        type=visa.type,
        value=visa.value,
        source=visa.source,
        exp=exp,
        ends=visa.ends,
        answers=_answers(w.issuer, visa),
    )
