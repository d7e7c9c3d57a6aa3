"""A client sends somebody here to sign in and agree; the browser goes back with a code, or with a refusal.

The web keeps the query of the request and calls `check` with it at every step, so that a client which was
suspended meanwhile gets nothing; then `answer`, until it says where to send the browser.
"""

from dataclasses import dataclass

from broker.core.ids import ClientId, make_id
from broker.core.oidc import authorize as rules
from broker.core.oidc.authorize import AuthorizationRequest, Proceed, RedirectError, ShowError
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.interaction import Ask, Give, Remembered, SignedIn, next_step
from broker.core.oidc.limits import CODE_LIFE, MAX_AUTHORIZATION, SECRET_BYTES, until
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.oidc.own_tokens import ID_TOKEN_TYP
from broker.core.oidc.parameters import parse
from broker.core.oidc.requested_claims import PERSONAL
from broker.core.rows.change import Put, changed
from broker.core.rows.identity import Person
from broker.core.rows.oauth import Approval, Client, Code, Family, approval_id
from broker.core.time import Seconds
from broker.flows.oauth.deps import About, Deps, deciding_anew
from broker.flows.oauth.standing import Present, present
from broker.flows.oauth.targets import foreign_grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person said on the page (AAI Brokers 6): scopes, single claims, visas (`None`: all), remember it?

    An empty `scope` is a no.
    """

    scope: frozenset[str]
    claims: frozenset[str] = frozenset()
    released: frozenset[str] | None = frozenset()
    remember: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Send the browser to `location` (303). `error`: None if a code is in it."""

    location: str
    error: OAuthError | None = None


async def check(d: Deps, raw: bytes) -> Proceed | ShowError | RedirectError:
    """Is this query, or form, an authorization request that can go on? Records nothing: nobody is known yet."""
    query = parse(raw, MAX_AUTHORIZATION)
    if isinstance(query, OAuthError):
        return ShowError(query)
    client = await d.rows.get(Client, query.get("client_id") or "")
    return rules.check(query, client, d.issuer, d.scopes, d.audience_of)


async def answer(
    d: Deps, request: AuthorizationRequest, session_id: str | None, started: Seconds, consent: Consent | None = None
) -> Ask | Redirect | OAuthError:
    """What must happen next, or where the browser goes. `started`: when the request first arrived.

    OAuthError: only BUSY, or an unknown client; shown on a page. Nobody gets a code by skipping a page: what
    the page would have asked is judged again here.
    """
    return await deciding_anew(lambda: _answer(d, request, session_id, started, consent))


async def _answer(
    d: Deps, request: AuthorizationRequest, session_id: str | None, started: Seconds, consent: Consent | None
) -> Ask | Redirect | OAuthError:
    """Steps: 1 gather, 2 decide, 3 record, 4 act."""
    # 1. Gather.
    now = d.clock.now()
    who = await present(d, session_id, now)
    client = await d.rows.get(Client, request.client_id)
    if client is None or client.status != "active":
        return OAuthError.REDIRECT_UNKNOWN
    approval = await d.rows.get(Approval, approval_id(who.person.id, client.id)) if who is not None else None
    approval = approval if approval is not None and approval.ended is None else None
    # 2. Decide.
    step = next_step(
        request,
        None if who is None else _signed_in(who),
        _remembered(client, approval),
        started=started,
        hinted=_hinted(d, request),
        now=now,
    )
    if isinstance(step, OAuthError):
        return refusal(d, request, step)
    agreed = step is Give.CODE or (step is Ask.CONSENT and consent is not None)
    if who is None or not agreed:
        return step if isinstance(step, Ask) else Ask.SIGN_IN
    given = consent if consent is not None else _as_consent(request, approval)
    refused = _judge(given, request) or await foreign_grant(d, request.resources, who.person, given.released)
    if refused is not None:
        # 3. Record the no.
        about = {"client": client.id, "code": refused.code}
        await d.ledger.record(d.entry("token.refused", now, who.person, about))
        return refusal(d, request, refused)
    return await _give(d, request, who, client, given, now)


