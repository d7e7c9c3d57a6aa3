"""Visas of others: whose they must be to be kept, when they stop being handed on, and that they leave as they came."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from broker.adapters import jose
from broker.core.ids import Issuer
from broker.core.oidc.release import MintedVisa
from broker.core.outcome import Reason
from broker.core.passport.visa import LINK, Visa
from broker.core.rows import Gather, Gathered, Put, Revocation, Session, VisaIssuer
from broker.core.time import Seconds
from broker.flows import gather
from broker.flows.gather import Gathering, drop, push, take_in
from broker.flows.proofs import Proofs
from broker.flows.release_visas import visas_to_release
from broker.flows.verified import Verifier
from tests import builders as b
from tests.core.passport.visa_builders import (
    BROKER,
    DATASET,
    ISSUER,
    KEYS,
    OTHER_EC,
    broker_row,
    issuer_row,
    passport_token,
    visa_token,
)
from tests.fakes import START, MemorySources, MemoryVault
from tests.flows.worlds import ADA, PIA, Stage, stage

SESSION = Session(
    id="ses", person=b.ADA, idp=b.HOME, identities=((b.HOME, "ada"),), auth_time=START, expires=Seconds(START + 9000),
    affiliations=("faculty@rhine.example",), location="DE",
)  # fmt: skip
REMS = VisaIssuer(
    id=Issuer(ISSUER), trust=issuer_row(), gather=Gather(subjects_of=b.HOME, api="https://rems.example", api_user="us"),
    gather_key="key",
)  # fmt: skip
PUSHES = replace(REMS, gather=Gather(subjects_of=b.HOME, push=True))
UPSTREAM = VisaIssuer(
    id=Issuer(BROKER), trust=broker_row(types=frozenset({"ResearcherStatus"})), gather=Gather(userinfo=True)
)
HERS = {"sub": "ada"}


class Keys:
    """Everybody's keys, at once."""

    async def sets(self, needs: Collection[tuple[str, str, str]]) -> Any:
        return {(iss, jku): KEYS.get((iss, jku)) for iss, jku, _ in needs}

    def at_hand(self, iss: str, jku: str, kid: str) -> Any:
        del kid
        return KEYS.get((iss, jku))


@dataclass
class Place:
    """A world with a permissions API in it."""

    s: Stage
    sources: MemorySources = field(default_factory=MemorySources)
    vault: MemoryVault = field(default_factory=MemoryVault)

    def __post_init__(self) -> None:
        unused: Any = None
        proofs = Proofs(check=jose.check_signature, scratch=self.s.world.scratch, nonce_key=b"n" * 32)
        verifier = Verifier(reader=unused, keys=Keys(), check=jose.check_signature, proofs=proofs)
        self.g = Gathering(sources=self.sources, verifier=verifier, vault=self.vault)

    def says(self, *tokens: str, sub: str = "ada") -> None:
        self.sources.says[ISSUER, sub] = tokens

    async def leaving(self, *resources: str, session: Session = SESSION) -> tuple[MintedVisa, ...]:
        w = self.s.world
        person = ADA if session.person == ADA.id else PIA
        return await visas_to_release(w, self.g, person, session, frozenset(resources), w.clock.now())

    async def foreign(self) -> list[str]:
        """The tokens of others that leave."""
        return [visa.token for visa in await self.leaving() if visa.id.startswith("foreign:")]


def place(*rows: Any, **changes: Any) -> Place:
    return Place(stage(*(rows or (REMS,)), **changes))


@pytest.mark.row("B17")
async def test_a_visa_of_hers_leaves_as_it_came() -> None:
    p, token = place(), visa_token(payload=HERS)
    p.says(token)
    assert await p.foreign() == [token]
    (wanted,) = p.sources.asked
    assert (wanted.issuer, wanted.sub, wanted.api_key, wanted.api_user) == (ISSUER, "ada", "key", "us")
    assert p.s.kinds() == ["visa.gathered"]
    assert "key" not in repr(wanted).replace("api_key", "")


async def test_what_is_stored_is_sealed_and_the_log_holds_neither_token_nor_sub() -> None:
    p, token = place(), visa_token(payload=HERS)
    p.says(token)
    await p.foreign()
    (row,) = [row for row in p.s.ledger.rows.values() if isinstance(row, Gathered)]
    assert token not in repr(row)
    assert token not in str(p.s.ledger.rows)
    assert token.encode() not in b"".join(p.s.ledger.bodies)


NOT_HERS = [
    ("somebody else's", visa_token(payload={"sub": "bao"})),
    ("her sub, another issuer", visa_token({"kid": "b-1"}, {"sub": "ada", "iss": BROKER}, key=OTHER_EC)),
    ("an issuer that nobody knows", visa_token(payload={"sub": "ada", "iss": "https://who.example/"})),
    ("another key", visa_token(payload=HERS, key=OTHER_EC)),
    ("expired", visa_token(payload=HERS | {"exp": START, "iat": START - 60})),
    ("expired within the leeway", visa_token(payload=HERS | {"exp": START - 5, "iat": START - 60})),
    ("for somebody else", visa_token(payload=HERS | {"aud": "https://who.example"})),
    ("a Passport", passport_token()),
    ("nothing", ""),
    ("noise", "a.b.c"),
]


