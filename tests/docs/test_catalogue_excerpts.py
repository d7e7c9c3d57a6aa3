"""What the pages for who keeps data show of catalogues and settings: can it stand in such a file?"""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from broker.config import Settings
from tests.docs.doc_blocks import ROOT

PAGES = ("ask-for-regions", "deliver-data", "offer-data-over-drs")
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / "docs" / "how-to" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_catalogue_may_say_what_the_page_shows(name: str) -> None:
    """An excerpt that is indented is of the object before it, or else of a dataset."""
    catalogue = json.loads((ROOT / "schemas" / "catalogue.schema.json").read_text("utf-8"))
    schema = Draft202012Validator(catalogue)
    shown: dict[str, Any] = {"schema": "broker.catalogue/1"}
    excerpts = _YAML.findall(page(name))
    assert excerpts
    for text in excerpts:
        said = yaml.safe_load(text)
        if text.startswith(" ") and "objects" not in shown:
            assert not list(_member_of_a_dataset(catalogue).iter_errors(said))
        elif text.startswith(" "):
            shown["objects"][0] |= said
        else:
            shown |= said
        assert not [f"{fault.json_path}: {fault.message}" for fault in schema.iter_errors(shown)]


def _member_of_a_dataset(catalogue: dict[str, Any]) -> Draft202012Validator:
    """Some members of a dataset, without the others that it must have."""
    members = catalogue["$defs"]["DatasetPart"]["properties"]
    return Draft202012Validator({"$defs": catalogue["$defs"], "properties": members, "additionalProperties": False})


def test_a_member_that_no_dataset_has_is_noticed() -> None:
    catalogue = json.loads((ROOT / "schemas" / "catalogue.schema.json").read_text("utf-8"))
    wrongs: list[dict[str, Any]] = [{"limit": {}}, {"limits": {"bytes_an_hour": 1}}, {"limits": {"holds": ["never"]}}]
    for wrong in wrongs:
        assert list(_member_of_a_dataset(catalogue).iter_errors(wrong)), wrong


def test_the_settings_may_say_what_the_page_shows() -> None:
    (text,) = _TOML.findall(page("deliver-data"))
    said = tomllib.loads(text)
    chosen = Settings(issuer="https://broker.example", **said)
    assert {name for name in said if name in chosen.model_fields_set} == set(said)
