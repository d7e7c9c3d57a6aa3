"""Catalogue files: one error and nothing of the file is used; the message names file, line and field."""

from pathlib import Path
from string import Template

import pytest

from broker.adapters.catalogue import CatalogueError, read_catalogue
from broker.core.catalogue import Fault, changes, plan
from broker.core.ids import DatasetId
from broker.core.oidc.choosing import hinted
from broker.core.plain import plain
from broker.core.rows import Client, Dataset, DrsObject, IdentityProvider
from broker.core.rows.change import changed
from broker.core.safeguards import classes_without_duty, unrecorded
from broker.demo.people import PERSONAS
from tests import genomic

ROOT = Path(__file__).parent.parent.parent
WORDS = {
    "IDP": "http://127.0.0.1:1", "IDP_SECRET": "s", "ISSUER": "http://127.0.0.1:2", "WEB_SECRET_SHA256": "0" * 64,
}  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """The demo's catalogue, with small files beside it."""
    data = tmp_path / "data"
    data.mkdir()
    genomic.demo_files(data)
    text = (ROOT / "config" / "demo" / "catalogue.yaml").read_text("utf-8")
    path = tmp_path / "catalogue.yaml"
    path.write_text(Template(text).substitute(WORDS, DATA=str(data)), "utf-8")
    return path


def test_the_demos_catalogue_is_read(demo: Path) -> None:
    rows = read_catalogue(demo).rows
    bam = next(row for row in rows if isinstance(row, DrsObject) and row.id == "heart-0001")
    assert (bam.size, len(bam.checksums["sha-256"])) == ((demo.parent / "data" / "DEMO0001.bam").stat().st_size, 64)
    assert (bam.format, bam.index and bam.index.kind) == ("BAM", "BAI")
    heart = next(row for row in rows if isinstance(row, Dataset) and row.id.endswith("heart"))
    assert [term.code for term in heart.duo] == ["DUO:0000006", "DUO:0000046"]
    assert [term.code for term in heart.certificate.permissions] == ["DUO:0000006"], "codes are said once"


def test_everybody_of_the_demo_is_led_to_their_own_provider_by_their_hint(demo: Path) -> None:
    providers = [row for row in read_catalogue(demo).rows if isinstance(row, IdentityProvider)]
    led = {one.id: found.slug if (found := hinted(providers, one.id)) is not None else None for one in PERSONAS}
    assert led == {one.id: one.issuer for one in PERSONAS}


FAULTS = [
    # what stands in the file, what is written instead, the field that is named, a word of the message
    ("schema: broker.catalogue/1", "schema: broker.catalogue/2", "schema", "broker.catalogue/1"),
    ("    organisation: non_profit", "    organisation: charity", "organisations.0.organisation", "non_profit"),
    ("    grant_months: 12", "    grant_months: 0", "grant_months", "1"),
    ("    grant_months: 12", '    grant_months: "12"', "grant_months", "integer"),
    (
        "    title: Elbe heart cohort",
        "    colour: red\n    title: Elbe heart cohort",
        "datasets.0.colour",
        "not permitted",
    ),
    ("recipient.country: DE", "data.country: DE", "organisations.0", "recipient."),
    ("recipient.country: DE", "recipient.country: NO", "catalogue.yaml", "quote it"),
    ('duo: ["DUO:0000006", "DUO:0000046"]', "duo: []", "datasets.0.duo", "at least 1"),
    ("certificate: {granularity: per_sample", "certificate: {granularity: per_person", "datasets.0", "granularity"),
    ("path: DEMO0001.bam,", "path: ../catalogue.yaml,", "objects.0", "leaves the repository"),
    ("path: DEMO0001.bam,", "path: no-such.bam,", "objects.0", "No such file"),
    ('created: "2026-02-09", subjects: [sub_4d1f7a92c05e]}', 'created: "2026-02-09"}', "objects.0", "unrestricted"),
    ('effective_from: "2024-01-01"', 'effective_from: "yesterday"', "consents.0", "effective_from"),
    ("subject_ref: sub_4d1f7a92c05e", "subject_ref: sub_4d1f7a92c05e\n      name: Pia", "consents.0", "name"),
    ("auth_method: none", "auth_method: client_secret_basic", "clients.1", "secret_sha256"),
    ("id: heart-0001,", "id: access,", "objects.0", "id: no object can have this one"),
    ('date: "2024-01-15"', 'date: "2024-13-15"', "datasets.0", "return_of_results.date: 2024-13-15 is no day"),
    ("class: fulfil", "class: thank", "safeguards.duties.2.class", "account"),
    ("    safeguards:", "    security_level: 4\n    safeguards:", "datasets.0.security_level", "3"),
    ("mime_type: application/gzip", 'mime_type: "a/b\\r\\nX: y"', "mime_type", "pattern"),
]


