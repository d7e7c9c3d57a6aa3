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
from broker.adapters.yaml_files import Where
from broker.commands.case_file import CaseFile, read_case_file
from broker.commands.common import Fail, telling
from broker.config import shared_folder
from broker.core.consent.case import judge_case as judge_consent
from broker.core.duo.case import codes_of
from broker.core.duo.case import judge_case as judge_duo
from broker.core.duo.ontology import Ontology
from broker.core.jurisdiction.case import EXPECTED, differences, not_counted
from broker.core.jurisdiction.case import judge_case as judge_jurisdiction
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Outcome
from broker.core.passport.case import bench, judge_conditions, judge_pattern, judge_visa
from broker.core.purpose import Modality
from broker.core.reasons import REASONS
from broker.core.time import Seconds, day_of, parse_rfc3339, rfc3339

Verdict = tuple[str, str, str, str]
"""(what the row is called, what was wanted, what was given, why it was given). Equal texts in the middle: as wanted."""

_DUO = ("PERMIT", "REVIEW", "DENY")
_DUO_ROW = frozenset({"id", "title", "dataset", "purpose", "expect", "obligations", "why", "note", "source", "theirs"})
"""Members of a row of DUO cases (docs/reference/duo-matching.md); the last four are for people."""
_NO_DIFFERENCE = ""


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
@click.option("--at", help="Judge at this time (RFC 3339) instead of the file's own; a row's own time holds.")
def check(kind: str, files: tuple[Path, ...], mondo: Path | None, packs: Path | None, at: str | None) -> None:
    """Judge case files. Prints each row that differs; non-zero if one does."""
    with telling():
        against = _against(mondo, packs, at)
        verdicts = [verdict for file in files for verdict in _judged(kind, file, against)]
    failed = [verdict for verdict in verdicts if verdict[1] != verdict[2]]
    for id, wanted, given, because in failed:
        said = given if wanted == _NO_DIFFERENCE else f"wanted {wanted}, given {given}"
        click.echo(f"{id}: {said}" + (f" ({because})" if because else ""))
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
    file = read_case_file(path)
    if file.value is None:
        raise Fail(f"{path}: there is nothing in it")
    try:
        return list(KINDS[kind](file, against))
    except ValueError as wrong:
        raise Fail(f"{path}: {wrong}") from None
    except (KeyError, TypeError, AttributeError) as wrong:
        raise Fail(f"{path}: not a file of {kind} cases ({type(wrong).__name__}: {wrong})") from None


def _safely(judge: Callable[[], Any]) -> Any:
    """A row that cannot be read is a row that fails, and says why."""
    try:
        return judge()
    except ValueError as wrong:
        return f"unreadable: {wrong}"


