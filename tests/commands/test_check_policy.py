"""`broker check duo|consent|jurisdiction` on an institution's own files: each fault by file, line and field."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.commands.check import check
from broker.commands.common import Fail

DUO = """cases:
  - {id: a, dataset: [HMB], purpose: {kinds: [hmb]}, expect: REVIEW}
  - id: mine
    dataset: [DUO:0000006, DUO:0000046]
    purpose: {organisation: non_profit, kinds: [hmb], commercial: true, clinical_care: false, sensitive: []}
    expect: PERMIT
"""
CONSENT = """at: "2026-06-01"
cases:
  - id: k
    subjects: {p: []}
    request: {purpose: hmb}
    expect: {outcome: PERMIT}
"""
LAW = """at: "2026-06-01"
defaults: {data.controller_country: DE}
profiles: {de: {recipient.country: DE}}
cases:
  - id: n
    profile: de
    facts: {recipient.contry: US, data.storage_country: UK}
    expect: {outcome: PERMIT}
"""


def run(kind: str, folder: Path, text: str, *options: str) -> Result:
    path = folder / "mine.yaml"
    path.write_text(text)
    return CliRunner().invoke(check, [kind, str(path), *options])


FAULTS = [
    ("duo", DUO.replace("    expect: PERMIT\n", ""), ":3: cases[1].expect: missing"),
    ("duo", DUO.replace("expect: PERMIT", "expect: {outcome: PERMIT}"), ":6: cases[1].expect: not text"),
    ("duo", DUO.replace("expect: PERMIT", "expect: PERMITTED"), ":6: cases[1].expect: none of PERMIT, REVIEW, DENY"),
    ("duo", DUO.replace("[HMB],", "[HMB,"), ":2: "),
    ("duo", DUO.replace("  - {id: a", "  - 7\n  - {id: a"), ":2: cases[0]: a row is an object"),
    ("duo", "a: 1\n", ": a case file has a list of cases"),
    ("consent", CONSENT.partition("\n")[2], ":1: at: missing"),
    ("consent", CONSENT.replace("2026-06-01", "soon"), ":1: at: soon: not a date"),
    ("consent", CONSENT.replace("{outcome: PERMIT}", "PERMIT"), ":6: cases[0].expect: not an object"),
    (
        "duo",
        DUO.replace("expect: PERMIT", "expect: PERMIT\n    obligations: [1]"),
        ":7: cases[1].obligations: not a list of texts",
    ),
    ("consent", CONSENT.replace("{outcome: PERMIT}", "{}"), ":6: cases[0].expect: nothing is expected"),
    (
        "consent",
        CONSENT.replace("outcome: PERMIT", "reasons: [1, a]"),
        ":6: cases[0].expect.reasons: not a list of texts",
    ),
    ("jurisdiction", LAW.replace("{outcome: PERMIT}", "{}"), ":8: cases[0].expect: nothing is expected"),
    (
        "duo",
        DUO.replace("expect: PERMIT", "expect: PERMIT\n    obligatons: []"),
        ":7: cases[1].obligatons: no such member",
    ),
    ("duo", DUO.replace("id: mine", "id: a"), ":3: cases[1].id: a: another row is called so"),
    (
        "jurisdiction",
        LAW.replace("outcome: PERMIT", "reasons: [JUR-XX]"),
        ":8: cases[0].expect.reasons: JUR-XX: no such",
    ),
    (
        "jurisdiction",
        LAW.replace("outcome: PERMIT", "alternatives: [fax]"),
        ":8: cases[0].expect.alternatives: fax: no",
    ),
    ("jurisdiction", LAW.replace("outcome: PERMIT", "outcom: PERMIT"), ":8: cases[0].expect.outcom: no such member"),
    ("jurisdiction", LAW.replace("outcome: PERMIT", "outcome: YES!"), ":8: cases[0].expect.outcome: none of PERMIT, "),
]


@pytest.mark.parametrize(("kind", "text", "says"), FAULTS, ids=[f"{n}-{row[0]}" for n, row in enumerate(FAULTS)])
def test_a_fault_is_told_with_file_line_and_field(kind: str, text: str, says: str, tmp_path: Path) -> None:
    found = run(kind, tmp_path, text)
    assert isinstance(found.exception, Fail)
    assert str(found.exception).startswith(f"{tmp_path / 'mine.yaml'}{says}")


DIFFERS = [
    ("duo", DUO, ["mine (line 3): wanted ", "DENY", "(DUO-COMMERCIAL-USE)"]),
    ("duo", DUO.replace("kinds: [hmb], comm", "kinds: [hmb], colour: red, comm"), ["mine (line 3): ", "colour: no such member"]),
    ("consent", CONSENT, ["k (line 3): wanted ", "(CON-NO-RECORD)"]),
    ("consent", CONSENT.replace("hmb", "hmbb"), ["k (line 3): ", "unreadable: request.purpose"]),
    ("jurisdiction", LAW, ["n (line 5): ", "recipient.contry: no such fact", "data.storage_country: UK is no value of it"]),
    ("jurisdiction", LAW.replace("profile: de", "profile: fr"), ["n (line 5): ", "unreadable: no profile fr"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "parts"), DIFFERS, ids=[f"{n}-{row[0]}" for n, row in enumerate(DIFFERS)])
def test_a_row_that_differs_says_where_it_stands_and_why(
    kind: str, text: str, parts: list[str], tmp_path: Path
) -> None:
    found = run(kind, tmp_path, text)
    assert found.exit_code == 1
    (line,) = [one for one in found.output.splitlines() if one.startswith(parts[0])]
    assert [part for part in parts if part not in line] == []


def test_another_time_holds_for_every_kind(tmp_path: Path) -> None:
    row = LAW.replace("expect: {outcome: PERMIT}", "expect: {missing_facts: []}")
    assert run("jurisdiction", tmp_path, row.replace('at: "2026-06-01"\n', "")).exit_code == 1
    found = run("jurisdiction", tmp_path, row.replace('at: "2026-06-01"\n', ""), "--at", "2026-06-01")
    assert "unreadable" not in found.output


def test_a_file_that_is_no_pack_is_told_in_one_line(tmp_path: Path) -> None:
    found = run("jurisdiction", tmp_path, LAW, "--packs", str(tmp_path))
    assert (
        str(found.exception)
        == f"{tmp_path / 'mine.yaml'}:1: file: no policy pack: a pack says `schema: broker.policy-pack/1`"
    )
