"""How is a consent version written so that `reading.read_version` gives the very same one? And its hash.

What was not stated is left out. `version_hash` is what the next version's `prev_hash` must be: SHA-256 of the
RFC 8785 form of the record as written here, without `recorded_at`, which is the broker's and not the source's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from broker.core.consent import model
from broker.core.duo.terms import Term
from broker.core.plain import canonical, plain
from broker.core.time import Seconds, rfc3339

_TERM_SETS = ("diseases", "regions", "users", "projects", "institutions", "research_types")


def write_version(version: model.ConsentVersion) -> dict[str, Any]:
    """The record of `version`, with the member names of core/consent/model.py."""
    record = {
        "consent_id": version.consent_id,
        "version": version.version,
        "level": version.level,
        "subject_ref": version.subject_ref,
        "custodian": version.custodian,
        "model": version.model,
        "legal_basis": _part(version.legal_basis),
        "status": version.status,
        "effective_from": rfc3339(version.effective_from),
        "effective_to": _instant(version.effective_to),
        "recorded_at": _instant(version.recorded_at),
        "supersedes": _supersedes(version.supersedes),
        "grantor": _part(version.grantor),
        "capacity": version.capacity,
        "maturity_review_on": plain(version.maturity_review_on),
        "after_death": version.after_death,
        "deceased_on": plain(version.deceased_on),
        "template": _part(version.template),
        "evidence": _part(version.evidence),
        "scope": _scope(version.scope),
        "communication": _part(version.communication),
        "withdrawal": _withdrawal(version.withdrawal),
        "signature": version.signature,
        "prev_hash": version.prev_hash,
        "family_ref": version.family_ref,
        "community_refs": list(version.community_refs),
        "override": _override(version.override),
        "community": _community(version.community),
    }
    return {name: value for name, value in record.items() if value not in (None, "", [])}


def write_term(term: Term) -> dict[str, Any]:
    """A DUO code with the parameters that it has."""
    members = {name: sorted(getattr(term, name)) for name in _TERM_SETS if getattr(term, name)}
    rest = {"text": term.text, "date": plain(term.date), "months": term.months}
    return {"code": term.code, **members, **{name: value for name, value in rest.items() if value is not None}}


def version_hash(version: model.ConsentVersion) -> str:
    """SHA-256, lower-case hexadecimal, of what the source said in `version`."""
    return hashlib.sha256(canonical(write_version(replace(version, recorded_at=None)))).hexdigest()


def _instant(at: Seconds | None) -> str | None:
    return None if at is None else rfc3339(at)


def _part(part: Any) -> dict[str, Any] | None:
    """A part without members of its own: what was not stated is left out."""
    if part is None:
        return None
    written: dict[str, Any] = plain(part)
    return {name: value for name, value in written.items() if value not in ("", [])}


def _supersedes(replaced: tuple[str, int] | None) -> dict[str, Any] | None:
    return None if replaced is None else {"consent_id": replaced[0], "version": replaced[1]}


def _withdrawal(withdrawal: model.Withdrawal | None) -> Mapping[str, Any] | None:
    if withdrawal is None:
        return None
    limits = [_part(limit) for limit in withdrawal.approved_limits]
    return {"kind": withdrawal.kind, **({"approved_limits": limits} if limits else {})}


def _override(override: model.Override | None) -> dict[str, Any] | None:
    return None if override is None else {**plain(override), "ends": rfc3339(override.ends)}


def _community(community: model.CommunityDecision | None) -> dict[str, Any] | None:
    if community is None:
        return None
    written = _part(replace(community, label_defaults=())) or {}
    labels = [
        {
            "label": one.label,
            "modifiers": [write_term(term) for term in one.modifiers],
            **({} if one.signature is None else {"signature": one.signature}),
        }
        for one in community.label_defaults
    ]
    return {**written, **({"label_defaults": labels} if labels else {})}


def _scope(scope: model.Scope) -> dict[str, Any]:
    lists = {
        "hosting": scope.hosting,
        "modalities": scope.modalities,
        "recipient_countries": scope.recipient_countries,
        "return_of_results": scope.return_of_results,
    }
    answers = {**scope.answers, **{name: plain(value) for name, value in lists.items() if value is not None}}
    written = {
        "permissions": [write_term(term) for term in scope.permissions],
        "modifiers": [write_term(term) for term in scope.modifiers],
        "answers": dict(sorted(answers.items())),
    }
    return {name: value for name, value in written.items() if value}
