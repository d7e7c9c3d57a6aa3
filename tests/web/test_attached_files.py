"""Files beside an application: typed by what is in them, bounded, looked at, read by who may, run by no browser."""

import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.adapters.scanner import ProgramScanner, scanner_of
from broker.core.attachments import LARGEST, MOST, kept_name, media_of
from broker.core.multipart import Part, parts
from broker.core.rows import Application, Attachment
from broker.flows.people import erase
from broker.ports.scanner import NoScanner, ScanError
from broker.web.attached import SANDBOX
from broker.web.state import BROKER
from tests import builders as b
from tests.web.browsing import Browser
from tests.web.site import Site, site
from tests.web.test_forms_that_come_twice import hidden
from tests.web.test_workflow_pages import HEARTS, committee, rows

PDF = b"%PDF-1.7\r\n--not-a-boundary\r\n\x00\xff\r\n"
HTML = b"<!doctype html><script>alert(1)</script>"
EDGE = "------------------------0123456789"


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as made:
        yield made


async def handed(s: Site) -> tuple[Browser, str, str]:
    ada = Browser(s, "ada")
    await ada.open("/applications/new")
    await ada.send("/applications/new", do="submit", **HEARTS)
    (made,) = s.stage.live.current().applications_of(b.ADA)
    return ada, f"/applications/{made.id}", f"/reviews/{made.reviews[0]}"


def body(content: bytes, name: str = "approval.pdf", **fields: str) -> bytes:
    told = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{said}\r\n' for key, said in fields.items()
    ]
    head = (
        f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    )
    return "".join(told).encode() + head.encode() + content + f"\r\n--{EDGE}--\r\n".encode()


async def sends(s: Site, who: Browser, path: str, content: bytes, name: str = "approval.pdf", **headers: str) -> Any:
    token = hidden(await who.open("/inbox"), "form")
    sent = {**who.headers, "Content-Type": f"multipart/form-data; boundary={EDGE}", **headers}
    return await s.http.post(
        f"{path}/files", data=BytesIO(body(content, name, form=token)), headers=sent, allow_redirects=False
    )


def attached(s: Site) -> Any:
    return s.stage.live.current().applications_of(b.ADA)[0].attached


@pytest.mark.row("WF-FILES")
@pytest.mark.parametrize("language", ["en", "es"])
async def test_a_file_is_attached_read_by_both_sides_and_removed(s: Site, language: str) -> None:
    ada, path, review = await handed(s)
    ada.language = language
    assert (await sends(s, ada, path, PDF, "Ethics <2027>.PDF")).status == 303
    (one,) = attached(s)
    assert (one.called, one.media, one.size, one.scanned) == ("Ethics 2027.pdf", "application/pdf", len(PDF), False)
    shown = await ada.open(path)
    assert "Ethics 2027.pdf</a>" in shown
    assert ("nothing has looked" if language == "en" else "nada ha mirado") in shown
    mei = Browser(s, "mei")
    file = mei.links(f"{path}/files/") or [f"{path}/files/{one.id}"]
    assert f'href="{file[0]}"' in await mei.open(review)
    for who in (ada, mei):
        answer = await s.http.get(file[0], headers=who.headers)
        assert (answer.status, await answer.read()) == (200, PDF)
        assert answer.headers["Content-Security-Policy"] == SANDBOX
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''Ethics%202027.pdf"
        assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
        assert answer.content_type == "application/pdf"
    await ada.open(path)
    await ada.send(file[0])
    assert attached(s) == ()
    assert (await s.http.get(file[0], headers=ada.headers)).status == 404
    kept = s.stage.ledger.rows[Attachment.KIND, one.id]
    assert isinstance(kept, Attachment)
    assert kept.content == ""
    assert s.stage.kinds()[-2:] == ["application.attached", "application.detached"]


@pytest.mark.row("WF-FILES")
async def test_of_others_it_is_not_there_and_they_attach_and_remove_nothing(s: Site) -> None:
    ada, path, _ = await handed(s)
    await sends(s, ada, path, PDF)
    (one,) = attached(s)
    before = len(s.stage.ledger.entries)
    for name in ("sam", "max"):
        who = Browser(s, name)
        assert (await s.http.get(f"{path}/files/{one.id}", headers=who.headers)).status == 404
    for name in ("sam", "max", "mei", "lee"):
        who = Browser(s, name)
        assert (await sends(s, who, path, PDF)).status == 404
        await who.open("/inbox")
        await who.send(f"{path}/files/{one.id}")
        assert who.status == 404
    assert (await s.http.get(f"{path}/files/{one.id}", allow_redirects=False)).status == 303
    for other in ("att_none", "..%2F..%2Fetc"):
        assert (await s.http.get(f"{path}/files/{other}", headers=ada.headers)).status == 404
    assert len(s.stage.ledger.entries) == before


