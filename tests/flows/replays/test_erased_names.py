"""Somebody is erased: no version that is kept names them any more, every proof holds, and replays say what is gone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from broker.core.ids import Issuer
from broker.core.passport.visa import LINK, RESEARCHER
from broker.core.rows import HISTORY_KINDS, Assertion, Erasure, Identity, IdentityLink, Person, PolledVisa, changed
from broker.core.rows.erasure import ERASED, Naming, names, without_names
from broker.core.rows.identity import identity_id
from broker.core.rows.linking import link_id
from broker.core.time import Seconds
from broker.flows.forget_names import forget_names
from broker.flows.use_data import ask
from broker.ports import LedgerDownError, StaleError
from tests import builders as b
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.places import STRANGE, VISA, traces
from tests.flows.replays.recorded import Recorded, differ, recorded
from tests.flows.worlds import ADA, MEI, caller, stage

CANARY = "CANARY-ada-at-home"
SHE = (Issuer(str(b.HOME)), CANARY)
IDENTITY = Identity(id=identity_id(*SHE), person=b.ADA, iss=SHE[0], sub=CANARY)
SAID = Assertion(
    id="ast_1", iss=SHE[0], sub=CANARY, type=RESEARCHER, value="https://bona.example/CANARY-value",
    source="https://society.example", by="so", asserted=Seconds(START - 10), ends=Seconds(START + 9_000_000),
    extra={"note": "CANARY-extra"}, entered_by=b.MEI,
)  # fmt: skip
LINKED = IdentityLink(
    id=link_id(b.ADA, b.MEI), persons=(b.ADA, b.MEI), identities=(SHE, (Issuer(str(b.HOME)), "mei")), since=START
)
SHOWN = replace(VISA, sub=CANARY, iss=str(b.HOME))
TELLS = replace(VISA, type=LINK, sub="ada-elsewhere", linked=((str(b.HOME), CANARY),), value=f"{b.HOME},{CANARY}")
POLLED = PolledVisa(id="pol_1", visa=SHOWN, token="sealed", next=START, needed=START, by=SHOWN)
TOLD = PolledVisa(id="pol_2", visa=TELLS, token="sealed", next=START, needed=START)
OTHERS = Assertion(
    id="ast_2", iss=SHE[0], sub="somebody-else", type=RESEARCHER, value="https://bona.example/1",
    source="https://society.example", by="so", asserted=START, ends=Seconds(START + 9_000_000), entered_by=b.MEI,
)  # fmt: skip
ROWS = (IDENTITY, SAID, LINKED, POLLED, TOLD, OTHERS)


async def ada(s: Recorded) -> Person:
    row = await s.world.rows.get(Person, b.ADA)
    assert row is not None
    return row


def in_history(place: Place) -> str:
    return str(place.ask("SELECT group_concat(body) FROM history")[0][0])


async def decided(s: Recorded) -> None:
    """A decision that rests on what was said of her, before anybody is erased."""
    who = frozenset({(b.US, str(b.ADA)), SHE})
    await ask(s.world, caller(identities=who, assertions=("ast_1",)), b.ONE)


@pytest.mark.row("OUT-ERASED", "F78")
async def test_no_version_that_is_kept_names_them_and_every_proof_holds(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        await s.put(changed(SAID, evidence="CANARY-evidence"))  # an older version is kept beside it
        await decided(s)
        assert in_history(place).count("CANARY") > 4
        assert await forget_names(s.world, await ada(s), "Asked for erasure.") == 4
        kept = in_history(place)
        assert "CANARY" not in kept
        assert "somebody-else" in kept, "nobody else is erased"
        for table in ("assertion", "identity_link", "polled_visa"):
            assert "CANARY" not in place.ask(f"SELECT group_concat(body) FROM {table}")[0][0]
        assert "CANARY" not in str(place.ask("SELECT group_concat(CAST(body AS TEXT)) FROM record")[0][0])
        assert place.verify().ok
        assert [row[0] for row in place.ask("SELECT kind FROM record ORDER BY seq DESC LIMIT 1")] == ["person.erased"]


@pytest.mark.row("OUT-ERASED")
async def test_a_decision_that_rested_on_it_says_what_is_gone_and_the_others_are_made_again(place: Place) -> None:
    other = caller(MEI, grants=(), roles=())
    async with recorded(place, *ROWS) as s:
        await decided(s)
        await ask(s.world, other, b.ONE)
        assert differ(s.replays()) == []
        await forget_names(s.world, await ada(s), "Asked for erasure.")
        await ask(s.world, other, b.ONE)
        found = s.replays()
        by_itself = s.each_by_itself()
        count = len(await traces(s))
    assert len(found) == len(by_itself) == count == 3
    for one in (*found, *by_itself):
        assert one.result in {"same", "missing"}, one
        assert all("was erased" in what for what in one.missing)
    assert [one.result for one in found][-1] == "same"


@pytest.mark.row("OUT-ERASED")
async def test_twice_is_once_and_what_was_said_since_goes_too(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        await forget_names(s.world, await ada(s), "First.")
        assert await forget_names(s.world, await ada(s), "Again.") == 0
        await s.put(changed(await _row(s, Assertion, "ast_1"), sub=CANARY))
        assert "CANARY" in in_history(place)
        assert await forget_names(s.world, await ada(s), "Once more.") == 1
        assert "CANARY" not in in_history(place)
        assert (await _row(s, Erasure, "assertion/ast_1")).version == 2
        assert place.verify().ok


async def _row(s: Recorded, kind: Any, id: str) -> Any:
    found = await s.world.rows.get(kind, id)
    assert found is not None
    return found


@pytest.mark.row("OUT-ERASED")
async def test_a_version_that_is_empty_without_an_erasure_is_found(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        await s.put(changed(SAID, evidence="x"))
    place.tamper("UPDATE history SET body = '' WHERE row_id = 'ast_1' AND version = 1")
    report = place.verify()
    assert not report.ok
    assert "ast_1" in json.dumps([str(one) for one in report.findings])


@pytest.mark.row("OUT-ERASED")
async def test_an_erasure_reaches_no_further_than_it_says(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        await forget_names(s.world, await ada(s), "Asked for erasure.")
    place.tamper("UPDATE history SET body = '' WHERE row_id = 'ast_1'")
    assert not place.verify().ok, "the version without names must be there"
    place.tamper("DELETE FROM erasure")
    assert not place.verify().ok


async def test_nothing_is_forgotten_if_it_cannot_be_recorded() -> None:
    s = stage(*ROWS)
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await forget_names(s.world, ADA, "Asked for erasure.")
    assert s.ledger.rows["assertion", "ast_1"] == SAID


async def test_of_a_change_meanwhile_nothing_is_lost(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        before = await ada(s)
        await forget_names(s.world, before, "Asked for erasure.")
        with pytest.raises(StaleError):
            await forget_names(s.world, before, "From a picture of before.")


NAMED: tuple[tuple[Naming, bool], ...] = ((SAID, True), (LINKED, True), (POLLED, True), (TOLD, True), (OTHERS, False))


@pytest.mark.parametrize(("row", "named"), NAMED, ids=lambda one: getattr(one, "id", str(one)))
def test_what_names_somebody_is_found_and_named_no_more(row: Naming, named: bool) -> None:  # noqa: FBT001 (a table)
    who = frozenset({(str(iss), sub) for iss, sub in (SHE, (STRANGE, "nobody"))})
    assert names(row, who) is named
    after = without_names(row, START)
    assert not names(after, who)
    assert after.version == row.version + 1
    assert ERASED in repr(after)


def test_every_kind_that_names_somebody_elsewhere_is_known() -> None:
    """A kind of the history with a `sub` of another issuer in it: a new one must be erasable too."""
    found = {kind for kind in HISTORY_KINDS if _has_names(kind)}
    assert found == {Assertion, IdentityLink, PolledVisa}


def _has_names(kind: Any) -> bool:
    members = {one: str(hint) for one, hint in kind.__annotations__.items()}
    return "sub" in members or any("identities" in one or "Visa" in hint for one, hint in members.items())
