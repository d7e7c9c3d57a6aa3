"""Which DUO codes does an ADA-M matrix mean? (specs: DUO section 5; ADA-M 1.0 and 1.1.0, import only)

Strict: ValueError names the member that cannot be read. What DUO cannot say, what names people or organisations in
free words, and what the matrix does not state goes to a person.
"""

import re
from collections.abc import Iterator, Mapping

from broker.core.duo import vocabulary as duo
from broker.core.duo.adam_form import Limit, Matrix, Research, read_form
from broker.core.duo.foreign import UNKNOWN_PLACE, Imported, Note, words
from broker.core.duo.regions import expand
from broker.core.duo.terms import MAX_TERMS, Term

FREE, LIMITED, FORBIDDEN = "UNRESTRICTED", "LIMITED", "FORBIDDEN"
MUST, LIMITED_MUST = "UNRESTRICTED_OBLIGATORY", "LIMITED_OBLIGATORY"

_CODES: Mapping[tuple[str, str], str] = {
    ("profitOrganisation", FORBIDDEN): duo.NPU,
    ("nonProfitOrganisation", MUST): duo.NPU,
    ("profitPurpose", FORBIDDEN): duo.NCU,
    ("nonProfitPurpose", MUST): duo.NCU,
}
_UNSTATED: Mapping[str, str] = {"profitOrganisation": duo.NPU, "profitPurpose": duo.NCU}
_BANNED: Mapping[str, str] = {"METHODS": duo.NMDS, "ANCESTRY": duo.NPOA}
_DISEASE_ID = re.compile(r"[A-Za-z]+:\S+")
"""A CURIE or an IRI."""
_ORDER = (duo.HMB, duo.DS, duo.POA)
"""If several kinds of research are allowed, the first of these codes is taken: DUO has no "or"."""

Said = Iterator[Term | Note]


def read_matrix(raw: object) -> Imported:
    """The codes of a matrix. ValueError for anything that cannot be read."""
    matrix = read_form(raw)
    said = [*_research(matrix), *_slots(matrix), *_clinical(matrix), *_terms(matrix), *_meta(matrix)]
    terms = tuple(dict.fromkeys(part for part in said if isinstance(part, Term)))
    if len(terms) > MAX_TERMS:
        raise ValueError(f"more than {MAX_TERMS} codes")
    return Imported(title=matrix.title, terms=terms, notes=tuple(part for part in said if isinstance(part, Note)))


def _kept(where: str, what: str, why: str = "no DUO code says this") -> Said:
    yield words(f"{where}: {what}")
    yield Note(where, why)


def _slots(matrix: Matrix) -> Said:
    unstated: list[str] = []
    for name, slot in matrix.slots.items():
        where = f"profile.{name}"
        if slot.value is None and name in _UNSTATED:
            yield Term(code=_UNSTATED[name])
            yield Note(where, "not stated, so forbidden")
        elif slot.value is None:
            unstated.append(name)
        else:
            yield from _slot(name, where, slot)
    unstated += matrix.unstated
    if unstated:
        yield from _kept("not stated", ", ".join(unstated), "what is not stated is not allowed until a person says so")


def _slot(name: str, where: str, slot: Limit) -> Said:
    code = _CODES.get((name, slot.value or ""))
    if code is not None and not slot.allowed:
        yield Term(code=code)
    elif name == "country" and slot.value == LIMITED and slot.allowed and not slot.obligatory:
        yield Term(code=duo.GS, regions=frozenset(slot.allowed))
        if any(expand(place) is None for place in slot.allowed):
            yield Note("profile.allowedCountries", UNKNOWN_PLACE)
    elif name == "person" and slot.value == LIMITED:
        yield Term(code=duo.US)
        yield Note(where, "name the persons as `issuer|subject`")
    elif slot.value != FREE or slot.allowed:
        yield from _kept(where, "; ".join([str(slot.value), *slot.allowed]))


