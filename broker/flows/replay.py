"""A decision of before is made again from what is kept: the same answer and the same words, or what is missing.

Nothing is recorded: reading the record gives nobody anything. Steps: 1 the question is read from the trace, 2 the
picture that it was asked of is made of what is kept, 3 it is asked again, 4 both traces are compared, member by
member. The rules are those of this program; a rule that was changed since shows as a difference.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from broker.core.consent.exclusion import exclusion
from broker.core.decision import Decision, Question, evaluate, explain, foresee_each
from broker.core.decision.names import Names, renamed
from broker.core.decision.version import RULES
from broker.core.documents import Standing
from broker.core.ids import DatasetId, ObjectId
from broker.core.plain import canonical
from broker.core.rows import Trace
from broker.core.snapshot import Snapshot
from broker.core.typed import typed
from broker.flows.pre_check import answers_digest, listed, told_of, unknown
from broker.flows.traces import said_digest, written

_ASKED = frozenset({"question", "generation", "versions"})
"""What a replay takes from the trace, and so cannot compare."""
_WORDS = frozenset({
    "sentence", "sentences", "audience_texts", "say", "do", "source", "decided_by", "notes", "reviewed", "language",
    "conditions",
})  # fmt: skip
"""Members of an explanation that are words: with other texts they may be others, and say the same."""
_TEXTS = "texts_version"
Result = Literal["same", "different", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A member of the trace that a replay has otherwise. `at`: where, `decision.gates.3.outcome`."""

    at: str
    then: Any
    now: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of one decision. `missing`: what would be needed, by name; `erased`: nobody can say any more whose
    decision it was. `rules`: by which rules it was made, where these are not those of this program.
    """

    id: str
    result: Result
    outcome: str = ""
    missing: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    erased: bool = False
    rules: str | None = None


class Kept(Protocol):
    """What is kept, as far as one replay needs it."""

    def picture(self, generation: int, standing: Standing) -> "Snapshot | tuple[str, ...]":
        """The picture when the log had `generation` entries, on these texts; or what is missing of them."""
        ...

    def lacking(self, generation: int) -> tuple[str, ...]:
        """Rows of that picture that are not kept: their versions came before the history began."""
        ...

    def trace(self, id: str) -> Trace | None:
        """Another trace, to which one refers."""
        ...

    def log_key(self, person: str) -> str | None:
        """The key under which a person's names lie; None if it was destroyed, or nobody knows them."""
        ...


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a trace says that was asked, and of which picture."""

    question: Question
    generation: int
    standing: Standing
    rules: str
    explained: bool = field(default=True)


def replay(trace: Trace, kept: Kept, names: Names) -> Replayed:
    """Make the decision of `trace` again."""
    # 1. The question.
    first = kept.trace(trace.body["again"]) if "again" in trace.body else trace
    if first is None:
        return Replayed(id=trace.id, result="missing", missing=(f"trace {trace.body['again']}",))
    try:
        asked = _asked(trace, first)
    except (KeyError, ValueError) as wrong:
        return Replayed(id=trace.id, result="missing", missing=(f"question: {wrong}",))
    key = kept.log_key(trace.person) if trace.person is not None else None
    # 2. The picture.
    picture = kept.picture(asked.generation, asked.standing)
    if not isinstance(picture, Snapshot):
        return Replayed(id=trace.id, result="missing", missing=picture, erased=key is None)
    us = picture.own.iss
    question = renamed(asked.question, us, lambda name: (names.show(key, name) if key else None) or name)
    # 3. Asked again. 4. Compared.
    if "answers" in trace.body:
        return _many(trace, asked, question, picture, kept.lacking(asked.generation), erased=key is None)
    decision = evaluate(question, picture)
    if first is trace:
        hidden: Callable[[str], str] = (lambda name: names.hide(key, name)) if key else (lambda name: name)
        explanation = explain(question, decision, picture) if asked.explained else None
        again = written(hidden, question, decision, explanation, picture)
        again = {name: said for name, said in again.items() if name not in _ASKED}
        if "exclusion" in trace.body:  # the list is the one that the grant was bound to
            again["exclusion"] = exclusion(decision.excluded, trace.body["exclusion"]["salt"])
    else:
        again = {"outcome": decision.outcome, "answer": said_digest(decision)}
    parted = differences({name: _as_now(name, trace.body.get(name)) for name in again}, _plain(again))
    found = tuple(one for one in parted if _part(one) != _TEXTS)
    lacking = kept.lacking(asked.generation) or _other_texts(trace, again, found)
    return _replayed(trace, asked, decision.outcome.name, found, lacking, erased=key is None)


def _many(
    trace: Trace, asked: _Asked, question: Question, picture: Snapshot, lacking: tuple[str, ...], *, erased: bool
) -> Replayed:
    """A pre-check: one question about many datasets, of whose answers the digest is kept."""
    datasets, hidden = trace.body.get("datasets", listed(picture)), set(trace.body.get("unknown", ()))
    there = [id for id in dict.fromkeys(datasets) if id not in hidden]
    found = {id: told_of(id, one) for id, one in zip(there, foresee_each(question, there, picture), strict=True)}
    answers = answers_digest(found.get(id) or unknown(id) for id in datasets)
    parted = tuple(differences(trace.body["answers"], answers, "answers"))
    return _replayed(trace, asked, f"{len(datasets)} datasets", parted, lacking, erased=erased)


def _replayed(
    trace: Trace,
    asked: _Asked,
    outcome: str,
    found: tuple[Difference, ...],
    lacking: tuple[str, ...],
    *,
    erased: bool,
) -> Replayed:
    """A difference is the rules' only if nothing is missing that they were asked about."""
    result: Result = "same" if not found else "missing" if lacking else "different"
    return Replayed(
        id=trace.id,
        result=result,
        outcome=outcome,
        missing=lacking if result == "missing" else (),
        differences=found,
        erased=erased,
        rules=asked.rules if asked.rules != RULES else None,
    )