@pytest.mark.row("T037", "B17")
@pytest.mark.parametrize(("what", "token"), NOT_HERS, ids=[row[0] for row in NOT_HERS])
async def test_what_is_not_hers_or_not_good_is_never_kept(what: str, token: str) -> None:
    del what
    p, good = place(), visa_token(payload=HERS | {"jti": "good"})
    p.says(token, good)
    assert await p.foreign() == [good]
    p.sources.says.clear()
    assert await p.foreign() == [good]


async def test_the_source_is_down_and_what_it_said_counts_until_it_ends() -> None:
    p, token = place(), visa_token(payload=HERS | {"exp": START + 100})
    p.says(token)
    await p.foreign()
    p.sources.says.clear()
    p.s.clock.advance(99)
    assert await p.foreign() == [token]
    p.s.clock.advance(1)
    assert await p.foreign() == []


async def test_what_the_source_no_longer_says_is_gone() -> None:
    p = place()
    p.says(visa_token(payload=HERS))
    await p.foreign()
    p.says()
    assert await p.foreign() == []
    p.sources.says.clear()
    assert await p.foreign() == []
    assert p.s.kinds() == ["visa.gathered"] * 2


@pytest.mark.parametrize("name", ["visa:{iss} v-1", "issuer:{iss}"])
async def test_a_revocation_reaches_what_is_stored(name: str) -> None:
    p = place()
    p.says(visa_token(payload=HERS))
    await p.foreign()
    entry = p.s.world.entry("revocation.made", START, None, {})
    await p.s.ledger.record(entry, Put(Revocation(id=name.format(iss=ISSUER), since=START)))
    assert await p.foreign() == []


@pytest.mark.parametrize("status", ["suspended", "removed"])
async def test_nothing_of_an_issuer_that_is_trusted_no_longer(status: Any) -> None:
    p = place()
    p.says(visa_token(payload=HERS))
    await p.foreign()
    row = replace(REMS, version=2, status=status)
    await p.s.ledger.record(p.s.world.entry("issuer.suspended", START, None, {}), Put(row))
    assert await p.foreign() == []


async def test_the_same_said_anew_is_the_same_to_who_released_it_and_is_not_written_again() -> None:
    p = place()
    long = {"exp": START + 300_000}
    p.says(visa_token(payload=HERS | long | {"jti": "one"}))
    (first,) = [visa for visa in await p.leaving() if visa.id.startswith("foreign:")]
    newer = visa_token(payload=HERS | long | {"jti": "two", "exp": START + 300_001})
    p.says(newer)
    (second,) = [visa for visa in await p.leaving() if visa.id.startswith("foreign:")]
    assert (second.id, second.token) == (first.id, newer)
    assert p.s.kinds() == ["visa.gathered"]
    p.s.clock.advance(250_000)
    renewed = visa_token(payload=HERS | {"iat": START + 250_000, "exp": START + 500_000, "jti": "three"})
    p.says(renewed)
    later = replace(SESSION, expires=Seconds(START + 999_999))
    assert renewed in [visa.token for visa in await p.leaving(session=later)]
    assert p.s.kinds() == ["visa.gathered"] * 2


async def test_when_the_key_of_the_seal_is_gone_so_is_what_it_sealed() -> None:
    p = place()
    p.says(visa_token(payload=HERS))
    await p.foreign()
    p.sources.says.clear()
    p.vault.key = "another"
    assert await p.foreign() == []


async def test_nobody_is_asked_about_a_participant() -> None:
    p = place()
    session = replace(SESSION, person=PIA.id, identities=((b.HOME, "ada"),), affiliations=())
    p.says(visa_token(payload=HERS))
    assert await p.leaving(session=session) == ()
    assert p.sources.asked == []


async def test_who_gets_a_visa_about_another_identity_gets_the_link_too() -> None:
    p = place()
    assert LINK not in {visa.type for visa in await p.leaving()}
    p.says(visa_token(payload=HERS))
    (link,) = [visa for visa in await p.leaving() if visa.type == LINK]
    assert link.value == f"ada,https%3A%2F%2Fhome.example;ada,{'https%3A%2F%2Fvisas.example%2F'}"


@pytest.mark.row("P13")
async def test_of_grants_only_those_for_the_resource_leave_and_everything_that_conditions_may_need() -> None:
    p = place()
    status = {"type": "ResearcherStatus", "value": "https://bona.example/1"}
    p.says(visa_token(payload=HERS), visa_token(payload=HERS | {"jti": "s"}, visa=status))
    types = [visa.type for visa in await p.leaving(b.HEART)]
    assert sorted(types) == ["AffiliationAndRole", "ControlledAccessGrants", "LinkedIdentities", "ResearcherStatus"]
    assert [visa.value for visa in await p.leaving(b.HEART) if visa.type == "ControlledAccessGrants"] == [b.HEART]
    only = [visa.value for visa in await p.leaving(DATASET) if visa.type == "ControlledAccessGrants"]
    assert only == [DATASET]
    assert len([visa for visa in await p.leaving() if visa.type == "ControlledAccessGrants"]) == 2