def _research(matrix: Matrix) -> Said:
    value, where = matrix.research.value, "profile.researchPurpose"
    allowed: list[Term] = []
    if value in {FREE, MUST}:
        yield Term(code=duo.GRU)
    elif value in {LIMITED, LIMITED_MUST}:
        allowed = [term for one in matrix.kinds if (term := _allowed(one)) is not None]
        yield from _permission(allowed)
        if not any(one.type == "METHODS" for one in matrix.kinds):
            yield Term(code=duo.NMDS)
            yield Note("profile.allowedResearchProfiles", "method development is not spoken of, so forbidden")
    else:
        yield Note(where, "no research is allowed, or nobody says so: a person must say what the data may be used for")
    if matrix.research.allowed:
        yield from _kept("profile.allowedResearchPurposes", "; ".join(matrix.research.allowed))
    for one in matrix.kinds:
        yield from _kind(one, _best(allowed))


def _allowed(one: Research) -> Term | None:
    """The permission that a kind of research stands for; None: it stands for none."""
    whole = one.restriction in {FREE, MUST} and not one.description
    if one.type == "DISEASE" and one.restriction not in {None, FORBIDDEN} and one.description:
        return Term(code=duo.DS, diseases=frozenset({one.description}))
    if one.type == "BIOMEDICAL" and whole:
        return Term(code=duo.HMB)
    return Term(code=duo.POA) if one.type == "ANCESTRY" and whole else None


def _permission(allowed: list[Term]) -> Said:
    """The widest of what is allowed; anything beside it is left out and told."""
    best = _best(allowed)
    if best is None:
        yield Note("profile.allowedResearchProfiles", "no DUO code permits just this: a person must choose one")
        return
    chosen = [term for term in allowed if term.code == best]
    yield Term(code=best, diseases=frozenset().union(*(term.diseases for term in chosen)))
    if any(term.code == duo.POA for term in allowed) and best != duo.POA:
        yield Note("profile.allowedResearchProfiles", "ancestry research is allowed too, and is left out")
    if any(_DISEASE_ID.fullmatch(disease) is None for term in chosen for disease in term.diseases):
        yield Note("profile.allowedResearchProfiles", "a disease in words: name its term")


def _best(allowed: list[Term]) -> str | None:
    return next((code for code in _ORDER if any(term.code == code for term in allowed)), None)


def _kind(one: Research, permission: str | None) -> Said:
    """What a kind of research forbids or demands, beside the permission that was chosen."""
    if one.restriction == FORBIDDEN and one.type in _BANNED and not one.description:
        yield Term(code=_BANNED[one.type])
    elif one.restriction == MUST and one.type == "GENETIC" and not one.description:
        yield Term(code=duo.GSO)
    elif one.restriction == FREE:
        if _allowed(one) is None:
            yield Note(one.where, f"{one.wording}: allowed as far as the permission code allows it")
    elif one.restriction != LIMITED or _allowed(one) is None or permission != duo.DS:
        yield from _kept(one.where, one.wording)


def _clinical(matrix: Matrix) -> Said:
    if matrix.clinical.value == FREE and not matrix.clinical.allowed:
        yield Term(code=duo.CC)
    elif matrix.clinical.value in {None, FORBIDDEN} and not matrix.clinical.allowed:
        return
    else:
        yield Note("profile.clinicalPurpose", "clinical use is allowed with limits, and is left out")
        if matrix.clinical.value in {MUST, LIMITED_MUST}:
            yield words("only clinical purposes")


def _terms(matrix: Matrix) -> Said:
    for name, written in matrix.terms.items():
        where = f"terms.{name}"
        if name == "Collaboration" and written:
            yield Term(code=duo.COL, text="; ".join(written))
        elif written is not None:
            yield from _kept(where, "; ".join(written) or "there are some")


def _meta(matrix: Matrix) -> Said:
    for where, what in matrix.meta:
        yield from _kept(where, what, "a person must look")
    if matrix.any_obligation:
        yield Note("metaConditions.multipleObligationsRule", "one obligation would do; all of them are asked")
