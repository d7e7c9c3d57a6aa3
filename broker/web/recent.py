"""Is it still they who sit there? What lets somebody in takes a sign-in of the last minutes."""

from aiohttp import web

from broker.core.oidc.challenge import Challenge
from broker.core.rows import Session
from broker.flows.world import Caller
from broker.web.errors import Problem
from broker.web.state import BROKER

RECENT = 900
"""Seconds since the sign-in within which somebody may let others in."""


async def session_of(request: web.Request, who: Caller) -> Session | None:
    """The sign-in behind what the caller showed; None: there is none any more."""
    return await request.app[BROKER].world.rows.get(Session, who.session or "")


def is_recent(request: web.Request, session: Session | None) -> bool:
    """Is it one of the last minutes?"""
    return session is not None and request.app[BROKER].world.clock.now() - session.auth_time <= RECENT


async def recently(request: web.Request, who: Caller) -> None:
    """A 401 that asks for another sign-in, where it is not of the last minutes (RFC 9470).

    Of a page, it gives back the form that was sent (pages/again.py).
    """
    if is_recent(request, await session_of(request, who)):
        return
    problem = Problem("AUTH-STEP-UP", wanted=f"at most {RECENT} seconds ago", max_age=str(RECENT))
    problem.challenge = Challenge(
        error="insufficient_user_authentication", description="A more recent sign-in is needed.", max_age=RECENT
    )
    raise problem
