"""The second reader's own disease ontology: `is_a` closures out of an OBO file, read line by line."""

from collections.abc import Iterable
from pathlib import Path

_IRI = "http://purl.obolibrary.org/obo/"


def curie(term: str) -> str:
    """`MONDO:0005015` for a term written as CURIE or as IRI."""
    if term.startswith(_IRI):
        return term.removeprefix(_IRI).replace("_", ":", 1)
    return term


class Diseases:
    """Which term lies within which. A term that the file lacks, or has buried without an heir, is unknown."""

    def __init__(self, path: Path) -> None:
        self.parents: dict[str, set[str]] = {}
        self.buried: set[str] = set()
        self.heirs: dict[str, str] = {}
        in_term, name = False, ""
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                in_term = line == "[Term]"
            elif in_term and line.startswith("id: "):
                name = line[4:].strip()
                self.parents.setdefault(name, set())
            elif in_term and line.startswith("is_a: "):
                self.parents[name].add(line[6:].split("!")[0].split("{")[0].strip())
            elif in_term and line.startswith("is_obsolete: true"):
                self.buried.add(name)
            elif in_term and line.startswith("replaced_by: "):
                self.heirs[name] = line[13:].split("!")[0].strip()

    def resolve(self, term: str) -> str | None:
        """The living term that is meant, or None if nobody knows."""
        name, seen = curie(term), set[str]()
        while name in self.buried:
            if name in seen or name not in self.heirs:
                return None
            seen.add(name)
            name = self.heirs[name]
        return name if name in self.parents else None

    def ancestors(self, name: str) -> set[str]:
        """The term itself and everything that it is."""
        found, waiting = set[str](), [name]
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting.extend(self.parents.get(here, ()))
        return found

    def within(self, asked: str, permitted: Iterable[str]) -> bool | None:
        """Does `asked` equal or descend from one of `permitted`? None: it hangs on a term that nobody knows.

        Reading: an unknown term among the permitted ones makes every answer unknown (duo.md, data trap 7: an
        unknown id is for a person), even when another of them covers what is asked.
        """
        allowed = [self.resolve(one) for one in permitted]
        meant = self.resolve(asked)
        if meant is None or None in allowed or not allowed:
            return None
        return bool(self.ancestors(meant) & set(allowed))
