"""What does each gate of a decision ask? A second reading, one function for each gate, written from the text alone.

In the order of docs/explanation/how-a-decision-is-made.md. A gate gathers everything that it has to say; what is told
is the strictest of it. DUO, consent and law are in the readings of their own; here is how a decision asks them.
"""

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.differential import reading_duo, reading_duo_codes, reading_law
from tests.differential.ontology import Diseases
from tests.differential.reading_consent import instant

ORDER = ["PERMIT", "PERMIT_WITH_OBLIGATIONS", "PENDING", "REFER", "ALTERNATIVE", "DENY"]
PERMITS = ORDER[:2]
LADDER = reading_law.LADDER
COPIES = ("download", "stream")
SEEN = ("download", "stream", "tre_remote")
LEEWAY = timedelta(seconds=30)
ENGAGED_WITHIN = 5
VISAS_ASSERTED = "2025-12-01T00:00:00Z"
REGISTERED = "https://doi.org/10.1038/s41431-018-0219-y"
Grant = Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """What every case is judged against."""

    diseases: Diseases
    packs: list[Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """One case, asked for one way of access, under one grant or none."""

    document: Mapping[str, Any]
    way: str
    grant: Grant | None

    def __getitem__(self, name: str) -> Any:
        return self.document.get(name)

    @property
    def now(self) -> datetime:
        return instant(self.document["at"])

    @property
    def use(self) -> bool:
        return bool(self.document["stage"] == "use")

    @property
    def dataset(self) -> Mapping[str, Any]:
        return self.document["dataset"]  # type: ignore[no-any-return]

    @property
    def purpose(self) -> Mapping[str, Any] | None:
        """For what: as the request says, or under which purpose the use stands; None: nobody has stated it."""
        if not self.use:
            return self["purpose"]  # type: ignore[no-any-return]
        if self.grant is not None:
            return self.grant["purpose"]  # type: ignore[no-any-return]
        return self["stated"] if self["purpose"] is None else {**self["purpose"], **(self["stated"] or {})}

    def answered(self, code: str) -> list[Mapping[str, Any]]:
        """Ruling 2: the findings that answer `code` now, for these very inputs."""
        given = (self.grant or {}).get("findings", ()) if self.use else self["findings"] or ()
        return [
            one for one in given
            if one["code"] == code and not one.get("changed") and instant(one["from"]) <= self.now < instant(one["until"])
        ]  # fmt: skip

    def answered_by(self, code: str, *roles: str) -> bool:
        return set(roles) <= {one["role"] for one in self.answered(code)}


@dataclass(frozen=True)
class Said:
    """What a gate says: the strictest of all that it found, and the codes that say so."""

    outcome: str = "PERMIT"
    codes: frozenset[str] = frozenset()
    left_out: tuple[str, ...] = field(default=())


UNSTATED = Said("PENDING", frozenset({"PUR-UNSTATED"}))
"""Ruling 3: who has not stated for what is asked to; nothing else can be said about the use."""

Gate = Callable[[Case, Rules], Said]


def strictest(found: Iterable[tuple[str, str]]) -> Said:
    found = list(found)
    worst = max((outcome for outcome, _ in found), key=ORDER.index, default="PERMIT")
    return Said(worst, frozenset(code for outcome, code in found if outcome == worst and code))


def months_after(moment: datetime, months: int) -> datetime:
    """The same day so many months later; the month's last day where it has no such day."""
    year, month = divmod(moment.month - 1 + months, 12)
    year, month = moment.year + year, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))


def years_after(moment: datetime, years: int) -> datetime:
    return months_after(moment, 12 * years)


def in_force(one: Mapping[str, Any], now: datetime) -> bool:
    """Evidence: from its first instant on, until its last."""
    begins, ends = one.get("valid_from"), one.get("valid_to")
    return (begins is None or instant(begins) <= now) and (ends is None or now < instant(ends))


def shown(case: Case, type_: str, value: str) -> list[Mapping[str, Any]]:
    """The visas of this type and value that count now; ruling 16: other people's clocks have a leeway.

    A visa must name an identity of the caller (clearinghouse, "Whose visa"): of whom nobody knows it says nothing.
    """
    return [
        one for one in case["visas"] or ()
        if case["trusted"] and (one["type"], one["value"]) == (type_, value) and case.now < instant(one["ends"]) + LEEWAY
    ]  # fmt: skip


# ------------------------------------------------------------------ who


