"""Reading OBO and obographs files, and saying where a broken one is broken."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.ontology import OntologyError, load_ontology
from broker.core.duo.ontology import covers, known, named

DEMO = Path(__file__).parents[2] / "config" / "ontology" / "mondo-demo.obo"
OBO = """format-version: 1.2
data-version: releases/2026-08-01

[Term]
id: MONDO:0004992
name: cancer

[Term]
id: MONDO:0005105
name: melanoma
is_a: MONDO:0004992 {source="NCIT:C3224"} ! cancer
relationship: part_of MONDO:0000009

[Term]
id: MONDO:0000403
name: obsolete organ system cancer
is_obsolete: true
replaced_by: MONDO:0004992

[Typedef]
id: part_of
is_a: MONDO:0004992
"""
IRI = "http://purl.obolibrary.org/obo/"
GRAPH: dict[str, Any] = {
    "graphs": [
        {
            "meta": {"version": "releases/2026-08-01"},
            "nodes": [
                {"id": f"{IRI}MONDO_0004992", "lbl": "cancer", "type": "CLASS"},
                {"id": f"{IRI}MONDO_0005105", "lbl": "melanoma", "type": "CLASS"},
                {
                    "id": f"{IRI}MONDO_0000403",
                    "type": "CLASS",
                    "meta": {
                        "deprecated": True,
                        "basicPropertyValues": [
                            {"pred": f"{IRI}IAO_0100001", "val": f"{IRI}MONDO_0004992"},
                            {"pred": f"{IRI}IAO_0000231", "val": f"{IRI}IAO_0000227"},
                        ],
                    },
                },
                {"id": f"{IRI}BFO_0000050", "lbl": "part of", "type": "PROPERTY"},
            ],
            "edges": [
                {"sub": f"{IRI}MONDO_0005105", "pred": "is_a", "obj": f"{IRI}MONDO_0004992"},
                {"sub": f"{IRI}MONDO_0004992", "pred": f"{IRI}BFO_0000050", "obj": f"{IRI}MONDO_0005105"},
            ],
        }
    ]
}


def _written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(("name", "text"), [("m.obo", OBO), ("m.json", json.dumps(GRAPH))])
def test_both_formats_give_the_same_ontology(tmp_path: Path, name: str, text: str) -> None:
    found = load_ontology(_written(tmp_path, name, text))
    assert covers(found, "MONDO:0004992", "MONDO:0005105") is True
    assert covers(found, "MONDO:0005105", "MONDO:0004992") is False
    assert known(found, "MONDO:0000403") == "MONDO:0004992"
    assert named(found, "MONDO:0005105") == "melanoma (MONDO:0005105)"
    assert found.ancestors.keys() == {"MONDO:0004992", "MONDO:0005105"}
    assert found.version.startswith("releases/2026-08-01#sha256:")


def test_the_version_changes_with_the_file(tmp_path: Path) -> None:
    one = load_ontology(_written(tmp_path, "one.obo", OBO))
    other = load_ontology(_written(tmp_path, "other.obo", OBO.replace("name: cancer", "name: cancers")))
    assert one.version != other.version
    bare = load_ontology(_written(tmp_path, "bare.obo", "format-version: 1.2\n\n[Term]\nid: MONDO:0000001\n"))
    assert bare.version.startswith("bare.obo#sha256:")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.obo", OBO.replace("is_a: MONDO:0004992 {", "is_a MONDO:0004992 {"), "a.obo, line 11"),
        ("b.obo", OBO.encode().replace(b"cancer", b"\xff\xfe"), "b.obo"),
        ("c.obo", "", "c.obo: no term"),
        ("d.obo", "format-version: 1.2\n", "d.obo: no term"),
        ("e.json", '{"graphs": [\n}', "e.json, line 2"),
        ("f.json", "[]", "f.json: not an obographs document"),
        ("g.json", '{"graphs": [{"nodes": [{}]}]}', "g.json: not an obographs document"),
        ("h.json", '{"graphs": []}', "h.json: no term"),
        ("i.json", b"\xff", "i.json"),
    ],
)
def test_a_broken_file_is_an_error_with_its_name_and_line(
    tmp_path: Path, name: str, text: str | bytes, said: str
) -> None:
    with pytest.raises(OntologyError, match=said):
        load_ontology(_written(tmp_path, name, text))


def test_a_missing_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match=r"nowhere\.obo"):
        load_ontology(tmp_path / "nowhere.obo")


def test_the_demo_ontology_is_whole_credits_its_makers_and_knows_where_its_terms_stand() -> None:
    text = DEMO.read_text(encoding="utf-8")
    assert "Monarch Initiative" in text
    assert "CC BY 4.0" in text
    found = load_ontology(DEMO)
    assert all(ancestors <= found.ancestors.keys() for ancestors in found.ancestors.values())
    assert all("MONDO:0000001" in ancestors for ancestors in found.ancestors.values())
    assert found.labels.keys() == found.ancestors.keys()
