"""`broker check KIND FILE…`: case files through the product's own code; an institution's own ones too.

A judge sees the question of a row and nothing else: neither its id nor its title.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from broker.adapters.jose import check_signature
from broker.adapters.ontology import load_ontology
from broker.adapters.policy_files import load_packs
from broker.adapters.yaml_files import load_yaml
from broker.commands.common import Fail, telling
from broker.config import shared_folder
from broker.core import strict_json
from broker.core.consent.case import judge_case as judge_consent
from broker.core.duo.case import judge_case as judge_duo
from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.case import differences
from broker.core.jurisdiction.case import judge_case as judge_jurisdiction
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.passport.case import bench, judge_conditions, judge_pattern, judge_visa
from broker.core.time import Seconds, day_of, parse_rfc3339

_BYTES = 64 * 1024 * 1024
Verdict = tuple[str, str, str]
"""(id, what was wanted, what was given): a row that differs. Equal texts: it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What the cases are judged against."""

    ontology: Ontology
    rulebook: Rulebook
    at: Seconds | None


@click.command()
@click.argument("kind", type=click.Choice(["visas", "conditions", "patterns", "duo", "consent", "jurisdiction"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--mondo", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Another ontology (OBO, JSON)."
)
@click.option("--packs", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Another folder of packs.")
@click.option("--at", help="Judge at this time (RFC 3339) instead of the file's.")
def check(kind: str, files: tuple[Path, ...], mondo: Path | None, packs: Path | None, at: str | None) -> None:
    """Judge case files. Prints each row that differs; non-zero if one does."""
    with telling():
        against = _against(mondo, packs, at)
        verdicts = [verdict for file in files for verdict in _judged(kind, file, against)]
    failed = [(id, wanted, given) for id, wanted, given in verdicts if wanted != given]
    for id, wanted, given in failed:
        click.echo(f"{id}: wanted {wanted}, given {given}")
    click.echo(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed or not verdicts else 0)


def _against(mondo: Path | None, packs: Path | None, at: str | None) -> Against:
    config = shared_folder("config")
    rules = rulebook(load_packs(packs or config / "policies"), "example")
    if not isinstance(rules, Rulebook):
        raise Fail("; ".join(rules))
    return Against(
        ontology=load_ontology(mondo or config / "ontology" / "mondo-demo.obo"),
        rulebook=rules,
        at=parse_rfc3339(at) if at is not None else None,
    )


def _judged(kind: str, path: Path, against: Against) -> list[Verdict]:
    """The verdicts of one file. Fail names the file, and the line or the field, of what cannot be read."""
    try:
        document = read_document(path)
        if document is None:
            raise Fail("there is nothing in it")  # noqa: TRY301 (said with the file's name below)
        return list(KINDS[kind](document, against))
    except (ValueError, Fail) as wrong:
        raise Fail(f"{path}: {wrong}") from None
    except (KeyError, TypeError, AttributeError) as wrong:
        raise Fail(f"{path}: not a file of {kind} cases ({type(wrong).__name__}: {wrong})") from None


def read_document(path: Path) -> Any:
    """What a JSON or YAML file says. ValueError with the line of what cannot be read."""
    if path.suffix != ".json":
        return load_yaml(path, anchors=True).value
    raw = path.read_bytes()
    try:
        return strict_json.loads(raw, _BYTES)
    except strict_json.StrictJsonError as wrong:
        raise ValueError(f"{_line(raw)}{wrong}") from None


def _line(raw: bytes) -> str:
    """Where the text stops being JSON, if that is what is wrong with it."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as wrong:
        return f"line {wrong.lineno}, column {wrong.colno}: "
    except (ValueError, RecursionError):
        return ""
    return ""


def _want(row: Mapping[str, Any], where: str, name: str, kind: type | None = None) -> Any:
    if name not in row:
        raise Fail(f"{where}.{name}: missing")
    if kind is not None and not isinstance(row[name], kind):
        raise Fail(f"{where}.{name}: not {_CALLED[kind]}")
    return row[name]


_CALLED = {str: "text", bool: "true or false", list: "a list"}


def _rows(document: Any, name: str = "cases") -> list[Mapping[str, Any]]:
    found = document.get(name) if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Fail(f"a case file has a list of {name}")
    return found


def _id(row: Mapping[str, Any], place: int) -> str:
    return str(row.get("id", f"row {place}"))


