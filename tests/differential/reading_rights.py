"""What do participants, communities, laws, security and conduct say to a case? The second half of the gates, read again.

The rules themselves are in reading_consent.py and reading_law.py; here is how a decision asks them: about which
request, with which findings, under which grant.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.differential import reading_consent, reading_duo, reading_law
from tests.differential.reading_consent import EXCLUDE, HOLD, INCLUDE, Verdict, instant
from tests.differential.reading_gates import (
    COPIES, SEEN, Case, Rules, Said, abroad, country_of, declared, in_force, months_after, settled, strictest,
)  # fmt: skip

TWO_ROLES = ("legal_officer", "committee_member")
NEVER_SAID = {"CON-NO-RECORD", "CON-NOT-YET-EFFECTIVE", "CON-EXPIRED", "CON-NO-CERTIFICATE", "DUO-DATASET-NARROWER"}
"""What is no refusal of the person: there was no record, or the institution spoke."""


# ------------------------------------------------------------------ what consents are asked


def request_of(case: Case) -> dict[str, Any]:
    """The same purpose in the words of the consent model, which knows one class and flags (CONSENT_MODEL section 5)."""
    said = declared(case)
    kinds = set(said.get("kinds") or ())
    class_ = next(
        (word for kind, word in (
            ("general", "general"), ("disease", "ds"), ("hmb", "hmb"), ("methods", "methods"), ("ancestry", "poa"),
        ) if kind in kinds),
        "clinical",
    )  # fmt: skip
    use = said.get("ai_use")
    request = {
        "purpose": class_, "diseases": list(said.get("diseases") or ()), "org_type": said["organisation"],
        "commercial_use": said.get("commercial"), "modality": case.way, "recipient_country": country_of(case),
        "processing_country": processing_country(case), "genetic_study": "genetic" in kinds,
        "ancestry": "ancestry" in kinds and class_ != "poa", "linkage": said.get("linkage"),
        "recontact": said.get("recontact"), "ai_training": None if use is None else use != "none",
        "ai_model_release": None if use is None else use in ("model_release", "generative_release"),
        "family_analysis": "family_analysis" in said.get("flags", ()), "topics": said.get("sensitive"),
    }  # fmt: skip
    for member in ("agreements", "evidence", "duration_months", "user", "project", "institution"):
        if said.get(member) is not None:
            request[member] = said[member]
    return request


def processing_country(case: Case) -> str | None:
    """Copies are worked on where the asker says; everything else where the data are."""
    where = case["processing"] if case.way in COPIES else case.dataset["facts"].get("data.storage_country")
    return where  # type: ignore[no-any-return]


def certified(case: Case, rules: Rules) -> Verdict | None:
    """R9: the institution's certificate, by the one matcher; sensitive topics are the DUO gate's."""
    certificate = case.dataset["certificate"]
    begins, ends = certificate.get("valid_from"), certificate.get("valid_to")
    if (begins and instant(begins) > case.now) or (ends and instant(ends) <= case.now):
        return HOLD, "CON-NO-CERTIFICATE"
    said = settled(case) | {"sensitive": []}
    verdict, _ = reading_duo.judge({"dataset": case.dataset["duo"], "purpose": said}, rules.diseases)
    if verdict == "DENY":
        return EXCLUDE, "DUO-DATASET-NARROWER"
    if verdict == "REVIEW" and not case.answered_by("CON-CERTIFICATE-OPEN", "committee_member"):
        return HOLD, "CON-CERTIFICATE-OPEN"
    return None


def consent(case: Case, rules: Rules) -> Said:
    """The certificate, and then each participant whose data are asked for; of a forecast the certificate alone."""
    request = request_of(case)
    certificate = dict(case.dataset["certificate"]) | {"judged": certified(case, rules)}
    if case["stage"] == "foresee":
        return _certificate_alone(certificate, request)
    asked = case["samples"] if case["samples"] is not None else sorted(case["consents"])
    people = {one: _person(one, request, certificate, case, rules) for one in asked}
    told = reading_consent._set(people, certificate)
    outcome, left_out = told["outcome"], tuple([*told["excluded"], *told["held"]])
    if outcome == "REFER" and case.answered_by("CON-TOO-FEW", "committee_member"):
        outcome = "PERMIT_FILTERED"
    if outcome in ("PERMIT", "PERMIT_FILTERED"):
        return Said("PERMIT", left_out=left_out)
    worst = {"DENY": EXCLUDE, "HOLD": HOLD}.get(outcome)
    codes = {"DENY_FILE": {"CON-MIXED-FILE"}, "REFER": {"CON-TOO-FEW"}}.get(outcome) or {
        code for verdict, code in people.values() if verdict == worst
    }
    return Said("REFER" if outcome in ("HOLD", "REFER") else "DENY", frozenset(codes or told["reasons"]), left_out)


def _certificate_alone(certificate: Mapping[str, Any], request: Mapping[str, Any]) -> Said:
    """Reading: what the institution refuses or lets wait; its silence is nobody's, for each person may have said yes."""
    if certificate["judged"] is not None:
        verdict, code = certificate["judged"]
        return strictest([("DENY" if verdict == EXCLUDE else "REFER", code)])
    own = {"answers": certificate.get("answers") or {}}
    rules = (reading_consent._answers({}, own, request, silence=False), reading_consent._lists({}, own, request))
    for verdict, code in map(reading_consent._told, rules):
        if verdict != INCLUDE:
            return strictest([("DENY" if verdict == EXCLUDE else "REFER", code)])
    return Said()