async def forget(d: Deps, person: Person, client: ClientId) -> OAuthError | None:
    """The person takes back what they asked us to remember for `client`, and will be asked again (B14).

    Steps: 1 gather, 2 nothing to decide, 3 record. Twice is once.
    """

    async def step() -> None:
        now = d.clock.now()
        kept = await d.rows.get(Approval, approval_id(person.id, client))
        if kept is not None and kept.ended is None:
            told = {"what": "approval", "value": client}
            await d.ledger.record(d.entry("revocation.made", now, person, told), Put(changed(kept, ended=now)))

    return await deciding_anew(step)


async def _give(
    d: Deps, request: AuthorizationRequest, who: Present, client: Client, given: Consent, now: Seconds
) -> Redirect:
    code = opaque(d.entropy.random(SECRET_BYTES))
    family = Family(
        id=make_id("fam", now, d.entropy.for_id()),
        client=client.id,
        person=who.person.id,
        session=who.session.id,
        scope=tuple(word for word in request.scope if word in given.scope),
        released=given.released,
        auth_time=who.session.auth_time,
        expires=who.session.expires,
        nonce=request.nonce,
        resources=request.resources,
        id_token_claims=tuple(sorted(request.claims.id_token & given.claims)),
        userinfo_claims=tuple(sorted(request.claims.userinfo & given.claims)),
    )
    row = Code(
        id=stored_id(code),
        family=family.id,
        redirect_uri=request.redirect_uri,
        challenge=request.challenge,
        expires=until(now, CODE_LIFE, family.expires),
        jkt=request.jkt,
    )
    # 3. Record.
    puts = [Put(family), Put(row), *await _kept(d, given, family, now)]
    about: About = {"client": client.id, "family": family.id, "scope": family.scope, "until": row.expires}
    await d.ledger.record(d.entry("code.issued", now, who.person, about), *puts)
    # 4. Act.
    return Redirect(location=rules.code_location(request.redirect_uri, code, request.state, d.issuer))


async def _kept(d: Deps, given: Consent, family: Family, now: Seconds) -> tuple[Put, ...]:
    """The consent as a row, if the person wants it remembered."""
    if not given.remember:
        return ()
    id = approval_id(family.person, family.client)
    before = await d.rows.get(Approval, id)
    kept = Approval(
        id=id,
        version=1 if before is None else before.version + 1,
        person=family.person,
        client=family.client,
        scope=frozenset(family.scope),
        claims=given.claims,
        released=given.released,
        since=now,
    )
    return (Put(kept),)


def _judge(given: Consent, request: AuthorizationRequest) -> OAuthError | None:
    """Is what the person gave a yes to at least part of what was asked, and to nothing else?"""
    if not given.scope:
        return OAuthError.SAID_NO
    asked = request.claims.id_token | request.claims.userinfo
    return None if given.scope <= set(request.scope) and given.claims <= asked else OAuthError.SCOPE


def refusal(d: Deps, request: AuthorizationRequest, error: OAuthError) -> Redirect:
    """Back to the client with a no, with `state` and `iss`."""
    return Redirect(location=rules.error_location(request.redirect_uri, error, request.state, d.issuer), error=error)


def _signed_in(who: Present) -> SignedIn:
    return SignedIn(person=who.person.id, auth_time=who.session.auth_time, acr=who.session.acr, began=who.session.began)


def _hinted(d: Deps, request: AuthorizationRequest) -> str | None:
    """Whom the `id_token_hint` names, if we signed it: an expired one will do (OpenID Connect Core 3.1.2.2).

    One that we did not sign names nobody, so that nobody fits it.
    """
    if request.id_token_hint is None:
        return None
    claims = d.reader.read(request.id_token_hint, ID_TOKEN_TYP)
    sub = claims.get("sub") if claims is not None and claims.get("iss") == d.issuer else None
    return sub if isinstance(sub, str) else ""


def _remembered(client: Client, approval: Approval | None) -> Remembered | None:
    """What need not be asked again: what was approved, or everything for a demo client."""
    if client.consent == "remembered":
        return Remembered(scope=frozenset(client.scopes), claims=PERSONAL)
    return None if approval is None else Remembered(scope=approval.scope, claims=approval.claims)


def _as_consent(request: AuthorizationRequest, approval: Approval | None) -> Consent:
    """The consent that stands for a page that need not be shown (`Give.CODE`)."""
    claims = request.claims.id_token | request.claims.userinfo
    released = None if approval is None else approval.released
    return Consent(scope=frozenset(request.scope), claims=claims, released=released)
