"""Whose data may be used for a request? A second reading of the consent rules, written from their text alone.

The rules R1 to R12, the layers and the set are judged one person after the other, one rule after the other.
Shares nothing with the product. Where the text is silent: `Reading:`, and docs/explanation/second-evaluator.md.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.differential import reading_duo
from tests.differential.ontology import Diseases

INCLUDE, HOLD, EXCLUDE = "INCLUDE", "HOLD", "EXCLUDE"
Verdict = tuple[str, str]
"""(INCLUDE, HOLD or EXCLUDE, the code)"""

KEYS = {
    "for_profit_org": "CON-FORPROFIT-ORG", "commercial_use": "CON-COMMERCIAL-USE", "ai_training": "CON-AI-TRAINING",
    "ai_model_release": "CON-AI-MODEL-RELEASE", "linkage": "CON-LINKAGE", "recontact": "CON-NO-CONTACT",
    "family_analysis": "CON-FAMILY", "ancestry_reporting": "CON-ANCESTRY",
}  # fmt: skip
SPEAKS = {"for_profit_org", "commercial_use", "ai_training", "ai_model_release", "linkage", "recontact"}
"""Silence on these holds. Reading: contact too, for nobody may be written to who was never asked."""
LISTS = {
    "hosting": ("processing_country", "CON-HOSTING"), "modalities": ("modality", "CON-MODALITY"),
    "recipient_countries": ("recipient_country", "CON-REGION"),
}  # fmt: skip
SENSITIVE = [
    "single_gender", "paediatric", "illegal_behaviour", "addiction", "sexual_health", "stigmatising_disease",
    "vulnerable_population", "migration", "psychological_traits", "ethnicity", "general_variation", "free_text",
]  # fmt: skip
DEGREES = ["no_further_contact", "no_further_access", "no_further_use"]
KIND_OF = {
    "general": ["general"], "hmb": ["hmb"], "ds": ["disease"], "poa": ["ancestry"], "methods": ["methods"],
    "clinical": [],
}  # fmt: skip


FIRST = ["CON-UNKNOWN-CODE", "CON-CONDITION-OPEN", "CON-UNKNOWN-ANSWER", "CON-ASK", "CON-SILENT", "CON-UNDECLARED"]
"""Reading: of several open questions of one rule, the one that is told."""


def instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def judge(row: Mapping[str, Any], defaults: Mapping[str, Any], at: str, diseases: Diseases) -> dict[str, Any]:
    """The answer to one row: of a request about persons, or of a withdrawal against what exists."""
    if "withdrawal" in row:
        return _effects(row)
    request = {**defaults.get("request_defaults", {}), **(row.get("request") or {})}
    dataset = {**defaults.get("dataset_defaults", {}), **(row.get("dataset") or {})}
    now = instant(row.get("at") or at)
    known = instant(row["known_at"]) if row.get("known_at") else now
    people = {
        name: _person(versions, request, dataset, now, known, diseases)
        for name, versions in (row.get("subjects") or {}).items()
    }
    return _set(people, dataset)


# ------------------------------------------------------------------ the set


def _set(people: Mapping[str, Verdict], dataset: Mapping[str, Any]) -> dict[str, Any]:
    groups: dict[str, list[str]] = {INCLUDE: [], HOLD: [], EXCLUDE: []}
    for name, (verdict, _) in people.items():
        groups[verdict].append(name)
    included, held, excluded = groups[INCLUDE], groups[HOLD], groups[EXCLUDE]
    filterable = dataset.get("filterable")
    if filterable is None:
        filterable = dataset.get("granularity") == "per_sample"
    extra = set()
    if not people:
        outcome, extra = "DENY", {"CON-NO-RECORD"}
    elif len(included) == len(people):
        outcome = "PERMIT"
    elif not included:
        outcome = "DENY" if excluded else "HOLD"
    elif not filterable:
        outcome, extra = ("DENY_FILE", {"CON-MIXED-FILE"}) if excluded else ("HOLD", set())
    elif len(included) < dataset.get("min_group", 1):
        outcome, extra = "REFER", {"CON-TOO-FEW"}
    else:
        outcome = "PERMIT_FILTERED"
    reasons = {code for verdict, code in people.values() if verdict != INCLUDE or outcome == "PERMIT"}
    return {
        "outcome": outcome, "reasons": reasons | extra, "included": sorted(included), "excluded": sorted(excluded),
        "held": sorted(held), "people": dict(people),
    }  # fmt: skip


# ------------------------------------------------------------------ the layers


def _person(
    versions: list[Mapping[str, Any]], request: Mapping[str, Any], dataset: Mapping[str, Any], now: datetime,
    known: datetime, diseases: Diseases,
) -> Verdict:  # fmt: skip
    """The person's own consents, then the family, then the community; a refusal of any layer wins."""
    levels: dict[str, list[Mapping[str, Any]]] = {"participant": [], "family": [], "community": []}
    for version in versions:
        levels[version.get("level", "participant")].append(version)
    found = [_own(levels["participant"], request, dataset, now, known, diseases)]
    if levels["community"]:
        found.append(_layer(levels["community"], "COM-REFUSED", "COM-APPROVAL-NEEDED", request, now, known, diseases))
    left = _left_to_family(levels["participant"], now, known)
    speaks = isinstance(_governing(levels["family"], now, known), list)
    if left and not speaks:
        found.append((HOLD, "CON-FAMILY-DECIDES"))
    if speaks and (left or request.get("family_analysis") is True):  # a family's word that has ended is silence
        found.append(_layer(levels["family"], "CON-FAMILY", "CON-ASK", request, now, known, diseases))
    return _hardest(found)


