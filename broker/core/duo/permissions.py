"""Does one permission code allow this purpose? (specs: DUO section 3.1; ruling 6)

A row of the table is a permission, a column a kind of research. A purpose of several kinds needs each of them
allowed; naming a disease is research on that disease, whatever the kinds say.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

from broker.core.duo.ontology import Ontology, covers, known, named
from broker.core.duo.opinion import Match, Opinion, carried, combine, deny, listed, review
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import DS, ENTRIES, GRU, HMB, NRES, POA
from broker.core.purpose import Kind, Purpose


class Cell(Enum):
    """What a permission says about a kind of research; the letters of docs/reference/duo-matching.md."""

    YES = "y"
    NO = "n"
    ASK = "r"
    """A person decides."""
    WITH = "w"
    """A way of working: yes beside a kind that the row allows, else a person asks what it is for."""
    COVERED = "c"
    """Yes iff every disease is the dataset's or a kind of it; none named: a person asks which."""
    NAMED = "d"
    """As COVERED, but no if none is named."""


_COLUMNS = (
    *(Kind.GENERAL, Kind.HMB, Kind.DISEASE, Kind.ANCESTRY, Kind.METHODS, Kind.CONTROL),
    *(Kind.GENETIC, Kind.DRUG_DEVELOPMENT, Kind.POPULATION, Kind.AGE_CATEGORY, Kind.GENDER_CATEGORY),
)
_Y, _N, _R, _W = Cell.YES, Cell.NO, Cell.ASK, Cell.WITH
_D, _C = Cell.NAMED, Cell.COVERED


def _row(*cells: Cell) -> Mapping[Kind, Cell]:
    return MappingProxyType(dict(zip(_COLUMNS, cells, strict=True)))


PERMISSIONS: Mapping[str, Mapping[Kind, Cell]] = MappingProxyType(
    {
        #          gen hmb dis anc met con gnt drg pop age gnd
        NRES: _row(_Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y),
        GRU:  _row(_Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y, _Y),
        HMB:  _row(_N, _Y, _Y, _N, _W, _Y, _Y, _Y, _R, _W, _W),
        DS:   _row(_N, _N, _C, _N, _W, _D, _D, _D, _R, _W, _W),
        POA:  _row(_N, _N, _N, _Y, _R, _N, _W, _N, _R, _W, _W),
    }
)  # fmt: skip
"""Section 3.1, clinical care apart (`_care`). `gnt` and `drg` are biomedical research (DUO:0000037)."""

STRICTER: Mapping[tuple[str, Kind], Cell] = MappingProxyType({(POA, Kind.METHODS): Cell.NO})
"""Where a person's own consent is read more strictly than a dataset's certificate (CONSENT_MODEL section 5)."""

_WORDS: Mapping[Kind, str] = {
    Kind.GENERAL: "general research",
    Kind.HMB: "health research",
    Kind.DISEASE: "disease research",
    Kind.ANCESTRY: "ancestry research",
    Kind.METHODS: "method development",
    Kind.CONTROL: "use as a control set",
    Kind.GENETIC: "genetic research",
    Kind.DRUG_DEVELOPMENT: "drug development",
    Kind.POPULATION: "population research",
    Kind.AGE_CATEGORY: "research on an age group",
    Kind.GENDER_CATEGORY: "research on a gender",
}


def in_words(kind: Kind) -> str:
    """A kind of research, for a sentence."""
    return _WORDS[kind]


def permission_verdict(
    term: Term, purpose: Purpose, ontology: Ontology, *, care: bool = False, strict: bool = False
) -> Match:
    """What one permission code, alone, says about `purpose`. See `permission_opinions`."""
    return combine(permission_opinions(term, purpose, ontology, care=care, strict=strict))


def permission_opinions(
    term: Term, purpose: Purpose, ontology: Ontology, *, care: bool = False, strict: bool = False
) -> tuple[Opinion, ...]:
    """Every objection of one permission code; if there is none, the one opinion that carries a PERMIT.

    `care`: code CC stands beside it. `strict`: the permission is a person's own consent.
    """
    row = PERMISSIONS.get(term.code)
    if row is None:
        return (review("DUO-CODE-UNKNOWN", code=term.name),)
    objections = (
        *_stated(purpose),
        *_kinds(term, row, purpose, ontology, strict=strict),
        *_care(term, purpose, ontology, care=care),
    )
    if objections:
        return objections
    disease = {"disease": _diseases(term, ontology)} if term.code == DS else {}
    return (carried(f"DUO-{term.name}", term.code, **disease),)


