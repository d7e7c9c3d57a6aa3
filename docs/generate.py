# ruff: noqa: INP001 (a script beside the pages that it writes, not a package)
"""Which pages and schemas follow from the code? This writes them: `make docs`, or `python docs/generate.py`.

A test makes every one of them in memory and compares, so that none can say what the code no longer does.
"""

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import click
from pydantic_core import PydanticUndefined

from broker.adapters.catalogue.forms import CatalogueForms
from broker.adapters.catalogue.models import Catalogue
from broker.config import PREFIX, Settings
from broker.core.access.grants import GRANT_PERMISSIONS, GRANT_TRANSITIONS
from broker.core.access.states import TRANSITIONS
from broker.core.audit.kinds import KINDS
from broker.core.decision.explanation.facts import Source
from broker.core.decision.explanation.no_change import NO_CHANGE
from broker.core.decision.explanation.steps import By
from broker.core.jurisdiction.pack import Confidence, LawStatus, Status
from broker.core.outcome import Gate, Outcome
from broker.core.purpose import Modality
from broker.core.quota import QUOTAS
from broker.core.reasons import REASONS, Appeal, Interest
from broker.core.reasons.language import AUDIENCES
from broker.core.rows.retention import DROPPED, LEAST_DAYS, OTHER_TABLES, STAYS
from broker.web import authzen, drs, htsget, oidc, proxies
from broker.web.edge import QUOTA_OF, Pace
from broker.web.errors import status_of
from broker.web.openapi import document
from broker.web.routes import ROUTES, Route, page
from docs import dependencies
from docs.consent_schema import form_of_consents
from docs.reading import reading_page
from tests.browser.looks import PICTURES, WHO
from tests.mutants import page as mutants
from tests.requirements import reading

ROOT = Path(__file__).resolve().parent.parent
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TOLD = re.compile(r"^(?:GET|HEAD|OPTIONS|POST|PUT|DELETE)(?: or \w+)?(?: [/…][^\s:]*)?: ")
_RULING = re.compile(r" \(rulings? [\d, and]+\)")


def _page(title: str, source: str, *parts: str) -> str:
    """A page with its origin said, so that nobody mends it by hand."""
    return "\n\n".join((f"# {title}", f"<!-- Made from {source} by `make docs`; do not edit. -->", *parts)) + "\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def screens() -> str:
    """A picture of every page."""
    shown = [
        f"## `{look.route}`, as {WHO[look.who]}\n\n![{look.route} as {WHO[look.who]} sees it](screens/{name}.webp)"
        for name, look in PICTURES.items()
    ]
    return _page(
        "Screens",
        "`tests/browser/looks.py`",
        "Every page, with what can stand on it, drawn by `make screenshots`; of long pages the beginning.\n"
        "Nobody here exists.",
        *shown,
    )


def settings() -> str:
    """Every setting, its default and its environment variable."""
    rows = []
    for name, field in Settings.model_fields.items():
        required = field.default is PydanticUndefined
        default = "**required**" if required else f"`{_toml(field.default)}`" if field.default is not None else ""
        rows.append((f"`{name}`", default, f"`{PREFIX}{name.upper()}`", field.description or ""))
    return _page(
        "Settings",
        "`broker/config.py`",
        "Read once at start from a TOML file (`broker --config FILE …`, else `broker.toml` in the working directory).\n"
        "A variable of the environment goes over the file, an option of the command line over both.\n"
        "A name that is not in this table is refused, in the file and in the environment.",
        _table(("setting", "default", "environment", "meaning"), rows),
        "The members of a list are separated by commas in the environment.\n"
        "[config/settings.example.toml](../../config/settings.example.toml) is a file to start from.",
    )


def _toml(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value)


_FORMS: Mapping[Any, str] = {
    None: "problem",
    page: "page",
    oidc.error: "OAuth",
    drs.error: "DRS",
    htsget.error: "htsget",
    authzen.error: "AuthZEN",
    proxies.error: "for proxies",
}