def _hardest(found: Iterable[Verdict]) -> Verdict:
    found = list(found)
    for verdict in (EXCLUDE, HOLD, INCLUDE):
        for one in found:
            if one[0] == verdict:
                return one
    raise AssertionError("nothing was judged")


def _told(rule: Iterable[Verdict]) -> Verdict:
    """What one rule comes to: its first refusal, else its first open question by FIRST."""
    found = sorted(rule, key=lambda one: FIRST.index(one[1]) if one[1] in FIRST else -1)
    return _hardest([*found, (INCLUDE, "")])


def _layer(
    versions: list[Mapping[str, Any]], refused: str, open_: str, request: Mapping[str, Any], now: datetime,
    known: datetime, diseases: Diseases,
) -> Verdict:  # fmt: skip
    """What a family or a community says: its refusals bind, its silence does not."""
    chosen = _governing(versions, now, known)
    if isinstance(chosen, tuple):
        return HOLD, open_
    found = []
    for consent in chosen:
        said = _in_force(consent, request, now)
        if said is not None:
            found.append((said[0], refused if said[0] == EXCLUDE else open_))
            continue
        scope = consent[-1].get("scope") or {}
        fits = _purpose(scope, request, diseases) if scope.get("permissions") else (INCLUDE, "")
        rules = (
            [fits],
            _modifiers(scope, request),
            _answers(scope, {}, request, silence=False),
            _lists(scope, {}, request),
        )
        said = next((one for one in map(_told, rules) if one[0] != INCLUDE), (INCLUDE, ""))
        found.append((said[0], refused if said[0] == EXCLUDE else open_))
    return _hardest([*found, (INCLUDE, "")])


# ------------------------------------------------------------------ R1, R2: which version governs


