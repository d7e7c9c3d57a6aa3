"""Is one disease another, or a kind of it? (specs: DUO data trap 7; MONDO, is_a only)

An Ontology is made once from a release (`release.py`) or read from its closure (`closure.py`). Whatever it does
not know stays unknown: `None`, which is neither yes nor no.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PREFIXES: Mapping[str, str] = {
    "http://purl.obolibrary.org/obo/": "",
    "https://purl.obolibrary.org/obo/": "",
    "http://www.orpha.net/ORDO/": "",
    "https://www.orpha.net/ORDO/": "",
    "https://omim.org/entry/": "OMIM_",
    "https://www.omim.org/entry/": "OMIM_",
    "http://omim.org/entry/": "OMIM_",
    "http://identifiers.org/omim/": "OMIM_",
    "https://identifiers.org/omim/": "OMIM_",
}
_NAMES: Mapping[str, str] = {"ORPHA": "Orphanet", "ORPHANET": "Orphanet", "ORDO": "Orphanet", "MIM": "OMIM"}
"""Other names of a vocabulary."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ontology:
    """A disease ontology, ready to be asked. Each is its own; two are never compared.

    `version` names the release; every decision records it. A live term's number is its place in `names`;
    `others`: obsolete, alternative and other vocabularies' ids that mean one live term. Term n and all that it
    is a kind of: `ancestors[starts[n]:starts[n + 1]]`, sorted. `open_ends`: terms under a parent that the release
    does not have, so that nobody can say what else they are a kind of. `synonyms`: other names of the very same, one
    on each line; empty where the release has none at all. They are for people who look for a term: nothing is decided
    by a name.
    """

    version: str
    names: tuple[str, ...]
    labels: tuple[str, ...]
    numbers: Mapping[str, int]
    others: Mapping[str, int]
    starts: memoryview
    ancestors: memoryview
    open_ends: frozenset[int] = frozenset()
    synonyms: tuple[str, ...] = ()


def curie(term: str) -> str:
    """`MONDO:0004992` for its OBO IRI, `Orphanet:1` for `ORPHA:1`; anything else as it is."""
    for address, prefix in _PREFIXES.items():
        if term.startswith(address):
            return (prefix + term.removeprefix(address)).replace("_", ":", 1)
    vocabulary, colon, local = term.partition(":")
    return _NAMES[vocabulary] + colon + local if vocabulary in _NAMES else term


def known(ontology: Ontology, term: str) -> str | None:
    """The live term that `term` (CURIE or IRI, perhaps obsolete) stands for; None: unknown."""
    number = _number(ontology, term)
    return None if number is None else ontology.names[number]


def covers(ontology: Ontology, dataset_disease: str, asked: str) -> bool | None:
    """Is `asked` the dataset's disease or a descendant of it? None when that is not known."""
    wide, narrow = _number(ontology, dataset_disease), _number(ontology, asked)
    if wide is None or narrow is None:
        return None
    end = ontology.starts[narrow + 1]
    place = bisect_left(ontology.ancestors, wide, ontology.starts[narrow], end)
    if place < end and ontology.ancestors[place] == wide:
        return True
    return None if narrow in ontology.open_ends else False


def kind_of(ontology: Ontology, term: str) -> Iterator[str]:
    """Every live term that `term` is a kind of, itself left out; nothing for an unknown one."""
    number = _number(ontology, term)
    if number is not None:
        found = ontology.ancestors[ontology.starts[number] : ontology.starts[number + 1]]
        yield from (ontology.names[one] for one in found if one != number)


def named(ontology: Ontology, term: str) -> str:
    """The term for people: `melanoma (MONDO:0005105)`, or just its id."""
    number = _number(ontology, term)
    label = ontology.labels[number] if number is not None else ""
    return f"{label} ({curie(term)})" if label else curie(term)


def label(ontology: Ontology, term: str) -> str:
    """Its name alone, for people who have no use for a code; its id, where it has no name."""
    number = _number(ontology, term)
    return (ontology.labels[number] if number is not None else "") or curie(term)


def _number(ontology: Ontology, term: str) -> int | None:
    number = ontology.numbers.get(term)
    if number is not None:  # nearly always: what is stored is a live term's CURIE
        return number
    name = curie(term)
    number = ontology.numbers.get(name)
    return number if number is not None else ontology.others.get(name)
