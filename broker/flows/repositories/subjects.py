"""Whom does a repository ask about? By what the person showed it, or by their name here.

A subject of type `access_token` or `passport` is what its `id` holds. One of type `user` is named: `id` is the `sub`,
`properties.iss` whose (left out: ours); with `properties.access_token` or `properties.passports` beside it, these must
be about exactly that person. Nothing else that the repository says of somebody is read.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.authz.asked import Entity
from broker.core.authz.scope import Asker
from broker.core.oidc.bearer import Shown, shown_token
from broker.core.outcome import Reason
from broker.flows.authenticate import by_access_token, by_passports
from broker.flows.by_name import by_name
from broker.flows.verified import Verifier
from broker.flows.world import Caller, World

TYPES = ("user", "access_token", "passport")
_NOT_THEIRS = Reason(code="ASK-SUBJECT")


async def subject_of(w: World, v: Verifier, asker: Asker, subject: Entity) -> Caller | Reason | None:
    """The person; why what was shown does not count; or None: nobody whom we know."""
    match subject.type:
        case "access_token":
            return await _by_token(w, v, asker, subject.id)
        case "passport":
            return await _by_passports(w, v, asker, [subject.id])
        case "user":
            return await _by_name(w, v, asker, subject)
        case _:
            return None


async def _by_name(w: World, v: Verifier, asker: Asker, subject: Entity) -> Caller | Reason | None:
    shown, iss = subject.properties, subject.properties.get("iss", w.issuer)
    if not isinstance(iss, str):
        return None
    found = await _by_credentials(w, v, asker, shown)
    if found is None:
        return await by_name(w, iss, subject.id, asker.client)
    if isinstance(found, Caller) and not any((who, sub) == (iss, subject.id) for who, sub in found.identities):
        return _NOT_THEIRS
    return found


async def _by_credentials(w: World, v: Verifier, asker: Asker, shown: Mapping[str, Any]) -> Caller | Reason | None:
    token, passports = shown.get("access_token"), shown.get("passports")
    if token is not None and passports is not None:
        return Reason(code="REQ-INVALID", facts=(("problem", "send either an access token or Passports, not both"),))
    if isinstance(token, str):
        return await _by_token(w, v, asker, token)
    if isinstance(passports, list) and all(isinstance(one, str) for one in passports):
        return await _by_passports(w, v, asker, passports)
    if token is not None or passports is not None:
        return Reason(code="REQ-INVALID", facts=(("problem", "access_token: a text; passports: a list of texts"),))
    return None


async def _by_token(w: World, v: Verifier, asker: Asker, token: str) -> Caller | Reason:
    """A token of ours that was issued for this very repository (T014): one for another door opens nothing here."""
    shown = shown_token(f"Bearer {token}")
    if not isinstance(shown, Shown):
        return Reason(code="AUTH-TOKEN-INVALID")
    return await by_access_token(w, v, shown, asker.serves, tasks=True)


async def _by_passports(w: World, v: Verifier, asker: Asker, passports: list[str]) -> Caller | Reason:
    return await by_passports(w, v, passports, us=asker.serves)