def _person(name: str, request: Mapping[str, Any], certificate: Mapping[str, Any], case: Case, rules: Rules) -> Verdict:
    """One participant, now; and under a grant, what they refused since it began (rules of consent, "Less holds at once")."""
    versions = [_answered(one, request, certificate, case) for one in case["consents"].get(name, ())]
    now = _at(versions, request, certificate, case, case.now, rules)
    if now[0] == EXCLUDE or case.grant is None or case.grant["begins"] is None:
        return now
    begun = instant(case.grant["begins"])
    since = [instant(one["effective_from"]) for one in versions]
    for moment in [begun, *sorted(one for one in since if begun < one < case.now)]:
        then = _at(versions, request, certificate, case, moment, rules)
        if then[0] == EXCLUDE and then[1] not in NEVER_SAID:
            return then
    return now


def _at(
    versions: list[Mapping[str, Any]], request: Mapping[str, Any], certificate: Mapping[str, Any], case: Case,
    moment: datetime, rules: Rules,
) -> Verdict:  # fmt: skip
    """R1 to R12 at `moment`, by what is known now."""
    return reading_consent._person(versions, request, certificate, moment, case.now, rules.diseases)


def _answered(
    version: Mapping[str, Any], request: Mapping[str, Any], certificate: Mapping[str, Any], case: Case
) -> Mapping[str, Any]:
    """The version as it counts: with the ethics committee's answers for its form, and in the grace of a running grant."""
    read: dict[str, Any] = dict(version)
    form = read.get("template") or {}
    scope = read["scope"] = dict(read.get("scope") or {})
    for finding in case.answered("CON-SILENT"):
        if (
            finding["role"] == "ethics_committee"
            and finding["class"] == form.get("id")
            and form.get("sha256") == finding["form"]
        ):
            said = dict(scope.get("answers") or {})
            silent = [
                one for one in finding["keys"] if one not in said and one not in (certificate.get("answers") or {})
            ]
            scope["answers"] = said | dict.fromkeys(silent, "permit")
    review, begun = read.get("maturity_review_on"), (case.grant or {}).get("begins")
    if review and begun and instant(begun) < instant(review) and case.now < months_after(instant(review), 6):
        read.pop("maturity_review_on")
    return read


# ------------------------------------------------------------------ communities


def community(case: Case, rules: Rules) -> Said:
    """Does a community govern these data, and what did it decide? Each of several must agree."""
    return strictest([_community(versions, case, rules) for versions in case["communities"].values()])


def _community(versions: list[Mapping[str, Any]], case: Case, rules: Rules) -> tuple[str, str]:
    waits, refused = ("PENDING", "COM-APPROVAL-NEEDED"), ("DENY", "COM-REFUSED")
    chosen = reading_consent._governing(versions, case.now, case.now)
    if isinstance(chosen, tuple):
        return waits  # no record in force
    record = chosen[0][-1]
    if record.get("status") == "withdrawn" or record.get("withdrawal"):
        return refused
    said = record["community"]
    if said["decision"] == "refused":
        return refused
    scope = reading_consent._layer(
        versions, "COM-REFUSED", "COM-APPROVAL-NEEDED", request_of(case), case.now, case.now, rules.diseases
    )
    if scope[0] == EXCLUDE:
        return refused
    if said.get("local_only") and case.way in SEEN:
        return "DENY", "COM-LOCAL-ONLY"
    reviewed = said.get("review_on")
    if said["decision"] == "undecided" or scope[0] == HOLD or (reviewed and instant(reviewed) <= case.now):
        return waits
    return "PERMIT", ""


def _facts_of_communities(case: Case, rules: Rules) -> dict[str, Any]:
    """What packs read of a community's decision."""
    if not case["communities"]:
        return {}
    said = [_community(one, case, rules) for one in case["communities"].values()]
    in_force = [reading_consent._governing(one, case.now, case.now) for one in case["communities"].values()]
    local = any(not isinstance(one, tuple) and one[0][-1]["community"].get("local_only") for one in in_force)
    return {
        "data.community_governed": True,
        "data.community_local_only": local or bool(case.dataset["facts"].get("data.community_local_only")),
        "decided": "community.refused" if ("DENY", "COM-REFUSED") in said
        else "community.approved" if all(code in ("", "COM-LOCAL-ONLY") for _, code in said) else None,
    }  # fmt: skip