def _expected(file: CaseFile, where: Where, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a row expects. One that expects nothing would always pass."""
    expect: Mapping[str, Any] = file.want(where, row, "expect", dict)
    if not expect:
        raise file.wrong((*where, "expect"), "nothing is expected")
    for name, value in expect.items():
        if isinstance(value, list) and not all(isinstance(one, str) for one in value):
            raise file.wrong((*where, "expect", name), "not a list of texts")
    return expect


def _duo(file: CaseFile, against: Against) -> Iterator[Verdict]:
    today = day_of(against.at) if against.at is not None else None
    for place, row in enumerate(file.rows()):
        where: Where = ("cases", place)
        file.known(where, row, _DUO_ROW)
        expect = file.want(where, row, "expect", str)
        if expect not in _DUO:
            raise file.wrong((*where, "expect"), f"none of {', '.join(_DUO)}")
        asked = {"dataset": row.get("dataset"), "purpose": row.get("purpose")}
        given = _safely(lambda asked=asked: judge_duo(asked, against.ontology, today))  # type: ignore[misc]
        verdict, obligations = given if isinstance(given, tuple) else (given, ())
        wanted, shown = {"outcome": expect}, {"outcome": verdict}
        if "obligations" in row:
            named = file.want(where, row, "obligations", list)
            if not all(isinstance(one, str) for one in named):
                raise file.wrong((*where, "obligations"), "not a list of texts")
            wanted["obligations"] = sorted(named)
            shown["obligations"] = sorted(one for one in obligations if one in named)
        because = codes_of(asked, against.ontology, today) if isinstance(given, tuple) and wanted != shown else ()
        yield file.name_of(row, where), json.dumps(wanted), json.dumps(shown), ", ".join(because)


def _consent(file: CaseFile, against: Against) -> Iterator[Verdict]:
    document = file.value if isinstance(file.value, dict) else {}
    defaults = {name: document.get(name, {}) for name in ("request_defaults", "dataset_defaults")}
    at = against.at
    if at is None:
        said = str(file.want((), document, "at"))
        try:
            at = parse_rfc3339(said)
        except ValueError as wrong:
            raise file.wrong(("at",), str(wrong)) from None
    for place, row in enumerate(file.rows()):
        where: Where = ("cases", place)
        expect = _expected(file, where, row)
        asked = {name: value for name, value in row.items() if name not in ("id", "title", "expect", "why", "note")}
        given = _safely(lambda asked=asked: judge_consent(asked, defaults, at, against.ontology))  # type: ignore[misc]
        wanted = {name: sorted(value) if isinstance(value, list) else value for name, value in expect.items()}
        shown = {name: given.get(name) for name in expect} if isinstance(given, Mapping) else given
        if isinstance(shown, dict) and set(wanted.get("reasons", ())) <= set(shown.get("reasons") or ()):
            shown |= {name: wanted[name] for name in wanted if name == "reasons"}  # a row expects no more than it names
        because = ", ".join(given.get("reasons", ())) if isinstance(given, Mapping) else ""
        texts = json.dumps(wanted, sort_keys=True), json.dumps(shown, sort_keys=True)
        yield file.name_of(row, where), *texts, because


def _jurisdiction(file: CaseFile, against: Against) -> Iterator[Verdict]:
    document = file.value if isinstance(file.value, dict) else {}
    at = rfc3339(against.at) if against.at is not None else str(document.get("at", ""))
    defaults, profiles = document.get("defaults", {}), document.get("profiles", {})
    for place, row in enumerate(file.rows()):
        where: Where = ("cases", place)
        expect = _expected(file, where, row)
        _words_of_law(file, (*where, "expect"), expect)
        asked = {name: row[name] for name in ("profile", "facts", "at") if name in row}
        answer = _safely(
            lambda asked=asked: judge_jurisdiction(asked, defaults, profiles, at, against.rulebook)  # type: ignore[misc]
        )
        found = (answer,) if isinstance(answer, str) else differences(expect, answer)
        because = not_counted(asked, defaults, profiles) if found and not isinstance(answer, str) else ()
        yield file.name_of(row, where), _NO_DIFFERENCE, "; ".join(found), ", ".join(because)


def _words_of_law(file: CaseFile, where: Where, expect: Mapping[str, Any]) -> None:
    """What a row of law expects, in words that an answer could have. Fail with the line of any other."""
    file.known(where, expect, EXPECTED)
    if "outcome" in expect and expect["outcome"] not in Outcome.__members__:
        raise file.wrong((*where, "outcome"), f"none of {', '.join(Outcome.__members__)}")
    for name, words in (("reasons", REASONS), ("alternatives", frozenset(Modality))):
        listed = file.want(where, expect, name, list) if name in expect else ()
        unknown = next((one for one in listed if one not in words), None)
        if unknown is not None:
            raise file.wrong((*where, name), f"{unknown}: no such {'reason' if name == 'reasons' else 'way of access'}")


def _visas(file: CaseFile, against: Against) -> Iterator[Verdict]:
    if not isinstance(file.value, dict):
        raise Fail(f"{file.path}: a file of visa cases is an object")
    judged = bench(file.value | ({"clock": against.at} if against.at is not None else {}))
    for place, row in enumerate(file.rows("tokens")):
        where: Where = ("tokens", place)
        wanted = file.want(where, row, "verdict", str)
        if wanted not in ("accept", "refuse"):
            raise file.wrong((*where, "verdict"), "neither accept nor refuse")
        reason = judge_visa(judged, file.want(where, row, "token"), check_signature)
        because = reason.code if reason is not None else ""
        yield file.name_of(row, where), wanted, "accept" if reason is None else "refuse", because


def _conditions(file: CaseFile, _: Against) -> Iterator[Verdict]:
    for place, row in enumerate(file.rows()):
        where: Where = ("cases", place)
        others = file.want(where, row, "other_visa_objects", list)
        if not all(isinstance(other, dict) for other in others):
            raise file.wrong((*where, "other_visa_objects"), "not a list of objects")
        met = judge_conditions(file.want(where, row, "conditions"), others)
        yield file.name_of(row, where), str(file.want(where, row, "expect_met", bool)), str(met), ""


def _patterns(file: CaseFile, _: Against) -> Iterator[Verdict]:
    for place, row in enumerate(file.rows()):
        where: Where = ("cases", place)
        found = judge_pattern(file.want(where, row, "expr"), file.want(where, row, "value"))
        yield file.name_of(row, where), str(file.want(where, row, "expect", bool)), str(found), ""


KINDS: Mapping[str, Callable[[CaseFile, Against], Iterator[Verdict]]] = {
    "visas": _visas,
    "conditions": _conditions,
    "patterns": _patterns,
    "duo": _duo,
    "consent": _consent,
    "jurisdiction": _jurisdiction,
}