def _asked(trace: Trace, first: Trace) -> _Asked:
    """KeyError or ValueError for a trace that does not say it: one of before traces were kept whole."""
    question = typed(Question, first.body["question"])
    versions: Mapping[str, Any] = trace.body["versions"]
    if first is not trace:
        question = replace(question, at=trace.at, known_at=trace.at, access=trace.body["access"], grant=None)
    if first is not trace and "object" in trace.body:
        dataset, object = DatasetId(trace.body["dataset"]), ObjectId(trace.body["object"])
        question = replace(question, dataset=dataset, object=object)
    return _Asked(
        question,
        int(trace.body["generation"]),
        Standing(versions["rules"], versions["ontology"], versions["own"]),
        versions["code"],
        first.body.get("explanation") is not None,
    )


def _other_texts(trace: Trace, again: Mapping[str, Any], found: Iterable[Difference]) -> tuple[str, ...]:
    """The texts that it was told in, if they are others now and only words differ: the sentences of then are gone."""
    then, now = (told.get(_TEXTS) for told in (trace.body.get("explanation") or {}, again.get("explanation") or {}))
    only_words = all(_WORDS.intersection(one.at.split(".")) or _part(one) == "name" for one in found)
    return (f"texts version {then}",) if then not in (None, now) and only_words else ()


def _part(difference: Difference) -> str:
    return difference.at.rpartition(".")[2]


def differences(then: Any, now: Any, at: str = "") -> Iterator[Difference]:
    """Where two plain values part."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for name in sorted(then.keys() | now.keys()):
            yield from differences(then.get(name), now.get(name), f"{at}.{name}" if at else name)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for place, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from differences(one, other, f"{at}.{place}")
    elif then != now:
        yield Difference(at=at, then=then, now=now)


def _as_now(name: str, then: Any) -> Any:
    """A member of a trace as it would be written now: what a Decision has got since is there as it is by itself."""
    return _plain(typed(Decision, then)) if name == "decision" else _plain(then)


def _plain(value: Any) -> Any:
    return json.loads(canonical(value))