@pytest.mark.row("WF-FILES")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (HTML[:0], 409), (b"\x00\x01", 409), (b"MZ\x90\x00", 409), (b"PK\x03\x04", 409), (b"\xff\xfe<\x00", 409),
        (b"%PDF-" + b"x" * LARGEST, 409), (b"%PDF-" + b"x" * (LARGEST - 5), 303), (b"x" * (2 * LARGEST), 413),
        ("Sí, de acuerdo.".encode(), 303),
    ],
    ids=lambda one: str(one[:6]) if isinstance(one, bytes) else str(one),
)  # fmt: skip
async def test_what_is_taken_is_told_by_what_is_in_it_and_by_its_size(s: Site, content: bytes, status: int) -> None:
    ada, path, _ = await handed(s)
    assert (await sends(s, ada, path, content, "approval.pdf")).status == status
    assert len(attached(s)) == (status == 303)


@pytest.mark.row("WF-FILES")
async def test_a_page_in_disguise_is_a_text_and_leaves_as_one(s: Site) -> None:
    ada, path, _ = await handed(s)
    assert (await sends(s, ada, path, HTML, "../../index.html")).status == 303
    (one,) = attached(s)
    answer = await s.http.get(f"{path}/files/{one.id}", headers=ada.headers)
    assert (one.called, answer.content_type) == ("index.html.txt", "text/plain")
    assert answer.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.row("WF-FILES")
async def test_no_more_than_so_many_and_no_form_of_others(s: Site) -> None:
    ada, path, _ = await handed(s)
    for origin in ("https://evil.example", "null"):
        assert (await sends(s, ada, path, PDF, Origin=origin)).status == 400
    sent = {**ada.headers, "Content-Type": f"multipart/form-data; boundary={EDGE}"}
    for told in ({}, {"form": "x" * 43}):
        assert (await s.http.post(f"{path}/files", data=body(PDF, **told), headers=sent)).status == 400
    assert (await sends(s, ada, path, PDF, **{"Content-Type": "application/x-www-form-urlencoded"})).status == 415
    assert attached(s) == ()
    for _ in range(MOST):
        assert (await sends(s, ada, path, PDF)).status == 303
    assert (await sends(s, ada, path, PDF)).status == 409
    assert len(attached(s)) == MOST


class Looks:
    """Says what it is told to say."""

    def __init__(self, says: Any) -> None:
        self.says = says

    async def scan(self, content: bytes) -> Any:
        assert content == PDF
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


@pytest.mark.row("WF-FILES")
@pytest.mark.parametrize(("says", "there"), [("clean", True), ("harmful", False), (ScanError("no"), False)])
async def test_what_was_found_harmful_or_could_not_be_looked_at_is_not_taken(s: Site, says: Any, there: bool) -> None:  # noqa: FBT001 (a table)
    s.http.app._state[BROKER] = replace(s.http.app[BROKER], scanner=Looks(says))
    ada, path, _ = await handed(s)
    assert (await sends(s, ada, path, PDF)).status == (303 if there else 409)
    assert [one.scanned for one in attached(s)] == ([True] if there else [])
    assert bool([key for key in s.stage.ledger.rows if key[0] == Attachment.KIND]) is there


@pytest.mark.row("WF-FILES")
async def test_of_who_is_erased_no_file_is_left(s: Site) -> None:
    ada, path, _ = await handed(s)
    await sends(s, ada, path, PDF)
    assert isinstance(await erase(s.stage.world, b.ADA, "Asked."), int)
    files = [one for one in s.stage.ledger.rows.values() if isinstance(one, Attachment)]
    assert [one.content for one in files] == [""]


PROGRAM = """#!{python}
import os, sys
found = sys.stdin.buffer.read()
assert set(os.environ) <= {{"PATH", "LC_CTYPE"}}
sys.exit(1 if b"EICAR" in found else {code})
"""


