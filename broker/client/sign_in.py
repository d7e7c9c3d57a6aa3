"""How does a command line come by a sign-in without a browser of its own? By the device flow (RFC 8628).

The person confirms a code in any browser; this computer becomes a client in their name, with a key of its own
(docs/reference/oauth.md, "Computers that become clients").
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from broker.client.account import Account, Accounts
from broker.client.answers import RefusedError, TalkError
from broker.client.api import Api, ask, is_safe, redeem
from broker.client.proofs import ComputerKey
from broker.core.oidc.device import GRANT_TYPE

PROGRAM = "broker-cli"
"""The client that a broker registers for this program, unless its operator chose another name."""
SCOPE = "openid profile eduperson_scoped_affiliation ga4gh_passport_v1"
_SLOWER = 5
"""Seconds more between two questions, whenever the broker says that they come too often (section 3.5)."""

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What the person is asked to do: open `page`, and type `code` there if it is not filled in."""

    issuer: str
    program: str
    page: str
    whole_page: str
    code: str
    device_code: str = field(repr=False)
    interval: float
    ends: int


async def begin(http: aiohttp.ClientSession, issuer: str, key: ComputerKey, program: str, name: str) -> Begun:
    """Ask the broker at `issuer` for a code. `name`: how this computer is called on the page."""
    issuer = issuer.rstrip("/")
    if not is_safe(issuer):
        raise TalkError(f"{issuer}: the address of a broker begins with https://")
    known = (await ask(http, "GET", f"{issuer}/.well-known/openid-configuration")).body
    if not isinstance(known, dict) or known.get("issuer") != issuer:
        raise TalkError(f"{issuer} is not the address of a broker (its description says something else)")
    computer = json.dumps({"name": name, "jwk": key.public()})
    form = [("client_id", program), ("scope", SCOPE), ("installation", computer)]
    said = (await ask(http, "POST", f"{issuer}/oauth2/device_authorization", form=form)).taken()
    try:
        return Begun(
            issuer=issuer,
            program=program,
            page=said["verification_uri"],
            whole_page=said["verification_uri_complete"],
            code=said["user_code"],
            device_code=said["device_code"],
            interval=float(said.get("interval", 5)),
            ends=key.clock.now() + int(said["expires_in"]),
        )
    except (KeyError, TypeError, ValueError):
        raise TalkError(f"{issuer}: this is no answer to a device") from None


async def finish(http: aiohttp.ClientSession, begun: Begun, key: ComputerKey, pause: Pause) -> Account:
    """Wait until the person has said yes. RefusedError where they said no, or nobody said anything in time."""
    form = [("client_id", begun.program), ("grant_type", GRANT_TYPE), ("device_code", begun.device_code)]
    wait = begun.interval
    while True:
        await pause(wait)
        try:
            said = await redeem(http, begun.issuer, key, form, client_id=None)
        except RefusedError as no:
            if no.word == "slow_down":
                wait += _SLOWER
            elif no.word != "authorization_pending" or key.clock.now() >= begun.ends:
                raise
            continue
        return _account(begun, said, key)


def _account(begun: Begun, said: Mapping[str, Any], key: ComputerKey) -> Account:
    if not isinstance(said.get("client_id"), str) or not isinstance(said.get("refresh_token"), str):
        raise TalkError(f"{begun.issuer} did not make this computer a client. Is {begun.program} one that `installs`?")
    return Account(
        issuer=begun.issuer,
        client_id=said["client_id"],
        key=key.pem(),
        access_token=said["access_token"],
        refresh_token=said["refresh_token"],
        expires=key.clock.now() + int(said["expires_in"]),
    )


async def leave(api: Api, accounts: Accounts) -> bool:
    """End what this computer is at the broker, and forget its key here. Did the broker hear of it?"""
    try:
        await api.call("DELETE", f"/api/v1/me/devices/{api.account.client_id}")
        heard = True
    except (RefusedError, TalkError):
        heard = False
    accounts.forget(api.issuer)
    return heard
