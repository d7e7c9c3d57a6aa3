"""A client turns a Passport-Scoped Access Token into a Passport (RFC 8693, AAI Profile "Passport Issuers")."""

from broker.core.oidc import claims
from broker.core.oidc import exchange as rules
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.opaque import base64url
from broker.core.oidc.own_tokens import (
    ACCESS_TOKEN_TYP,
    PASSPORT_TYP,
    TASK_TYP,
    OwnToken,
    read_access_token,
    read_task_token,
)
from broker.core.oidc.parameters import Parameters
from broker.core.oidc.release import MintedVisa, log_name, over, passport_end, releasable, unanswered
from broker.core.rows.oauth import Client
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.deps import About, Deps
from broker.flows.oauth.standing import Standing, access_of, standing_of, token_revoked
from broker.flows.oauth.targets import foreign_grant
from broker.flows.oauth.tasks import issue_task
from broker.flows.traces import decided, decisions_of
from broker.ports.faults import fault

_JTI_BYTES = 16
_KIND = "passport.refused"


async def exchange(d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None) -> Tokens | Refused:
    """Steps: 1 gather, 2 decide, 3 record, 4 act. The subject token is neither spent nor extended."""
    # 1. Gather, and decide what can be decided before the next thing is gathered.
    asked = rules.read(form, client, d.audience_of)
    if isinstance(asked, OAuthError):
        return Refused(error=asked, kind=_KIND)
    read = _subject(d, asked.subject_token, now)
    subject = rules.judge_subject(asked, read, client.id, d.issuer)
    if isinstance(subject, OAuthError):
        return Refused(error=subject, kind=_KIND)
    if subject.jkt is not None and subject.jkt != jkt:  # as everywhere: a bound token needs its key
        return Refused(error=OAuthError.SUBJECT_TOKEN, kind=_KIND)
    s = await _standing(d, subject, client, now)
    if s is None:
        return Refused(error=OAuthError.SUBJECT_TOKEN, kind=_KIND)
    audience = rules.audience(asked, client, s.family.resources, d.issuer, d.audience_of)
    if isinstance(audience, OAuthError):
        return Refused(error=audience, standing=s, kind=_KIND)
    foreign = await foreign_grant(d, asked.resources, s.person, s.family.released)
    if foreign is not None:
        return Refused(error=foreign, standing=s, kind=_KIND)
    held = await d.visas(s.person, s.session, frozenset(asked.resources), now, access_of(s))
    # 2. Decide.
    visas = releasable(held, s.family.released, now)
    if not asked.task and unanswered(asked.resources, visas, d.audience_of):
        return Refused(error=OAuthError.TARGET, standing=s, kind=_KIND)
    if asked.task:
        return await issue_task(d, s, asked, subject, visas, now)
    too_much = over(visas)
    if too_much is not None:
        return Refused(error=too_much, standing=s, kind=_KIND)
    return await _issue(d, s, audience, visas, now, jkt if client.dpop_required else None)


def _subject(d: Deps, text: str, now: Seconds) -> OwnToken | OAuthError:
    """What is offered: an access token, or a task's, by its exact `typ`."""
    read = read_access_token(d.reader.read(text, ACCESS_TOKEN_TYP), d.issuer, now)
    if not isinstance(read, OAuthError):
        return read
    return read_task_token(d.reader.read(text, TASK_TYP), d.issuer, now)


async def _standing(d: Deps, subject: OwnToken, client: Client, now: Seconds) -> Standing | None:
    """The live authorisation behind the subject token, if it really is this client's and this person's."""
    s = await standing_of(d, subject.family, now)
    if s is None or not s.alive or s.client.id != client.id or s.person.id != subject.sub:
        return None
    if not s.scopes.issuperset(subject.scope):  # the client was registered for more when it got this token
        return None
    return None if await token_revoked(d, subject.jti, now) else s


async def _issue(
    d: Deps, s: Standing, audience: tuple[str, ...], visas: tuple[MintedVisa, ...], now: Seconds, jkt: str | None
) -> Tokens:
    jti, ends = base64url(d.entropy.random(_JTI_BYTES)), passport_end(visas, now, s.end)
    # 3. Record: which visas leave, for whom, until when.
    why = decided(visas)
    about: About = decisions_of(why) | {
        "client": s.client.id,
        "family": s.family.id,
        "jti": jti,
        "audience": audience,
        "visas": tuple(map(log_name, visas)),
        "until": ends,
    }
    await d.ledger.record(d.entry("passport.issued", now, s.person, about), *why)
    fault("passport.recorded")
    # 4. Act.
    said = claims.passport(
        issuer=d.issuer,
        sub=s.person.id,
        audiences=audience,
        family=s.family.id,
        jti=jti,
        visas=tuple(visa.token for visa in visas),
        now=now,
        ends=ends,
        jkt=jkt,
    )
    return Tokens(
        access_token=await d.signer.sign("oidc-es256", PASSPORT_TYP, said),
        expires_in=ends - now,
        issued_token_type=rules.PASSPORT_TYPE,
    )