STATUS = {"type": "ResearcherStatus", "value": "https://bona.example/1", "by": "so"}
ABOUT_HER = visa_token(
    {"kid": "b-1", "jku": "https://broker.example/jwks.json"}, {"sub": "u-1", "iss": BROKER}, STATUS, OTHER_EC
)
AT_BROKER = replace(SESSION, idp=Issuer(BROKER), identities=((Issuer(BROKER), "u-1"),))


@pytest.mark.row("B17", "T037")
@pytest.mark.parametrize(
    ("what", "row", "token", "kept"),
    [
        ("about her", UPSTREAM, ABOUT_HER, True),
        ("of a third issuer", UPSTREAM, visa_token(payload=HERS), False),
        (
            "of a third issuer, vouched for",
            replace(UPSTREAM, trust=broker_row(vouches=True)),
            visa_token(payload=HERS),
            True,
        ),
        ("without leave", replace(UPSTREAM, gather=None), ABOUT_HER, False),
        ("of a row that gathers otherwise", replace(UPSTREAM, gather=Gather(push=True)), ABOUT_HER, False),
        ("of a suspended issuer", replace(UPSTREAM, status="suspended"), ABOUT_HER, False),
    ],
)
async def test_what_the_userinfo_of_a_broker_hands_over_at_sign_in(
    what: str,
    row: Any,
    token: str,
    kept: bool,  # noqa: FBT001
) -> None:
    del what
    p = place(row, replace(REMS, gather=None))
    done = await take_in(p.s.world, p.g, ADA, Issuer(BROKER), "u-1", [token, "noise"], START)
    assert done == int(kept)
    assert [visa.token for visa in await p.leaving(session=AT_BROKER) if visa.id.startswith("foreign:")] == [
        token
    ] * kept
    assert await p.foreign() == []


@pytest.mark.row("B17")
async def test_what_is_pushed_is_judged_one_by_one_and_kept_for_whom_it_names() -> None:
    p = place(PUSHES)
    good, other = visa_token(payload=HERS), visa_token(payload={"sub": "bao", "jti": "b"})
    found = await push(
        p.s.world,
        p.g,
        None,
        {ISSUER},
        [good, "noise", other, visa_token(payload=HERS | {"exp": START - 99, "iat": START - 100})],
    )
    assert [one.code if isinstance(one, Reason) else one.sub for one in found] == [
        "ada",
        "VISA-MALFORMED",
        "bao",
        "VISA-EXPIRED",
    ]
    assert await p.foreign() == [good]
    more = visa_token(payload=HERS | {"jti": "m"}, visa={"value": DATASET + "2"})
    await push(p.s.world, p.g, None, {ISSUER}, [more])
    assert set(await p.foreign()) == {good, more}
    newer = visa_token(payload=HERS | {"jti": "n", "exp": START + 9000})
    await push(p.s.world, p.g, None, {ISSUER}, [newer])
    assert set(await p.foreign()) == {newer, more}
    for _ in range(2):
        assert not isinstance(await drop(p.s.world, p.g, None, ISSUER, "ada"), Reason)
    assert await p.foreign() == []
    assert p.s.kinds() == ["visa.gathered"] * 5


@pytest.mark.parametrize(
    ("row", "issuers"),
    [(PUSHES, set()), (PUSHES, {BROKER}), (REMS, {ISSUER}), (replace(PUSHES, gather=None), {ISSUER})],
)
async def test_nobody_pushes_for_an_issuer_that_they_do_not_speak_for_or_that_is_not_pushed(
    row: Any, issuers: Any
) -> None:
    p = place(row)
    (found,) = await push(p.s.world, p.g, None, issuers, [visa_token(payload=HERS)])
    assert isinstance(found, Reason)
    assert (found.code, p.s.kinds()) == ("VISA-ISSUER-UNTRUSTED", [])


async def test_at_the_limit_of_a_passport_nothing_more_is_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "PASSPORT_VISAS", 2)
    p = place(PUSHES)
    tokens = [visa_token(payload=HERS | {"jti": str(n)}, visa={"value": f"{DATASET}{n}"}) for n in range(3)]
    assert all(isinstance(one, Visa) for one in await push(p.s.world, p.g, None, {ISSUER}, tokens[:2]))
    (over,) = await push(p.s.world, p.g, None, {ISSUER}, tokens[2:])
    assert isinstance(over, Reason)
    assert over.code == "PASSPORT-TOO-MANY-VISAS"
    assert len(await p.foreign()) == 2
