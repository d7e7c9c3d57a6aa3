"""What do participants, communities, laws, security and conduct say to a case? The second half of the gates, read again.

The rules themselves are in reading_consent.py and reading_law.py; here is how a decision asks them: about which
request, with which findings, under which grant.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.differential import reading_consent, reading_duo, reading_law
from tests.differential.reading_consent import EXCLUDE, HOLD, Verdict, instant
from tests.differential.reading_gates import (
    COPIES,
    ORDER,
    SEEN,
    UNSTATED,
    Case,
    Rules,
    Said,
    abroad,
    country_of,
    declared,
    in_force,
    months_after,
    settled,
    strictest,
)  # fmt: skip

TWO_ROLES = ("legal_officer", "committee_member")
NEVER_SAID = {"CON-NO-RECORD", "CON-NOT-YET-EFFECTIVE", "CON-EXPIRED", "CON-NO-CERTIFICATE", "DUO-DATASET-NARROWER"}
"""What is no refusal of the person: there was no record, or the institution spoke."""


# ------------------------------------------------------------------ what consents are asked


def request_of(case: Case, place: str | None) -> dict[str, Any]:
    """The same purpose in the words of the consent model, which knows one class and flags (CONSENT_MODEL section 5)."""
    said = declared(case)
    kinds = set(said.get("kinds") or ())
    class_ = next(
        (word for kind, word in (
            ("general", "general"), ("disease", "ds"), ("hmb", "hmb"), ("methods", "methods"), ("ancestry", "poa"),
        ) if kind in kinds),
        "hmb" if "genetic" in kinds else "clinical",
    )  # fmt: skip
    use = said.get("ai_use")
    request = {
        "purpose": class_, "diseases": list(said.get("diseases") or ()), "org_type": said["organisation"],
        "commercial_use": said.get("commercial"), "modality": case.way, "recipient_country": country_of(case),
        "processing_country": place, "genetic_study": "genetic" in kinds,
        "ancestry": "ancestry" in kinds and class_ != "poa", "linkage": said.get("linkage"),
        "recontact": said.get("recontact"), "ai_training": None if use is None else use != "none",
        "ai_model_release": None if use is None else use in ("model_release", "generative_release"),
        "family_analysis": "family_analysis" in said.get("flags", ()), "topics": said.get("sensitive"),
        "unstated": not kinds and said.get("clinical_care") is not True,
        "care_beside": False if class_ == "clinical" else said.get("clinical_care"),
    }  # fmt: skip
    for member in ("agreements", "evidence", "duration_months", "user", "project", "institution"):
        if said.get(member) is not None:
            request[member] = said[member]
    return request


def places_of(case: Case) -> list[str | None]:
    """Copies are worked on wherever the purpose says; everything else where the data lie. Each place is asked about.

    `countries` of a purpose are those of every institution and of processing (design, section 9).
    """
    if case.way in COPIES:
        return sorted((case.purpose or {}).get("countries", ())) or [None]
    return [case.dataset["facts"].get("data.storage_country")]


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
    """What everybody says to the use in each place; the strictest holds, and who is left out somewhere is left out."""
    if case.purpose is None:
        return UNSTATED
    said = [_consent(case, request_of(case, place), rules) for place in places_of(case)]
    worst = max(said, key=lambda one: ORDER.index(one.outcome))
    return Said(worst.outcome, worst.codes, tuple(sorted({name for one in said for name in one.left_out})))


def _consent(case: Case, request: Mapping[str, Any], rules: Rules) -> Said:
    """The certificate, and then each participant whose data are asked for; of a forecast the certificate alone."""
    certificate = {"granularity": "per_sample", **case.dataset["certificate"], "judged": certified(case, rules)}
    if case["stage"] == "foresee":
        return _certificate_alone(certificate, request)
    if case["samples"] is not None and case.way in COPIES:
        certificate["filterable"] = False  # CONSENT_MODEL section 6: never send a file and ask to ignore samples
    asked = case["samples"] if case["samples"] is not None else sorted(case["consents"])
    people = {one: _person(one, request, certificate, case, rules) for one in asked}
    told = reading_consent._set(people, certificate)
    outcome, left_out = told["outcome"], (*told["excluded"], *told["held"])
    if outcome == "REFER" and case.answered_by("CON-TOO-FEW", "committee_member"):
        outcome = "PERMIT_FILTERED"
    if outcome in ("PERMIT", "PERMIT_FILTERED"):
        return Said("PERMIT", left_out=left_out)
    # Reading: of several people who are not in, whose reason is told first is nobody's business (ruling 10).
    codes = {"DENY_FILE": {"CON-MIXED-FILE"}, "REFER": {"CON-TOO-FEW"}}.get(outcome) or told["reasons"]
    return Said("REFER" if outcome in ("HOLD", "REFER") else "DENY", frozenset(codes), left_out)


def _certificate_alone(certificate: Mapping[str, Any], request: Mapping[str, Any]) -> Said:
    """Reading: what the institution refuses or lets wait; its silence is nobody's, for each person may have said yes.

    Reading: nor does its "ask" hold, for each person may have been asked and have said yes.

    Reading: "the first rule that fires" is for one participant. Nobody is asked here, so the strictest holds, as among
    gates: what the institution refuses can never be allowed, whatever else of its certificate is open.
    """
    stated = certificate.get("answers") or {}
    own = {"answers": {key: said for key, said in stated.items() if said != "ask"}}
    answers = reading_consent._told(reading_consent._answers({}, own, request, silence=False))
    lists = reading_consent._told(reading_consent._lists({}, own, request))
    answers, lists = _narrower(answers), _narrower(lists)
    said = [one for one in (certificate["judged"], answers, lists) if one is not None and one[0] in (EXCLUDE, HOLD)]
    return strictest([("DENY" if verdict == EXCLUDE else "REFER", code) for verdict, code in said])


def _narrower(said: Verdict) -> Verdict:
    """R9: where no person is asked, what refuses is the certificate, and no word of a participant's."""
    return (EXCLUDE, "DUO-DATASET-NARROWER") if said[0] == EXCLUDE else said