def _governing(
    versions: list[Mapping[str, Any]], now: datetime, known: datetime
) -> list[list[Mapping[str, Any]]] | Verdict:
    """Of each consent that is in force: its versions up to the one that governs. Or why there is none."""
    recorded = [one for one in versions if instant(one.get("recorded_at") or one["effective_from"]) <= known]
    consents: dict[str, list[Mapping[str, Any]]] = {}
    for one in recorded:
        consents.setdefault(str(one.get("consent_id", "")), []).append(one)
    replaced = {
        str(one["supersedes"]["consent_id"])
        for one in recorded
        if one.get("supersedes")
        and str(one["supersedes"].get("consent_id", "")) != str(one.get("consent_id", ""))
        and instant(one["effective_from"]) <= now
        and not any(  # a version that the other does not name goes on to count
            old["version"] > one["supersedes"]["version"] and instant(old["effective_from"]) <= now
            for old in consents.get(str(one["supersedes"]["consent_id"]), [])
        )
    }
    in_force, ended, later = [], False, False
    for name, own in consents.items():
        if name in replaced:
            continue
        numbers: dict[int, Mapping[str, Any]] = {}
        for one in own:
            if one["version"] in numbers and numbers[one["version"]] != one:
                return HOLD, "CON-RECORD-CONFLICT"
            numbers[one["version"]] = one
        begun = [one for _, one in sorted(numbers.items()) if instant(one["effective_from"]) <= now]
        if begun and begun[-1].get("status") == "entered_in_error":
            continue  # a version is never edited, so its last word is that the record is no record
        if begun and begun[-1].get("status") == "superseded" and max(numbers) == begun[-1]["version"]:
            continue  # superseded by a version that nobody holds: no record of what holds now
        if not begun:
            later = True
        elif begun[-1].get("effective_to") and instant(begun[-1]["effective_to"]) <= now:
            ended = True
        else:
            in_force.append(begun)
    if in_force:
        return in_force
    return EXCLUDE, "CON-EXPIRED" if ended else "CON-NOT-YET-EFFECTIVE" if later else "CON-NO-RECORD"


# ------------------------------------------------------------------ one person's own consent


def _own(
    versions: list[Mapping[str, Any]], request: Mapping[str, Any],
    dataset: Mapping[str, Any], now: datetime, known: datetime, diseases: Diseases,
) -> Verdict:  # fmt: skip
    chosen = _governing(versions, now, known)
    if isinstance(chosen, tuple):
        return chosen
    return _hardest(_consent(one, request, dataset, now, diseases) for one in chosen)


def _consent(
    versions: list[Mapping[str, Any]], request: Mapping[str, Any],
    dataset: Mapping[str, Any], now: datetime, diseases: Diseases,
) -> Verdict:  # fmt: skip
    """R3 to R12 on one consent of one person; the first rule that fires gives the reason."""
    said = _in_force(versions, request, now)
    if said is not None:
        return said
    died = versions[-1].get("deceased_on")
    if died and instant(died) <= now and versions[-1].get("after_death") == "stop":
        return EXCLUDE, "CON-AFTER-DEATH"  # R7
    scope = versions[-1].get("scope") or {}
    fits = _purpose(scope, request, diseases)
    if fits[0] != INCLUDE:
        return fits
    said = _certificate(dataset, request, now, diseases)
    if said is not None:
        return said
    for rule in (
        _modifiers(scope, request),
        _answers(scope, dataset, request, silence=True),
        _lists(scope, dataset, request),
    ):
        said = _told(rule)
        if said[0] != INCLUDE:
            return said
    return fits


def _in_force(versions: list[Mapping[str, Any]], request: Mapping[str, Any], now: datetime) -> Verdict | None:
    """R3 to R6: withdrawn, suspended, waiting for the person."""
    version = versions[-1]
    degree, since = _withdrawal(versions)
    if degree == "no_further_use":
        return EXCLUDE, "CON-WITHDRAWN"
    if degree == "no_further_access" and since is not None:
        made, needs = request.get("data_generated_on"), request.get("needs_new_data")
        new = needs is True or (needs is not False if made is None else instant(made) >= since)
        if new:
            return EXCLUDE, "CON-WITHDRAWN-NEW-DATA"
    if degree is not None and request.get("recontact") is True:
        return EXCLUDE, "CON-NO-CONTACT"
    if degree is not None and request.get("recontact", False) is None:
        return HOLD, "CON-UNDECLARED"
    rest = [one.get("status", "active") for one in versions if one.get("status") != "withdrawn"]
    if rest and rest[-1] == "suspended":  # reading: who takes back more while it rests has not let it go on
        return HOLD, "CON-SUSPENDED"
    grantor = version.get("grantor") or {}
    review = version.get("maturity_review_on")
    if grantor.get("kind") in ("parent", "guardian") and review and instant(review) <= now:
        return HOLD, "CON-REAFFIRM-DUE"
    if grantor.get("valid_to") and instant(grantor["valid_to"]) <= now:
        return HOLD, "CON-REPRESENTATIVE-LAPSED"
    if version.get("capacity") == "regained" and grantor.get("kind") != "self":
        return HOLD, "CON-CAPACITY-REGAINED"
    return None


