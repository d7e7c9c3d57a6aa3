"""Visa by visa: what a person is shown before anything leaves, and what they ticked (AAI Brokers 6.1)."""

from typing import Any

from aiohttp import web

from broker.core.passport.assertions import Stated, visa_object
from broker.core.passport.linked import read_pairs
from broker.core.passport.visa import AFFILIATION, GRANT, LINK, RESEARCHER, TERMS, Visa
from broker.core.reasons.language import Tongue
from broker.core.rows import CustomType, Dataset, Person, Session
from broker.core.time import Seconds, rfc3339
from broker.flows.gather import Foreign
from broker.flows.oauth.standing import present
from broker.flows.release_visas import all_held
from broker.flows.visas import Held
from broker.web import cookies
from broker.web.called import name_of
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.state import BROKER

_WORDS = {
    GRANT: "visa.grant",
    AFFILIATION: "visa.affiliation",
    TERMS: "visa.terms",
    RESEARCHER: "visa.researcher",
    LINK: "visa.link",
}
"""What each type of visa says, as a key of words."""


async def signed_in(request: web.Request) -> tuple[Person, Session]:
    """Who is signed in in this browser, in a session that lasts."""
    broker = request.app[BROKER]
    who = await present(broker.oauth, cookies.session_id(request), broker.world.clock.now())
    if who is None:
        raise Problem("REQ-FORM-EXPIRED")
    return who.person, who.session


async def listed(request: web.Request, person: Person, session: Session) -> list[dict[str, str]]:
    """Every visa that the person holds, as the page shows it."""
    own, others = await _held(request, person, session)
    return [*(_own(request, visa) for visa in own), *(_other(request, one) for one in others)]


async def described(request: web.Request, person: Person, session: Session) -> list[dict[str, Any]]:
    """Every visa that the person holds, in words and as a visa says it; of others' also who signed it."""
    own, others = await _held(request, person, session)
    return [
        *(_own(request, visa) | {"visa": visa_object(visa.said)} for visa in own),
        *(_other(request, one) | {"visa": _said(one.visa), "issuer": one.visa.iss} for one in others),
    ]


async def released(request: web.Request, ticked: frozenset[str], *, later: bool) -> frozenset[str] | None:
    """The visas that may leave. All of them and later ones is `None`; one that was unticked stays at home."""
    own, others = await _held(request, *await signed_in(request))
    held = {visa.id for visa in own} | {visa.id for visa in others}
    return None if later and held <= ticked else frozenset(ticked & held)


async def _held(request: web.Request, person: Person, session: Session) -> tuple[tuple[Held, ...], tuple[Foreign, ...]]:
    broker = request.app[BROKER]
    return await all_held(broker.world, broker.gathering, person, session, broker.world.clock.now())


def _said(visa: Visa) -> dict[str, Any]:
    told = {"type": visa.type, "value": visa.value, "source": visa.source, "by": visa.by, "asserted": visa.asserted}
    return {name: value for name, value in told.items() if value is not None}


def _own(request: web.Request, visa: Held) -> dict[str, str]:
    return _row(request, visa.id, visa.said, visa.ends)


def _other(request: web.Request, one: Foreign) -> dict[str, str]:
    return _row(request, one.id, one.visa, one.visa.exp)


def _row(request: web.Request, id: str, visa: Stated | Visa, ends: Seconds) -> dict[str, str]:
    dataset = request.app[BROKER].snapshots.current().get(Dataset, visa.value)
    tongue = Tongue(language(request))
    name = dataset.title if dataset is not None else tongue.word("visa.a_dataset")
    custom = request.app[BROKER].snapshots.current().get(CustomType, visa.type)
    word = _WORDS.get(visa.type)
    title = custom.description if custom is not None else visa.type
    if word is not None:
        title = tongue.word(word, dataset=name)
    value = (
        visa.value if visa.type != LINK else ", ".join(f"{sub} at {iss}" for iss, sub in read_pairs(visa.value) or ())
    )
    return {"id": id, "title": title, "value": value, "source": _named(request, visa.source), "until": rfc3339(ends)}


def _named(request: web.Request, source: str) -> str:
    """By its name, where it has one here, and always by its address, which is what others check."""
    name = name_of(request, source)
    return source if name == source else f"{name} ({source})"
