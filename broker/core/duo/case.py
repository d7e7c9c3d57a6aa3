"""One row of a DUO case file, judged by the product's own matcher (`broker check duo`)."""

from collections.abc import Mapping

from broker.core.duo.match import match
from broker.core.duo.ontology import Ontology
from broker.core.duo.opinion import Match
from broker.core.duo.terms import parse_terms
from broker.core.purpose import read_purpose
from broker.core.time import Day


def judge_case(row: Mapping[str, object], ontology: Ontology, today: Day | None = None) -> tuple[str, tuple[str, ...]]:
    """(`PERMIT`, `REVIEW` or `DENY`; the obligations) for the members `dataset` and `purpose` of `row`.

    Nothing else of the row is read. ValueError names the member that cannot be read.
    """
    found = _matched(row, ontology, today)
    return found.verdict.name, found.obligations


def codes_of(row: Mapping[str, object], ontology: Ontology, today: Day | None = None) -> tuple[str, ...]:
    """Why `row` is judged so: the codes of its reasons, each once. ValueError as `judge_case`."""
    return tuple(dict.fromkeys(reason.code for reason in _matched(row, ontology, today).reasons))


def _matched(row: Mapping[str, object], ontology: Ontology, today: Day | None) -> Match:
    purpose = row.get("purpose")
    if not isinstance(purpose, Mapping):
        raise ValueError("purpose: not an object")  # noqa: TRY004 (one kind of error for a bad case file)
    return match(parse_terms(row.get("dataset")), read_purpose(purpose), ontology, today)
