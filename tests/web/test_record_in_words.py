"""What the record says is told in words: every kind, every member, and what there is a name for; the bytes stand behind."""

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import broker
from broker.core.audit.entry import Entry, Value
from broker.core.audit.kinds import KINDS
from broker.core.ids import ReceiptId
from broker.core.reasons.entry_words import ENTRY_WORDS
from tests.fakes import START
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_admin_pages import added, rows

SOURCE = Path(broker.__file__).parent
OF_NO_ENTRY = {
    "Cache-Control", "Retry-After", "at", "data.community_governed", "data.community_local_only", "entry", "iat", "inline",
    "logout_token", "looked_for", "obj", "request.modality",
}  # fmt: skip
"""Names in dictionaries beside entries that are in none."""


def names() -> Iterator[str]:
    """Names in dictionaries of functions that make entries, or values of entries, or that are handed to one that records;
    and those that KINDS speaks of.
    """
    for path in SOURCE.rglob("*.py"):
        for made in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef) and _is_of_entries(made):
                for each in ast.walk(made):
                    if isinstance(each, ast.Dict):
                        yield from _keys(each)
            elif isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id.startswith("_record"):
                for each in made.args:
                    if isinstance(each, ast.Dict):
                        yield from _keys(each)
    for text in KINDS.values():
        yield from re.findall(r"`([a-z0-9]+)`", text)


def _keys(one: ast.Dict) -> Iterator[str]:
    return (key.value for key in one.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def _is_of_entries(made: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    calls = [one.func for one in ast.walk(made) if isinstance(one, ast.Call)]
    return "Value]" in ast.unparse(made.returns or ast.Constant("")) or any(
        isinstance(one, ast.Attribute) and one.attr == "entry" for one in calls
    )


@pytest.mark.row("PAG-RECORD")
def test_every_kind_of_entry_has_its_words_and_no_other() -> None:
    assert {f"entry.{kind}" for kind in KINDS} == {key for key in ENTRY_WORDS if key.startswith("entry.")}


@pytest.mark.row("PAG-RECORD")
def test_every_member_of_an_entry_has_its_word() -> None:
    found = set(names())
    assert len(found) > 90
    assert sorted(f"member.{one}" for one in found - OF_NO_ENTRY if f"member.{one}" not in ENTRY_WORDS) == []


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows()) as made:
        yield made


@pytest.mark.row("PAG-RECORD")
@pytest.mark.parametrize(
    ("language", "kind", "member"),
    [
        ("en", "A visa issuer was added or changed", "What was changed"),
        ("es", "Se añadió o cambió un emisor de visados", "Qué cambió"),
    ],
)
async def test_an_auditor_reads_entries_as_tables(s: Site, language: str, kind: str, member: str) -> None:
    await added(Browser(s, "root"))
    eve = Browser(s, "eve", language)
    shown = await eve.open("/admin/log")
    assert re.search(rf"<h2>\d+: {kind}</h2>", shown)
    assert f'<option value="issuer.registered">{kind}</option>' in shown
    assert f'<th scope="row">{member}</th>' in shown
    bare = re.sub(r"<details>.*?</details>", "", shown, flags=re.DOTALL)
    assert "{&" not in bare, "no JSON but behind"
    assert ">issuer.registered<" not in bare
    assert ">issuer.registered<" in shown
    assert "usr_root" not in shown, "people are in it by pseudonyms"


@pytest.mark.row("PAG-RECORD")
async def test_what_has_a_name_is_called_by_it(s: Site) -> None:
    from tests import builders as b  # noqa: PLC0415

    about: dict[str, Value] = {
        "dataset": b.HEART, "outcome": "DENY", "modality": "download", "reasons": ("REQ-REJECTED",), "client": "<b>",
        "until": START + 60, "from": START + 120, "objects": 1, "newer": "a member of tomorrow",
    }  # fmt: skip
    entry = Entry(
        id=ReceiptId("rcp_01890a5d-ac96-774b-bcce-b302099a8057"),
        at=START,
        kind="decision.made",
        nonce="0" * 32,
        about=about,
    )
    await s.stage.ledger.record(entry)
    shown = await Browser(s, "eve").open("/admin/log?kind=decision.made")
    table = shown[shown.index("<tbody>") : shown.index("</tbody>")]
    for name, said in (
        ("Dataset", "Heart"), ("Answer", "no<"), ("Way of access", "Download"), ("Objects to it", "Yes"), ("Until", "15 January"),
        ("From", "15 January"),
        ("newer", "a member of tomorrow"), ("Application or service", "&lt;b&gt;"), ("Reasons", r"[A-Z][^<]+\(REQ-REJECTED\)"),
    ):  # fmt: skip
        assert re.search(rf'<th scope="row">{name}</th><td>{said}', table), (name, table)