def _withdrawal(versions: list[Mapping[str, Any]]) -> tuple[str | None, datetime | None]:
    """How far the person has withdrawn, over the unbroken run of withdrawals that lasts until now, and since when.

    Reading: only a version without any withdrawal gives back; within the run the widest withdrawal counts.
    """
    worst, since = None, None
    for version in reversed(versions):
        if version.get("withdrawal") is None and version.get("status") != "withdrawn":
            break
        kind = (version.get("withdrawal") or {}).get("kind")
        kind = kind if kind in DEGREES else "no_further_use"
        if worst is None or DEGREES.index(kind) > DEGREES.index(worst):
            worst = kind
        if kind != "no_further_contact":
            begun = instant(version["effective_from"])
            since = begun if since is None else min(since, begun)
    return worst, since


def _left_to_family(versions: list[Mapping[str, Any]], now: datetime, known: datetime) -> bool:
    """Reading: who died and left it to the family has the family as a layer of its own, beside R1 to R12."""
    chosen = _governing(versions, now, known)
    return isinstance(chosen, list) and any(
        one[-1].get("deceased_on")
        and instant(one[-1]["deceased_on"]) <= now
        and one[-1].get("after_death") == "family_decides"
        for one in chosen
    )


# ------------------------------------------------------------------ R8: the person's own permissions


def _read(entry: Any) -> tuple[str | None, dict[str, Any]]:
    written = {"code": entry} if isinstance(entry, str) else dict(entry)
    return reading_duo.read_code(str(written.pop("code"))), written


def _purpose(scope: Mapping[str, Any], request: Mapping[str, Any], diseases: Diseases) -> Verdict:
    """R8: each part of the purpose within one of the permissions (several mean "either")."""
    permissions = [_read(one) for one in scope.get("permissions") or []]
    if request.get("unstated") is True and permissions:
        return (
            HOLD,
            "CON-UNDECLARED",
        )  # duo.md: no kind at all is for a person; where nothing is permitted, nothing helps
    care = any(_read(one)[0] in ("CC", "GRU-CC") for one in scope.get("modifiers") or [])
    care = care and all(name != "RU" for name, _ in permissions)  # "research use only" drops it
    genetic = request.get("genetic_study") is True
    class_, asked = request["purpose"], list(request.get("diseases") or [])
    permitted = reading_duo.permitted_diseases(permissions)
    known = [str(name) for name, _ in permissions if name in reading_duo.PERMISSIONS]
    beside = {True: EXCLUDE, None: HOLD}.get(request.get("care_beside", False))  # care, beside research or not said
    found = [
        (_class_within(name, class_, asked, permitted, diseases, care=care, genetic=genetic), name) for name in known
    ]
    if beside is not None and not care:
        open_ = (beside, "CON-PURPOSE" if beside == EXCLUDE else "CON-UNDECLARED")
        # Of two open questions what the asker can say is told before what a person must judge.
        turned = {"CON-PURPOSE-UNCLEAR": -1}
        found = [
            (said if name == "NRES" else _hardest([said, open_][:: turned.get(said[1], 1)]), name)
            for said, name in found
        ]
    for (verdict, _), name in found:
        if verdict == INCLUDE:
            return INCLUDE, f"DUO-{name}"
    for (verdict, code), _ in found:
        if verdict == HOLD:
            return HOLD, code
    if len(known) < len(permissions):
        return HOLD, "CON-UNKNOWN-CODE"
    codes = {code for (_, code), _ in found}
    return EXCLUDE, "CON-DISEASE" if "CON-DISEASE" in codes else "CON-PURPOSE"


