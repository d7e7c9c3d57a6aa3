"""What people may ask of who holds their data: a copy, their erasure; and a legal hold that forbids it."""

from dataclasses import replace

import pytest

from broker.adapters.storage.log import open_log
from broker.core.access.incidents import IncidentCommand
from broker.core.audit.entry import decode, pseudonym
from broker.core.ids import Issuer, PersonId
from broker.core.outcome import Reason
from broker.core.rows import (
    Comment,
    Gathered,
    Hold,
    Identity,
    IdentityProvider,
    Incident,
    Person,
    RecipientKey,
    Role,
    Row,
    Session,
    changed,
)
from broker.core.rows.erasure import ERASED
from broker.core.rows.identity import identity_id
from broker.core.rows.incidents import Taken
from broker.core.time import Seconds
from broker.flows.find_people import Looked, look_for
from broker.flows.people import erase, export, hold, release
from broker.flows.use_data import ask
from tests import builders as b
from tests.adapters.storage.places import new_database, place
from tests.adapters.storage.support import Place
from tests.fakes import START
from tests.flows.replays.recorded import recorded
from tests.flows.worlds import caller

__all__ = ["new_database", "place"]
HOME, SUB = Issuer(str(b.HOME)), "CANARY-ada"
IDENTITY = Identity(id=identity_id(HOME, SUB), person=b.ADA, iss=HOME, sub=SUB)
SESSION = Session(
    id="s" * 64, person=b.ADA, idp=HOME, identities=((HOME, SUB),), auth_time=START, expires=Seconds(START + 9_000),
    name="CANARY Lovelace", affiliations=("faculty@CANARY.example",), location="DE",
)  # fmt: skip
VISAS = Gathered(id="g", issuer=HOME, iss=HOME, sub=SUB, sealed="CANARY", fetched=START, via="userinfo")
KEY = RecipientKey(id="k", person=b.ADA, public="00" * 32, name="CANARY laptop", made=START)
ROWS = (IDENTITY, SESSION, VISAS, KEY)
TABLES = ("person", "identity", "session", "gathered", "recipient_key", "access", "history")


def kept(place: Place) -> str:
    return str([place.ask(f"SELECT group_concat(body) FROM {table}") for table in TABLES])


