"""What do the policy packs say about some facts? A second reading of the pack language, written from its text alone.

Packs are plain documents (parsed YAML). Three values: True, False, None (unknown). Shares nothing with the product.
Where the text is silent: `Reading:`, and docs/explanation/second-evaluator.md.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.differential.reading_duo import COUNTRIES, REGIONS

ORDER = ["PERMIT", "PERMIT_WITH_OBLIGATIONS", "PENDING", "REFER", "ALTERNATIVE", "DENY"]
LADDER = ["download", "stream", "tre_remote", "code_to_data", "aggregate"]
PLACES = {
    "data.storage_country", "data.controller_country", "recipient.country", "recipient.individual_residence",
    "recipient.individual_location", "request.processing_country",
}  # fmt: skip
PLACE_LISTS = {"data.origin_countries", "recipient.control_countries", "data.storage_operator_control"}
Facts = Mapping[str, Any]


def day(at: str) -> str:
    """The UTC day of a time, as ISO text, which sorts as days do."""
    moment = datetime.fromisoformat(at)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).date().isoformat()


def judge(facts: Facts, packs: Iterable[Mapping[str, Any]], at: str) -> dict[str, Any]:
    """Outcome, reasons, obligations, evidence, alternatives and missing facts of the asked way of access."""
    today = day(at)
    in_force = [pack for pack in packs if _in_force(pack, today)]
    facts = {name: value for name, value in facts.items() if value is not None}
    answer = _all_packs(facts, in_force, today)
    answer["alternatives"] = []
    if answer["outcome"] not in ("PERMIT", "PERMIT_WITH_OBLIGATIONS"):
        asked = facts.get("request.modality")
        milder = LADDER[LADDER.index(asked) + 1 :] if asked in LADDER else []
        for way in milder:
            # Reading: in the secure room, and where the code comes to the data, the computing is the custodian's.
            moved = {**facts, "request.modality": way}
            if way not in ("download", "stream"):
                moved["request.processing_country"] = facts.get("data.storage_country")
            moved = {name: value for name, value in moved.items() if value is not None}
            if _all_packs(moved, in_force, today)["outcome"] in ("PERMIT", "PERMIT_WITH_OBLIGATIONS"):
                answer["alternatives"].append(way)
    if answer["outcome"] == "DENY" and answer["alternatives"]:
        answer["outcome"] = "ALTERNATIVE"
    return answer


def facts_of(row: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a row of a case file: the file's defaults, then the profile, then the row.

    Reading: a row that leaves the place of computing out (a `null` states that it is unknown) means the ordinary
    one: copies are worked on at the recipient's, everything else where the custodian keeps the data.
    """
    facts = {**document.get("defaults", {}), **document.get("profiles", {}).get(row.get("profile"), {})}
    facts |= row.get("facts") or {}
    if "request.processing_country" not in facts:
        copies = facts.get("request.modality") in ("download", "stream")
        facts["request.processing_country"] = facts.get("recipient.country" if copies else "data.storage_country")
    return facts


def _in_force(pack: Mapping[str, Any], today: str) -> bool:
    begins, ends = str(pack["effective"]["from"]), pack["effective"].get("to")
    return pack.get("status") != "retired" and begins <= today and (ends is None or today < str(ends))


