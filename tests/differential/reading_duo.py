"""What do DUO codes say about a purpose? A second reading of the matching rules, written from their text alone.

Shares nothing with the product: no import, no table. Slow and plain on purpose. Where the text is silent,
the reading is marked `Reading:` and listed in docs/explanation/second-evaluator.md.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.differential.ontology import Diseases

PERMIT, REVIEW, DENY = "PERMIT", "REVIEW", "DENY"
_HARDNESS = [PERMIT, REVIEW, DENY]

NUMBERS = {
    "NRES": "0000004", "GRU": "0000042", "HMB": "0000006", "DS": "0000007", "POA": "0000011",
    "RS": "0000012", "NMDS": "0000015", "GSO": "0000016", "NPUNCU": "0000018", "NPU": "0000045",
    "NCU": "0000046", "PUB": "0000019", "COL": "0000020", "IRB": "0000021", "GS": "0000022",
    "MOR": "0000024", "TS": "0000025", "US": "0000026", "PS": "0000027", "IS": "0000028",
    "RTN": "0000029", "CC": "0000043", "NPOA": "0000044", "GRU-CC": "0000005", "RU": "0000014",
}  # fmt: skip
NAMES = {number: name for name, number in NUMBERS.items()} | {"00000044": "NPOA"}
PERMISSIONS = ("NRES", "GRU", "HMB", "DS", "POA")
PARAMETERS = {
    "DS": {"disease", "diseases"}, "RS": {"text", "research_types"}, "COL": {"text"}, "GS": {"regions", "text"},
    "MOR": {"date"}, "TS": {"months"}, "US": {"users", "text"}, "PS": {"projects", "text"},
    "IS": {"institutions", "text"},
}  # fmt: skip
KINDS = {
    "general", "hmb", "disease", "ancestry", "methods", "control", "genetic", "drug_development", "population",
    "age_category", "gender_category",
}  # fmt: skip
HEALTH = {"hmb", "disease", "genetic", "drug_development"}  # DUO:0000037 and its children
AFTERWARDS = {"PUB", "RTN", "MOR", "CC"}  # Reading: what of a modifier is "informational" beside NRES

EU = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split()
REGIONS = {"EU": EU, "EEA": [*EU, "IS", "LI", "NO"], "EFTA": ["CH", "IS", "LI", "NO"], "UK": ["GB"]}
COUNTRIES = set(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split()
)


def worst(verdicts: Iterable[str]) -> str:
    return max(verdicts, key=_HARDNESS.index, default=PERMIT)


def read_code(text: str) -> str | None:
    """The shorthand of a code written as CURIE, IRI or shorthand; None if nobody knows it; "" if it is to be ignored."""
    number = text.removeprefix("DUO:").removeprefix("http://purl.obolibrary.org/obo/DUO_")
    if number in ("0000002", "0000003") and number != text:
        return ""
    if number != text:
        return NAMES.get(number)
    return text.upper() if text.upper() in NUMBERS else None


def judge(row: Mapping[str, Any], diseases: Diseases) -> tuple[str, set[str]]:
    """PERMIT, REVIEW or DENY, and the obligations that a permit carries."""
    purpose = dict(row.get("purpose") or {})
    codes: list[tuple[str, dict[str, Any]]] = []
    unreadable = False
    for written in row.get("dataset") or []:
        entry = {"code": written} if isinstance(written, str) else written
        name = read_code(entry["code"])
        extra = set(entry) - {"code"}
        if name is None or (extra - PARAMETERS.get(name, set())):
            unreadable = True  # an unknown code, or words that no rule reads
        if name == "GRU-CC":
            codes += [("GRU", {}), ("CC", {})]
        elif name:
            codes.append((name, {key: entry[key] for key in extra}))
    return _judge(codes, purpose, diseases, unreadable=unreadable)


def _judge(
    codes: list[tuple[str, dict[str, Any]]], purpose: dict[str, Any], diseases: Diseases, *, unreadable: bool
) -> tuple[str, set[str]]:
    names = {name for name, _ in codes}
    verdicts = [REVIEW] if unreadable else []
    if "RU" in names:  # obsolete without heir: drop CC, a person looks
        verdicts.append(REVIEW)
        codes = [(name, extra) for name, extra in codes if name not in ("CC", "RU")]
        names -= {"CC", "RU"}
    verdicts.append(_about_the_purpose(purpose))
    permissions = [one for one in PERMISSIONS if one in names]
    permitted = permitted_diseases(codes)
    modifiers = [(name, extra) for name, extra in codes if name not in PERMISSIONS]
    if any(name == "DS" and not _diseases_of(extra) for name, extra in codes):
        verdicts.append(REVIEW)  # Reading: whatever is asked, for a person has to say which disease was meant
    if not permissions:
        verdicts.append(REVIEW)
    elif len(permissions) > 1:
        # Reading: two permissions contradict each other, so never PERMIT; what both refuse is refused.
        each = [_permission(one, permitted, names, purpose, diseases) for one in permissions]
        verdicts.append(DENY if all(one == DENY for one in each) else REVIEW)
    else:
        verdicts.append(_permission(permissions[0], permitted, names, purpose, diseases))
        if permissions[0] == "NRES" and names - {"NRES"} - AFTERWARDS:
            verdicts.append(REVIEW)
        if permissions[0] == "POA" and "NPOA" in names:
            verdicts.append(REVIEW)
    duties: set[str] = set()
    for name, extra in modifiers:
        verdict, duty = _modifier(name, extra, permissions, permitted, purpose, diseases)
        verdicts.append(verdict)
        duties |= duty
    return worst(verdicts), duties


def permitted_diseases(codes: Iterable[tuple[str | None, Mapping[str, Any]]]) -> list[str]:
    """The diseases of all DS codes together: two of them are one with the diseases of both."""
    return [one for name, extra in codes if name == "DS" for one in _diseases_of(extra)]


def _diseases_of(extra: Mapping[str, Any]) -> list[str]:
    return [*extra.get("diseases", []), *([extra["disease"]] if "disease" in extra else [])]


def _about_the_purpose(purpose: Mapping[str, Any]) -> str:
    """What of the purpose alone sends it to a person."""
    kinds, sensitive = purpose.get("kinds") or [], purpose.get("sensitive")
    if not kinds and purpose.get("clinical_care") is not True:
        return REVIEW  # nothing declared; a disease alone says for what, not what
    if purpose.get("kinds") is None:
        return REVIEW  # care, and whether there is research besides was not answered
    if set(kinds) - KINDS:
        return REVIEW
    if sensitive is None or sensitive:
        return REVIEW  # not answered, or a topic that is always for a person
    return PERMIT


def _permission(
    name: str, permitted: list[str], names: set[str], purpose: Mapping[str, Any], diseases: Diseases
) -> str:
    """Section 3.1, one column after the other; every component of the purpose has to be permitted."""
    kinds, asked = set(purpose.get("kinds") or []), list(purpose.get("diseases") or [])
    verdicts = [_cell(name, kind, kinds, asked) for kind in kinds]
    if asked and name == "DS":
        verdicts.append(_covered(asked, permitted, diseases))  # a disease that is named is a component
    if asked and name == "POA":
        verdicts.append(DENY)
    care = purpose.get("clinical_care")
    if care is not False and name != "NRES":
        if "CC" not in names:
            verdicts.append(DENY if care is True else REVIEW)
        elif care is True and name == "DS" and not asked:
            verdicts.append(REVIEW)
    return worst(verdicts)


def _covered(asked: list[str], permitted: list[str], diseases: Diseases) -> str:
    answers = [diseases.within(one, permitted) for one in asked]
    return DENY if False in answers else REVIEW if None in answers else PERMIT


def _cell(name: str, kind: str, kinds: set[str], asked: list[str]) -> str:
    if name in ("NRES", "GRU"):
        return PERMIT
    if name == "HMB":
        health = bool(kinds & HEALTH) or bool(asked)
        return {
            "general": DENY, "ancestry": DENY, "methods": PERMIT if health else REVIEW, "population": REVIEW,
            "age_category": PERMIT if health else REVIEW, "gender_category": PERMIT if health else REVIEW,
        }.get(kind, PERMIT)  # fmt: skip
    if name == "DS":
        if kind in ("general", "hmb", "ancestry"):
            return DENY
        if kind == "population":
            return REVIEW
        if asked:
            return PERMIT  # the diseases are judged beside this
        # Reading: "disease", methods and the two groups without a disease lack an answer; the others are no match.
        return REVIEW if kind in ("disease", "methods", "age_category", "gender_category") else DENY
    return {  # POA
        "ancestry": PERMIT, "methods": REVIEW, "population": REVIEW,
        **dict.fromkeys(("genetic", "age_category", "gender_category"), PERMIT if "ancestry" in kinds else REVIEW),
    }.get(kind, DENY)  # fmt: skip


def _modifier(
    name: str, extra: Mapping[str, Any], permissions: list[str], permitted: list[str], purpose: Mapping[str, Any],
    diseases: Diseases,
) -> tuple[str, set[str]]:  # fmt: skip
    """Section 3.2, one row after the other."""
    kinds = set(purpose.get("kinds") or [])
    agreed, shown = purpose.get("agreements") or {}, purpose.get("evidence") or {}
    if name == "NMDS":
        return _nmds(permissions, permitted, kinds, purpose, diseases), set()
    if name == "GSO":
        data = purpose.get("genetic_data")
        return DENY if data is False else PERMIT if data is True and "genetic" in kinds else REVIEW, set()
    if name in ("NPU", "NCU", "NPUNCU"):
        return _profit(name, purpose), set()
    if name == "NPOA":
        return DENY if "ancestry" in kinds else REVIEW if "population" in kinds else PERMIT, set()
    if name == "RS":
        return _research_type(extra, kinds, purpose), set()
    if name == "GS":
        return _region(extra, purpose)
    if name == "IRB":
        said = {"verified": PERMIT, "expired": DENY, "refused": DENY}
        return said.get(shown.get("ethics_approval", ""), REVIEW), {"keep_ethics_approval"}
    if name == "COL":
        return {"recorded": PERMIT, "refused": DENY}.get(agreed.get("collaborate", ""), REVIEW), {"collaborate"}
    if name in ("PUB", "RTN"):
        member, duty = ("publish", "publish_results") if name == "PUB" else ("return_data", "return_results")
        answer = agreed.get(member)
        return PERMIT if answer is True else DENY if answer is False else REVIEW, {duty}
    if name == "MOR":
        return _moratorium(extra, agreed)
    if name == "TS":
        return _time_limit(extra, purpose)
    if name in ("US", "PS", "IS"):
        return _listed(name, extra, purpose)
    return PERMIT, set()  # CC


def _nmds(
    permissions: list[str], permitted: list[str], kinds: set[str], purpose: Mapping[str, Any], diseases: Diseases
) -> str:
    if "methods" not in kinds:
        return PERMIT
    asked = list(purpose.get("diseases") or [])
    if permissions == ["DS"]:
        return _covered(asked, permitted, diseases) if asked else DENY
    if permissions == ["HMB"]:
        return REVIEW if kinds & HEALTH or asked else DENY
    if len(permissions) > 1:  # Reading: what every one of them refuses, whatever the disease, is refused
        covers = ("DS" in permissions and asked) or ("HMB" in permissions and (asked or kinds & HEALTH))
        return REVIEW if covers else DENY
    # Reading: on every other dataset methods are outside, whatever stands beside them. No permission: the dataset
    # cannot be read, so that is for a person.
    return DENY if permissions else REVIEW


def _profit(name: str, purpose: Mapping[str, Any]) -> str:
    organisation = {"non_profit": PERMIT, "for_profit": DENY}.get(purpose.get("organisation", ""), REVIEW)
    commercial = purpose.get("commercial")
    use = PERMIT if commercial is False else DENY if commercial is True else REVIEW
    return {"NPU": organisation, "NCU": use, "NPUNCU": worst([organisation, use])}[name]


def _research_type(extra: Mapping[str, Any], kinds: set[str], purpose: Mapping[str, Any]) -> str:
    """Free text is for a person. Reading: only health against ancestry is "clearly different"."""
    types = list(extra.get("research_types") or [])
    by_number = {
        "0000031": "methods", "0000032": "population", "0000033": "ancestry", "0000034": "age_category",
        "0000035": "gender_category", "0000036": "control", "0000037": "hmb", "0000038": "genetic",
        "0000039": "drug_development", "0000040": "disease",
    }  # fmt: skip
    stated = {by_number.get(one.removeprefix("DUO:"), one) for one in types}
    if "text" in extra or not stated:
        return REVIEW
    health = bool(kinds & {"hmb", "disease", "drug_development"}) or bool(purpose.get("diseases"))
    if stated <= {"hmb", "disease", "drug_development"} and "ancestry" in kinds:
        return DENY
    if stated == {"ancestry"} and health:
        return DENY
    return REVIEW


def _region(extra: Mapping[str, Any], purpose: Mapping[str, Any]) -> tuple[str, set[str]]:
    regions, countries = list(extra.get("regions") or []), list(purpose.get("countries") or [])
    duty = {"process_only_in:" + ",".join(sorted(regions))} if regions else set()
    unmapped = [one for one in regions if one not in REGIONS and one not in COUNTRIES]
    if not regions or unmapped or "text" in extra or not countries:
        return REVIEW, duty
    inside = {country for one in regions for country in REGIONS.get(one, [one])}
    known = [one for one in countries if one in COUNTRIES]
    if any(one not in inside for one in known):
        return DENY, duty
    return PERMIT if len(known) == len(countries) else REVIEW, duty


def _moratorium(extra: Mapping[str, Any], agreed: Mapping[str, Any]) -> tuple[str, set[str]]:
    date, offered = extra.get("date"), agreed.get("no_publication_before")
    if date is None:
        return REVIEW, set()
    duty = {f"no_publication_before:{date}"}
    if offered is False or (isinstance(offered, str) and offered < date):
        return DENY, duty
    return PERMIT, duty


def _time_limit(extra: Mapping[str, Any], purpose: Mapping[str, Any]) -> tuple[str, set[str]]:
    months, wanted = extra.get("months"), purpose.get("duration_months")
    if months is None or months <= 0:
        return REVIEW, set()
    return DENY if wanted is not None and wanted > months else PERMIT, {f"time_limit_months:{months}"}


def _listed(name: str, extra: Mapping[str, Any], purpose: Mapping[str, Any]) -> tuple[str, set[str]]:
    members, asked = {"US": ("users", "user"), "PS": ("projects", "project"), "IS": ("institutions", "institution")}[
        name
    ]
    mine = purpose.get(asked)
    if "text" in extra or not extra.get(members) or mine is None:
        return REVIEW, set()
    bound = {"PS": {f"only_for_project:{mine}"}, "IS": {f"only_while_affiliated:{mine}"}}.get(name, set())
    return PERMIT if mine in extra[members] else DENY, bound