def _class_within(
    name: str, class_: str, asked: list[str], permitted: list[str], diseases: Diseases, *, care: bool, genetic: bool
) -> Verdict:
    yes, no = (INCLUDE, ""), (EXCLUDE, "CON-PURPOSE")
    if name == "NRES":
        return yes
    if name == "POA":
        return yes if class_ == "poa" and not asked else no
    if class_ == "clinical" and not care:
        return no
    if name == "GRU":
        return yes
    if name == "HMB":
        if class_ in ("general", "poa"):
            return no
        # duo.md: methods alone, no health purpose declared, is for a person
        return (HOLD, "CON-METHODS-UNCLEAR") if class_ == "methods" and not asked and not genetic else yes
    if class_ in ("general", "hmb", "poa"):
        return no
    if not asked and genetic:
        return no  # genetic research is health research, and that is for no disease in particular
    if not asked:
        return HOLD, "CON-METHODS-UNCLEAR" if class_ == "methods" else "CON-UNDECLARED"
    covered = reading_duo._covered(asked, permitted, diseases)
    return {"PERMIT": yes, "DENY": (EXCLUDE, "CON-DISEASE")}.get(covered, (HOLD, "CON-PURPOSE-UNCLEAR"))


# ------------------------------------------------------------------ R9: the certificate


def _as_duo(request: Mapping[str, Any]) -> dict[str, Any]:
    """The same request as a DUO purpose."""
    kinds = list(KIND_OF[request["purpose"]])
    kinds += ["ancestry"] if request.get("ancestry") is True else []
    kinds += ["genetic"] if request.get("genetic_study") is True else []
    purpose = {
        "kinds": kinds, "diseases": list(request.get("diseases") or []), "sensitive": [],
        "clinical_care": request["purpose"] == "clinical", "organisation": request.get("org_type"),
        "commercial": request.get("commercial_use"), "genetic_data": request.get("genetic_study") is True,
        "countries": [one for one in (request.get("recipient_country"), request.get("processing_country")) if one],
    }  # fmt: skip
    for member in ("agreements", "evidence", "duration_months", "user", "project", "institution"):
        if request.get(member) is not None:
            purpose[member] = request[member]
    return purpose


def _certificate(
    dataset: Mapping[str, Any], request: Mapping[str, Any], now: datetime, diseases: Diseases
) -> Verdict | None:
    if "judged" in dataset:  # a decision judges the certificate once, for everybody, and says here what came of it
        return dataset["judged"]  # type: ignore[no-any-return]
    begins, ends = dataset.get("valid_from"), dataset.get("valid_to")
    if (begins and instant(begins) > now) or (ends and instant(ends) <= now):
        return HOLD, "CON-NO-CERTIFICATE"
    codes = [*(dataset.get("permissions") or []), *(dataset.get("modifiers") or [])]
    verdict, _ = reading_duo.judge({"dataset": codes, "purpose": _as_duo(request)}, diseases)
    if verdict == "DENY":
        return EXCLUDE, "DUO-DATASET-NARROWER"
    return (HOLD, "CON-CERTIFICATE-OPEN") if verdict == "REVIEW" else None


# ------------------------------------------------------------------ R10: modifiers