@pytest.mark.row("AL6")
@pytest.mark.row("WF-I10")
async def test_after_an_erasure_no_row_names_them_and_every_proof_holds(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        await ask(s.world, caller(identities=frozenset({(b.US, str(b.ADA)), (HOME, SUB)})), b.ONE)
        before = await s.world.rows.get(Person, b.ADA)
        assert before is not None
        who = pseudonym(before.log_key, b.US, b.ADA)
        assert "CANARY" in kept(place)
        done = await erase(s.world, b.ADA, "Asked for erasure.")
        assert isinstance(done, int)
        assert done >= len(ROWS)
        assert "CANARY" not in kept(place)
        assert before.log_key not in kept(place)
        session, person = await s.world.rows.get(Session, SESSION.id), await s.world.rows.get(Person, b.ADA)
        assert session is not None
        assert (session.ended is not None, session.identities, person and person.log_key) == (True, (), "")
        entries = [decode(row[0]).entry for row in place.ask("SELECT body FROM record ORDER BY seq")]
        assert any(one.who == who for one in entries), "they stay, and nobody can say any more whose they are"
        assert entries[-1].kind == "person.erased"
        assert entries[-1].who is None
    assert place.verify().ok
    for file in (place.database, place.database.with_name("broker.sqlite-wal")):
        assert not file.exists() or b"CANARY" not in file.read_bytes(), "what is overwritten is wiped"


@pytest.mark.row("AL5")
@pytest.mark.parametrize("until", [None, START + 1_000])
async def test_while_a_hold_stands_nothing_is_erased(place: Place, until: int | None) -> None:
    async with recorded(place, *ROWS) as s:
        made = await hold(s.world, b.ADA, "Court order 7", Seconds(until) if until is not None else None)
        assert isinstance(made, Hold)
        refused = await erase(s.world, b.ADA, "Asked for erasure.")
        assert isinstance(refused, Reason)
        assert refused.code == "REQ-HELD"
        assert "CANARY" in kept(place)
        if until is None:
            lifted = await release(s.world, b.ADA)
            assert isinstance(lifted, Hold)
            assert await release(s.world, b.ADA) == lifted
        else:
            s.place.clock.advance(1_000)
        assert isinstance(await erase(s.world, b.ADA, "Asked for erasure."), int)
        assert "CANARY" not in kept(place)
        assert "Court order" not in str(place.ask("SELECT group_concat(CAST(body AS TEXT)) FROM record"))
    assert place.verify().ok


async def test_a_hold_is_made_anew_after_it_was_lifted(place: Place) -> None:
    async with recorded(place, *ROWS) as s:
        for ground in ("one", "two"):
            made = await hold(s.world, b.ADA, ground, None)
            assert isinstance(made, Hold)
            assert (made.ground, made.stands(s.world.clock.now())) == (ground, True)
            await release(s.world, b.ADA)


@pytest.mark.row("AL7")
async def test_a_copy_holds_their_rows_and_their_own_entries_and_no_key_of_ours(place: Place) -> None:
    async with recorded(place, *ROWS) as s, open_log(place.database, place.head) as log:
        person = await s.world.rows.get(Person, b.ADA)
        assert person is not None
        await s.world.ledger.record(s.world.entry("sign_in.ok", START, person))
        await s.world.ledger.record(s.world.entry("sign_in.ok", START, await s.world.rows.get(Person, b.MEI)))
        told = await export(s.world, log, b.ADA)
        assert isinstance(told, dict)
        assert [one["sub"] for one in told["rows"]["identity"]] == [SUB]
        assert told["rows"]["session"][0]["name"] == "CANARY Lovelace"
        assert [one["kind"] for one in told["entries"]] == ["sign_in.ok"]
        assert person.log_key not in str(told)
        await erase(s.world, b.ADA, "Asked for erasure.")
        after = await export(s.world, log, b.ADA)
        assert isinstance(after, dict)
        assert (after["entries"], after["rows"]["identity"][0]["sub"]) == ([], ERASED)


@pytest.mark.row("AL7")
async def test_a_copy_holds_what_they_said_of_rules_and_of_incidents_and_nobody_who_answered(place: Place) -> None:
    comment = Comment(
        id="com_1", consultation="cst_1", person=b.ADA, objects=True, text="Too wide.", at=START, answer="No.",
        answered=START, answered_by=PersonId("usr_lex"),
    )  # fmt: skip
    seen = Taken(command=IncidentCommand.INVESTIGATE, person=PersonId("usr_kai"), text="Hm.", at=START)
    incident = Incident(
        id="inc_1", dataset=b.HEART, reporter=b.ADA, text="A laptop.", noticed=START, reported=START, taken=(seen,)
    )
    theirs: list[Row] = [replace(comment, id="com_2", person=b.MEI), replace(incident, id="inc_2", reporter=b.MEI)]
    async with recorded(place, *ROWS, comment, incident, *theirs) as s, open_log(place.database, place.head) as log:
        told = await export(s.world, log, b.ADA)
    assert isinstance(told, dict)
    assert [(one["id"], one["text"], one["answer"]) for one in told["rows"]["comment"]] == [
        ("com_1", "Too wide.", "No.")
    ]
    assert [(one["id"], one["text"]) for one in told["rows"]["incident"]] == [("inc_1", "A laptop.")]
    assert not {"usr_lex", "usr_kai"} & set(str(told).replace("'", " ").split())


@pytest.mark.row("PAG-FIND")
async def test_a_copy_holds_when_and_in_which_role_somebody_looked_for_them_and_not_who(place: Place) -> None:
    root = Person(id=PersonId("usr_root"), log_key="ee" * 32, created=START)
    seats = {
        word: caller(root, roles=(Role(id=word, role=word, scope="service", iss=HOME, sub="root"),))
        for word in ("admin", "legal_officer")
    }
    home = IdentityProvider(id=HOME, slug="home", name="Home", client_id="us", client_secret="s")
    async with recorded(place, *ROWS, root, home) as s, open_log(place.database, place.head) as log:
        for word, said in (
            ("admin", "lovelace"),
            ("admin", "nobody"),
            ("legal_officer", str(b.ADA)),
            ("admin", "usr_root"),
        ):
            assert isinstance(await look_for(s.world, seats[word], said), Looked)
            s.world.clock.advance(86_400)  # type: ignore[attr-defined]
        told = await export(s.world, log, b.ADA)
        theirs = await export(s.world, log, root.id)
    assert isinstance(told, dict)
    assert isinstance(theirs, dict)
    looks = [(one["role"], (one["at"] - START) // 86_400) for one in told["looked_for"]]
    assert looks == [("legal_officer", 2), ("admin", 0)]
    assert not {"usr_root", pseudonym("ee" * 32, b.US, "usr_root")} & set(
        str(told["looked_for"]).replace("'", " ").split()
    )
    assert [one["role"] for one in theirs["looked_for"]] == ["admin"]


async def test_nobody_is_neither_held_nor_erased(place: Place) -> None:
    async with recorded(place) as s, open_log(place.database, place.head) as log:
        nobody = PersonId("nobody")
        for said in (
            await hold(s.world, nobody, "x", None),
            await release(s.world, nobody),
            await erase(s.world, nobody, "x"),
            await export(s.world, log, nobody),
        ):
            assert isinstance(said, Reason)
            assert said.code == "REQ-NOT-FOUND"


def test_a_hold_ends_at_its_end() -> None:
    made = Hold(id=b.ADA, ground="x", since=START, until=Seconds(START + 1))
    assert (made.stands(START), made.stands(Seconds(START + 1))) == (True, False)
    assert not changed(made, lifted=START).stands(START)