def _all_packs(facts: Facts, packs: list[Mapping[str, Any]], today: str) -> dict[str, Any]:
    """Section 3: every pack that applies, the most restrictive wins, the lists are united."""
    outcomes, answered = ["PERMIT"], set[str]()
    total: dict[str, Any] = {name: set() for name in ("reasons", "obligations", "evidence", "missing")}
    for pack in packs:
        said = _pack(pack, facts, today)
        if said is None:
            continue
        outcomes.append(said["outcome"])
        for name, found in total.items():
            found.update(said[name])
        if said["applies"]:
            for country in pack["answers_for"]:
                answered |= set(REGIONS["EEA"]) if country == "EEA" else {country}
    origins, controller = facts.get("data.origin_countries"), facts.get("data.controller_country")
    needed = {*(origins or []), *([controller] if controller else [])}
    if not origins or not controller:
        outcomes.append("REFER")
        total["reasons"].add("JUR-FACT-MISSING")
        total["missing"] |= {"data.origin_countries"} if not origins else set()
        total["missing"] |= {"data.controller_country"} if not controller else set()
    if needed - answered:
        outcomes.append("REFER")
        total["reasons"].add("JUR-NO-PACK")
    worst = max(outcomes, key=ORDER.index)
    if worst == "PERMIT" and total["obligations"]:
        worst = "PERMIT_WITH_OBLIGATIONS"
    return {"outcome": worst, **total}


def _pack(pack: Mapping[str, Any], facts: Facts, today: str) -> dict[str, Any] | None:
    """What one pack says; None if it does not apply."""
    lists = {name: _items(one, today) for name, one in (pack.get("lists") or {}).items()}
    missing: set[str] = set()
    applies = _holds(pack["applies_when"], facts, lists, missing)
    if applies is False:
        return None
    answer: dict[str, Any] = {
        "applies": applies is True, "outcome": "REFER", "reasons": {"JUR-FACT-MISSING"}, "obligations": set(),
        "evidence": set(), "missing": missing,
    }  # fmt: skip
    for always in pack.get("always") or []:
        # Reading: a duty whose condition is unknown is laid on.
        if _holds(always.get("when", True), facts, lists, set()) is not False:
            answer["obligations"] |= set(always["obligations"])
    if applies is None:
        return answer  # Reading: the pack's standing duties hold until it is known not to apply
    for rule in pack["decide"]:
        if _decides(rule, facts, lists, answer):
            return answer
    effect = pack["default_effect"]
    answer["outcome"] = {"permit": "PERMIT", "refer": "REFER", "deny": "DENY"}[effect]
    answer["reasons"] = {pack.get("default_reason", "JUR-NO-RULE")}
    answer["missing"] = set()
    return answer


def _decides(rule: Mapping[str, Any], facts: Facts, lists: Mapping[str, Any], answer: dict[str, Any]) -> bool:
    """Whether this rule decides; then `answer` is what it says."""
    missing: set[str] = set()
    holds = _holds(rule["when"], facts, lists, missing)
    effect = rule["effect"]
    if effect == "limit_modality" and facts.get("request.modality") in rule["modalities"]:
        return False  # the asked way is one that this rule leaves open
    if effect == "limit_modality" and "request.modality" not in facts and holds:
        holds = None  # Reading: the asked way may be one that the rule leaves open
    if holds is None:
        unknown = rule.get("on_unknown") or ("skip" if effect == "permit" else "refer")
        if unknown == "refer":
            answer.update(outcome="REFER", reasons={"JUR-FACT-MISSING"}, missing=missing)
            return True
        holds = unknown == "apply"
    if not holds:
        return False
    answer["outcome"] = {
        "permit": "PERMIT", "await": "PENDING", "refer": "REFER", "limit_modality": "DENY", "deny": "DENY",
    }[effect]  # fmt: skip
    answer["reasons"], answer["missing"] = {rule["reason"]}, set()
    answer["obligations"] |= set(rule.get("obligations") or []) if effect in ("permit", "limit_modality") else set()
    if effect == "await":
        answer["evidence"] = set(rule["evidence"]) - set(facts.get("evidence") or [])
    return True


def _items(one: Mapping[str, Any], today: str) -> set[str]:
    """A list on one day; its dates are inclusive."""
    found = set()
    for item in one["items"]:
        entry = {"code": item} if isinstance(item, str) else item
        begins, ends = entry.get("from"), entry.get("to")
        if (begins is None or str(begins) <= today) and (ends is None or today <= str(ends)):
            found.add(entry["code"])
    return found


# ------------------------------------------------------------------ conditions, three-valued


