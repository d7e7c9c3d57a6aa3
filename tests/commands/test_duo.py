"""`broker duo`: foreign conditions become a fragment that a catalogue takes; ours become a profile that reads back."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.adapters.yaml_files import load_yaml
from broker.commands.common import Fail
from broker.config import Settings
from broker.core.duo.duc import read_profile
from broker.core.duo.terms import Term, parse_terms
from broker.state import make_state
from tests.core.duo.duo_world import ROOT
from tests.core.duo.test_duo_adam import FULL
from tests.core.duo.test_duo_duc import SILENT, one, profile, valid

DEMO = load_yaml(ROOT / "config" / "demo" / "catalogue.yaml", anchors=False).value
DATASET = "https://data.example/d"


def catalogue(root: Path) -> dict[str, Any]:
    """The demo's first dataset with other codes, and one grant: whatever a dataset must have, the demo's has."""
    codes = ["HMB", {"code": "US", "users": ["https://idp.example|ada"]}, {"code": "TS", "months": 6}]
    grant = {
        "id": "grt-1",
        "iss": "https://idp.example",
        "sub": "ada",
        "dataset": DATASET,
        "purpose": {"kinds": ["hmb"], "project": "P-1", "institution": "rhine", "user": "https://idp.example|ada"},
        "begins": "2026-01-01",
        "ends": "2999-01-01",
    }
    return {
        "schema": DEMO["schema"],
        "repositories": [DEMO["repositories"][0] | {"root": str(root)}],
        "committees": DEMO["committees"],
        "datasets": [DEMO["datasets"][0] | {"id": DATASET, "title": "A dataset", "duo": codes}],
        "grants": [grant],
    }


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


@pytest.fixture
def here(tmp_path: Path) -> str:
    """The settings file of a broker with one dataset and one grant."""
    chosen = Settings(issuer="https://broker.example", mode="example", state=tmp_path / "state")
    make_state(chosen)
    path = tmp_path / "broker.toml"
    path.write_text(f'issuer = "https://broker.example"\nstate = "{chosen.state}"\nmode = "example"\n', "utf-8")
    declared = tmp_path / "catalogue.yaml"
    declared.write_text(json.dumps(catalogue(tmp_path)), "utf-8")  # JSON is YAML, too
    applied = run("--config", str(path), "apply", str(declared))
    assert applied.exit_code == 0, (applied.output, applied.exception)
    return str(path)


def written(folder: Path, document: Any) -> str:
    path = folder / "conditions.json"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def codes(printed: str, folder: Path) -> tuple[Term, ...]:
    """What a catalogue reads from the printed fragment."""
    path = folder / "fragment.yaml"
    path.write_text(printed, "utf-8")
    return parse_terms(load_yaml(path, anchors=False).value["duo"])


def test_a_profile_becomes_a_fragment_that_a_catalogue_reads(tmp_path: Path) -> None:
    disease = {"uri": "http://purl.obolibrary.org/obo/MONDO_0004992"}
    document = profile(one("DS", **disease), *SILENT, one("HMB", "Forbidden"), profileName="Cancer\ncohort")
    found = run("duo", "import", written(tmp_path, document))
    assert found.exit_code == 0, found.output
    assert codes(found.output, tmp_path) == parse_terms(
        [
            {"code": "DS", "diseases": ["MONDO:0004992"]},
            {"code": "RS", "text": "Forbidden: health or medical or biomedical research"},
        ]
    )
    assert found.output.startswith("# Cancer cohort\n")
    assert "# - conditions[4]: " in found.output


def test_a_matrix_is_known_by_its_members(tmp_path: Path) -> None:
    found = run("duo", "import", written(tmp_path, FULL))
    assert codes(found.output, tmp_path) == parse_terms(["GRU", "CC"])
    assert "For a person" not in found.output
    wrong = run("duo", "import", "--format", "duc", written(tmp_path, FULL))
    assert isinstance(wrong.exception, Fail)
    assert "conditions.json: header: no such member" in str(wrong.exception)


def test_a_file_that_is_no_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"conditions":\n ]', "utf-8")
    found = run("duo", "import", str(path))
    assert isinstance(found.exception, Fail)
    assert "line 2" in str(found.exception)


def test_a_data_set_is_exported_without_the_persons_whom_it_names(here: str) -> None:
    found = run("--config", here, "duo", "export", DATASET)
    assert found.exit_code == 0, (found.output, found.exception)
    assert "ada" not in found.output
    written = json.loads(found.output)
    assert valid(written)
    assert written["assets"] == [{"assetName": "A dataset", "assetURI": DATASET}]
    back = read_profile(written)
    assert set(back.terms) == set(parse_terms(["HMB", "US", {"code": "TS", "months": 6}]))
    whole = json.loads(run("--config", here, "duo", "export", "--users", DATASET).output)
    users = [{"code": "US", "users": ["https://idp.example|ada"]}]
    assert set(parse_terms(users)) <= set(read_profile(whole).terms)


def test_a_grant_is_exported_with_what_it_is_bound_to(here: str) -> None:
    found = run("--config", here, "duo", "export", "grt-1")
    assert found.exit_code == 0, (found.output, found.exception)
    bound = [{"code": "PS", "projects": ["P-1"]}, {"code": "IS", "institutions": ["rhine"]}]
    assert set(parse_terms([*bound, "HMB"])) <= set(read_profile(json.loads(found.output)).terms)


def test_an_id_that_is_not_there_is_told(here: str) -> None:
    found = run("--config", here, "duo", "export", "https://data.example/nowhere")
    assert isinstance(found.exception, Fail)
    assert "nowhere: neither a dataset nor a grant" in str(found.exception)