def _person(name: str, request: Mapping[str, Any], certificate: Mapping[str, Any], case: Case, rules: Rules) -> Verdict:
    """One participant, now; and under a grant, what they refused since it began (rules of consent, "Less holds at once")."""
    versions = [_answered(one, certificate, case) for one in case["consents"].get(name, ())]
    now = _at(versions, request, certificate, case, case.now, rules)
    if now[0] == EXCLUDE or case.grant is None or case.grant["begins"] is None:
        return now
    begun = instant(case.grant["begins"])
    since = [instant(one["effective_from"]) for one in versions]
    settled = [_settled(one) for one in versions]
    today = _words(versions, case.now, case.now)
    for moment in [begun, *sorted(one for one in since if begun < one < case.now)]:
        if _words(versions, moment, case.now) == today:
            continue  # they have said nothing else since
        for said in (versions, settled):
            then = _at(said, request, certificate, case, moment, rules)
            if then[0] == EXCLUDE and then[1] not in NEVER_SAID:
                return then
    return now


def _words(versions: list[Mapping[str, Any]], moment: datetime, known: datetime) -> Any:
    """What of their consents governed at `moment`."""
    found = reading_consent._governing(versions, moment, known)
    return [one[-1] for one in found] if isinstance(found, list) else found


def _settled(version: Mapping[str, Any]) -> Mapping[str, Any]:
    """Reading: who waited may join later, if their answer fits; so a version that let them wait is asked what it says."""
    read = {**version, "maturity_review_on": None, "capacity": None}
    if version.get("grantor"):
        read["grantor"] = {**version["grantor"], "valid_to": None}
    return {**read, "status": "active"} if version.get("status") == "suspended" else read


def _at(
    versions: list[Mapping[str, Any]], request: Mapping[str, Any], certificate: Mapping[str, Any], case: Case,
    moment: datetime, rules: Rules,
) -> Verdict:  # fmt: skip
    """R1 to R12 at `moment`, by what is known now."""
    return reading_consent._person(versions, request, certificate, moment, case.now, rules.diseases)