def http() -> str:
    """Every address, from the one table of routes."""
    rows = [(f"`{r.method}`", f"`{r.shown}`", str(r.who), _FORMS[r.form], _what(r)) for r in ROUTES]
    return _page(
        "Addresses",
        "`broker/web/routes.py`",
        "Everything that the broker answers. Any other address or method is refused.",
        _table(("method", "path", "answers", "errors", "what it is"), rows),
        "How errors are written: *problem* is RFC 9457 JSON "
        "([schemas/problem.schema.json](../../schemas/problem.schema.json)),\n"
        "*OAuth* is RFC 6749 section 5.2, *DRS* is `msg` and `status_code`,\n"
        "*htsget* is an object `htsget` with `error` and `message`, *page* is HTML.\n"
        "All but pages carry `code`, one of the [reasons](reasons.md), and `request_id`.",
        "## How often and how slowly",
        "Who asks more often is answered 429 with `Retry-After`; nobody else is. Counted are network addresses (v6 "
        "addresses\nby their /64), and clients that have proved who they are. This machine and the proxies themselves "
        "are not counted;\nbehind a proxy nobody is, unless `trusted_proxies` names it. `quota_scale` "
        "multiplies all of it.",
        _table(("addresses", "at once", "a minute"), _quotas()),
        "A request that takes longer to arrive is answered 408, or its connection ends. With too many connections "
        "the\none that came first of those that are idle makes room.",
        _table(("what", "limit"), _pace()),
    )


def _quotas() -> Iterable[tuple[str, ...]]:
    for name, quota in QUOTAS.items():
        there = [f"`{method} {path}`" for (method, path), of in QUOTA_OF.items() if of == name]
        if there or name == "client":
            yield ", ".join(there) or "all requests of one client", str(quota.burst), str(quota.per_minute)


def _pace() -> Iterable[tuple[str, ...]]:
    pace = Pace()
    return (
        ("the headers of a request, from their first byte", f"{pace.header:g} s"),
        ("the body of a request", f"{pace.body:g} s"),
        ("nothing, between two requests", f"{pace.idle:g} s"),
        ("an answer that its reader leaves unread", f"{pace.unread:g} s"),
        ("connections at once", str(pace.connections)),
    )


def _what(route: Route) -> str:
    """The first line of the handler's docstring, without the address that stands beside it."""
    told = _TOLD.sub("", (route.handler.__doc__ or "").splitlines()[0])
    told = _RULING.sub("", told)
    return told[:1].upper() + told[1:]


def reasons() -> str:
    """The closed list of reasons, a section for each family of codes."""
    families = {name: list(codes) for name, codes in groupby(sorted(REASONS), lambda code: code.partition("-")[0])}
    parts = []
    for name, codes in families.items():
        rows = [
            (f"`{code}`", str(status_of(code)), spec.interest, spec.appeal, spec.researcher, spec.dac, spec.subject)
            for code in codes
            for spec in (REASONS[code],)
        ]
        head = ("code", "HTTP", "protects", "challenge", "to the researcher", "to the committee", "to the participant")
        parts.append(f"## {name}\n\n{_table(head, rows)}")
    return _page(
        "Reasons",
        "`broker/core/reasons/`",
        f"The {len(REASONS)} reasons that there are. The log, every HTTP answer and the pages use these words.\n"
        "A code is never renamed and never removed.\n"
        "Words in braces are filled from the facts of the case.",
        "*HTTP* is the status when this reason comes first in a refusal; a reason also stands beside a yes.\n"
        "*Protects*: whose interest the rule serves. *Challenge*: what an appeal can be about; `none` means that the\n"
        "rule is mandatory.",
        *parts,
        "## Where no change is told\n\nAn explanation tells the least change after which the answer would be yes."
        " For these reasons of the gates it never tells one; for every other there are worlds in which it does.\n\n"
        + _table(
            ("why", "reasons"),
            [(why, ", ".join(f"`{one}`" for one in sorted(codes))) for why, codes in NO_CHANGE.items()],
        ),
    )