def identity(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Do we know who asks, from somebody whom we trust?"""
    return strictest([] if case["trusted"] else [("DENY", "AUTH-IDENTITY-UNTRUSTED")])


def lives(grant: Grant, document: Mapping[str, Any]) -> bool:
    """Has it begun, not ended, and not been revoked? What is shown by visas was weighed when it was found."""
    now = instant(document["at"])
    over = grant["id"].startswith("G-") and instant(grant["ends"]) <= now
    return not grant.get("revoked") and instant(grant["begins"]) <= now and not over


def other_titles(document: Mapping[str, Any]) -> list[Grant]:
    """What opens the dataset without a grant of ours: another issuer's visa (ruling 3), and Registered Access.

    Each stands for a purpose that somebody has stated for all: the issuer's row, the dataset's terms.
    """
    case = Case(document, document["way"], None)
    found = [
        {"id": "foreign", "purpose": document.get("foreign_profile"), "ends": visa["ends"]}
        for visa in shown(case, "ControlledAccessGrants", "this")
    ]
    both = [shown(case, one, REGISTERED) for one in ("AcceptedTermsAndPolicies", "ResearcherStatus")]
    if document["dataset"]["access"] == "registered" and all(both):
        ends = min((max((one["ends"] for one in each), key=instant) for each in both), key=instant)
        found.append({"id": "registered", "purpose": document["dataset"]["registered_profile"], "ends": ends})
    return [{"begins": VISAS_ASSERTED, "findings": [], **one} for one in found]


def mine(document: Mapping[str, Any]) -> list[Grant]:
    """This person's grants for this dataset; if the request names one, that one alone."""
    named = document.get("named")
    return [
        one for one in document["grants"]
        if one["whose"] == "me" and one["dataset"] == "this" and named in (None, one["id"])
    ]  # fmt: skip


def entitlement(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Are the data open, or is there a live grant, or a visa that stands for one? Asked of a use alone."""
    if not case.use or case.dataset["access"] == "open":
        return Said()
    grant = case.grant
    if grant is None:
        if case["named"] is not None:
            return strictest([("DENY", "PUR-MISMATCH")])
        registered = case.dataset["access"] == "registered"
        return strictest([("DENY", "AUTH-NOT-REGISTERED" if registered else "AUTH-NO-GRANT")])
    if grant.get("revoked"):
        return strictest([("DENY", "AUTH-GRANT-REVOKED")])
    if grant["id"].startswith("G-") and instant(grant["ends"]) <= case.now:
        return strictest([("DENY", "AUTH-GRANT-ENDED")])
    return strictest([("DENY", "AUTH-NO-GRANT")] if case.now < instant(grant["begins"]) else [])


def terms(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Terms of use accepted, and the training that the data demand, by a certificate not of the person themselves.

    Reading: not asked when the committee answers, for the person and their credentials are not there then.
    """
    if case["stage"] == "approve":
        return Said()
    found = []
    url, training = case.dataset.get("terms_of_use"), case.dataset.get("training")
    if url and not shown(case, "AcceptedTermsAndPolicies", url):
        found.append(("PENDING", "AUTH-TERMS"))
    if training:
        certificates = [
            one for one in case["visas"] or () if case["trusted"] and one["value"] == training and one["by"] != "self"
        ]
        if not any(case.now < instant(one["ends"]) + LEEWAY for one in certificates):
            found.append(("PENDING", "AUTH-TRAINING-EXPIRED" if certificates else "AUTH-TRAINING-MISSING"))
    return strictest(found)


# ------------------------------------------------------------------ for what


def purpose(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Is a purpose stated, is it the approved one, may it be at all?"""
    found = []
    approved, stated = case.purpose, {**(case["purpose"] or {}), **(case["stated"] or {})} if case.use else {}
    flags = {*(approved or {}).get("flags", ()), *stated.get("flags", ())}
    if "prohibited" in flags:
        found.append(("DENY", "PUR-PROHIBITED"))
    if approved is None:
        return strictest([*found, ("PENDING", "PUR-UNSTATED")])
    under = (case.grant or {}).get("purpose")
    if stated and case.dataset["access"] != "open" and (under is None or stated.get("project") != under.get("project")):
        found.append(("DENY", "PUR-MISMATCH"))
    if "dual_use" in flags and not case.answered_by("PUR-DUAL-USE", "committee_member"):
        found.append(("REFER", "PUR-DUAL-USE"))
    return strictest(found)


def country_of(case: Case) -> str | None:
    return ((case["organisation"] or {}).get("facts") or {}).get("recipient.country")


def abroad(case: Case) -> bool:
    """Across a border: of origin, controller, recipient, person and processing not all are in one country.

    Reading: what is not known is abroad; where the person sits counts if it is known (ruling 9).
    """
    facts, said = case.dataset["facts"], case.purpose or {}
    copies = said.get("countries", ()) if case.way in COPIES else [facts.get("data.storage_country")]
    places = {*(facts.get("data.origin_countries") or [None]), facts.get("data.controller_country"), country_of(case)}
    places |= {one for one in (*copies, case["location"]) if one is not None}
    return None in places or len(places) > 1


def safeguards(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """For a new grant: what the data holder must have put on record.

    Reading: open data are not granted; what opens without a grant of ours is new each time.
    """
    ours = case.grant is None or case.grant["id"].startswith("G-")
    if case.dataset["access"] == "open" or (case.use and ours):
        return Said()
    record, found = case.dataset["safeguards"], []
    needed = [
        "responsible",
        "governance",
        "custodian",
        "return_of_results",
        "benefit_sharing",
        "sustainability",
        "raci",
    ]
    broad = any(
        version.get("model") in ("broad", "waiver", "opt_out") for one in case["consents"].values() for version in one
    )
    engaged = any(
        instant(one["date"]) <= case.now < years_after(instant(one["date"]), ENGAGED_WITHIN)
        for one in record.get("engagements", ())
    )
    if any(not record.get(one) for one in needed) or (broad and not engaged):
        found.append(("REFER", "GOV-SAFEGUARD-MISSING"))
    embargo = record.get("embargo")
    if embargo and case.now < instant(embargo["until"]):
        found.append(("DENY", "GOV-EMBARGO"))
    classes = {one["class"] for one in record.get("duties", ())}
    if abroad(case) and classes != {"respect", "protect", "fulfil", "account"}:
        found.append(("REFER", "GOV-DUTIES-MISSING"))
    return strictest(found)


def declared(case: Case) -> dict[str, Any]:
    """The purpose as it counts: what the asker writes about an institution does not, or only against them (ruling 5)."""
    said = dict(case.purpose or {})
    row = case["organisation"]
    if said.get("organisation") != "for_profit":
        said["organisation"] = row["organisation"] if row else None
    home, sits = country_of(case), case["location"]  # ruling 9: location counts wherever country does
    said["countries"] = sorted({*said.get("countries", ()), home, *([sits] if sits else [])}) if home else []
    said["user"] = case["who"]
    said["institution"] = case["affiliation"]
    if "ethics_approval" in said:
        said["evidence"] = {"ethics_approval": said["ethics_approval"]}
    return said


def _if(member: str, *, was: Any, now: Any, inside: str | None = None) -> Callable[[dict[str, Any]], None]:
    def edit(said: dict[str, Any]) -> None:
        part = said
        if inside is not None:
            part = said[inside] = dict(said.get(inside) or {})
        if part.get(member) == was:
            part[member] = now

    return edit


def _no_topics(said: dict[str, Any]) -> None:
    if said.get("sensitive"):
        said["sensitive"] = []


MET: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "DUO-SENSITIVE": _no_topics,
    "DUO-SENSITIVE-UNSTATED": _if("sensitive", was=None, now=[]),
    "DUO-COLLABORATION-MISSING": _if("collaborate", was=None, now="recorded", inside="agreements"),
    "DUO-COLLABORATION-PENDING": _if("collaborate", was="pending", now="recorded", inside="agreements"),
    "DUO-PUBLISH-UNSTATED": _if("publish", was=None, now=True, inside="agreements"),
    "DUO-RETURN-UNSTATED": _if("return_data", was=None, now=True, inside="agreements"),
    "DUO-ETHICS-MISSING": _if("ethics_approval", was=None, now="verified", inside="evidence"),
    "DUO-ETHICS-UNVERIFIED": _if("ethics_approval", was="supplied", now="verified", inside="evidence"),
    "DUO-COMMERCIAL-UNSTATED": _if("commercial", was=None, now=False),
    "DUO-CLINICAL-UNSTATED": _if("clinical_care", was=None, now=False),
}
"""Ruling 2: exactly this code is met. What the matcher must then be told for it to be."""


def settled(case: Case) -> dict[str, Any]:
    """The purpose, with what the dataset's committee has answered."""
    said = declared(case)
    for code, edit in MET.items():
        if case.answered_by(code, "committee_member"):
            edit(said)
    return said


def duo(case: Case, rules: Rules) -> Said:
    """Does the purpose fit the dataset's codes? REVIEW is REFER."""
    if case.purpose is None:
        return UNSTATED
    codes, said = case.dataset["duo"], settled(case)
    verdict, _ = reading_duo.judge({"dataset": codes, "purpose": said}, rules.diseases)
    outcome = {"PERMIT": "PERMIT", "REVIEW": "REFER", "DENY": "DENY"}[verdict]
    return Said(outcome, frozenset(reading_duo_codes.told(verdict, codes, said, rules.diseases)))
