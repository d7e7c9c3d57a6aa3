"""Reading files of consent records: YAML or JSON, a FHIR resource or Bundle, or one FHIR resource a line (NDJSON)."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from broker.adapters.yaml_files import Document, Where, YamlFileError, load_yaml
from broker.core import strict_json
from broker.core.consent.importing import Fault, Incoming
from broker.core.consent.record_files import Format, read_records

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN = re.compile(r"unknown member '(.+)'")
_WHOLE = {("file",), ("Bundle",), ("Consent",)}
"""By what a problem calls the document itself."""
MOST_BYTES = 256 * 1024 * 1024


def read_consent_file(path: Path, format: Format) -> tuple[list[Incoming], list[Fault]]:
    """Every version that a file holds, and every fault with file and line or member."""
    if path.suffix in (".yaml", ".yml"):
        return _yaml(path, format)
    if path.suffix == ".ndjson" and format == "fhir":
        return _lines(path)
    value = _json(path.read_bytes())
    if isinstance(value, strict_json.StrictJsonError):
        return [], [Fault(str(path), str(value))]
    return read_records(value, format, lambda _: str(path))


def _yaml(path: Path, format: Format) -> tuple[list[Incoming], list[Fault]]:
    try:
        document = load_yaml(path, anchors=False)
    except YamlFileError as wrong:
        return [], [Fault(str(path), str(wrong))]
    incoming, faults = read_records(document.value, format, lambda index: _line(path, document, index))
    return incoming, [Fault(f"{path}:{document.line(_member(one.problem))}", one.problem) for one in faults]


def _line(path: Path, document: Document, index: int | None) -> str:
    return f"{path}:{document.line(('consents', index) if index is not None else ())}"


def _member(problem: str) -> Where:
    """Where in the document a problem is: its text begins with the member (`consents[0].consent.grantor.kind: …`)."""
    place, _, wrong = problem.partition(": ")
    path = tuple(int(number) if number else name for name, number in _STEP.findall(place))
    unknown = _UNKNOWN.match(wrong)
    path += (unknown[1],) if unknown else ()
    return path[1:] if path[:1] in _WHOLE else path


def _lines(path: Path) -> tuple[list[Incoming], list[Fault]]:
    incoming, faults = list[Incoming](), list[Fault]()
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        value = _json(line)
        if isinstance(value, strict_json.StrictJsonError):
            faults.append(Fault(f"{path}:{number}", str(value)))
            continue
        found, wrong = read_records(value, "fhir", partial(_numbered, path, number))
        incoming += found
        faults += wrong
    return incoming, faults


def _numbered(path: Path, number: int, _: int | None) -> str:
    return f"{path}:{number}"


def _json(raw: bytes) -> Any:
    """The value, or the error that says why there is none."""
    try:
        return strict_json.loads(raw, MOST_BYTES)
    except strict_json.StrictJsonError as wrong:
        return wrong