def retention() -> str:
    """How long each table keeps what, and what is dropped when."""
    days = {sort: Settings.model_fields[f"keep_{sort}_days"].default for sort in LEAST_DAYS}
    over = {
        "sign_ins": "the session has ended, and all that it let in has expired",
        "uses": "the ticket or the decision is of before, and nothing runs under it",
        "messages": "it was read here, or sent",
        "results": "it was closed, or handed to the clinical route",
    }
    dropped = [
        (f"`{kind.KIND}`", f"`keep_{sort}_days`", f"{days[sort]}", f"{LEAST_DAYS[sort]}", over[sort])
        for kind, sort in DROPPED.items()
    ]
    stays = [
        (", ".join(f"`{one}`" for one in sorted(kind.KIND for kind in kinds)), why) for why, kinds in STAYS.items()
    ]
    return _page(
        "What is kept, and for how long",
        "`broker/core/rows/retention.py`",
        "Once a day a running broker drops rows whose time is over; `broker retention` says how many there are.\n"
        "The entry `rows.dropped` counts them, and commits to each: its id, and that no version follows.\n"
        "The log keeps the digests of all that it ever said, so every proof holds.\n"
        "`broker audit verify` tells a row that was dropped from one that is gone.",
        "While a legal hold stands (`broker people hold`), nothing of that person is dropped, nor erased.\n"
        "A decision on which a committee's answer rests stays as long as the answer.\n"
        "Copies from before still have what was dropped: delete backups when their time comes.",
        "## Dropped",
        _table(("rows", "setting", "days", "at least", "counted from when"), dropped),
        "0 days: as long as the broker is. A decision whose trace was dropped stays in the log, and is not made again.",
        "## Kept",
        _table(("rows", "why"), stays),
        "## The log and the rest",
        _table(("table", "how long"), [(f"`{name}`", said) for name, said in OTHER_TABLES.items()]),
    )


def access_request_states() -> str:
    """The life of a request as a picture."""
    arrows = [(state, event, after) for state, events in TRANSITIONS.items() for event, after in events.items()]
    ends = [state for state, events in TRANSITIONS.items() if not events]
    first = next(iter(TRANSITIONS))
    lines = ["stateDiagram-v2", f"    [*] --> {first}", *(f"    {a} --> {b}: {event}" for a, event, b in arrows)]
    drawn = "\n".join((*lines, *(f"    {state} --> [*]" for state in ends)))
    return _page(
        "The life of an access request",
        "`broker/core/access/states.py`",
        f"```mermaid\n{drawn}\n```",
        _table(("in this state", "this can happen", "and leads to"), [(f"`{a}`", e, f"`{b}`") for a, e, b in arrows]),
        "Anything else is refused with `REQ-STATE`. No other code changes a state.",
    )


def grant_stages() -> str:
    """The life of a grant as a picture, and who may do what in it."""
    arrows = [(stage, how, to) for stage, moves in GRANT_TRANSITIONS.items() for how, to in moves.items()]
    first = next(iter(GRANT_TRANSITIONS))
    lines = ["stateDiagram-v2", f"    [*] --> {first}", *(f"    {a} --> {b}: {how}" for a, how, b in arrows)]
    drawn = "\n".join((*lines, *(f"    {stage} --> [*]" for stage, moves in GRANT_TRANSITIONS.items() if not moves)))
    rights = [
        (f"`{stage}`", f"`{part}`", ", ".join(sorted(may)))
        for stage, row in GRANT_PERMISSIONS.items()
        for part, may in row.items()
    ]
    return _page(
        "The life of a grant",
        "`broker/core/access/grants.py`",
        f"```mermaid\n{drawn}\n```",
        "`remind` and `expire` come by time alone, and no row is written for them.\n"
        "Data are used in `active` and `expiring`, and every use is judged anew; in no other stage is there any use.",
        _table(("in this stage", "as", "one may"), rights),
        "Whoever holds a grant has that part alone, under every identity that was ever linked to theirs.",
    )