def _modifiers(scope: Mapping[str, Any], request: Mapping[str, Any]) -> list[Verdict]:
    """R10, in the order in which the rule names its codes."""
    found: list[Verdict] = []
    read = [_read(one) for one in scope.get("modifiers") or []]
    names = {name for name, _ in read}
    class_ = request["purpose"]
    permissions = {_read(one)[0] for one in scope.get("permissions") or []}
    part = request.get("ancestry") is True
    if ("NPOA" in names and (class_ == "poa" or part)) or (
        part and permissions and not permissions & {"NRES", "GRU", "POA"}
    ):
        found.append((EXCLUDE, "CON-ANCESTRY"))
    if "NMDS" in names and class_ == "methods":
        found.append((EXCLUDE, "CON-METHODS"))
    if names & {"NPU", "NPUNCU"}:
        org = request.get("org_type")
        found.append((EXCLUDE, "CON-FORPROFIT-ORG") if org == "for_profit" else _declared(org == "non_profit"))
    if names & {"NCU", "NPUNCU"}:
        use = request.get("commercial_use")
        found.append((EXCLUDE, "CON-COMMERCIAL-USE") if use is True else _declared(use is False))
    if "GSO" in names:
        found.append((INCLUDE, "") if request.get("genetic_study") is True else (EXCLUDE, "CON-GENETIC-ONLY"))
    purpose = _as_duo(request)
    if permissions - set(reading_duo.PERMISSIONS):
        found.append((HOLD, "CON-UNKNOWN-CODE"))
    if ("NRES" in permissions and names - reading_duo.AFTERWARDS) or ("POA" in permissions and "NPOA" in names):
        found.append((HOLD, "CON-UNKNOWN-CODE"))  # codes that contradict each other
    for name, extra in read:
        if name is None or name in reading_duo.PERMISSIONS or name in ("RU", "GRU-CC"):
            found.append((HOLD, "CON-UNKNOWN-CODE"))
        elif set(extra) - reading_duo.PARAMETERS.get(name, set()):
            found.append((HOLD, "CON-UNKNOWN-CODE"))
        elif name == "GS":
            verdict, _ = reading_duo._region(extra, purpose)
            found.append(_of_duo(verdict, "CON-REGION"))
        elif name and name not in ("NPOA", "NMDS", "NPU", "NCU", "NPUNCU", "GSO", "CC"):
            verdict, _ = reading_duo._modifier(name, extra, [], [], purpose, None)  # type: ignore[arg-type]
            found.append(_of_duo(verdict, "CON-CONDITION"))
    return found


def _declared(fits: bool) -> Verdict:  # noqa: FBT001
    return (INCLUDE, "") if fits else (HOLD, "CON-CONDITION-OPEN")


def _of_duo(verdict: str, refused: str) -> Verdict:
    return {"PERMIT": (INCLUDE, ""), "DENY": (EXCLUDE, refused)}.get(verdict, (HOLD, "CON-CONDITION-OPEN"))


# ------------------------------------------------------------------ R11: answers


def _answers(
    scope: Mapping[str, Any], dataset: Mapping[str, Any], request: Mapping[str, Any], *, silence: bool
) -> list[Verdict]:
    own, certified = scope.get("answers") or {}, dataset.get("answers") or {}
    found: list[Verdict] = []
    for key, value in [*own.items(), *certified.items()]:
        if not _readable(key, value):
            found.append((HOLD, "CON-UNKNOWN-ANSWER"))
    for key, code, wanted in _questions(request):
        mine, theirs = own.get(key), certified.get(key)
        said = mine if mine is not None else theirs
        if wanted is None:  # the request does not say whether it asks for this
            if not (said == "permit" and theirs != "deny"):
                found.append((HOLD, "CON-UNDECLARED") if silence or said is not None else (INCLUDE, ""))
        elif mine == "deny" or (mine is None and theirs == "deny"):
            found.append((EXCLUDE, code))
        elif theirs == "deny":
            found.append((EXCLUDE, "DUO-DATASET-NARROWER"))
        elif said == "ask":
            found.append((HOLD, "CON-ASK"))
        elif said is None and silence and _holds_when_silent(key):
            found.append((HOLD, "CON-SILENT"))
    # Reading: of several refusals, those that stand for the person are told before the institution's own.
    return sorted(found, key=lambda one: one[1] == "DUO-DATASET-NARROWER")


def _holds_when_silent(key: str) -> bool:
    return key in SPEAKS or key.startswith("topic:")