# ------------------------------------------------------------------ law


def facts_of(case: Case, rules: Rules) -> dict[str, Any]:
    """Ruling 5: each fact from who may state it. What nobody states is missing."""
    row, said = case["organisation"] or {"facts": {}, "evidence": []}, case.purpose or {}
    facts = {**case.dataset["facts"], **row["facts"]}
    facts["recipient.individual_location"] = case["location"]
    facts["request.modality"] = case.way
    facts["request.processing_country"] = processing_country(case)
    facts["request.purpose_flags"] = list(said.get("flags", ()))
    facts["request.ai_use"] = said.get("ai_use")
    if case["organisation"] is not None:
        facts["recipient.security_level"] = level_of(case)
    if "institution" in {one["kind"] for one in sanctions(case)}:
        facts["recipient.suspended"] = True
    papers = [*case.dataset.get("evidence", ()), *row["evidence"]]
    facts["evidence"] = [one["id"] for one in papers if in_force(one, case.now)]
    decided = _facts_of_communities(case, rules)
    if word := decided.pop("decided", None):
        facts["evidence"].append(word)
    return {name: value for name, value in (facts | decided).items() if value is not None}


def jurisdiction(case: Case, rules: Rules) -> Said:
    """The law of every place involved, pack by pack; a finding makes exactly its code met."""
    facts, today = facts_of(case, rules), reading_law.day(case["at"])
    found, answered, owed = list[tuple[str, str]](), set[str](), False
    for pack in rules.packs:
        said = reading_law._pack(pack, facts, today) if reading_law._in_force(pack, today) else None
        if said is None:
            continue
        owed = owed or bool(said["obligations"])
        for code in said["reasons"]:
            met = said["outcome"] == "REFER" and case.answered_by(code, *TWO_ROLES)
            found.append(("PERMIT" if met else said["outcome"], code))
        if said["applies"]:
            for country in pack["answers_for"]:
                answered |= set(reading_law.REGIONS["EEA"]) if country == "EEA" else {country}
    origins, controller = facts.get("data.origin_countries"), facts.get("data.controller_country")
    needed = {*(origins or []), *([controller] if controller else [])}
    if needed - answered and not case.answered_by("JUR-NO-PACK", *TWO_ROLES):
        found.append(("REFER", "JUR-NO-PACK"))
    if (not origins or not controller) and not case.answered_by("JUR-FACT-MISSING", *TWO_ROLES):
        found.append(("REFER", "JUR-FACT-MISSING"))
    found = [(outcome, code) for outcome, code in found if outcome != "PERMIT"]
    return strictest(found) if found else Said("PERMIT_WITH_OBLIGATIONS" if owed else "PERMIT")


# ------------------------------------------------------------------ security and conduct


def level_of(case: Case) -> int:
    """What the institution has shown: what the registry says, and above 1 only so far as evidence in force goes."""
    row = case["organisation"] or {"facts": {}, "evidence": []}
    stated = row["facts"].get("recipient.security_level") or 0
    papers = [one["id"] for one in row["evidence"] if in_force(one, case.now)]
    proved = [int(one.removeprefix("security.level:")) for one in papers if one.startswith("security.level:")]
    return min(stated, max([1, *proved]))


def security(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Copies go to who can protect them, and to whom somebody could act against; sealed files leave sealed."""
    found = []
    if case.way in COPIES:
        needed = case.dataset.get("security_level")
        if needed is not None and level_of(case) < needed:
            found.append(("DENY", "SEC-CANNOT-PROTECT"))
        if abroad(case) and not (case["organisation"] or {}).get("recourse"):
            found.append(("DENY", "SEC-CANNOT-PROTECT"))
        if case.use and case["stored_sealed"] and not case.dataset.get("plaintext") and not case["asked_sealed"]:
            found.append(("DENY", "SEC-SEALED-ONLY"))
    return strictest(found)


def sanctions(case: Case) -> list[Mapping[str, Any]]:
    """The suspensions that hold now; the other steps of the ladder shut nobody out."""
    return [
        one for one in case["sanctions"] or ()
        if one["step"] in ("suspend_person", "suspend_institution") and not one.get("lifted")
        and instant(one["begins"]) <= case.now < instant(one["ends"])
    ]  # fmt: skip


def conduct(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Under a sanction, revoked, or something owed and late?"""
    found = []
    if sanctions(case):
        found.append(("DENY", "OPS-RECIPIENT-SUSPENDED"))
    if case["revoked"]:
        found.append(("DENY", "AUTH-REVOKED"))
    for owed in case["duties"] or ():
        if instant(owed["due"]) > case.now or owed.get("done"):
            continue
        if case.use and owed["late"] == "stop" and case.grant is not None and owed["grant"] == case.grant["id"]:
            found.append(("DENY", "OPS-REPORT-OVERDUE"))
        if not case.use:
            found.append(("DENY", "OPS-DUTY-OVERDUE"))
    return strictest(found)