def entries() -> str:
    """The closed list of kinds of entry, and which of them this version records."""
    said = _strings_of_the_program()
    rows = [(f"`{kind}`", "yes" if kind in said else "", meaning) for kind, meaning in KINDS.items()]
    return _page(
        "Entries of the log",
        "`broker/core/audit/kinds.py`",
        "What the log can say. A word that was once stored keeps its meaning for ever, so words are settled before\n"
        "they are needed: the second column says which of them this version records.",
        _table(("kind", "recorded", "it says that"), rows),
        "Every entry has `id` (its receipt), `at`, `kind`, `about` and a random `nonce`; where somebody acted, `who`:\n"
        "a pseudonym under a key of their own; where rows changed, `changes`: a digest of what they became.",
    )


def _strings_of_the_program() -> frozenset[str]:
    """Every string literal of the package outside the table of kinds itself."""
    found: set[str] = set()
    for path in sorted((ROOT / "broker").rglob("*.py")):
        if path.name != "kinds.py":
            tree = ast.parse(path.read_text("utf-8"))
            found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return frozenset(found)


def requirements() -> str:
    """Every requirement with the tests that show it, and how many ways of removing it are known to turn them red."""
    tests, planted = reading.shown(), Counter(row for plant in reading.plants() for row in plant.rows)
    parts = []
    for title, rows in groupby(reading.rows().values(), lambda row: row.section):
        lines = [
            (row.id, row.level, row.says, row.source, _tests(tests.get(row.id, ()), row), str(planted[row.id] or ""))
            for row in rows
        ]
        head = ("row", "level", "what holds", "see", "shown by", "plants")
        parts.append(f"## {title}\n\n{_table(head, lines)}")
    return _page(
        "Requirements",
        "`tests/requirements/*.yaml` and the markers `row` of the tests",
        "What is asked of the broker, row by row, and the tests that show it.",
        "*Plants* are edits that remove the rule: `make plant ROW=C10` makes them in a copy of the code, one by one,\n"
        "and fails unless the row's tests turn red; `make plants` does so for every row.",
        *parts,
    )


def _tests(tests: Iterable[reading.Test], row: reading.Row) -> str:
    links = [f"[{test.name.removeprefix('test_').replace('_', ' ')}](../../{test.file})" for test in tests]
    shown = ", ".join(links) + (f"; open: {row.open}" if links and row.open else "")
    return shown or (f"not yet: {row.not_yet}" if row.not_yet else "")


