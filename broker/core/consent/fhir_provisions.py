"""What does a FHIR Consent permit, and under which conditions? Its provisions, its codes, its periods.

Whatever narrows a provision and cannot be read refuses the whole resource. (FHIR R5 5.0.0, Consent.provision)
"""

from dataclasses import dataclass, field
from typing import Any

from broker.core.consent import fhir
from broker.core.consent.answers import WORDS
from broker.core.consent.fhir_extensions import extensions
from broker.core.consent.members import Members
from broker.core.duo.terms import Term
from broker.core.duo.vocabulary import TermKind, canonical_code
from broker.core.time import Seconds, parse_rfc3339, rfc3339

_DAY = 86_400


@dataclass(slots=True)
class Found:
    """The native record as it comes together, and from which member of the resource each part of it came."""

    record: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    def put(self, names: tuple[str, ...], value: Any, path: str) -> None:
        """ValueError for a member that was said before: two places could contradict each other."""
        name = ".".join(names)
        if name in self.paths:
            raise ValueError(f"{path}: said before, at {self.paths[name]}")
        self.paths[name] = path
        at: dict[str, Any] = self.record
        for part in names[:-1]:
            at = at.setdefault(part, {})
        at[names[-1]] = value

    def entries(self, names: tuple[str, ...], path: str) -> list[Any]:
        """The list `names`, made empty with its first entry at `path`."""
        if ".".join(names) not in self.paths:
            self.put(names, [], path)
        at: Any = self.record
        for part in names:
            at = at[part]
        found: list[Any] = at
        return found


def provisions(given: Members, found: Found) -> bool:
    """What is permitted, and under which conditions. Are they said to be conditions that must be read?"""
    labelled = False
    conditions: list[list[tuple[str, Any]]] = []
    permissions: list[Any] = []
    for path, one in objects(given, "provision"):
        said = list(extensions(one))
        conditions.append(sorted(((name, value) for name, value, _ in said), key=repr))
        if conditions[-1] != conditions[0]:
            raise ValueError(f"{path}.extension: other conditions than those of the first provision")
        for name, value, at in said if len(conditions) == 1 else ():
            condition(found, name, value, at)
        labelled = _label(one) or labelled
        permissions += _purposes(one)
        _same_period(one, found)
        one.take("id")
        for name in sorted(one.names()):
            raise ValueError(f"{path}.{name}: restricts, and cannot be read")
    if permissions:
        found.put(("scope", "permissions"), permissions, f"{given.place}.provision")
    return labelled


def _label(one: Members) -> bool:
    labels = [(path, label) for path, label in objects(one, "securityLabel")]
    for path, label in labels:
        if (label.text("system"), label.text("code")) != (fhir.CONDITIONS, fhir.APPLY):
            raise ValueError(f"{path}: restricts, and cannot be read")
        label.done()
    return bool(labels)


def _purposes(one: Members) -> list[Any]:
    found = [_term(code, path, TermKind.PERMISSION) for path, code in objects(one, "purpose")]
    if not found:
        raise one.wrong("purpose", "missing: everything would be permitted")
    return found


def _same_period(one: Members, found: Found) -> None:
    raw = one.take("period")
    if raw is None:
        return
    for name, (value, path) in times(raw, f"{one.place}.period").items():
        if found.record.get(name) != rfc3339(value):
            raise ValueError(f"{path}: another time than that of the consent")


def _term(code: Members, path: str, kind: TermKind) -> dict[str, Any]:
    """A DUO code with its parameters. One that DUO does not list is an error, unless it says that nobody reads it."""
    system, written = code.needed("system"), code.needed("code")
    code.text("display")
    term: dict[str, Any] = {"code": written}
    for name, value, at in extensions(code):
        if name in fhir.SEVERAL:
            term.setdefault(name, []).append(value)
        elif name in ("text", "date", "months") and name not in term:
            term[name] = value
        else:
            raise ValueError(f"{at}: unknown extension")
    code.done()
    if system == fhir.UNREAD_CODE:
        return term
    if system != fhir.OBO or Term(code=canonical_code(written)).kind is not kind:
        raise ValueError(f"{path}.code: not a {kind.value} of DUO")
    return term


def condition(found: Found, name: str, value: Any, path: str) -> None:
    """A modifier, an answer or an entry of a list."""
    if name == "modifier":
        term = _term(Members(value, path), path, TermKind.MODIFIER)
        found.entries(("scope", "modifiers"), path).append(term)
    elif name in fhir.LISTS:
        entries = found.entries(("scope", "answers", fhir.LISTS[name]), path)
        entries += [] if value == fhir.NONE else [value]
    elif name == "return_of_results":
        found.put(("scope", "answers", name), value, path)
    elif name == "answer":
        pair = Members(value, path)
        key, word = pair.needed("key"), pair.needed("word")
        pair.done()
        if key in (*fhir.LISTS.values(), "return_of_results"):
            raise ValueError(f"{path}: {key} has an extension of its own")
        found.put(("scope", "answers", key), word, path)
    elif fhir.is_answer(name):
        if not isinstance(value, str) or value not in WORDS:
            raise ValueError(f"{path}: not {', '.join(sorted(WORDS))}")
        found.put(("scope", "answers", name), value, path)
    else:
        raise ValueError(f"{path}: unknown extension, which may restrict")


def times(raw: object, path: str) -> dict[str, tuple[Seconds, str]]:
    """Start and end of a FHIR Period; its end counts as a whole, ours is the first second that does not."""
    period = Members(raw, path)
    times: dict[str, tuple[Seconds, str]] = {}
    start, end = period.text("start"), period.text("end")
    if start is None:
        raise period.wrong("start", "missing")
    period.done()
    try:
        times["effective_from"] = parse_rfc3339(start), f"{path}.start"
        if end is not None:
            last = parse_rfc3339(end)
            times["effective_to"] = Seconds(last + (_DAY if last == _midnight(end) else 1)), f"{path}.end"
    except ValueError:
        raise ValueError(f"{path}: not a full date, or an instant with a zone") from None
    return times


def _midnight(text: str) -> Seconds | None:
    """The first second of `text` where it is a day; None where it is an instant."""
    return parse_rfc3339(text) if len(text) == len("2026-11-21") else None


def objects(given: Members, name: str, most: int = 100) -> list[tuple[str, Members]]:
    raw = given.take(name)
    if raw is None:
        return []
    if not isinstance(raw, list | tuple) or not 0 < len(raw) <= most:
        raise given.wrong(name, f"not a list of 1 to {most}")
    found = [Members(one, f"{given.place}.{name}[{index}]") for index, one in enumerate(raw)]
    return [(one.place, one) for one in found]
