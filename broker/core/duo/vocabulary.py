"""Which terms does the Data Use Ontology have, and what is each for? (specs: DUO section 1)

Release 2021-02-23, all 39 terms. Data traps 1 and 2 of that section are answered here: NPOA's IRI has one
zero too many, and two of the four obsolete terms are not marked as such in the OWL file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class TermKind(Enum):
    """What a DUO term is for. Only permissions and modifiers may stand on a dataset."""

    PERMISSION = "permission"
    MODIFIER = "modifier"
    INVESTIGATION = "investigation"
    ROOT = "root"
    OBSOLETE = "obsolete"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of DUO (release 2021-02-23). `parameters`: the members of `Term` that this code reads."""

    code: str
    shorthand: str
    kind: TermKind
    label: str
    parameters: frozenset[str] = frozenset()


def _rows(kind: TermKind, *rows: tuple[str, str, str] | tuple[str, str, str, str]) -> tuple[Entry, ...]:
    return tuple(
        Entry(f"DUO:{number}", shorthand, kind, label, frozenset(parameter))
        for number, shorthand, label, *parameter in rows
    )


_ENTRIES = (
    *_rows(
        TermKind.PERMISSION,
        ("0000004", "NRES", "no restriction"),
        ("0000042", "GRU", "general research use"),
        ("0000006", "HMB", "health or medical or biomedical research"),
        ("0000007", "DS", "disease specific research", "diseases"),
        ("0000011", "POA", "population origins or ancestry research only"),
    ),
    *_rows(
        TermKind.MODIFIER,
        ("0000012", "RS", "research specific restrictions", "research_types"),
        ("0000015", "NMDS", "no general methods research"),
        ("0000016", "GSO", "genetic studies only"),
        ("0000018", "NPUNCU", "not for profit, non commercial use only"),
        ("0000019", "PUB", "publication required"),
        ("0000020", "COL", "collaboration required", "text"),
        ("0000021", "IRB", "ethics approval required"),
        ("0000022", "GS", "geographical restriction", "regions"),
        ("0000024", "MOR", "publication moratorium", "date"),
        ("0000025", "TS", "time limit on use", "months"),
        ("0000026", "US", "user specific restriction", "users"),
        ("0000027", "PS", "project specific restriction", "projects"),
        ("0000028", "IS", "institution specific restriction", "institutions"),
        ("0000029", "RTN", "return to database or resource"),
        ("0000043", "CC", "clinical care use"),
        ("0000044", "NPOA", "population origins or ancestry research prohibited"),
        ("0000045", "NPU", "not for profit organisation use only"),
        ("0000046", "NCU", "non-commercial use only"),
    ),
    *_rows(
        TermKind.INVESTIGATION,
        ("0000031", "", "method development"),
        ("0000032", "", "population research"),
        ("0000033", "", "ancestry research"),
        ("0000034", "", "age category research"),
        ("0000035", "", "gender category research"),
        ("0000036", "", "research control"),
        ("0000037", "", "biomedical research"),
        ("0000038", "", "genetic research"),
        ("0000039", "", "drug development research"),
        ("0000040", "", "disease category research"),
    ),
    *_rows(
        TermKind.ROOT,
        ("0000001", "", "data use permission"),
        ("0000017", "", "data use modifier"),
    ),
    *_rows(
        TermKind.OBSOLETE,
        ("0000002", "", "obsolete consent code primary category"),
        ("0000003", "", "obsolete consent code secondary category"),
        ("0000005", "GRU-CC", "obsolete general research use and clinical care"),
        ("0000014", "RU", "obsolete research use only"),
    ),
)

ENTRIES: Mapping[str, Entry] = MappingProxyType({entry.code: entry for entry in _ENTRIES})
"""All 39 terms, by CURIE."""

NRES, GRU, HMB, DS, POA = "DUO:0000004", "DUO:0000042", "DUO:0000006", "DUO:0000007", "DUO:0000011"
RS, NMDS, GSO, NPUNCU = "DUO:0000012", "DUO:0000015", "DUO:0000016", "DUO:0000018"
PUB, COL, IRB, GS, MOR = "DUO:0000019", "DUO:0000020", "DUO:0000021", "DUO:0000022", "DUO:0000024"
TS, US, PS, IS, RTN = "DUO:0000025", "DUO:0000026", "DUO:0000027", "DUO:0000028", "DUO:0000029"
CC, NPOA, NPU, NCU = "DUO:0000043", "DUO:0000044", "DUO:0000045", "DUO:0000046"
GRU_CC, RU = "DUO:0000005", "DUO:0000014"
CATEGORIES = frozenset({"DUO:0000002", "DUO:0000003"})
"""Obsolete headings that never said anything: ignored, with a notice."""

_SHORTHANDS = {entry.shorthand: entry.code for entry in _ENTRIES if entry.shorthand}
_CODE = re.compile(r"(?:https?://purl\.obolibrary\.org/obo/)?DUO[:_](\d{7,8})", re.ASCII)
_MISTYPED = {"00000044": "0000044"}
"""The OWL file gives NPOA an IRI with one zero too many."""


def canonical_code(written: str) -> str:
    """The CURIE for a CURIE, an IRI or a shorthand; anything else comes back as it was written."""
    text = written.strip()
    shorthand = _SHORTHANDS.get(text.upper())
    if shorthand is not None:
        return shorthand
    found = _CODE.fullmatch(text)
    if found is None:
        return text
    number = _MISTYPED.get(found[1], found[1])
    return f"DUO:{number}"