def _stated(purpose: Purpose) -> Iterator[Opinion]:
    """Care alone is a purpose too, but only of somebody who said that there is no research in it."""
    if purpose.kinds is None or (not purpose.kinds and purpose.clinical_care is not True):
        yield review("DUO-PURPOSE-UNSTATED", missing="purpose.kinds")


def _kinds(
    term: Term, row: Mapping[Kind, Cell], purpose: Purpose, ontology: Ontology, *, strict: bool
) -> Iterator[Opinion]:
    kinds = purpose.named_kinds | {Kind.DISEASE} if purpose.diseases else purpose.named_kinds
    backed = any(row[kind] in {Cell.YES, Cell.COVERED} for kind in kinds - {Kind.CONTROL})  # a control says not of what
    for kind in kinds:
        cell = STRICTER.get((term.code, kind), row[kind]) if strict else row[kind]
        what, permission = in_words(kind), ENTRIES[term.code].label
        if cell is Cell.NO:
            yield deny("DUO-PURPOSE", purpose=what, permission=permission)
        elif cell is Cell.ASK:
            yield review("DUO-PURPOSE-UNCLEAR", purpose=what, permission=permission)
        elif cell is Cell.WITH and not backed:
            code = "DUO-METHODS-UNCLEAR" if kind is Kind.METHODS else "DUO-PURPOSE-UNCLEAR"
            yield review(code, missing="purpose.kinds", purpose=what, permission=permission)
        elif cell is Cell.NAMED and not purpose.diseases:
            yield deny("DUO-DISEASE-NEEDED", purpose=what, disease=_diseases(term, ontology))
        elif cell is Cell.COVERED:
            yield from _covered(term, purpose, ontology)


def _covered(term: Term, purpose: Purpose, ontology: Ontology) -> Iterator[Opinion]:
    """Every disease asked for must be one of the term's, or a kind of one; what is unknown is for a person."""
    lost = [disease for disease in term.diseases if known(ontology, disease) is None]
    yield from (review("DUO-DISEASE-UNKNOWN", asked=disease) for disease in lost)
    if not term.diseases:
        yield review("DUO-PARAMETER-MISSING", code=term.name, parameter="diseases")
    if not purpose.diseases:
        yield _unnamed(term, ontology)
    for asked in purpose.diseases:
        if known(ontology, asked) is None:
            yield review("DUO-DISEASE-UNKNOWN", asked=asked)
        elif term.diseases and not lost:
            yield from _within(term, asked, ontology)


def _within(term: Term, asked: str, ontology: Ontology) -> Iterator[Opinion]:
    """Nothing if `asked` is one of the term's diseases or a kind of one; unknown is no refusal."""
    answers = {covers(ontology, one, asked) for one in term.diseases}
    if True not in answers and None in answers:
        yield review("DUO-DISEASE-UNKNOWN", asked=asked)
    elif True not in answers:
        yield deny("DUO-DISEASE", asked=named(ontology, asked), disease=_diseases(term, ontology))


def _unnamed(term: Term, ontology: Ontology) -> Opinion:
    return review("DUO-DISEASE-UNSTATED", missing="purpose.diseases", disease=_diseases(term, ontology))


def _diseases(term: Term, ontology: Ontology) -> str:
    return listed(named(ontology, disease) for disease in term.diseases) or "a disease"


def _care(term: Term, purpose: Purpose, ontology: Ontology, *, care: bool) -> Iterator[Opinion]:
    """Clinical care: NRES allows it; elsewhere code CC adds it to whatever the permission allows."""
    if purpose.clinical_care is False or term.code == NRES:
        return
    if purpose.clinical_care is None:
        if not care:
            yield review("DUO-CLINICAL-UNSTATED", missing="purpose.clinical_care")
    elif not care:
        yield deny("DUO-CLINICAL-CARE")
    elif term.code == DS and not purpose.diseases:
        yield _unnamed(term, ontology)