def _holds(condition: Any, facts: Facts, lists: Mapping[str, Any], missing: set[str]) -> bool | None:
    if condition is True:
        return True
    if "not" in condition:
        inner = _holds(condition["not"], facts, lists, missing)
        return None if inner is None else not inner
    for word, decisive in (("all", False), ("any", True)):
        if word in condition:
            lacking: set[str] = set()
            answers = [_holds(one, facts, lists, lacking) for one in condition[word]]
            if decisive in answers:
                return decisive
            if None in answers:
                missing |= lacking
                return None
            return not decisive
    return _fact(condition, facts, lists, missing)


UNKNOWN = object()


def _value(name: str, facts: Facts) -> Any:
    """The value of a fact: something usable, a list in which some entries may be UNKNOWN, or UNKNOWN."""
    if name.startswith("derived."):
        return _derived(name, facts)
    value = facts.get(name, UNKNOWN)
    if name in PLACES and value not in COUNTRIES:
        return UNKNOWN  # a code that nobody assigned is no country
    if name in PLACE_LISTS and isinstance(value, list):
        return UNKNOWN if any(one not in COUNTRIES for one in value) else value
    return value


def _derived(name: str, facts: Facts) -> Any:
    way, storage = facts.get("request.modality", UNKNOWN), _value("data.storage_country", facts)
    computing = _value("request.processing_country", facts)
    access = [_value("recipient.country", facts), _value("recipient.individual_location", facts), computing]
    if name == "derived.access_countries":
        return access
    if way not in LADDER:
        return UNKNOWN
    if way in ("download", "stream", "tre_remote"):
        return access if name == "derived.personal_access_countries" else True
    # Code that is run elsewhere than where the data lie takes them there: that is access like any other.
    if name == "derived.personal_access_countries":
        return [storage] if storage is computing or storage == computing != UNKNOWN else access
    # Reading: who does not say where data lie, or where computing is, has not said that nobody sees them.
    return UNKNOWN in (storage, computing) or storage != computing


def _fact(condition: Mapping[str, Any], facts: Facts, lists: Mapping[str, Any], missing: set[str]) -> bool | None:
    name, op = condition["fact"], condition["op"]
    value = _value(name, facts)
    if op == "exists":
        return value is not UNKNOWN
    if op == "missing":
        return value is UNKNOWN
    answer = None if value is UNKNOWN else _compare(name, op, value, _against(condition, lists))
    if answer is None:
        missing.add(name)
    return answer


def _against(condition: Mapping[str, Any], lists: Mapping[str, Any]) -> Any:
    if "list" not in condition:
        return condition.get("value")
    named = condition["list"]
    return set().union(*(lists[one] for one in ([named] if isinstance(named, str) else named)))


def _compare(name: str, op: str, value: Any, other: Any) -> bool | None:
    if op in ("eq", "ne"):
        return bool(value == other) is (op == "eq")
    if op in ("is_true", "is_false"):
        return (value is (op == "is_true")) if isinstance(value, bool) else None
    if op in ("gt", "gte", "lt", "lte"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return bool({"gt": value > other, "gte": value >= other, "lt": value < other, "lte": value <= other}[op])
    if op in ("in", "not_in"):
        return (value in other) is (op == "in")
    if not isinstance(value, list):
        return None
    if op in ("has", "lacks"):
        return (set(other) <= set(value)) is (op == "has")
    return _list_against(name, op, value, other)


def _list_against(name: str, op: str, value: list[Any], other: Any) -> bool | None:
    """all_in, any_in, none_in: an empty list is unknown, except that no country of control is none at all."""
    if not value:
        return {"all_in": True, "any_in": False, "none_in": True}[op] if name == "recipient.control_countries" else None
    known = [one for one in value if one is not UNKNOWN]
    if op == "all_in":
        return False if any(one not in other for one in known) else True if len(known) == len(value) else None
    hit = True if any(one in other for one in known) else False if len(known) == len(value) else None
    return hit if op == "any_in" or hit is None else not hit
