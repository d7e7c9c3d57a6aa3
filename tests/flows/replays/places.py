"""Every place where a decision is made, and what may change in the world between two of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from broker.core.authz.asked import Action, Asked, Entity
from broker.core.authz.scope import Asker
from broker.core.consent.model import Scope
from broker.core.ids import ClientId, DatasetId, Issuer, ObjectId
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Reason
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import GRANT, Visa
from broker.core.ranges import Span
from broker.core.rows import Dataset, DrsObject, Revocation, Session, Trace, VisaIssuer, changed
from broker.core.time import Seconds
from broker.flows import decide_request, request_access
from broker.flows.deliver import Opened, close_delivery, open_delivery
from broker.flows.pre_check import PreCheck, pre_check
from broker.flows.repositories.before import Reads, name_of
from broker.flows.repositories.deciding import Desk, decide, keep
from broker.flows.traces import decided, decisions_of
from broker.flows.use_data import Ticket, ask
from broker.flows.use_many import ask_each
from broker.flows.visas import held_visas, mint
from broker.flows.withdraw_consent import Withdrawn, withdraw
from broker.flows.world import World
from tests import builders as b
from tests.fakes import START, at_once
from tests.flows.replays.recorded import DEMO, Recorded
from tests.flows.worlds import ADA, MEI, PIA, caller

STRANGE = "https://strange.example"
SESSION = Session(
    id="ses",
    person=b.ADA,
    idp=b.HOME,
    identities=((b.HOME, "ada"),),
    auth_time=Seconds(START - 10),
    expires=Seconds(START + 10_000_000),
    affiliations=("faculty@rhine.example",),
    location="DE",
)
PROFILE = {
    "kinds": ["hmb"],
    "commercial": False,
    "countries": ["DE"],
    "duration_months": 12,
    "project": "p1",
    "sensitive": [],
}
TRUSTED = VisaIssuer(
    id=Issuer(STRANGE),
    trust=TrustRow(iss=STRANGE, jku=(f"{STRANGE}/jwks",), values=(str(b.HEART),), grant_profile=PROFILE),
    gather_key="CANARY-gather",
)
VISA = Visa(
    iss=STRANGE,
    sub="ada-elsewhere",
    jti="v1",
    type=GRANT,
    value=str(b.HEART),
    source="https://bank.example/dac",
    by="dac",
    asserted=Seconds(START - 100),
    iat=Seconds(START - 100),
    exp=Seconds(START + 10_000_000),
    conditions=None,
    linked=(),
    jku=f"{STRANGE}/jwks",
    kid="k",
    key="0" * 64,
    algorithm="ES256",
    digest="1" * 64,
)


LATE = b.drs_object(ObjectId("late"), availability="staging")
"""Its bytes are being brought."""


def with_visa(**changes: Any) -> Any:
    who = frozenset({(b.US, str(b.ADA)), (b.HOME, "ada"), (Issuer(STRANGE), "ada-elsewhere")})
    return caller(identities=who, visas=(VISA,), visas_end=Seconds(START + 9_000_000), **changes)


async def everything(s: Recorded) -> int:
    """Make a decision at every place where one is made. How many traces that leaves."""
    w = s.world
    before = len(await traces(s))
    found = await ask(w, caller(), b.ONE)
    await ask(w, caller(), b.TWO)
    await ask(w, caller(grants=()), b.ONE)
    await ask(w, with_visa(grants=()), b.ONE)
    await ask(w, caller(), ObjectId("no-such-object"))
    if s.live.current().get(DrsObject, LATE.id) is None:
        await s.put(LATE)
    await ask(w, caller(), LATE.id)
    await ask_each(w, with_visa(), [b.ONE, b.TWO, LATE.id, ObjectId("no-such-object")])
    await request_access.foresee(w, caller(), b.HEART, b.PURPOSE)
    await request_access.foresee(w, caller(), b.HEART, replace(b.PURPOSE, commercial=True, countries=frozenset({"US"})))
    assert isinstance(await pre_check(w, caller(), b.PURPOSE), PreCheck)
    assert isinstance(await pre_check(w, caller(), b.PURPOSE, [b.HEART, DatasetId("gone")]), PreCheck)
    asked = await request_access.submit(w, caller(), b.HEART, b.PURPOSE, "Please.")
    assert not isinstance(asked, Reason)
    await decide_request.approve(w, caller(MEI), asked[0].id, "It fits.", {})
    another = await request_access.submit(w, caller(), b.HEART, b.PURPOSE, "Please, again.")
    assert not isinstance(another, Reason)
    await decide_request.reject(w, caller(MEI), another[0].id, "Once is enough.")
    if isinstance(found, Ticket):
        opened = await open_delivery(w, found.access.id, b.ONE, [Span(0, 9)])
        if isinstance(opened, Opened):
            await close_delivery(w, opened, "complete", 10)
    held = at_once(mint(w, ADA, held_visas(w, ADA, SESSION, w.clock.now()), w.clock.now()))
    await repository_asks(w)
    why = decided(held)
    if why:
        await w.ledger.record(w.entry("passport.issued", w.clock.now(), ADA, decisions_of(why)), *why)
    return len(await traces(s)) - before


async def repository_asks(w: World) -> None:
    """A repository asks about its own object, about nobody, and about what is not there."""
    asker = Asker(client=ClientId("depot"), repositories=frozenset({"bank"}))
    for object in ("obj-1", "no-such-object"):
        for found in (caller(), caller(grants=()), None):
            asked = Asked(
                subject=Entity(type="user", id="x"),
                action=Action(name="stream"),
                resource=Entity(type="object", id=object),
            )
            judged = decide(w, asker, found, Reads(w.rows), asked, name_of(asker, asked))
            await keep(w, Desk(verifier=None), judged)  # type: ignore[arg-type]


async def traces(s: Recorded) -> list[Trace]:
    return [row async for row in s.world.rows.scan(Trace)]


def other_packs() -> Rulebook:
    """The same packs, one of which permits nothing any more."""
    packs = b.rules().packs
    gdpr = packs["eu-gdpr-ch5"]
    harder = replace(gdpr, version="next", default_effect="refer", rules=())
    found = rulebook([*(pack for id, pack in packs.items() if id != gdpr.id), harder], "example")
    assert isinstance(found, Rulebook)
    return found


async def withdrawn(s: Recorded) -> None:
    assert isinstance(await withdraw(s.world, caller(PIA), "no_further_use"), Withdrawn)


async def new_consent(s: Recorded) -> None:
    at = s.world.clock.now()
    await s.put(
        b.consent(b.PAUL, 2, scope=Scope(permissions=b.codes("DUO:0000011")), effective_from=at, recorded_at=at)
    )


async def recoded(s: Recorded) -> None:
    row = s.live.current().get(Dataset, b.HEART)
    assert row is not None
    await s.put(changed(row, duo=b.codes("DUO:0000007"), title="Recoded"))


async def other_rules(s: Recorded) -> None:
    await s.stand_on(rules=other_packs())


async def other_ontology(s: Recorded) -> None:
    file = s.place.folder / "other.obo"
    file.write_text(DEMO.read_text().replace("data-version:", "data-version: next-", 1))
    await s.stand_on(ontology=file)


async def rotated(s: Recorded) -> None:
    own = s.live.current().own
    await s.stand_on(own=replace(own, keys=({"kty": "EC", "crv": "P-256", "kid": "new", "x": "a", "y": "b"},)))


async def grant_ended(s: Recorded) -> None:
    await s.put(Revocation(id=f"grant:{b.GRANT}", since=s.world.clock.now(), ground="Test."))


async def suspended(s: Recorded) -> None:
    row = s.live.current().get(VisaIssuer, TRUSTED.id)
    assert row is not None
    await s.put(changed(row, status="suspended"))


CHANGES: tuple[Callable[[Recorded], Any], ...] = (
    new_consent, other_ontology, rotated, suspended, other_rules, recoded, withdrawn, grant_ended,
)  # fmt: skip