def _answered(version: Mapping[str, Any], certificate: Mapping[str, Any], case: Case) -> Mapping[str, Any]:
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
            asked = [one for one in finding["keys"] if one in reading_consent.KEYS]
            silent = [one for one in asked if one not in said and one not in (certificate.get("answers") or {})]
            scope["answers"] = said | dict.fromkeys(silent, "permit")
    review, begun = read.get("maturity_review_on"), (case.grant or {}).get("begins")
    if review and begun and instant(begun) < instant(review) and case.now < months_after(instant(review), 6):
        read.pop("maturity_review_on")
    return read


# ------------------------------------------------------------------ communities


def community(case: Case, rules: Rules) -> Said:
    """Does a community govern these data, and what did it decide? Each of several must agree, in every place.

    Of a no that stands and one that another way avoids, the one that stands is told (a refusal ends the ladder).

    Without a record of a community's own, what the data holder has put on file counts (policy packs, facts).
    """
    if case["communities"]:
        return _of_communities(case, rules)
    governed = case.dataset["facts"].get("data.community_governed")
    papers = _papers(case)
    if "community.refused" in papers:
        return strictest([("DENY", "COM-REFUSED")])
    if governed is None:
        return strictest([("REFER", "JUR-FACT-MISSING")])
    waits = governed and "community.approved" not in papers
    return strictest([("PENDING", "COM-APPROVAL-NEEDED")] if waits else [])


def _of_communities(case: Case, rules: Rules) -> Said:
    said = strictest(_communities(case, rules))
    return Said(said.outcome, frozenset({"COM-REFUSED"})) if "COM-REFUSED" in said.codes else said


def _communities(case: Case, rules: Rules) -> list[tuple[str, str]]:
    if case.purpose is None:
        return [("PENDING", "COM-APPROVAL-NEEDED")]
    return [
        _community(versions, case, request_of(case, place), rules)
        for versions in case["communities"].values()
        for place in places_of(case)
    ]


def _community(
    versions: list[Mapping[str, Any]], case: Case, request: Mapping[str, Any], rules: Rules
) -> tuple[str, str]:
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
    reviewed = said.get("review_on")
    if said["decision"] == "undecided" or (reviewed and instant(reviewed) <= case.now):
        return waits  # Reading: who has not decided has said neither for what nor where
    scope = reading_consent._layer(
        versions, "COM-REFUSED", "COM-APPROVAL-NEEDED", request, case.now, case.now, rules.diseases
    )
    if scope[0] == EXCLUDE:
        return refused
    if scope[0] == HOLD:
        return waits
    return ("DENY", "COM-LOCAL-ONLY") if said.get("local_only") and case.way in SEEN else ("PERMIT", "")


def _facts_of_communities(case: Case, rules: Rules) -> dict[str, Any]:
    """What packs read of a community's decision."""
    if not case["communities"]:
        return {}
    worst = _of_communities(case, rules)
    return {
        "data.community_governed": True,
        "data.community_local_only": True if "COM-LOCAL-ONLY" in worst.codes else None,
        "decided": "community.refused" if "COM-REFUSED" in worst.codes
        else "" if worst.outcome == "PENDING" else "community.approved",
    }  # fmt: skip


# ------------------------------------------------------------------ law


def _papers(case: Case) -> list[str]:
    row = case["organisation"] or {"evidence": []}
    return [one["id"] for one in (*case.dataset["evidence"], *row["evidence"]) if in_force(one, case.now)]


def facts_of(case: Case, place: str | None, rules: Rules) -> dict[str, Any]:
    """Ruling 5: each fact from who may state it. What nobody states is missing."""
    row, said = case["organisation"] or {"facts": {}}, case.purpose
    facts = {**case.dataset["facts"], **row["facts"]}
    facts["recipient.individual_location"] = case["location"]
    facts["request.modality"] = case.way
    facts["request.processing_country"] = place
    if said is not None:
        facts |= {"request.purpose_flags": list(said.get("flags", ())), "request.ai_use": said.get("ai_use")}
    facts["evidence"] = _papers(case)
    decided = _facts_of_communities(case, rules)
    if "decided" in decided:
        word = decided.pop("decided")
        facts["evidence"] = [one for one in facts["evidence"] if word or one != "community.approved"] + [word]
    return facts | {name: value for name, value in decided.items() if value is not None}