def _questions(request: Mapping[str, Any]) -> list[tuple[str, str, bool | None]]:
    """(key, code, True) for what the request asks for; None instead of True where it does not say."""
    asked: list[tuple[str, str, bool | None]] = []
    org = request.get("org_type")
    if org != "non_profit":
        asked.append(("for_profit_org", KEYS["for_profit_org"], True if org == "for_profit" else None))
    if request.get("commercial_use") is not False:
        use = request.get("commercial_use")
        asked.append(("commercial_use", KEYS["commercial_use"], True if use is True else None))
    training = request.get("ai_training") if request.get("ai_model_release") is not True else True
    if training is not False:
        asked.append(("ai_training", KEYS["ai_training"], training))
    release = request.get("ai_model_release", False)
    if release is not False or training is None:  # Reading: what AI is for is one answer, so both are open or none
        asked.append(("ai_model_release", KEYS["ai_model_release"], release or None))
    plainly = [key for key in ("linkage", "recontact") if request.get(key, False) is not False]
    asked += [(key, KEYS[key], request[key]) for key in plainly]  # left out: not asked for; null: not answered
    if request.get("family_analysis") is True:
        asked.append(("family_analysis", KEYS["family_analysis"], True))
    if request.get("ancestry") is True or request["purpose"] == "poa":
        asked.append(("ancestry_reporting", KEYS["ancestry_reporting"], True))
    topics = request.get("topics", [])  # left out: none; null: not answered, so it may be any sensitive one
    asked += [(f"topic:{topic}", "CON-TOPIC", True) for topic in topics or []]
    asked += [(f"topic:{topic}", "CON-TOPIC", None) for topic in SENSITIVE if topics is None]
    return asked


def _readable(key: str, value: Any) -> bool:
    if key in LISTS:
        return isinstance(value, list)
    if key == "return_of_results":
        return value in ("none", "actionable", "all", "childhood_actionable_only")
    return (key in KEYS or key.startswith("topic:")) and value in ("permit", "deny", "ask")


# ------------------------------------------------------------------ R12: lists


def _lists(scope: Mapping[str, Any], dataset: Mapping[str, Any], request: Mapping[str, Any]) -> list[Verdict]:
    own, certified = scope.get("answers") or {}, dataset.get("answers") or {}
    found: list[Verdict] = []
    for answers, narrower in ((own, False), (certified, True)):
        for key, (member, code) in LISTS.items():
            value, allowed = request.get(member), answers.get(key)
            if isinstance(allowed, list) and value is None:
                found.append((HOLD, "CON-UNDECLARED"))
            elif isinstance(allowed, list) and value not in allowed:
                found.append((EXCLUDE, "DUO-DATASET-NARROWER" if narrower and key in own else code))
    return found


# ------------------------------------------------------------------ withdrawals against what exists (section 7)

_STOPS = {
    "request_open", "visa_issued", "stream_running", "tre_workspace", "downloaded", "derivative", "model_trained",
}  # fmt: skip
_LASTS = {"aggregate_result", "published"}


def _effects(row: Mapping[str, Any]) -> dict[str, Any]:
    withdrawal = row["withdrawal"]
    kind = withdrawal.get("kind")
    limits = set()
    for one in withdrawal.get("approved_limits") or []:
        if isinstance(one, str):
            limits.add(one)
        elif one.get("approval_ref") and one.get("told_in_template_paragraph"):
            limits.add(one["what"])
    request = row.get("request") or {}
    return {thing: _effect(kind, thing, limits, request) for thing in row["grants"]}


def _effect(kind: str | None, thing: str, limits: set[str], request: Mapping[str, Any]) -> str:
    if kind == "no_further_contact":
        return "RGT-W-CONTACT-ONLY"
    if thing not in _STOPS | _LASTS:
        return "RGT-W-STOP"
    if kind == "no_further_access":
        goes_on = thing != "request_open" or request.get("needs_new_data") is False
        return "RGT-W-NO-NEW-DATA" if goes_on else "RGT-W-STOP"
    if thing in _LASTS:
        return "RGT-W-LIMIT" if thing in limits else "RGT-W-LIMIT-MISSING"
    return "RGT-W-LIMIT" if thing == "model_trained" and thing in limits else "RGT-W-STOP"
