"""What does a person get to keep about their consent, in plain words? (the structure of ISO/IEC TS 27560:2023)

A receipt holds the record's own facts, who decides, which rules hold, how to withdraw; after a withdrawal also what
stopped, what could not be called back and why, by when. Counts only: it names no researcher and no other
participant. Each sentence is one of the registry's, for participants. docs/how-to/exchange-consents.md
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broker.core.consent.answers import KEYS
from broker.core.consent.model import ConsentVersion, Withdrawal, WithdrawalKind
from broker.core.consent.withdrawal import consequence, effects
from broker.core.consent.writing import version_hash, write_term
from broker.core.duo.named import label
from broker.core.plain import plain
from broker.core.reasons import REASONS
from broker.core.reasons.language import ENGLISH, Language, Tongue
from broker.core.time import Seconds, rfc3339

SCHEMA = "urn:ga4gh-access-broker:consent-receipt:1"
_SHORT = 6
"""Countries that a sentence names; more are counted."""

UNKNOWN_THINGS = ("model_trained", "aggregate_result", "published")
"""Things that no ledger counts: the receipt says what happens to any that there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides about one dataset: its committee, how to reach it, where its rules are."""

    dataset: str
    title: str
    committee: str
    contact: str
    governance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What a withdrawal found of one thing: how many; None where nobody can count it here."""

    thing: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a receipt says besides the record. `rules`: (policy pack, version) in force; `withdraw`: the address."""

    broker: str
    deciders: tuple[Decider, ...]
    rules: tuple[tuple[str, str], ...]
    withdraw: str
    form: Mapping[str, str]
    """What is registered of the form besides."""


def receipt(version: ConsentVersion, around: Around, now: Seconds, language: Language = ENGLISH) -> dict[str, Any]:
    """The receipt of one version. `language`: of its sentences."""
    return {
        "schema_version": SCHEMA,
        "receipt_id": f"{version.consent_id}/{version.version}",
        "record_id": version.consent_id,
        "record_sha256": version_hash(version),
        "pii_principal_id": version.subject_ref,
        "issued_at": rfc3339(now),
        "pii_processing": _processing(version, around),
        "party_identification": _parties(version, around),
        "event": _event(version),
        "sentences": [*sentences(version, language)],
    }


def _processing(version: ConsentVersion, around: Around) -> dict[str, Any]:
    scope = version.scope
    found = {
        "privacy_notice": {**(plain(version.template) or {}), **around.form} or None,
        "language": version.template.language if version.template else "",
        "purposes": [write_term(term) for term in scope.permissions],
        "conditions": [write_term(term) for term in scope.modifiers],
        "answers": dict(sorted(scope.answers.items())),
        "lawful_basis": plain(version.legal_basis),
        "processing_locations": plain(scope.hosting),
        "geographic_restrictions": plain(scope.recipient_countries),
        "processing_method": plain(scope.modalities),
        "rules_in_force": [{"pack": pack, "version": number} for pack, number in around.rules],
        "withdrawal_method": {"method": "POST", "address": around.withdraw, "reason": "never required"},
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def _parties(version: ConsentVersion, around: Around) -> dict[str, Any]:
    return {
        "custodian": version.custodian,
        "broker": around.broker,
        "decided_by": [plain(one) for one in around.deciders],
        "grantor": plain(version.grantor),
    }


def _event(version: ConsentVersion) -> dict[str, Any]:
    found = {
        "event_time": rfc3339(version.known_from),
        "event_state": version.status,
        "valid_from": rfc3339(version.effective_from),
        "valid_until": None if version.effective_to is None else rfc3339(version.effective_to),
        "withdrawal": version.withdrawal.kind if version.withdrawal else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def sentences(version: ConsentVersion, language: Language = ENGLISH) -> Iterator[dict[str, str]]:
    """The consent in plain words, one sentence of the registry after the other."""
    told = _Told(Tongue(language))
    if version.status in ("entered_in_error", "superseded"):
        yield told.line("RGT-NOT-IN-FORCE", what=version.status)
    if version.status == "suspended":
        yield told.line("RGT-PAUSED")
    code = _TAKEN_BACK[version.withdrawal.kind if version.withdrawal else "no_further_use"] if _gone(version) else None
    if code is not None:
        yield told.line(code)
    if code != "RGT-W-STOP":
        yield from _choices(version, told)
    for code in ("RGT-WHO-DECIDES", "RGT-ANY-TIME", "RGT-MORE-LATER", "RGT-LOG-KEPT"):
        yield told.line(code)


_TAKEN_BACK: Mapping[WithdrawalKind, str] = {
    "no_further_use": "RGT-W-STOP",
    "no_further_access": "RGT-W-NO-NEW-DATA",
    "no_further_contact": "RGT-W-CONTACT-ONLY",
}


def _gone(version: ConsentVersion) -> bool:
    return version.withdrawal is not None or version.status == "withdrawn"


def _choices(version: ConsentVersion, told: "_Told") -> Iterator[dict[str, str]]:
    """What they said yes and no to; of somebody who took back everything it says nothing any more."""
    for term in version.scope.permissions:
        yield told.line("RGT-FOR", what=label(term.code, told.tongue))
    for term in version.scope.modifiers:
        yield told.line("RGT-CONDITION", what=label(term.code, told.tongue))
    codes = {"permit": "RGT-YES", "deny": "RGT-NO", "ask": "RGT-ASK"}
    for row in KEYS:
        code = codes.get(version.scope.answers.get(row.key, ""), "RGT-NOT-ASKED")
        yield told.line(code, what=told.tongue.word(f"answer.{row.key}"))
    yield from _lists(version, told)


@dataclass(frozen=True, slots=True)
class _Told:
    tongue: Tongue

    def line(self, code: str, **facts: str) -> dict[str, str]:
        return {"code": code, "sentence": self.tongue.sentence(REASONS[code], "subject", facts)}

    def some(self, entries: list[str]) -> str:
        names = sorted(entries, key=self.tongue.language.figures.order)
        return ", ".join(names) if len(entries) <= _SHORT else self.tongue.word("answer.many", n=len(entries))


def _lists(version: ConsentVersion, told: _Told) -> Iterator[dict[str, str]]:
    scope = version.scope
    ways = None if scope.modalities is None else [told.tongue.word(f"by.way.{one}") for one in sorted(scope.modalities)]
    hosting, to = (
        None if one is None else [told.tongue.place(each) for each in one]
        for one in (scope.hosting, scope.recipient_countries)
    )
    for code, entries in (("RGT-ONLY-IN", hosting), ("RGT-ONLY-BY", ways), ("RGT-ONLY-TO", to)):
        if entries is not None:
            yield told.line(code, what=told.some(entries)) if entries else told.line("RGT-NOBODY")


def withdrawal_receipt(
    withdrawal: Withdrawal,
    at: Seconds,
    reached: Iterable[Reached],
    paragraphs: Mapping[str, str],
    language: Language = ENGLISH,
) -> list[dict[str, Any]]:
    """What became of each thing that existed: the code, when it must be done, and the sentence."""
    things = list(reached)
    codes = effects(withdrawal, [one.thing for one in things])
    told = _Told(Tongue(language))
    return [_line(one, codes[one.thing], at, paragraphs, told) for one in things]


def _line(one: Reached, code: str, at: Seconds, paragraphs: Mapping[str, str], told: _Told) -> dict[str, Any]:
    row = consequence(one.thing)
    paragraph = paragraphs.get(one.thing, "")
    line: dict[str, Any] = {"thing": one.thing, **told.line(code, paragraph=paragraph)}
    if one.count is not None:
        line["count"] = one.count
    if code in ("RGT-W-STOP", "RGT-W-LIMIT", "RGT-W-LIMIT-MISSING"):
        line |= {"action": row.action, "by": rfc3339(Seconds(at + row.within))}
    if code == "RGT-W-STOP" and one.thing in ("downloaded", "derivative"):
        line["why"] = told.line("RGT-CANNOT-RECALL")
    if one.count is None:
        line["why"] = told.line("RGT-UNKNOWN-HERE")
    return line