def jurisdiction(case: Case, rules: Rules) -> Said:
    """The law of every place involved, in each place where copies are worked on; the strictest holds."""
    found, owed = list[tuple[str, str]](), False
    for place in places_of(case):
        facts = {name: value for name, value in facts_of(case, place, rules).items() if value is not None}
        said, duties = _law(case, facts, rules)
        found, owed = found + said, owed or duties
    if case.purpose is None and strictest(found).outcome != "DENY":
        return UNSTATED
    found = [(outcome, code) for outcome, code in found if outcome != "PERMIT"]
    return strictest(found) if found else Said("PERMIT_WITH_OBLIGATIONS" if owed else "PERMIT")


def _law(case: Case, facts: Mapping[str, Any], rules: Rules) -> tuple[list[tuple[str, str]], bool]:
    """Pack by pack; a finding makes exactly its code met."""
    found, answered, owed, today = list[tuple[str, str]](), set[str](), False, reading_law.day(case["at"])
    for pack in rules.packs:
        said = reading_law._pack(pack, facts, today) if reading_law._in_force(pack, today) else None
        if said is None:
            continue
        owed = owed or bool(said["obligations"])
        for code in said["reasons"]:
            met = said["outcome"] == "REFER" and _lawyer_said(case, code, rules)
            found.append(("PERMIT" if met else said["outcome"], code))
        if said["applies"]:
            for country in pack["answers_for"]:
                answered |= set(reading_duo.REGIONS["EEA"]) if country == "EEA" else {country}
    origins, controller = facts.get("data.origin_countries"), facts.get("data.controller_country")
    needed = {*(origins or []), *([controller] if controller else [])}
    if needed - answered and not _lawyer_said(case, "JUR-NO-PACK", rules):
        found.append(("REFER", "JUR-NO-PACK"))
    if (not origins or not controller) and not _lawyer_said(case, "JUR-FACT-MISSING", rules):
        found.append(("REFER", "JUR-FACT-MISSING"))
    return found, owed


def _lawyer_said(case: Case, code: str, rules: Rules) -> bool:
    """Ruling 1: JUR-NO-PACK and JUR-FACT-MISSING the legal officer; what a pack refers two named roles."""
    asked = Case({**case.document, "at": case["asked_at"] or case["at"]}, case["way"], case.grant)
    if any(facts_of(asked, one, rules) != facts_of(case, one, rules) for one in places_of(case)):
        return False  # ruling 2: other inputs, and about the law every fact is one
    alone = code in ("JUR-NO-PACK", "JUR-FACT-MISSING")
    return case.answered_by(code, *TWO_ROLES[: 1 if alone else 2])


# ------------------------------------------------------------------ security and conduct


def level_of(case: Case) -> int:
    """What the institution has shown: what the registry says, and above 1 only so far as evidence in force goes.

    Reading: of whom nobody said anything that is below 0: a missing fact is no level.
    """
    row = case["organisation"] or {"facts": {}, "evidence": []}
    stated = row["facts"].get("recipient.security_level")
    if stated is None:
        return -1
    papers = [one["id"] for one in row["evidence"] if in_force(one, case.now)]
    proved = [int(one.removeprefix("security.level:")) for one in papers if one.startswith("security.level:")]
    return min(int(stated), max([1, *proved]))


def security(case: Case, rules: Rules) -> Said:  # noqa: ARG001
    """Copies go to who can protect them, and to whom somebody could act against; sealed files leave sealed."""
    found = []
    if case.way in COPIES and case.dataset["access"] != "open":  # Reading: open data go to everybody
        needed = case.dataset.get("security_level")
        if needed is not None and level_of(case) < needed:
            found.append(("DENY", "SEC-CANNOT-PROTECT"))
        if abroad(case) and not (case["organisation"] or {}).get("recourse"):
            found.append(("DENY", "SEC-CANNOT-PROTECT"))
    sealed = case["stored_sealed"] and case["samples"] is not None and not case["asked_sealed"]
    if case.way in COPIES and sealed and not case.dataset.get("plaintext"):
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
            found.append(("PENDING", "OPS-REPORT-OVERDUE"))
        if not case.use:  # who owes, can do it: that is PENDING
            found.append(("PENDING", "OPS-REPORT-OVERDUE" if owed["late"] == "stop" else "OPS-DUTY-OVERDUE"))
    return strictest(found)
