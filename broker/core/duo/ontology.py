"""Is one disease another, or a kind of it? (specs: DUO data trap 7; MONDO, is_a only)

An Ontology is made once from the stanzas of a release. Whatever it does not know stays unknown: `None`, which
is neither yes nor no.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_OBO = ("http://purl.obolibrary.org/obo/", "https://purl.obolibrary.org/obo/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """One term as a release states it. `parents`: its direct is_a. `replaced_by`: of an obsolete term."""

    id: str
    label: str = ""
    parents: tuple[str, ...] = ()
    obsolete: bool = False
    replaced_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ontology:
    """A disease ontology, ready to be asked. Each is its own; two are never compared.

    `ancestors`: each live term -> itself and all that it is a kind of. `replaced`: obsolete -> live term.
    `version` names the release; every decision records it.
    """

    version: str
    ancestors: Mapping[str, frozenset[str]]
    replaced: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def curie(term: str) -> str:
    """`MONDO:0004992` for its OBO IRI; anything else as it is."""
    for prefix in _OBO:
        if term.startswith(prefix):
            return term.removeprefix(prefix).replace("_", ":", 1)
    return term


def known(ontology: Ontology, term: str) -> str | None:
    """The live term that `term` (CURIE or IRI, perhaps obsolete) stands for; None: unknown."""
    name = curie(term)
    name = ontology.replaced.get(name, name)
    return name if name in ontology.ancestors else None


def covers(ontology: Ontology, dataset_disease: str, asked: str) -> bool | None:
    """Is `asked` the dataset's disease or a descendant of it? None when either term is unknown."""
    wide, narrow = known(ontology, dataset_disease), known(ontology, asked)
    if wide is None or narrow is None:
        return None
    return wide in ontology.ancestors[narrow]


def named(ontology: Ontology, term: str) -> str:
    """The term for people: `melanoma (MONDO:0005105)`, or just its id."""
    label = ontology.labels.get(known(ontology, term) or "")
    return f"{label} ({curie(term)})" if label else curie(term)


def build(version: str, stanzas: Iterable[Stanza]) -> Ontology:
    """The closure of a release. A term that is stated twice has the parents of both; cycles do no harm.

    An obsolete term with exactly one replacement is that replacement, however many steps away; with none, or
    with several to choose from, it is unknown.
    """
    live: dict[str, set[str]] = {}
    gone: dict[str, set[str]] = {}
    labels: dict[str, str] = {}
    for stanza in stanzas:
        if stanza.obsolete:
            gone.setdefault(stanza.id, set()).update(stanza.replaced_by)
        else:
            live.setdefault(stanza.id, set()).update(stanza.parents)
            labels[stanza.id] = stanza.label
    for term in live.keys() & gone.keys():  # stated both ways: nobody can say which holds
        del live[term], labels[term], gone[term]
    replaced = {old: new for old in gone if (new := _successor(old, gone, live)) is not None}
    parents = {term: {replaced.get(parent, parent) for parent in direct} for term, direct in live.items()}
    return Ontology(
        version=version,
        ancestors=MappingProxyType({term: _closure(term, parents) for term in parents}),
        replaced=MappingProxyType(replaced),
        labels=MappingProxyType({term: label for term, label in labels.items() if label}),
    )


def _successor(old: str, gone: Mapping[str, set[str]], live: Mapping[str, set[str]]) -> str | None:
    seen: set[str] = set()
    term = old
    while term in gone and term not in seen:
        seen.add(term)
        if len(gone[term]) != 1:
            return None
        (term,) = gone[term]
    return term if term in live else None


def _closure(term: str, parents: Mapping[str, set[str]]) -> frozenset[str]:
    found, open_ends = {term}, [term]
    while open_ends:
        new = parents.get(open_ends.pop(), set()) - found
        found |= new
        open_ends.extend(new)
    return frozenset(found)