def _safely(judge: Callable[[], Any]) -> Any:
    """A row that cannot be read is a row that fails, and says why."""
    try:
        return judge()
    except ValueError as wrong:
        return f"unreadable: {wrong}"


def _duo(document: Any, against: Against) -> Iterator[Verdict]:
    for place, row in enumerate(_rows(document)):
        today = day_of(against.at) if against.at is not None else None
        asked = {"dataset": row.get("dataset"), "purpose": row.get("purpose")}
        given = _safely(lambda asked=asked, today=today: judge_duo(asked, against.ontology, today))  # type: ignore[misc]
        verdict, obligations = given if isinstance(given, tuple) else (given, ())
        wanted, shown = {"outcome": row["expect"]}, {"outcome": verdict}
        if "obligations" in row:
            wanted["obligations"] = sorted(row["obligations"])
            shown["obligations"] = sorted(one for one in obligations if one in row["obligations"])
        yield _id(row, place), json.dumps(wanted), json.dumps(shown)


def _consent(document: Any, against: Against) -> Iterator[Verdict]:
    defaults = {name: document.get(name, {}) for name in ("request_defaults", "dataset_defaults")}
    at = against.at if against.at is not None else parse_rfc3339(str(document["at"]))
    for place, row in enumerate(_rows(document)):
        asked = {name: value for name, value in row.items() if name not in ("id", "title", "expect", "why", "note")}
        given = _safely(lambda asked=asked: judge_consent(asked, defaults, at, against.ontology))  # type: ignore[misc]
        expect = row["expect"]
        wanted = {name: sorted(value) if isinstance(value, list) else value for name, value in expect.items()}
        shown = {name: given.get(name) for name in expect} if isinstance(given, Mapping) else given
        if isinstance(shown, dict) and set(wanted.get("reasons", ())) <= set(shown.get("reasons") or ()):
            shown |= {name: wanted[name] for name in wanted if name == "reasons"}  # a row expects no more than it names
        yield _id(row, place), json.dumps(wanted, sort_keys=True), json.dumps(shown, sort_keys=True)


def _jurisdiction(document: Any, against: Against) -> Iterator[Verdict]:
    at = str(document.get("at", ""))
    defaults, profiles = document.get("defaults", {}), document.get("profiles", {})
    for place, row in enumerate(_rows(document)):
        asked = {name: row[name] for name in ("profile", "facts", "at") if name in row}
        answer = _safely(
            lambda asked=asked: judge_jurisdiction(asked, defaults, profiles, at, against.rulebook)  # type: ignore[misc]
        )
        found = (answer,) if isinstance(answer, str) else differences(row["expect"], answer)
        yield _id(row, place), "as expected", "; ".join(found) or "as expected"


def _visas(document: Any, against: Against) -> Iterator[Verdict]:
    if not isinstance(document, dict):
        raise Fail("a file of visa cases is an object")
    judged = bench(document | ({"clock": against.at} if against.at is not None else {}))
    for place, row in enumerate(_rows(document, "tokens")):
        where = f"tokens[{place}]"
        wanted = _want(row, where, "verdict", str)
        if wanted not in ("accept", "refuse"):
            raise Fail(f"{where}.verdict: neither accept nor refuse")
        reason = judge_visa(judged, _want(row, where, "token"), check_signature)
        verdict = "accept" if reason is None else "refuse"
        because = f" ({reason.code})" if reason is not None and wanted == "accept" else ""
        yield _id(row, place), wanted, verdict + because


def _conditions(document: Any, _: Against) -> Iterator[Verdict]:
    for place, row in enumerate(_rows(document)):
        where = f"cases[{place}]"
        others = _want(row, where, "other_visa_objects", list)
        if not all(isinstance(other, dict) for other in others):
            raise Fail(f"{where}.other_visa_objects: not a list of objects")
        met = judge_conditions(_want(row, where, "conditions"), others)
        yield _id(row, place), str(_want(row, where, "expect_met", bool)), str(met)


def _patterns(document: Any, _: Against) -> Iterator[Verdict]:
    for place, row in enumerate(_rows(document)):
        where = f"cases[{place}]"
        found = judge_pattern(_want(row, where, "expr"), _want(row, where, "value"))
        yield _id(row, place), str(_want(row, where, "expect", bool)), str(found)


KINDS: Mapping[str, Callable[[Any, Against], Iterator[Verdict]]] = {
    "visas": _visas,
    "conditions": _conditions,
    "patterns": _patterns,
    "duo": _duo,
    "consent": _consent,
    "jurisdiction": _jurisdiction,
}