@pytest.mark.row("WF-FILES")
async def test_the_program_of_the_operator_reads_the_file_and_says_by_its_exit(tmp_path: Path) -> None:
    def program(code: int) -> ProgramScanner:
        path = tmp_path / f"scan-{code}"
        path.write_text(PROGRAM.format(python=sys.executable, code=code), "utf-8")
        path.chmod(0o755)
        return ProgramScanner(path)

    assert await program(0).scan(b"x" * LARGEST) == "clean"
    assert await program(0).scan(b"an EICAR test") == "harmful"
    for broken in (program(2), ProgramScanner(tmp_path / "none"), ProgramScanner(tmp_path)):
        with pytest.raises(ScanError):
            await broken.scan(b"x")
    with pytest.raises(ScanError, match="too long"):
        await ProgramScanner(Path("/bin/cat"), seconds=0).scan(b"x")
    assert isinstance(scanner_of(None), NoScanner)
    assert isinstance(scanner_of(tmp_path), ProgramScanner)
    assert await scanner_of(None).scan(b"x") == "unscanned"


NAMES = [
    ("../../etc/passwd", "passwd.txt"), ("C:\\temp\\x.exe", "x.exe.txt"), ("a\r\nb.txt", "ab.txt"), ("", "file.txt"),
    ("...", "file.txt"), ("evil\u202efdp.txt", "evilfdp.txt"), ("<img src=x>.txt", "img srcx.txt"), (" a  b .txt", "a b.txt"),
    ("x" * 300 + ".txt", "x" * 100 + ".txt"), ("Zustimmung der Ethik\u00ad.TXT", "Zustimmung der Ethik.txt"),
]  # fmt: skip


@pytest.mark.row("WF-FILES")
@pytest.mark.parametrize(("said", "kept"), NAMES)
def test_a_hostile_name_leads_nowhere(said: str, kept: str) -> None:
    assert kept_name(said, "text/plain") == kept


@pytest.mark.row("WF-FILES")
@given(st.text(max_size=200), st.sampled_from(["application/pdf", "image/png", "text/plain"]))
def test_whatever_a_name_is_it_is_kept_as_one_plain_name(said: str, media: str) -> None:
    name = kept_name(said, media)
    assert not set(name) & set('/\\\0\r\n"<>&;:')
    assert len(name) <= 105
    assert kept_name(name, media) == name


def test_what_a_file_is_says_its_beginning() -> None:
    told = {b"%PDF-1": "application/pdf", b"\x89PNG\r\n\x1a\nx": "image/png", b"\xff\xd8\xff\xe0": "image/jpeg"}
    assert {content: media_of(content) for content in told} == told
    assert media_of(b" %PDF-1\x00") is None


@given(st.binary(max_size=300), st.text(st.characters(blacklist_categories=["Cs"]), max_size=40))
def test_a_form_is_read_byte_for_byte(content: bytes, field: str) -> None:
    if f"--{EDGE}".encode() in content:
        return
    found = parts(f'multipart/form-data; boundary="{EDGE}"', body(content, "a.pdf", form=field))
    assert found[1] == Part(name="file", filename="a.pdf", content=content)
    assert found[0].content == field.encode()


BAD = [
    b"", b"x", f"--{EDGE}--\r\n".encode(), body(PDF)[:-40], b"x" + body(PDF), body(PDF).replace(b"\r\n\r\n", b"\r\n"),
    body(PDF).replace(b'name="file"', b"name=file"), body(PDF).replace(b"Content-Type", b"Content-Disposition"),
    body(PDF).replace(b"Content-Type: text/html", b"Content-Transfer-Encoding: base64"),
    body(PDF, **{f"f{'x' * n}": "1" for n in range(25)}), body(PDF).replace(b"0123456789\r\nC", b"0123456789x\r\nC"),
]  # fmt: skip


@pytest.mark.row("WF-FILES", "T080")
@pytest.mark.parametrize("sent", BAD, ids=range(len(BAD)))
async def test_a_body_that_could_be_read_in_two_ways_is_refused(s: Site, sent: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (of whatever kind)
        parts(f"multipart/form-data; boundary={EDGE}", sent)
    ada, path, _ = await handed(s)
    headers = {**ada.headers, "Content-Type": f"multipart/form-data; boundary={EDGE}"}
    assert (await s.http.post(f"{path}/files", data=sent, headers=headers)).status == 400
    for odd in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=a; boundary=b"):
        with pytest.raises(ValueError):  # noqa: PT011
            parts(odd, body(PDF))
    assert not [one for one in s.stage.ledger.rows.values() if isinstance(one, Application) and one.attached]
