"""A client, or a person by themselves, wants a browser signed out (OpenID Connect RP-Initiated Logout 1.0)."""

from dataclasses import dataclass

from broker.core.oidc import logout as rules
from broker.core.oidc.errors import OAuthError
from broker.core.oidc.logout import Leaving
from broker.core.oidc.own_tokens import ID_TOKEN_TYP
from broker.core.oidc.parameters import parse
from broker.core.rows.oauth import Client
from broker.core.rows.tasks import Task
from broker.flows.oauth.deps import Deps
from broker.flows.oauth.standing import present
from broker.flows.oauth.tasks import tasks_of
from broker.flows.sign_out import sign_out
from broker.flows.world import World


@dataclass(frozen=True, slots=True)
class Confirm:
    """Ask the person first. `tasks`: what will go on without them."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """Nobody is signed in here any more. `location`: where the browser goes, or None. `tasks`: what goes on."""

    location: str | None
    tasks: tuple[Task, ...] = ()


async def check(d: Deps, raw: bytes) -> Leaving | OAuthError:
    """Is this query, or form, a request to sign out? Records nothing."""
    form = parse(raw)
    if isinstance(form, OAuthError):
        return form
    text = form.get("id_token_hint")
    hint = rules.hint_of(d.reader.read(text, ID_TOKEN_TYP), d.issuer) if text is not None else None
    named = rules.named_client(form, hint)
    if isinstance(named, OAuthError):
        return named
    return rules.read(form, hint, await d.rows.get(Client, named) if named is not None else None)


async def leave(d: Deps, w: World, leaving: Leaving, session_id: str | None, *, confirmed: bool) -> Confirm | Left:
    """End the browser's session, unless the person must be asked first. Steps: 1 gather, 2 decide, 3 record."""
    who = await present(d, session_id, d.clock.now())
    if who is None:
        return Left(leaving.location)
    tasks = await tasks_of(d, who.person, d.clock.now())
    if not confirmed and rules.must_ask(leaving, who.person.id, who.session.id):
        return Confirm(tasks)
    await sign_out(w, who.person, who.session.id)
    return Left(leaving.location, tasks)
