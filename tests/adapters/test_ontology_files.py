"""Reading OBO and obographs files, and saying where a broken one is broken."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.ontology import OntologyError, closure_file, keep_ontology, load_ontology, open_ontology
from broker.core.duo.ontology import covers, known, named

DEMO = Path(__file__).parents[2] / "config" / "ontology" / "mondo-demo.obo"
OBO = """format-version: 1.2
data-version: releases/2026-08-01

[Term]
id: MONDO:0004992
name: cancer
alt_id: MONDO:0000404
xref: DOID:1 {source="MONDO:relatedTo"}
property_value: exactMatch DOID:162 {source="MONDO:equivalentTo"}
property_value: exactMatch NCIT:C9305

[Term]
id: MONDO:0005105
name: melanoma
property_value: skos:exactMatch http://www.orpha.net/ORDO/Orphanet_411533
property_value: http://www.w3.org/2004/02/skos/core#exactMatch "https://omim.org/entry/155600" xsd:anyURI
property_value: http://www.w3.org/2004/02/skos/core#closeMatch DOID:2
is_a: MONDO:0004992 {source="NCIT:C3224"} ! cancer
relationship: part_of MONDO:0000009
synonym: "malignant melanoma" EXACT [NCIT:C3224]
synonym: "nevus" RELATED []

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
SKOS = "http://www.w3.org/2004/02/skos/core#"
GRAPH: dict[str, Any] = {
    "graphs": [
        {
            "meta": {"version": "releases/2026-08-01"},
            "nodes": [
                {
                    "id": f"{IRI}MONDO_0004992",
                    "lbl": "cancer",
                    "type": "CLASS",
                    "meta": {
                        "xrefs": [{"val": "DOID:1"}],
                        "basicPropertyValues": [
                            {
                                "pred": "http://www.geneontology.org/formats/oboInOwl#hasAlternativeId",
                                "val": "MONDO:0000404",
                            },
                            {"pred": f"{SKOS}exactMatch", "val": f"{IRI}DOID_162"},
                            {"pred": f"{SKOS}exactMatch", "val": f"{IRI}NCIT_C9305"},
                        ],
                    },
                },
                {
                    "id": f"{IRI}MONDO_0005105",
                    "lbl": "melanoma",
                    "type": "CLASS",
                    "meta": {
                        "synonyms": [
                            {"pred": "hasExactSynonym", "val": "malignant melanoma"},
                            {"pred": "hasRelatedSynonym", "val": "nevus"},
                        ],
                        "basicPropertyValues": [
                            {"pred": f"{SKOS}exactMatch", "val": "http://www.orpha.net/ORDO/Orphanet_411533"},
                            {"pred": f"{SKOS}exactMatch", "val": "https://omim.org/entry/155600"},
                            {"pred": f"{SKOS}closeMatch", "val": f"{IRI}DOID_2"},
                        ],
                    },
                },
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
    assert set(found.names) == {"MONDO:0004992", "MONDO:0005105"}
    assert found.version.startswith("releases/2026-08-01#sha256:")
    others = {"MONDO:0000403", "MONDO:0000404", "DOID:162", "Orphanet:411533", "OMIM:155600"}
    assert found.synonyms == ("", "malignant melanoma"), "another name of the same, and none that is near it"
    assert found.others.keys() == others, "an id of another vocabulary only where the release says exactMatch"


def test_the_version_changes_with_the_file(tmp_path: Path) -> None:
    one = load_ontology(_written(tmp_path, "one.obo", OBO))
    other = load_ontology(_written(tmp_path, "other.obo", OBO.replace("name: cancer", "name: cancers")))
    assert one.version != other.version
    bare = load_ontology(_written(tmp_path, "bare.obo", "format-version: 1.2\n\n[Term]\nid: MONDO:0000001\n"))
    assert bare.version.startswith("bare.obo#sha256:")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.obo", OBO.replace("is_a: MONDO:0004992 {", "is_a MONDO:0004992 {"), "a.obo, line 18"),
        ("b.obo", OBO.encode().replace(b"cancer", b"\xff\xfe"), "b.obo"),
        ("c.obo", "", "c.obo: no term"),
        ("d.obo", "format-version: 1.2\n", "d.obo: no term"),
        ("e.json", '{"graphs": [\n}', "e.json, line 2"),
        ("f.json", "[]", "f.json: not an obographs document"),
        ("g.json", '{"graphs": [{"nodes": [{}]}]}', "g.json: not an obographs document"),
        ("h.json", '{"graphs": []}', "h.json: no term"),
        ("i.json", b'{"graphs":\n"\xff"}', "i.json, line 2: not UTF-8"),
        (
            "j.json",
            json.dumps(GRAPH).replace('"deprecated": true', '"deprecated": "true"'),
            "not an obographs document",
        ),
        ("k.json", "[" * 100_000, "k.json"),
        ("l.obo", OBO.replace("alt_id: MONDO:0000404", "is_a: MONDO:0005105"), "l.obo, line 5: .*kind of itself"),
        ("m.obo", OBO.replace("id: MONDO:0000403", "id: MONDO:0005105"), "m.obo, line 13: MONDO:0005105: both in use"),
        ("n.json", json.dumps(GRAPH, indent=1).replace("MONDO_0000403", "MONDO_0005105"), "n.json, line 35: .*both in"),
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
    assert not found.open_ends
    assert all(covers(found, "MONDO:0000001", term) for term in found.names)
    assert all(found.labels)


def test_a_closure_is_kept_and_read_instead_of_the_release(tmp_path: Path) -> None:
    source, folder = _written(tmp_path, "m.obo", OBO), tmp_path / "kept"
    made = open_ontology(source, folder)
    (kept,) = folder.iterdir()
    assert kept == closure_file(folder, hashlib.sha256(OBO.encode()).hexdigest())
    assert kept.stem == made.version[-16:]
    written = kept.stat().st_mtime_ns, kept.read_bytes()
    again = open_ontology(source, folder)
    assert (kept.stat().st_mtime_ns, kept.read_bytes()) == written, "not made again"
    assert (again.version, again.names, again.labels, again.others) == (
        made.version,
        made.names,
        made.labels,
        made.others,
    )
    assert covers(again, "MONDO:0004992", "Orphanet:411533") is True


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "a byte short": lambda raw: raw[:-1],
    "cut in its first line": lambda raw: raw[:40],
    "empty": lambda _: b"",
    "changed": lambda raw: raw[:-9] + b"x" * 9,
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_a_closure_that_was_harmed_is_made_again(tmp_path: Path, harm: Callable[[bytes], bytes]) -> None:
    source, folder = _written(tmp_path, "m.obo", OBO), tmp_path / "kept"
    made = open_ontology(source, folder)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(harm(whole))
    assert open_ontology(source, folder).others == made.others
    assert kept.read_bytes() == whole
    assert list(folder.iterdir()) == [kept], "nothing half-written stays"


def test_a_closure_of_another_release_is_never_taken_for_this_one(tmp_path: Path) -> None:
    source, folder = _written(tmp_path, "m.obo", OBO), tmp_path / "kept"
    keep_ontology(source, folder)
    (kept,) = folder.iterdir()
    other = _written(tmp_path, "other.obo", OBO.replace("is_a: MONDO:0004992 {", "is_a: MONDO:0000001 {"))
    closure_file(folder, hashlib.sha256(other.read_bytes()).hexdigest()).write_bytes(kept.read_bytes())
    assert covers(open_ontology(other, folder), "MONDO:0004992", "MONDO:0005105") is None


def test_a_broken_release_leaves_the_last_good_one_as_it_was(tmp_path: Path) -> None:
    source, folder = _written(tmp_path, "m.obo", OBO), tmp_path / "kept"
    open_ontology(source, folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OntologyError, match="line 8"):
        open_ontology(_written(tmp_path, "new.obo", OBO.replace("xref: DOID:1 {", "xref DOID:1 {")), folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(OntologyError, match="nowhere"):
        open_ontology(tmp_path / "nowhere.obo", folder)


def test_where_no_closure_can_be_kept_the_release_is_read_all_the_same(tmp_path: Path) -> None:
    source = _written(tmp_path, "m.obo", OBO)
    assert open_ontology(source, source).names == load_ontology(source).names  # a file is no folder
