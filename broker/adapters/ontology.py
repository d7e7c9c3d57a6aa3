"""Reads a disease ontology from disk: OBO 1.4 through fastobo, or obographs JSON (`.json`).

Trusted: whoever can write the file decides which disease is a kind of which. The version that decisions record
is the release's own, with the file's digest behind it. A file with any error is refused whole.
"""

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import fastobo

from broker.core.duo.closure import ClosureError, decode, encode
from broker.core.duo.ontology import Ontology, curie
from broker.core.duo.release import ReleaseError, Stanza, build

_REPLACED_BY = "http://purl.obolibrary.org/obo/IAO_0100001"
_ALTERNATIVE = "http://www.geneontology.org/formats/oboInOwl#hasAlternativeId"
_EXACT = frozenset({"exactMatch", "skos:exactMatch", "http://www.w3.org/2004/02/skos/core#exactMatch"})
_IS_A = frozenset({"is_a", "http://www.w3.org/2000/01/rdf-schema#subClassOf"})
_VOCABULARIES = ("OMIM:", "Orphanet:", "DOID:")
"""Whose ids may stand for a term, where the release itself calls them an exact match."""
_IN_NAME = 16
"""Digits of the file's digest in a version, and in the name of its closure."""


class OntologyError(ValueError):
    """The file cannot be read as an ontology; the message names the file and, where there is one, the line."""


def open_ontology(path: Path, folder: Path) -> Ontology:
    """The ontology in `path`, from its closure in `folder` if there is one; else made, and kept there.

    Closures of other releases stay, each under its digest. OntologyError as `load_ontology`; then nothing changes.
    """
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise OntologyError(f"{path}: {error}") from None
    kept = closure_file(folder, digest)
    with suppress(OSError, ClosureError):
        return decode(kept.read_bytes(), digest)
    return keep_ontology(path, folder)


def keep_ontology(path: Path, folder: Path) -> Ontology:
    """The ontology in `path`, read anew whatever is kept; its closure then lies in `folder`, whole or not at all."""
    raw, digest = _read(path)
    ontology = _made(path, raw, digest)
    with suppress(OSError):  # what can be made again does not stop a start
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".half-", delete=False) as half:
            try:
                half.write(encode(ontology, digest))
                half.flush()
                os.fsync(half.fileno())
                Path(half.name).replace(closure_file(folder, digest))
            except OSError:
                Path(half.name).unlink()
                raise
    return ontology


def closure_file(folder: Path, digest: str) -> Path:
    """Where the closure of the file with this SHA-256 is kept; the version of its ontology ends with these digits."""
    return folder / f"{digest[:_IN_NAME]}.closure"


def load_ontology(path: Path) -> Ontology:
    """The ontology in `path`, closure and all. OntologyError when it is missing, broken or holds no term."""
    return _made(path, *_read(path))


def _read(path: Path) -> tuple[bytes, str]:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise OntologyError(f"{path}: {error}") from None
    return raw, hashlib.sha256(raw).hexdigest()


def _made(path: Path, raw: bytes, digest: str) -> Ontology:
    try:
        version, stanzas = _json(raw) if path.suffix == ".json" else _obo(raw)
        ontology = build(f"{version or path.name}#sha256:{digest[:_IN_NAME]}", stanzas)
    except (SyntaxError, json.JSONDecodeError) as error:
        raise OntologyError(f"{path}, line {error.lineno or 0}: {error.msg}") from None
    except ReleaseError as error:
        raise OntologyError(f"{path}, line {_line(raw, error.term)}: {error}") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise OntologyError(f"{path}, line {line}: not UTF-8") from None
    except OSError as error:
        raise OntologyError(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise OntologyError(f"{path}: not an obographs document ({type(error).__name__})") from None
    if not ontology.names:
        raise OntologyError(f"{path}: no term in it")
    return ontology


def _line(raw: bytes, term: str) -> int:
    """Where `term` is stated: the line of its `id`, as a CURIE or an IRI."""
    local = re.escape(term.encode()).replace(b":", b"[:_]", 1)
    stated = re.compile(rb"^.*\bid\"?\s*:.*?" + local + rb"(?![0-9A-Za-z]).*$", re.MULTILINE)
    found = stated.search(raw)
    return raw.count(b"\n", 0, found.start()) + 1 if found is not None else 0


def _obo(raw: bytes) -> tuple[str, list[Stanza]]:
    frames = fastobo.iter(io.BytesIO(raw), threads=1)
    versions = [clause.raw_value() for clause in frames.header() if clause.raw_tag() == "data-version"]
    terms = (frame for frame in frames if isinstance(frame, fastobo.term.TermFrame))
    return versions[0] if versions else "", [_stanza(str(frame.id), frame) for frame in terms]


def _stanza(id: str, clauses: Iterable[Any]) -> Stanza:
    said: dict[str, list[str]] = {"name": [], "is_a": [], "is_obsolete": [], "replaced_by": [], "alt_id": []}
    exact: list[str] = []
    synonyms: list[str] = []
    for clause in clauses:
        if (tag := clause.raw_tag()) in said:
            said[tag].append(clause.raw_value().strip())
        elif tag == "property_value" and str(clause.property_value.relation) in _EXACT:
            exact.append(str(clause.property_value.value))
        elif tag == "synonym" and clause.synonym.scope == "EXACT":
            synonyms.append(clause.synonym.desc)
    return Stanza(
        id=curie(id),
        label=said["name"][0] if said["name"] else "",
        parents=tuple(map(curie, said["is_a"])),
        obsolete="true" in said["is_obsolete"],
        replaced_by=tuple(map(curie, said["replaced_by"])),
        same=_same(said["alt_id"], exact),
        synonyms=tuple(synonyms),
    )


def _same(alternatives: Iterable[str], exact: Iterable[str]) -> tuple[str, ...]:
    others = (curie(one) for one in exact)
    return (*map(curie, alternatives), *(other for other in others if other.startswith(_VOCABULARIES)))


def _json(raw: bytes) -> tuple[str, list[Stanza]]:
    graphs = json.loads(raw)["graphs"]
    version = next((found for graph in graphs if (found := graph.get("meta", {}).get("version"))), "")
    return str(version), [stanza for graph in graphs for stanza in _graph(graph)]


def _graph(graph: Any) -> Iterator[Stanza]:
    parents: dict[str, list[str]] = {}
    for edge in graph.get("edges", ()):
        if edge["pred"] in _IS_A:
            parents.setdefault(edge["sub"], []).append(curie(edge["obj"]))
    for node in graph.get("nodes", ()):
        if node.get("type", "CLASS") == "CLASS":
            yield _node(node, tuple(parents.get(node["id"], ())))


def _node(node: Any, parents: tuple[str, ...]) -> Stanza:
    meta = node.get("meta", {})
    if not isinstance(meta.get("deprecated", False), bool):
        raise TypeError("deprecated: neither true nor false")
    said = [(value["pred"], value["val"]) for value in meta.get("basicPropertyValues", ())]
    return Stanza(
        id=curie(node["id"]),
        label=node.get("lbl") or "",
        parents=parents,
        obsolete=meta.get("deprecated") is True,
        replaced_by=tuple(curie(value) for name, value in said if name == _REPLACED_BY),
        same=_same(
            (value for name, value in said if name == _ALTERNATIVE), (value for name, value in said if name in _EXACT)
        ),
        synonyms=tuple(one["val"] for one in meta.get("synonyms", ()) if one["pred"] == "hasExactSynonym"),
    )
