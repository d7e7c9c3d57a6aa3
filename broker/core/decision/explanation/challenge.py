"""What can be done against an answer, until when, and who outside the house can be asked? (EXPLAIN section 6)"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.core.decision.case import Case
from broker.core.jurisdiction.pack import Pack
from broker.core.outcome import Reason
from broker.core.reasons import REASONS, Appeal
from broker.core.rows import Committee
from broker.core.time import Seconds

APPEAL_DAYS = 30
"""How long one may ask for another look, in days."""

_DAY = 86_400

AUTHORITIES: Mapping[tuple[str, str], str] = {
    ("EU", "data_protection"): "EU-DPA",
    ("EU", "research_approval"): "EU-HDAB",
    ("GB", "data_protection"): "GB-ICO",
    ("BR", "data_protection"): "BR-ANPD",
    ("ZA", "data_protection"): "ZA-IR",
    ("NG", "data_protection"): "NG-NDPC",
    ("IN", "data_protection"): "IN-DPB",
    ("IN", "research_approval"): "IN-HMSC",
    ("CN", "genetic_resources"): "CN-HGR",
    ("US", "national_security"): "US-DOJ",
    ("US", "funder_policy"): "US-NIH",
}
"""Who outside can be asked about the rules of a pack, by its jurisdiction and kind: keys of `texts.py`."""


BY_CODE: Mapping[str, str] = {
    "JUR-CN-PIPL-ASSESSMENT": "CN-CAC",
    "JUR-CN-PIPL-SCC": "CN-CAC",
    "JUR-CN-PIPL-CONSENT": "CN-CAC",
    "JUR-ZA-HREC": "ZA-NHREC",
}
"""Where a pack joins the laws of several authorities: who is asked about this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """`appeal`: what of the strictest reason can be challenged; facts always can. `contact`: of the committee."""

    appeal: Appeal
    until: Seconds | None
    contact: str | None
    outside: tuple[str, ...]
    """Keys of AUTHORITIES' values."""


def challenge(reasons: Iterable[Reason], case: Case) -> Challenge:
    """The way to challenge an answer that rests on `reasons`, the strictest first."""
    told = tuple(reasons)
    appeal: Appeal = REASONS[told[0].code].appeal if told else "facts"
    committee = case.snapshot.get(Committee, case.dataset.committee) if case.dataset is not None else None
    return Challenge(
        appeal=appeal,
        until=Seconds(case.question.at + APPEAL_DAYS * _DAY) if appeal == "merits" else None,
        contact=committee.contact if committee is not None else None,
        outside=tuple(dict.fromkeys(_authorities(told, case))),
    )


def _authorities(reasons: tuple[Reason, ...], case: Case) -> Iterable[str]:
    """Of the packs that stand in the way; then of the country that answers for the data."""
    packs = case.snapshot.rulebook.packs
    rules = [one for one in reasons if one.norm is not None and one.norm.source in packs]
    for one in rules:
        if one.code in BY_CODE:
            yield BY_CODE[one.code]
    named = [packs[one.norm.source] for one in rules if one.norm is not None and one.code not in BY_CODE]
    controller = case.facts.get("data.controller_country")
    home = [pack for pack in packs.values() if pack.kind == "data_protection" and _answers(pack, controller)]
    for pack in (*named, *home):
        found = AUTHORITIES.get((pack.jurisdiction, pack.kind))
        if found is not None:
            yield found


def _answers(pack: Pack, country: object) -> bool:
    members = pack.lists["eea"].items if "EEA" in pack.answers_for and "eea" in pack.lists else ()
    return country in pack.answers_for or any(item.code == country for item in members)
