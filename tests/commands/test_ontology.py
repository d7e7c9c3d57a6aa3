"""`broker ontology`: a release is checked and kept, a term looked up."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.commands.common import Fail
from tests.core.duo.duo_world import DEMO, ONTOLOGY


@pytest.fixture
def here(tmp_path: Path) -> str:
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "https://broker.example"\nstate = "{tmp_path / "state"}"\n', "utf-8")
    return str(path)


def run(here: str, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", here, "ontology", *words])


def test_the_release_of_the_settings_is_compiled_without_being_named(here: str, tmp_path: Path) -> None:
    found = run(here, "compile")
    assert found.exit_code == 0, found.output
    assert "mondo-demo/2026-11-21#sha256:" in found.output
    assert len(list((tmp_path / "state" / "ontologies").glob("*.closure"))) == 1


def test_another_release_is_compared_with_the_one_in_force(here: str, tmp_path: Path) -> None:
    text = DEMO.read_text("utf-8")
    stanzas = text.split("[Term]")
    few = tmp_path / "few.obo"
    few.write_text("[Term]".join([stanzas[0], *stanzas[1:3]]), "utf-8")
    found = run(here, "compile", str(few))
    assert found.exit_code == 0, found.output
    lost = len(ONTOLOGY.names) - 2
    assert f"{lost} of its {len(ONTOLOGY.names)} terms would become unknown" in found.output
    assert f"and {lost - 20} more" in found.output
    assert "hang under a parent" in found.output


def test_a_release_with_an_error_is_refused_with_its_line(here: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.obo"
    bad.write_text(DEMO.read_text("utf-8") + "\n[Term]\nid MONDO:1\n", "utf-8")
    found = run(here, "compile", str(bad))
    assert isinstance(found.exception, Fail)
    assert f"bad.obo, line {len(bad.read_text('utf-8').splitlines())}" in str(found.exception)
    assert not (tmp_path / "state").exists()


def test_a_term_is_shown_with_all_that_it_is_a_kind_of(here: str) -> None:
    found = run(here, "show", "http://purl.obolibrary.org/obo/MONDO_0005105")
    assert found.exit_code == 0, found.output
    assert found.output.startswith("melanoma (MONDO:0005105)\n")
    assert "  is a kind of cancer (MONDO:0004992)" in found.output


def test_an_unknown_term_is_told_as_that(here: str) -> None:
    found = run(here, "show", "MONDO:9999999")
    assert isinstance(found.exception, Fail)
    assert "MONDO:9999999 is unknown" in str(found.exception)


def test_the_doctor_says_that_the_shipped_ontology_is_an_excerpt(here: str, tmp_path: Path) -> None:
    def told() -> str:
        return CliRunner().invoke(cli, ["--config", here, "doctor"]).output

    assert f"{len(ONTOLOGY.names)} terms; an EXCERPT for demonstrations" in told()
    mine = tmp_path / "mine.obo"
    mine.write_bytes(DEMO.read_bytes())
    with Path(here).open("a", encoding="utf-8") as config:
        config.write(f'ontology = "{mine}"\n')
    assert f"{len(ONTOLOGY.names)} terms\n" in told()