def who() -> str:
    """Row by row: what WHO's guidance asks for, and the test that shows it or the reason why none does."""
    tests, parts = reading.shown(), []
    rows = [row for row in reading.rows().values() if row.id.startswith("WHO-")]
    for title, of in groupby(rows, lambda row: row.section):
        lines = [
            (row.id.removeprefix("WHO-"), row.level, row.source, row.says, _tests(tests.get(row.id, ()), row))
            for row in of
        ]
        parts.append(f"## {title}\n\n{_table(('row', 'level', 'asked', 'answer', 'shown by, or why not'), lines)}")
    done = Counter(row.level.partition(" ")[0] for row in rows if row.id in tests)
    every = Counter(row.level.partition(" ")[0] for row in rows)
    return _page(
        "What WHO asks of genome data, row by row",
        "`tests/requirements/who.yaml` and the markers `row` of the tests",
        "The guidance of the World Health Organization on human genome data (2024), and what is inferred from the\n"
        "abstract and the references of a human rights perspective of 2025, as duties of this software.",
        "*Level*: P0 is due before any real data, P1 in the first year, P2 later. E: the software enforces it; S:\n"
        "it supports the people who do it; V: it keeps the evidence, which is only ever shown as *recorded by X\n"
        "on date*: whether an engagement was meaningful, a benefit fair or a community truly represented, no software\n"
        "can say. It can refuse to open the gate until somebody with a name has recorded it.",
        "Shown by a test: "
        + ", ".join(f"{done[level]} of {every[level]} rows {level}" for level in sorted(every))
        + ".",
        *parts,
        "## Outside the software\n\n"
        + _table(
            ("what", "why", "what the broker does all the same"),
            (
                (
                    "collection of samples, work in the laboratory, the talk about consent",
                    "it happens before data arrive",
                    "takes in consents, and refuses data without them",
                ),
                ("fair prices of what comes of it", "economic policy", "keeps the statement on benefits with the data"),
                ("laws, and their mutual recognition", "politics", "packs of rules that a lawyer can read and change"),
                ("the quality of engagement", "a human judgement", "keeps when, who and the outcome"),
                ("samples, pathogens, microbiomes", "outside the guidance, or more than it", "nothing yet"),
            ),
        ),
    )


def dependency_page() -> str:
    """Everything that is installed, which part needs it, and under which licence."""
    found = dependencies.locked()
    parts = [
        f"## For {words}\n\n"
        + _table(
            ("package", "version", "licence", "files"),
            ((one.name, one.version, one.licence, str(len(one.files))) for one in found if one.part == part),
        )
        for part, words in dependencies.PARTS.items()
    ]
    return _page(
        "What is installed",
        "`uv.lock` and `docs/licences.yaml`",
        "Every package is installed from the lock file only (`uv sync --locked`).\n"
        "Each of its files is known there by its SHA-256.\n"
        "The licence is what somebody has read in the package, as an SPDX expression.\n"
        "A test compares it with what the package says of itself, and allows permissive ones alone in the service.",
        *parts,
        "## Among the files of the pages\n\nUnchanged, with its licence beside it.\n\n"
        + _table(("package", "version", "licence", "file", "SHA-256"), dependencies.VENDORED),
    )


def catalogue_schema() -> str:
    """The form of a catalogue file."""
    return _json(
        {"$schema": _DIALECT, "$id": "urn:ga4gh-access-broker:schema:catalogue:1"} | Catalogue.model_json_schema()
    )


def consent_schema() -> str:
    """The form of a file of consent records."""
    return _json({"$schema": _DIALECT} | form_of_consents())


def openapi_document() -> str:
    """What /api/v1 is, for programs."""
    return _json(document(ROUTES, CatalogueForms(), version("ga4gh-access-broker")))


