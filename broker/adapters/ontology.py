"""Reads a disease ontology from disk: OBO 1.4 through fastobo, or obographs JSON (`.json`).

Trusted: whoever can write the file decides which disease is a kind of which. The version that decisions record
is the release's own, with the file's digest behind it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import fastobo

from broker.core.duo.ontology import Ontology, Stanza, build, curie

_REPLACED_BY = "http://purl.obolibrary.org/obo/IAO_0100001"
_IS_A = frozenset({"is_a", "http://www.w3.org/2000/01/rdf-schema#subClassOf"})


class OntologyError(ValueError):
    """The file cannot be read as an ontology; the message names the file and, where there is one, the line."""


def load_ontology(path: Path) -> Ontology:
    """The ontology in `path`, closure and all. OntologyError when it is missing, broken or holds no term."""
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        version, stanzas = _json(path) if path.suffix == ".json" else _obo(path)
    except (SyntaxError, json.JSONDecodeError) as error:
        line = error.lineno or 0
        raise OntologyError(f"{path}, line {line}: {error.msg}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise OntologyError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise OntologyError(f"{path}: not an obographs document ({type(error).__name__})") from None
    ontology = build(f"{version or path.name}#sha256:{digest[:16]}", stanzas)
    if not ontology.ancestors:
        raise OntologyError(f"{path}: no term in it")
    return ontology


def _obo(path: Path) -> tuple[str, list[Stanza]]:
    frames = fastobo.iter(str(path), threads=1)
    versions = [clause.raw_value() for clause in frames.header() if clause.raw_tag() == "data-version"]
    terms = (frame for frame in frames if isinstance(frame, fastobo.term.TermFrame))
    return versions[0] if versions else "", [_stanza(str(frame.id), frame) for frame in terms]


def _stanza(id: str, clauses: Iterable[Any]) -> Stanza:
    said: dict[str, list[str]] = {"name": [], "is_a": [], "is_obsolete": [], "replaced_by": []}
    for clause in clauses:
        if (tag := clause.raw_tag()) in said:
            said[tag].append(clause.raw_value().strip())
    return Stanza(
        id=curie(id),
        label=said["name"][0] if said["name"] else "",
        parents=tuple(map(curie, said["is_a"])),
        obsolete="true" in said["is_obsolete"],
        replaced_by=tuple(map(curie, said["replaced_by"])),
    )


def _json(path: Path) -> tuple[str, list[Stanza]]:
    graphs = json.loads(path.read_bytes())["graphs"]
    version = next((found for graph in graphs if (found := graph.get("meta", {}).get("version"))), "")
    return str(version), [stanza for graph in graphs for stanza in _graph(graph)]


def _graph(graph: Any) -> Iterator[Stanza]:
    parents: dict[str, list[str]] = {}
    for edge in graph.get("edges", ()):
        if edge["pred"] in _IS_A:
            parents.setdefault(edge["sub"], []).append(curie(edge["obj"]))
    for node in graph.get("nodes", ()):
        if node.get("type", "CLASS") == "CLASS":
            meta = node.get("meta", {})
            yield Stanza(
                id=curie(node["id"]),
                label=node.get("lbl") or "",
                parents=tuple(parents.get(node["id"], ())),
                obsolete=meta.get("deprecated") is True,
                replaced_by=tuple(
                    curie(value["val"])
                    for value in meta.get("basicPropertyValues", ())
                    if value["pred"] == _REPLACED_BY
                ),
            )
