"""Who may answer which open question, and how? One table (ruling 1). Nobody answers a DENY: it is in no row.

`finding`: by an answer with a ground, which the request and then the grant carry. `record`: by a new version of what
is on record, so that the question is asked anew. `evidence`: by what the researcher states or brings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from broker.core.time import FOREVER, Seconds

COMMITTEE = "committee_member"
ETHICS = "ethics_committee"
LEGAL = "legal_officer"

NINETY_DAYS = Seconds(90 * 24 * 3600)
"""How long an answer about the law lasts at most (ruling 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Who answers. `roles`: each of them must, by a different person. `longest`: how long an answer lasts at most."""

    by: Literal["finding", "record", "evidence"]
    roles: frozenset[str]
    longest: Seconds = FOREVER


def _one(by: Literal["finding", "record", "evidence"], role: str, longest: Seconds = FOREVER) -> Answerer:
    return Answerer(by=by, roles=frozenset({role}), longest=longest)


_PERSON = _one("record", "participant")
_CUSTODIAN = _one("record", "custodian")
_COMMUNITY = _one("record", "community authority")
_COMMITTEE = _one("finding", COMMITTEE)
_ETHICS = _one("finding", ETHICS)
_LAWYER = _one("finding", LEGAL, NINETY_DAYS)

ANSWERERS: Mapping[str, Answerer] = {
    "CON-SILENT": _ETHICS,
    "CON-METHODS-UNCLEAR": _ETHICS,
    "CON-TOO-FEW": _COMMITTEE,
    "CON-CERTIFICATE-OPEN": _COMMITTEE,  # or by answering the same DUO codes of the dataset
    "CON-ASK": _PERSON,
    "CON-REAFFIRM-DUE": _PERSON,
    "CON-CAPACITY-REGAINED": _PERSON,
    "CON-REPRESENTATIVE-LAPSED": _PERSON,  # or who lawfully speaks for them
    "CON-FAMILY-DECIDES": _one("record", "family"),
    "CON-SUSPENDED": _one("record", "who suspended it"),
    "CON-PURPOSE-UNCLEAR": _PERSON,
    "CON-RECORD-CONFLICT": _CUSTODIAN,
    "CON-UNKNOWN-CODE": _CUSTODIAN,
    "CON-UNKNOWN-ANSWER": _CUSTODIAN,
    "CON-NO-CERTIFICATE": _CUSTODIAN,
    "CON-UNDECLARED": _one("evidence", "researcher"),
    "CON-CONDITION-OPEN": _one("evidence", "researcher"),
    "COM-APPROVAL-NEEDED": _COMMUNITY,
    "COM-LOCAL-ONLY": _COMMUNITY,
    "PUR-DUAL-USE": _COMMITTEE,
    "GOV-SAFEGUARD-MISSING": _CUSTODIAN,
    "GOV-DUTIES-MISSING": _CUSTODIAN,
    "JUR-NO-PACK": _LAWYER,
    "JUR-FACT-MISSING": _LAWYER,
}
"""By code, where a family of codes does not have one answerer."""

FAMILIES: Mapping[str, Answerer] = {
    "DUO-": _COMMITTEE,
    "JUR-": Answerer(by="finding", roles=frozenset({LEGAL, COMMITTEE}), longest=NINETY_DAYS),
}
"""By beginning of the code. What a policy pack refers needs two named roles."""

NOBODY = frozenset({"DUO-DATASET-NARROWER"})
"""A code that begins as those of a family do, and is always a no."""

ROLES = frozenset({COMMITTEE, ETHICS, LEGAL})
"""The roles that give findings."""


def answerer(code: str) -> Answerer | None:
    """Who answers an open question with this code; None: nobody, it is no open question."""
    if code in NOBODY:
        return None
    return ANSWERERS.get(code) or next((who for start, who in FAMILIES.items() if code.startswith(start)), None)


def may_answer(role: str, code: str) -> bool:
    """Does `role` answer this code, alone or with another, by a finding?"""
    who = answerer(code)
    return who is not None and who.by == "finding" and role in who.roles
