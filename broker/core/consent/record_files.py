"""Which consent versions does a file hold? Native records, or FHIR: a Consent, a Bundle of them, one a line.

Every fault is found before anything is used, and names where it is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from broker.core.consent.fhir_reading import read_consent
from broker.core.consent.fhir_writing import write_consent
from broker.core.consent.importing import Fault, Incoming
from broker.core.consent.members import Members
from broker.core.consent.model import ConsentVersion
from broker.core.consent.reading import read_version
from broker.core.consent.writing import write_version

Format = Literal["native", "fhir"]
SCHEMA = "broker.consents/1"
MOST = 100_000
"""Records of one file."""


def read_records(
    value: object, format: Format, where: Callable[[int | None], str]
) -> tuple[list[Incoming], list[Fault]]:
    """Every version that `value` holds, and every fault. `where`: the file, and the line of one of its records."""
    incoming, faults = list[Incoming](), list[Fault]()
    try:
        parts = list(_native(value) if format == "native" else _fhir(value))
    except ValueError as wrong:
        return [], [Fault(where(None), str(wrong))]
    for index, (at, one) in enumerate(parts):
        try:
            incoming.append(_one(one, format, at, where(index)))
        except ValueError as wrong:
            faults.append(Fault(where(index), str(wrong)))
    return incoming, faults


def _native(value: object) -> Iterator[tuple[str, object]]:
    whole = Members(value, "file")
    if whole.take("schema") != SCHEMA:
        raise whole.wrong("schema", f"not {SCHEMA}")
    records = _listed(whole.take("consents"), "consents")
    whole.done()
    return ((f"consents[{index}]", one) for index, one in enumerate(records))


def _fhir(value: object) -> Iterator[tuple[str, object]]:
    """One resource, or the resources of a Bundle; anything else in a Bundle is an error, and never left out."""
    if not isinstance(value, Mapping) or value.get("resourceType") != "Bundle":
        yield "Consent", value
        return
    bundle = Members(value, "Bundle")
    for name in ("resourceType", "id", "timestamp", "total", "meta"):
        bundle.take(name)
    if bundle.take("type") not in ("collection", "searchset"):
        raise bundle.wrong("type", "neither collection nor searchset")
    entries = _listed(bundle.take("entry"), "Bundle.entry")
    bundle.done()
    for index, raw in enumerate(entries):
        entry = Members(raw, f"Bundle.entry[{index}]")
        entry.take("fullUrl")
        resource = entry.take("resource")
        entry.done()
        yield f"{entry.place}.resource", resource


def _listed(raw: object, place: str) -> list[Any]:
    if not isinstance(raw, list) or len(raw) > MOST:
        raise ValueError(f"{place}: not a list of at most {MOST}")
    return raw


def _one(value: object, format: Format, at: str, place: str) -> Incoming:
    if format == "fhir":
        read = read_consent(value, at)
        return Incoming(place=f"{place}: {at}", version=read.version, datasets=read.datasets, review=read.review)
    part = Members(value, at)
    datasets, record = part.texts("datasets"), part.take("consent")
    part.done()
    version = read_version(record, None, f"{at}.consent")
    return Incoming(place=f"{place}: {at}.consent", version=version, datasets=datasets or ())


def written(versions: Iterable[tuple[ConsentVersion, Sequence[str]]], format: Format) -> dict[str, Any]:
    """A file of these versions and the datasets of each, which `read_records` reads as the same."""
    if format == "fhir":
        entries = [{"resource": write_consent(version, datasets)} for version, datasets in versions]
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}
    consents = [{"datasets": list(datasets), "consent": write_version(version)} for version, datasets in versions]
    return {"schema": SCHEMA, "consents": consents}