def explanation_schema() -> str:
    """The form of an explanation, as the researcher reads it (EXPLAIN section 2)."""
    text, texts, flag = {"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "boolean"}
    codes = {"enum": sorted(REASONS)}
    outcomes = {"enum": [outcome.name for outcome in Outcome]}
    fact = _object({"name": text, "value": {}, "origin": {"enum": sorted(get_args(Source))}, "source": text,
                    "checked": text}, "name", "value", "origin", "source")  # fmt: skip
    norm = _norm()
    justified = _object({"aim": text, "protects": texts, "alternatives": texts, "residual": text},
                        "aim", "protects", "alternatives", "residual")  # fmt: skip
    answers = _object({"by": {"enum": ["evidence", "finding", "record"]}, "roles": texts,
                       "days": {"type": ["integer", "null"]}}, "by", "roles", "days")  # fmt: skip
    sentences = _object(dict.fromkeys(AUDIENCES, text), "dac")
    why = {
        "code": codes,
        "gate": {"enum": [str(gate) for gate in Gate]},
        "interest": {"enum": sorted(get_args(Interest))},
        "norm": {"oneOf": [{"type": "null"}, norm]},
        "facts": {"type": "array", "items": fact},
        "not_matched": texts | {"description": "Rules before the one that decided that would have been a yes."},
        "proportionality": _maybe(justified, "Why a rule that refuses may refuse, in the words of its pack."),
        "answered_by": _maybe(answers, "Who may answer an open question: each of `roles`; for `days` at most."),
        "slots": {"type": "object", "additionalProperties": text},
        "sentence": text,
        "sentences": sentences,
    }
    step = {"fact": text, "add": {}, "set": {}, "remove": {}, "by": {"enum": sorted(get_args(By))}, "named": texts}
    change = step | {"and": {"type": "array", "items": _object(step, "fact", "by")}, "result": outcomes, "say": text}
    rung = _object({"outcome": outcomes, "codes": {"type": "array", "items": codes}}, "outcome", "codes")
    way = {"modality": {"enum": sorted(Modality)}, "result": outcomes, "link": text, "do": text}
    apart = {"filtered": {"const": True, "description": "The same file, without those who must be left out (htsget)."}}
    maybe = {"type": ["string", "null"]}
    challenge = {
        "facts": maybe | {"description": "Whom to tell that a fact is wrong; at any time."},
        "merits": maybe | {"description": "Whom to ask for another look."},
        "appeal": {"enum": sorted(get_args(Appeal))},
        "until": maybe,
        "outside": {"type": "array", "items": _object({"who": text, "name": text}, "who", "name")},
    }
    asked = {"modality": {"enum": sorted(Modality)}, "dataset": text, "object": text, "purpose": texts,
             "asked_of_participants": texts | {"description": "What hangs on each participant's own answer."},
             "stage": {"enum": ["foresee", "approve", "use"]}}  # fmt: skip
    members = {
        "decision_id": text,
        "outcome": outcomes,
        "asked": _object(asked, "modality", "dataset", "stage"),
        "at": text,
        "known_at": text | {"description": "What was recorded later did not count."},
        "why": {"type": "array", "maxItems": 3, "items": _object(why, *why)},
        "why_not": {"type": "object", "propertyNames": {"enum": sorted(Modality)}, "additionalProperties": rung},
        "you_can": {"type": "array", "items": _object(way | apart, *way)},
        "change_that_would_help": {"type": "array", "items": _object(change, "fact", "by", "and", "result", "say")},
        "obligations": texts,
        "conditions": texts | {"description": "The obligations as sentences."},
        "missing": texts,
        "challenge": _object(challenge, *challenge),
        "human": _object(dict.fromkeys(("by", "decided_by", "reasons_text"), text), "by", "decided_by", "reasons_text"),
        "audience_texts": sentences,
        "texts_version": text,
        "example_policy": flag | {"description": "Policy packs that nobody has reviewed answered: no legal basis."},
        "language": text,
        "reviewed": flag | {"description": "Is all of it in that language, and reviewed by a person?"},
        "notes": texts,
    }
    head = {
        "$schema": _DIALECT,
        "$id": "urn:ga4gh-access-broker:schema:explanation:1",
        "title": "The explanation of a decision",
        "description": "docs/reference/explanations.md. Rebuilt from what was kept with the decision.",
    }
    return _json(head | _object(members, *(name for name in members if name != "human")))


def _norm() -> dict[str, Any]:
    """The rule behind a reason, and the law behind a rule of a policy pack."""
    text, maybe = {"type": "string"}, {"type": ["string", "null"]}
    law = {
        **dict.fromkeys(("title", "instrument", "since", "as_of"), text),
        "status": {"enum": sorted(get_args(LawStatus))},
        "review": {"enum": sorted(get_args(Status))},
        "confidence": {"enum": sorted(get_args(Confidence))},
        **dict.fromkeys(("until", "reviewed_on"), maybe),
    }
    members = {
        **dict.fromkeys(("pack", "version", "rule", "cite"), text),
        "law": _maybe(_object(law, *law), "Since when it holds, how sure the pack is, and whether it is reviewed."),
    }
    return _object(members, *members)


def _maybe(form: dict[str, Any], description: str) -> dict[str, Any]:
    return {"oneOf": [{"type": "null"}, form], "description": description}


def problem_schema() -> str:
    """The form of every refusal in problem JSON."""
    text = {"type": "string"}
    texts = {"type": "array", "items": text}
    reason = _object(
        {
            "code": {"enum": sorted(REASONS)},
            "interest": {"enum": sorted(get_args(Interest))},
            "sentence": text,
            "facts": {"type": "array", "items": {"type": "object"}},
            "norm": {"oneOf": [{"type": "null"}, _norm()]},
        },
        "code",
        "interest",
        "sentence",
        "facts",
        "norm",
    )
    way = {"do": text, "modality": {"enum": sorted(Modality)}, "filtered": {"const": True}, "link": text}
    way = _object(way, "do", "modality", "link")
    explained = {
        "outcome": {"enum": [outcome.name for outcome in Outcome]},
        "reasons": {"type": "array", "items": reason, "description": "In every 403, the strictest first."},
        "you_can": {"type": "array", "items": way},
        "obligations": texts,
        "change_that_would_help": texts,
        "missing": texts,
        "appeal": {"enum": ["facts", "merits", "none"]},
        "example": {
            "type": "boolean",
            "description": "Policy packs that nobody has reviewed answered: no legal basis.",
        },
    }
    fault = _object({"field": text, "problem": text}, "field", "problem")
    members = {
        "type": {"type": "string", "pattern": "^urn:ga4gh-access-broker:reason:[A-Z0-9-]+$"},
        "title": text | {"description": "What the committee reads."},
        "status": {"enum": sorted({status_of(code) for code in REASONS})},
        "detail": text | {"description": "What the researcher reads: the sentence of `code`."},
        "code": {"enum": sorted(REASONS), "description": "Stable; docs/reference/reasons.md has the list."},
        "request_id": text,
        "decision": {"type": "string", "pattern": "^dec_[0-9a-f-]{36}$"},
        "receipt": {"type": "string", "pattern": "^rcp_[0-9a-f-]{36}$"},
        "fields": {"type": "array", "items": fault},
        "explanation": {"type": "object", "description": "schemas/explanation.schema.json"},
    }
    head = {
        "$schema": _DIALECT,
        "$id": "urn:ga4gh-access-broker:schema:problem:1",
        "title": "A refusal (RFC 9457 problem details)",
        "description": "Members besides the first six are there when they have something to say.",
    }
    required = ("type", "title", "status", "detail", "code")
    return _json(head | _object(members | explained, *required))


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


FILES: Mapping[str, Callable[[], str]] = {
    "docs/reference/settings.md": settings,
    "docs/reference/http.md": http,
    "docs/reference/reasons.md": reasons,
    "docs/reference/access-request-states.md": access_request_states,
    "docs/reference/grant-stages.md": grant_stages,
    "docs/reference/retention.md": retention,
    "docs/reference/entries.md": entries,
    "docs/reference/requirements.md": requirements,
    "docs/reference/screens.md": screens,
    "docs/explanation/who-2024.md": who,
    "docs/reference/mutants.md": mutants.page,
    "docs/reference/dependencies.md": dependency_page,
    "schemas/catalogue.schema.json": catalogue_schema,
    "schemas/consent.schema.json": consent_schema,
    "schemas/openapi.json": openapi_document,
    "schemas/explanation.schema.json": explanation_schema,
    "docs/explanation/reading-an-explanation.md": reading_page,
    "schemas/problem.schema.json": problem_schema,
}
"""Path from the top of the repository to what makes its text."""


@click.command()
def main() -> None:
    """Write every generated page and schema; say which of them changed."""
    for name, make in FILES.items():
        path, text = ROOT / name, make()
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            click.echo(name)


if __name__ == "__main__":
    main()
