"""Whatever somebody does to the database by hand, the tool says what it was and to which entry or row."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from broker.adapters.storage.audit_tool import MOST, verify
from broker.core.audit.findings import Fault, Finding
from broker.core.audit.note import Checkpoint, Key, Signer, checkpoint_text, sign_note
from tests.adapters.storage.support import KEY, ORIGIN, SIGNER, Place, ed25519, ended, entry, receipt

COUNT = 300
"""Entries after `log.created`: a full tile and the beginning of another. The last five change a row each."""


def changes(number: int) -> tuple[object, ...]:
    return (ended(f"grant:{number}"), ended(f"token:{number}")) if number > COUNT - 5 else ()


@pytest.fixture(scope="module")
def filled(new_database: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("filled"))
    shutil.copy(new_database.database, place.database)
    shutil.copy(new_database.head, place.head)
    place.entropy.drawn = 100
    place.fill(COUNT - 60, at_once=True)

    async def slowly() -> None:
        async with place.open() as ledger:
            for number in range(COUNT - 59, COUNT + 1):
                await ledger.record(entry(number), *changes(number))  # type: ignore[arg-type]

    asyncio.run(slowly())
    return place


@pytest.fixture
def place(filled: Place, tmp_path: Path) -> Place:
    """A log of 301 entries; a commit each from number 241 on."""
    copy = Place(tmp_path)
    for path in (filled.database, filled.head):
        shutil.copy(path, tmp_path)
    return copy


def found(place: Place) -> list[tuple[Fault, int | None]]:
    return [(finding.fault, finding.seq) for finding in place.verify().findings]


def swap(one: int, other: int) -> list[str]:
    return [f"UPDATE record SET seq = {b} WHERE seq = {a}" for a, b in ((one, -1), (other, one), (-1, other))]


def close_gap(above: int) -> list[str]:
    """Renumber what stands above a gap, so that the numbers are without one again."""
    return [
        f"UPDATE record SET seq = -seq WHERE seq > {above}",
        "UPDATE record SET seq = -seq - 1 WHERE seq < 0",
    ]


def make_gap(at: int) -> list[str]:
    return [f"UPDATE record SET seq = -seq WHERE seq >= {at}", "UPDATE record SET seq = -seq + 1 WHERE seq < 0"]


def copy_of(source: int, seq: int, body: str = "body") -> str:
    return f"INSERT INTO record (seq, at, kind, body) SELECT {seq}, at, kind, {body} FROM record WHERE seq = {source}"


EDIT = "UPDATE record SET body = CAST(replace(body, '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = {}"
FORGED = "CAST(replace(body, '\"at\"', '\"At\"') AS BLOB)"
PLACES = (5, 255, 256, 290)


def test_a_log_that_nobody_touched_is_in_order(place: Place) -> None:
    report = place.verify()
    assert report.findings == ()
    assert (report.ok, report.size, report.proven, report.more) == (True, 301, 301, False)
    assert place.verify(head=False).ok


@pytest.mark.parametrize("seq", PLACES)
@pytest.mark.row("WHO-3.6-9")
@pytest.mark.row("WHO-3.8-4b")
def test_an_edited_entry_is_named(place: Place, seq: int) -> None:
    place.tamper(EDIT.format(seq))
    (finding,) = place.verify().findings
    assert (finding.fault, finding.seq) == (Fault.ENTRY_CHANGED, seq)
    assert (finding.receipt, finding.kind) == (receipt(seq), "decision.made")
    assert receipt(seq) in str(finding)


@pytest.mark.parametrize("seq", PLACES)
@pytest.mark.parametrize("renumbered", [False, True])
@pytest.mark.row("WHO-3.6-9")
@pytest.mark.row("WHO-3.8-4b")
def test_a_deleted_entry_is_named(place: Place, seq: int, *, renumbered: bool) -> None:
    place.tamper(f"DELETE FROM record WHERE seq = {seq}", *(close_gap(seq) if renumbered else []))
    assert found(place) == [(Fault.ENTRY_DELETED, seq)]


@pytest.mark.parametrize("seq", PLACES)
@pytest.mark.parametrize("body", ["body", FORGED])
def test_an_inserted_entry_is_named(place: Place, seq: int, body: str) -> None:
    place.tamper(*make_gap(seq), copy_of(seq - 1, seq, body))
    fault, at = (Fault.ENTRY_REPEATED, seq - 1) if body == "body" else (Fault.ENTRY_INSERTED, seq)
    assert found(place) == [(fault, at)]


@pytest.mark.parametrize("seq", PLACES)
def test_two_entries_that_changed_places_are_named(place: Place, seq: int) -> None:
    place.tamper(*swap(seq, seq + 1))
    assert found(place) == [(Fault.ENTRY_MOVED, seq + 1)]


def test_an_entry_that_was_moved_far_is_named(place: Place) -> None:
    place.tamper(
        "UPDATE record SET seq = 9999 WHERE seq = 20", *make_gap(280), "UPDATE record SET seq = 280 WHERE seq = 10000"
    )
    assert (Fault.ENTRY_MOVED, 20) in found(place)


def test_an_entry_replaced_by_a_copy_of_another_is_named(place: Place) -> None:
    place.tamper("DELETE FROM record WHERE seq = 30", copy_of(40, 30))
    assert (Fault.ENTRY_DELETED, 30) in found(place)


@pytest.mark.parametrize("gone", [1, 10, 100])
def test_a_tail_that_was_cut_off_is_told_entry_by_entry(place: Place, gone: int) -> None:
    place.tamper(f"DELETE FROM record WHERE seq > {COUNT - gone}")
    assert found(place) == [(Fault.ENTRY_DELETED, seq) for seq in range(COUNT - gone + 1, COUNT + 1)]


@pytest.mark.parametrize("gone", [1, 10])
def test_a_tail_cut_off_with_its_checkpoints_is_told_by_the_head(place: Place, gone: int) -> None:
    left = COUNT + 1 - gone
    place.tamper(
        f"DELETE FROM record WHERE seq >= {left}",
        f"DELETE FROM checkpoint WHERE size > {left}",
        f"DELETE FROM effect WHERE seq >= {left}",
        "DELETE FROM revocation WHERE id IN (SELECT id FROM revocation ORDER BY id DESC)",
        "DELETE FROM effect",
    )
    faults = {finding.fault: finding for finding in place.verify().findings}
    assert f"the last {gone} are gone" in faults[Fault.LOG_TRUNCATED].said
    assert Fault.LOG_TRUNCATED not in {finding.fault for finding in place.verify(head=False).findings}


def test_an_old_copy_of_everything_is_told_by_a_checkpoint_that_somebody_kept(place: Place) -> None:
    newest = place.ask("SELECT note FROM checkpoint ORDER BY size DESC")[0][0]
    old = Place(place.folder / "old")
    old.folder.mkdir()
    old.create()
    assert [f.fault for f in old.verify(checkpoint=newest).findings] == [Fault.LOG_TRUNCATED]
    old.fill(COUNT + 50, at_once=True)
    assert [f.fault for f in old.verify(checkpoint=newest).findings] == [Fault.LOG_FORKED]
    assert place.verify(checkpoint=newest).ok


@pytest.mark.parametrize("seq", [250, 290])
def test_an_entry_changed_together_with_its_hash_is_told_by_the_signatures(place: Place, seq: int) -> None:
    """The checkpoints of the last tile are all kept: there the entry is named; before that, its tile."""
    leaf_before = place.ask(f"SELECT body FROM record WHERE seq = {seq}")[0][0]
    place.tamper(EDIT.format(seq))
    changed = place.ask(f"SELECT body FROM record WHERE seq = {seq}")[0][0]
    from broker.core.audit.merkle import leaf_hash  # noqa: PLC0415

    before, after = leaf_hash(leaf_before).hex(), leaf_hash(changed).hex()
    with sqlite3.connect(place.database) as db:
        for table, column in (("tile", "data"), ("checkpoint", "leaves")):
            for rowid, data in db.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
                forged = bytes.fromhex(data.hex().replace(before, after))
                db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (forged, rowid))
    db.close()
    (finding, *_) = place.verify().findings
    assert finding.fault is Fault.HISTORY_REWRITTEN
    if seq > 256:
        assert (finding.seq, finding.receipt) == (seq, receipt(seq))
    else:
        assert "of the entries 0 to" in finding.said


@pytest.mark.parametrize(
    ("statement", "fault", "row"),
    [
        ("UPDATE revocation SET body = replace(body, '\"since\":1', '\"since\":9') WHERE id = 'grant:298'", Fault.ROW_CHANGED, "grant:298"),
        ("UPDATE revocation SET version = 2 WHERE id = 'grant:298'", Fault.ROW_CHANGED, "grant:298"),
        ("UPDATE revocation SET body = 'nonsense' WHERE id = 'grant:298'", Fault.ROW_CHANGED, "grant:298"),
        ("UPDATE revocation SET body = CAST(x'ff' AS TEXT) WHERE id = 'grant:298'", Fault.ROW_CHANGED, "grant:298"),
        ("DELETE FROM revocation WHERE id = 'grant:298'", Fault.ROW_DELETED, "grant:298"),
        ("INSERT INTO revocation SELECT 'grant:298x', version, body FROM revocation WHERE id = 'grant:298'", Fault.ROW_INSERTED, "grant:298x"),
        ("INSERT INTO person VALUES ('p', 1, '{\"id\":\"p\",\"version\":1}')", Fault.ROW_INSERTED, "p"),
    ],
)  # fmt: skip
def test_a_row_that_somebody_edited_is_named_with_the_entry_that_wrote_it(
    place: Place, statement: str, fault: Fault, row: str
) -> None:
    place.tamper(statement)
    (finding,) = place.verify().findings
    assert finding.fault is fault
    assert finding.row is not None
    assert finding.row[1] == row
    if fault is not Fault.ROW_INSERTED:
        assert (finding.seq, finding.receipt) == (298, receipt(298))


def test_a_column_by_which_rows_are_found_is_looked_at_too(place: Place) -> None:
    from broker.core.ids import Issuer, PersonId  # noqa: PLC0415
    from broker.core.rows import Identity, Put  # noqa: PLC0415

    async def write() -> None:
        async with place.open() as ledger:
            row = Identity(id="i", person=PersonId("ada"), iss=Issuer("x"), sub="y")
            await ledger.record(entry(COUNT + 1), Put(row))

    asyncio.run(write())
    assert place.verify().ok
    place.tamper("UPDATE identity SET person = 'bob'")
    assert [(f.fault, f.row) for f in place.verify().findings] == [(Fault.ROW_CHANGED, ("identity", "i"))]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE effect SET digest = 'x' WHERE row_id = 'grant:298'",
        "UPDATE effect SET version = 2 WHERE row_id = 'grant:298'",
        "DELETE FROM effect WHERE row_id = 'grant:298'",
        "UPDATE effect SET seq = 297 WHERE row_id = 'grant:298'",
        "UPDATE effect SET seq = -5 WHERE row_id = 'grant:298'",
        "UPDATE effect SET seq = 900 WHERE row_id = 'grant:298'",
        "INSERT INTO effect (kind, row_id, version, digest, seq) VALUES ('grant', 'g', 1, 'x', 298)",
    ],
)
def test_a_list_of_changes_that_somebody_edited_is_named_with_its_entry(place: Place, statement: str) -> None:
    place.tamper(statement)
    assert (Fault.EFFECT_CHANGED, 298) in found(place)


@pytest.mark.parametrize("seq", [-5, 900])
def test_changes_listed_for_no_entry_are_told(place: Place, seq: int) -> None:
    place.tamper(f"INSERT INTO effect (kind, row_id, version, digest, seq) VALUES ('grant', 'g', 1, 'x', {seq})")
    assert found(place) == [(Fault.EFFECT_CHANGED, seq), (Fault.ROW_DELETED, seq)]


def test_a_row_edited_together_with_its_list_of_changes_is_named_by_the_entry(place: Place) -> None:
    place.tamper(
        "UPDATE revocation SET body = replace(body, '\"since\":1', '\"since\":9') WHERE id = 'grant:298'",
        "UPDATE history SET body = replace(body, '\"since\":1', '\"since\":9') WHERE row_id = 'grant:298'",
    )
    import hashlib  # noqa: PLC0415

    body = place.ask("SELECT body FROM revocation WHERE id = 'grant:298'")[0][0]
    place.tamper(f"UPDATE effect SET digest = '{hashlib.sha256(body.encode()).hexdigest()}' WHERE row_id = 'grant:298'")
    (finding,) = place.verify().findings
    assert (finding.fault, finding.seq, finding.receipt) == (Fault.EFFECT_CHANGED, 298, receipt(298))
    assert "revocation grant:298" in finding.said


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET at = 1 WHERE seq = 50",
        "UPDATE record SET kind = 'grant.given' WHERE seq = 50",
        "UPDATE receipt SET id = zeroblob(16) WHERE seq = 50",
        "DELETE FROM receipt WHERE seq = 50",
        "INSERT INTO receipt VALUES (zeroblob(16), 50)",
    ],
)
def test_columns_that_do_not_say_what_the_entry_says_are_named(place: Place, statement: str) -> None:
    place.tamper(statement)
    assert found(place) == [(Fault.ENTRY_MISLABELLED, 50)]


def test_numbers_that_were_shifted_are_told_once(place: Place) -> None:
    place.tamper(*make_gap(200))
    assert found(place) == [(Fault.ENTRY_MISLABELLED, 200)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE tile SET data = zeroblob(32) WHERE l = 1", "tile 1/0"),
        ("DELETE FROM tile WHERE l = 1", "tile 1/0"),
        ("INSERT INTO tile VALUES (2, 0, zeroblob(32))", "tile 2/0"),
        ("UPDATE tile SET data = zeroblob(8192) WHERE l = 0", "the hash kept"),
        ("DELETE FROM tile WHERE l = 0", "the hash kept"),
        ("UPDATE checkpoint SET leaves = zeroblob(32) WHERE size = 290", "the hash kept"),
    ],
)
def test_a_tile_that_somebody_edited_is_told_and_the_entries_are_cleared(
    place: Place, statement: str, said: str
) -> None:
    place.tamper(statement)
    findings = place.verify().findings
    assert {finding.fault for finding in findings} == {Fault.TILE_CHANGED}
    assert said in findings[0].said


OTHER = Signer(Key(ORIGIN, b"\1" * 32), lambda _: bytes(64))


@pytest.mark.parametrize("signer", [OTHER, Signer(KEY, lambda _: bytes(64))])
def test_a_checkpoint_that_the_log_did_not_sign_counts_for_nothing(place: Place, signer: Signer) -> None:
    note = sign_note(checkpoint_text(Checkpoint(origin=ORIGIN, size=290, root=bytes(32))), [signer])
    with sqlite3.connect(place.database) as db:
        db.execute("UPDATE checkpoint SET note = ? WHERE size = 290", (note,))
    db.close()
    (finding,) = place.verify().findings
    assert (finding.fault, "checkpoint at 290" in finding.said) == (Fault.CHECKPOINT_FALSE, True)


def test_a_checkpoint_of_another_size_or_log_is_told(place: Place) -> None:
    place.tamper("UPDATE checkpoint SET root = zeroblob(32) WHERE size = 290")
    assert found(place) == [(Fault.CHECKPOINT_FALSE, None)]
    foreign = sign_note(checkpoint_text(Checkpoint(origin="other.example.org", size=1, root=bytes(32))), [SIGNER])
    report = place.verify(checkpoint=foreign)
    assert "another log" in report.findings[0].said


def test_entries_after_the_last_checkpoint_are_told(place: Place) -> None:
    place.tamper("DELETE FROM checkpoint WHERE size = 301")
    assert (Fault.ENTRY_INSERTED, 300) in found(place)


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
        "CREATE VIEW v AS SELECT 1",
        "DROP TABLE effect",
        "DROP TABLE record",
    ],
)
def test_a_schema_that_could_lie_is_told(place: Place, statement: str) -> None:
    place.tamper(statement)
    assert [finding.fault for finding in place.verify().findings] == [Fault.SCHEMA_CHANGED]


def test_a_report_has_an_end(place: Place) -> None:
    place.tamper(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)"
        " INSERT INTO person SELECT 'p' || i, 1, '{}' FROM n"
    )
    report = place.verify()
    assert (len(report.findings), report.more) == (MOST, True)


def test_several_deeds_are_told_apart(place: Place) -> None:
    place.tamper(
        EDIT.format(10),
        "DELETE FROM record WHERE seq = 100",
        *swap(200, 201),
        "UPDATE revocation SET version = 9 WHERE id = 'token:299'",
        "UPDATE record SET at = 7 WHERE seq = 260",
    )
    assert found(place) == [
        (Fault.ENTRY_CHANGED, 10),
        (Fault.ENTRY_MOVED, 201),
        (Fault.ENTRY_MISLABELLED, 260),
        (Fault.ENTRY_DELETED, 100),
        (Fault.ROW_CHANGED, 299),
    ]


def test_a_database_can_be_verified_while_it_is_written_and_as_a_copy_that_cannot_be_written(place: Place) -> None:
    async def meanwhile() -> None:
        async with place.open() as ledger:
            await ledger.record(entry(COUNT + 1))
            assert (await asyncio.to_thread(place.verify)).size == 302

    asyncio.run(meanwhile())
    place.database.chmod(0o400)
    place.folder.chmod(0o500)
    try:
        assert place.verify().ok
    finally:
        place.folder.chmod(0o700)


def test_a_file_that_is_missing_is_not_made(place: Place) -> None:
    for database, head in ((place.folder / "gone", place.head), (place.database, place.folder / "gone")):
        with pytest.raises(FileNotFoundError):
            verify(database, [KEY], ORIGIN, ed25519, head)
    assert not (place.folder / "gone").exists()


def test_a_finding_reads_as_a_sentence_that_names_everything() -> None:
    finding = Finding(
        fault=Fault.ROW_CHANGED, said="it was edited", seq=7, receipt="rcp_1", kind="grant.given", row=("grant", "g")
    )
    assert str(finding) == "row_changed: it was edited (entry 7, receipt rcp_1, grant.given, row grant g)"


def test_many_processes_find_what_one_finds(new_database: Place, tmp_path: Path) -> None:
    place = Place(tmp_path)
    for path in (new_database.database, new_database.head):
        shutil.copy(path, tmp_path)
    place.fill(256 * 5 + 7, lambda n: (ended(f"grant:{n}"),) if n % 100 == 0 else (), at_once=True)
    one, many = place.verify(), place.verify(alone=0)
    assert (one, one.ok) == (many, True)
    for seq in (3, 256 * 4 + 9, 256 * 5 + 2):
        place.tamper(f"UPDATE record SET kind = 'grant.given' WHERE seq = {seq}")
        assert [(f.fault, f.seq) for f in place.verify(alone=0).findings] == [(Fault.ENTRY_MISLABELLED, seq)]
        place.tamper(f"UPDATE record SET kind = 'decision.made' WHERE seq = {seq}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE receipt SET seq = CASE seq WHEN 50 THEN 51 ELSE 50 END WHERE seq IN (50, 51)",
        "UPDATE receipt SET seq = 999 WHERE seq = 50",
        "INSERT INTO receipt VALUES (zeroblob(16), 999)",
        "UPDATE tile SET data = zeroblob(32) WHERE l = 1",
        "INSERT INTO tile VALUES (0, 7, zeroblob(8192))",
        "INSERT INTO effect (kind, row_id, version, digest, seq) VALUES ('grant', 'g', 1, 'x', -1)",
    ],
)
def test_what_the_quick_look_refuses_the_careful_one_names(place: Place, statement: str) -> None:
    place.tamper(statement)
    assert place.verify().findings
