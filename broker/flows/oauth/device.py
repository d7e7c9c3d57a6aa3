"""A device without a browser is given tokens by its user on another one (RFC 8628).

What waits lies in Scratch, where strangers may fill it up without harm; the yes is a record.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from broker.core.ids import ClientId, make_id
from broker.core.oidc import device as rules
from broker.core.oidc.device import Event, Installation, State, Waiting
from broker.core.oidc.errors import OAuthError, Penalty
from broker.core.oidc.limits import DEVICE_LIFE, SECRET_BYTES, USER_CODE_TRIES, until
from broker.core.oidc.narrowing import understood
from broker.core.oidc.opaque import opaque, stored_id
from broker.core.oidc.parameters import Parameters, parse
from broker.core.outcome import Reason
from broker.core.registration import read_installation
from broker.core.rows.change import Put
from broker.core.rows.oauth import Client, Code, Family
from broker.core.time import Seconds
from broker.flows.oauth.answers import Refused, Tokens
from broker.flows.oauth.client import client_of
from broker.flows.oauth.deps import About, Deps
from broker.flows.oauth.installations import connect, may_connect, own_keys
from broker.flows.oauth.spend import spend
from broker.flows.oauth.standing import Present, may_act, present, standing_of

DEVICES, USER_CODES, TRIES = "oauth_device", "oauth_user_code", "oauth_user_code_tries"
"""The three kinds of Scratch that this story uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceAuthorization:
    """The answer to a device (section 3.2), in the making: the web adds the addresses of the page."""

    device_code: str = field(repr=False)
    user_code: str
    expires_in: int
    interval: int

    def body(self, verification_uri: str) -> dict[str, Any]:
        """The JSON members. Also needs `Cache-Control: no-store`."""
        return {
            "device_code": self.device_code,
            "user_code": self.user_code,
            "verification_uri": verification_uri,
            "verification_uri_complete": f"{verification_uri}?user_code={self.user_code}",
            "expires_in": self.expires_in,
            "interval": self.interval,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What the page asks the user to confirm: this client, this scope, this code on the device's own display."""

    client: Client
    scope: tuple[str, ...]
    user_code: str
    installation: str | None = None
    """How the computer calls itself that is to become a client in this person's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The device whose code was typed. `device`: SHA-256 of its device code."""

    device: str
    waiting: Waiting
    client: Client


async def start(d: Deps, authorization: str | None, raw: bytes) -> DeviceAuthorization | OAuthError:
    """A device begins. Nobody gains anything yet, so nothing is recorded."""
    form = parse(raw)
    if isinstance(form, OAuthError):
        return form
    client = await client_of(d, authorization, form)
    if isinstance(client, OAuthError):
        return client
    if rules.GRANT_TYPE not in client.grant_types:
        return OAuthError.CLIENT_GRANT
    scope = understood(form.words("scope"), d.scopes, client.scopes)
    if isinstance(scope, OAuthError):
        return scope
    computer = form.get("installation")
    of = read_installation(computer) if computer is not None and client.installs else None
    if computer is not None and of is None:
        return OAuthError.INSTALLATION
    now = d.clock.now()
    code, shown = opaque(d.entropy.random(SECRET_BYTES)), rules.user_code(d.entropy.random(rules.USER_CODE_BYTES))
    if await d.scratch.get(USER_CODES, shown, now) is not None:
        return OAuthError.BUSY
    ends = until(now, DEVICE_LIFE)
    waiting = Waiting(client=client.id, scope=scope, user_code=shown, expires=ends, installation=of)
    await _keep(d, stored_id(code), waiting)
    await d.scratch.put(USER_CODES, shown, {"device": stored_id(code)}, waiting.expires)
    return DeviceAuthorization(device_code=code, user_code=shown, expires_in=DEVICE_LIFE, interval=waiting.interval)


async def look_up(d: Deps, session_id: str | None, typed: str) -> Prompt | Reason:
    """Somebody who is signed in typed a code: what to ask them before anything happens."""
    now = d.clock.now()
    who = await present(d, session_id, now)
    found = await _shown(d, who, typed, now)
    if isinstance(found, Reason):
        return found
    of = found.waiting.installation
    return Prompt(
        client=found.client,
        scope=found.waiting.scope,
        user_code=found.waiting.user_code,
        installation=of.name if of is not None else None,
    )


async def decide(
    d: Deps, session_id: str | None, typed: str, scope: frozenset[str], released: frozenset[str] | None
) -> Reason | None:
    """The user answered: None when that is recorded. An empty `scope` is a no. `released` as in `Family`.

    Steps: 1 gather, 2 decide, 3 record, 4 act. The user code is taken, so that two answers cannot both count.
    """
    # 1. Gather.
    now = d.clock.now()
    who = await present(d, session_id, now)
    found = await _shown(d, who, typed, now)
    if who is None or isinstance(found, Reason):
        return found if isinstance(found, Reason) else Reason(code="AUTH-LOGIN-REQUIRED")
    # 2. Decide.
    waiting = found.waiting
    after = rules.answered(waiting, Event.APPROVE if scope else Event.DENY, now)
    if after is None or not scope <= set(waiting.scope):
        return Reason(code="AUTH-USER-CODE")
    if await d.scratch.take(USER_CODES, waiting.user_code, now) is None:
        return Reason(code="AUTH-USER-CODE")
    # 3. Record.
    about: About = {"client": found.client.id}
    if after.state is State.DENIED:
        about["code"] = "AUTH-DEVICE-DENIED"
        await d.ledger.record(d.entry("token.refused", now, who.person, about))
    else:
        holder = found.client
        if waiting.installation is not None:
            holder = await connect(d, found.client, waiting.installation, who.person, now)
        family = _family(d, who, holder.id, [word for word in waiting.scope if word in scope], released, now)
        about["client"] = holder.id
        row = Code(
            id=found.device, family=family.id, redirect_uri="", challenge="", expires=waiting.expires, device=True
        )
        about |= {"family": family.id, "scope": family.scope, "until": row.expires}
        await d.ledger.record(d.entry("code.issued", now, who.person, about), Put(family), Put(row))
    # 4. Act.
    await _keep(d, found.device, after)
    return None


async def redeem_device(d: Deps, client: Client, form: Parameters, now: Seconds, jkt: str | None) -> Tokens | Refused:
    """A device asks whether its user has answered (section 3.4). Steps: 1 gather, 2 decide, 3 record, 4 act."""
    # 1. Gather.
    text = form.get("device_code")
    if text is None:
        return Refused(error=OAuthError.MISSING)
    id = stored_id(text)
    code = await d.rows.get(Code, id)
    if code is None:
        return await _not_yet(d, client, id, now)
    s = await standing_of(d, code.family, now)
    # 2. Decide.
    owner, alive = (_owner(s.client, client), s.alive) if s is not None else (None, False)
    refused = rules.judge_approved(code, owner=owner, client_id=client.id, alive=alive, now=now)
    if s is None or refused is OAuthError.DEVICE_UNKNOWN:
        return Refused(error=OAuthError.DEVICE_UNKNOWN)
    if isinstance(refused, Penalty):
        return Refused(error=refused.error, standing=s, end=True)
    if refused is not None:
        return Refused(error=refused, standing=s)
    if s.client.parent is not None and jkt not in own_keys(s.client):
        return Refused(error=OAuthError.DPOP_NEEDED if jkt is None else OAuthError.DPOP_PROOF, standing=s)
    # 3. Record, 4. act.
    issued = await spend(d, s, code, (), now, jkt)
    return issued if s.client.parent is None else replace(issued, client_id=s.client.id)


def _owner(holder: Client, asking: Client) -> str:
    """Who may fetch the tokens: the client that holds them, or the program that asked in its computer's name."""
    return asking.id if asking.id in (holder.id, holder.parent) else holder.id


async def _not_yet(d: Deps, client: Client, id: str, now: Seconds) -> Refused:
    """The user has not said yes: tell the device, and remember when it asked."""
    error, after = rules.judge_poll(_waiting(await d.scratch.get(DEVICES, id, now)), client.id, now)
    if after is not None:
        await _keep(d, id, after)
    return Refused(error=error)


async def _keep(d: Deps, id: str, waiting: Waiting) -> None:
    """Kept for twice its life, so that a late device hears `expired_token`."""
    await d.scratch.put(DEVICES, id, asdict(waiting), until(waiting.expires, DEVICE_LIFE))


def _waiting(stored: Mapping[str, Any] | None) -> Waiting | None:
    """What `_keep` kept; storage knows lists and strings only."""
    if stored is None:
        return None
    of = stored.get("installation")
    read = {"scope": tuple(stored["scope"]), "state": State(stored["state"])}
    return Waiting(**{**stored, **read, "installation": Installation(**of) if of is not None else None})


async def _shown(d: Deps, who: Present | None, typed: str, now: Seconds) -> Shown | Reason:
    """The device that shows this code. Wrong codes are counted per session (section 5.1)."""
    if who is None:
        return Reason(code="AUTH-LOGIN-REQUIRED")
    mark = await _try(d, who, now)
    if mark is None:
        return Reason(code="AUTH-USER-CODE-TRIES")
    code = rules.normalised(typed)
    found = await d.scratch.get(USER_CODES, code, now) if code is not None else None
    waiting = _waiting(await d.scratch.get(DEVICES, found["device"], now)) if found is not None else None
    client = await d.rows.get(Client, waiting.client) if waiting is not None else None
    if found is None or waiting is None or client is None or not await may_act(d, client):
        return Reason(code="AUTH-USER-CODE")
    await d.scratch.take(TRIES, mark, now)  # it was no wrong one
    refused = may_connect(d, client, waiting.installation, who.person.id)
    return refused or Shown(device=found["device"], waiting=waiting, client=client)


async def _try(d: Deps, who: Present, now: Seconds) -> str | None:
    """Take one of this session's tries, before anything is looked up; None if there is none left.

    Each try is a mark of its own that can be set once, so that of many at the same time no two count as one.
    """
    for number in range(USER_CODE_TRIES):
        mark = f"{who.session.id} {number}"
        if await d.scratch.add(TRIES, mark, {}, until(now, DEVICE_LIFE), now):
            return mark
    return None


def _family(
    d: Deps, who: Present, client: ClientId, scope: Sequence[str], released: frozenset[str] | None, now: Seconds
) -> Family:
    return Family(
        id=make_id("fam", now, d.entropy.for_id()),
        client=client,
        person=who.person.id,
        session=who.session.id,
        scope=tuple(scope),
        released=released,
        auth_time=who.session.auth_time,
        expires=who.session.expires,
    )