@pytest.mark.parametrize(("there", "instead", "field", "word"), FAULTS)
def test_a_fault_names_file_line_and_field(demo: Path, there: str, instead: str, field: str, word: str) -> None:
    text = demo.read_text("utf-8")
    assert there in text
    demo.write_text(text.replace(there, instead, 1), "utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(demo)
    problem = str(caught.value)
    assert problem.startswith(f"{demo}:")
    assert field in problem
    assert word in problem
    line = int(problem.split(":")[1])
    assert line > 0


def test_every_fault_of_a_file_is_named_at_once(demo: Path) -> None:
    text = (
        demo.read_text("utf-8")
        .replace("path: DEMO0001.bam,", "path: no.bam,")
        .replace("path: DEMO0002.bam,", "path: no.bam,")
    )
    demo.write_text(text, "utf-8")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(demo)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("member", "line", "loc"),
    [
        ("safeguards.governance", "      governance: ", "safeguards.governance"),
        ("safeguards.embargo.reason", "      responsible: ", "safeguards.embargo.reason"),
        ("facts.data.category", "      data.category: ", "facts.data.category"),
        ("certificate.ethics_ref", "    certificate: ", "certificate.ethics_ref"),
    ],
)
def test_what_a_dataset_lacks_is_told_with_file_and_line(demo: Path, member: str, line: str, loc: str) -> None:
    """The second dataset's, or the nearest line above what is not there."""
    fault = Fault(DatasetId("https://elbe-biobank.example/datasets/cancer"), member, "missing: it")
    lines = demo.read_text("utf-8").splitlines()
    second = [number for number, text in enumerate(lines, 1) if text.startswith(line)][1]
    declared = read_catalogue(demo)
    assert declared.where(fault) == f"{demo}:{second}: datasets.1.{loc}: missing: it"
    assert declared.where(Fault(DatasetId("https://elsewhere.example"), member, "x")) is None


def test_the_demos_safeguards_are_read_whole(demo: Path) -> None:
    heart = next(row for row in read_catalogue(demo).rows if isinstance(row, Dataset))
    assert not list(unrecorded(heart))
    assert not classes_without_duty(heart.safeguards)
    due = {duty.id: (duty.months, duty.after_end, duty.late) for duty in heart.safeguards.duties}
    assert due["return-results"] == (12, True, "no_renewal")
    assert due["annual-report"] == (12, False, "stop")


def test_a_plan_creates_changes_and_keeps_and_never_deletes() -> None:
    client = Client(id="c", name="One", auth_method="none")  # type: ignore[arg-type]
    other = Client(id="d", name="Two", auth_method="none")  # type: ignore[arg-type]
    stored = {"c": changed(client, name="Once"), "e": client}
    steps = plan([client, other], lambda _, name: stored.get(name))
    assert [(step.verb, step.fields) for step in steps] == [("change", ("name",)), ("create", ())]
    assert [plain(put.row)["version"] for put in changes(steps)] == [3, 1]
    assert [step.verb for step in plan([client], lambda *_: client)] == ["keep"]
    assert changes(plan([client], lambda *_: client)) == ()


def test_a_row_that_is_declared_twice_is_refused() -> None:
    client = Client(id="c", name="One", auth_method="none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="twice"):
        plan([client, client], lambda *_: None)
