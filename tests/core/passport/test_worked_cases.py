"""The worked cases of the Passport specification, its conditions, links and expiry: each row by name.

The tables of the other modules go further; here each sentence of tests/requirements/passport.yaml has its own test.
"""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.outcome import Reason
from broker.core.passport import limits
from broker.core.passport.case import judge_conditions, judge_pattern
from broker.core.passport.holdings import REGISTERED_ACCESS, grants_for, lasts, registered
from broker.core.passport.linked import read_pairs
from broker.core.passport.trust import Trust
from broker.core.passport.visa import Visa, role_and_affiliation
from broker.core.time import Seconds
from tests.core.passport.visa_builders import (
    DATASET,
    DROP,
    ISSUER,
    NOW,
    code,
    issuer_row,
    passport_token,
    verify,
    verify_p,
    visa_token,
)
from tests.core.passport.visa_holders import (
    ALICE,
    FACULTY,
    LINKER,
    OTHER,
    OTHER_ROW,
    TRUST,
    grant,
    linker_row,
    linking,
    opens,
    reasons,
    role,
    weigh,
)

ROLE = {"type": "AffiliationAndRole", "value": "faculty@uni.example", "source": "https://uni.example", "by": "so"}
GOOD = {"type": "AffiliationAndRole", "by": "const:so"}
BOB, CAROL = (OTHER, "bob"), (ISSUER, "carol")


def met(conditions: Any, *others: dict[str, Any]) -> bool:
    return judge_conditions(conditions, others or (ROLE,))


# Worked cases.


@pytest.mark.row("PW1", "PX1", "PX2", "C14")
def test_a_grant_of_half_an_hour_gives_nothing_of_an_hour() -> None:
    (found,) = grants_for(weigh(grant(exp=1800)), DATASET)
    assert not lasts([found], NOW, Seconds(3600))
    assert not lasts([found], NOW, Seconds(1800)), "strictly less"
    assert lasts([found], NOW, Seconds(1799))


@pytest.mark.row("PW2", "PX1")
def test_an_assertion_of_two_years_ago_opens_nothing_where_a_year_is_the_longest() -> None:
    year = 365 * 86_400
    old = grant(asserted=NOW - 2 * year)
    strict = Trust([issuer_row(max_asserted_age=Seconds(year))])
    assert opens(weigh(old))
    assert reasons(weigh(old, trust=strict)) == ["VISA-ASSERTED-TOO-LONG-AGO"]
    young = grant(asserted=NOW - year + 100)
    (found,) = grants_for(weigh(young, trust=strict), DATASET)
    assert found.ends == NOW + 100


@pytest.mark.row("PW3", "PC1", "PC6", "C15")
def test_an_expired_affiliation_meets_no_condition() -> None:
    conditional = grant(conditions=FACULTY)
    assert opens(weigh(conditional, role()))
    assert not opens(weigh(conditional))
    expired = replace(role(), exp=Seconds(NOW - 86_400))
    assert sorted(reasons(weigh(conditional, expired))) == ["VISA-CONDITIONS-UNMET", "VISA-EXPIRED"]


@pytest.mark.row("PW4", "PC4", "PE3")
@pytest.mark.parametrize("wrong", [{"by": "prefix:so"}, {"by": "const:so", "value": "regex:.*"}])
def test_an_alternative_with_an_unknown_prefix_leaves_the_other(wrong: dict[str, str]) -> None:
    clause = {"type": "AffiliationAndRole", **wrong}
    assert not met([[clause]])
    assert met([[clause], [GOOD]])
    assert not met([[clause, GOOD]])


@pytest.mark.row("PW5", "PC7")
def test_two_halves_do_not_meet_a_clause() -> None:
    clause = {"type": "AffiliationAndRole", "value": "const:a@x.example", "by": "const:so"}
    mine, other = {**ROLE, "value": "a@x.example", "by": "system"}, {**ROLE, "value": "b@x.example"}
    assert not met([[clause]], mine, other)
    assert met([[clause]], mine, other, {**mine, "by": "so"})
    apart = [[{"type": "AffiliationAndRole", "value": "const:a@x.example"}, GOOD]]
    assert met(apart, mine, other), "but two clauses may be met by two visas"


@pytest.mark.row("PW6", "PC6", "PE1")
@pytest.mark.parametrize("conditions", [[], FACULTY, [[GOOD]]])
def test_a_visa_with_conditions_meets_nobodys(conditions: Any) -> None:
    found = weigh(grant(conditions=FACULTY), role(conditions=conditions))
    assert not opens(found)


def _registered(*links: Visa, trust: Trust = TRUST) -> bool:
    terms = grant(type="AcceptedTermsAndPolicies", value=REGISTERED_ACCESS, by="self")
    status = grant("bob", OTHER, type="ResearcherStatus", value=REGISTERED_ACCESS, by="so", source=OTHER)
    return registered(weigh(terms, status, *links, trust=trust)) is not None


@pytest.mark.row("PW7", "PL3", "PL4", "C12", "C13", "T038")
def test_registered_access_of_two_identities_needs_a_trusted_link() -> None:
    assert not _registered()
    assert _registered(linking(ALICE, BOB))
    assert not _registered(linking(ALICE, BOB, source="https://elsewhere.example/")), "an untrusted source"
    assert not _registered(linking(ALICE, BOB, iss=OTHER)), "an issuer that may not link"
    silent = Trust([issuer_row(), OTHER_ROW])
    assert not _registered(linking(ALICE, BOB), trust=silent), "an issuer that nobody trusts"


@pytest.mark.row("PW8", "PL3", "PL5", "T040")
def test_a_chain_joins_its_ends_until_a_link_expires() -> None:
    visa = grant("carol")
    first, second = linking(ALICE, BOB, sub="l-1", exp=500), linking(BOB, CAROL, sub="l-2", exp=900)
    (found,) = grants_for(weigh(visa, first, second), DATASET)
    assert found.ends == NOW + 500
    assert {one.sub for one in found.uses} == {"l-1", "l-2"}
    for broken in (replace(first, exp=Seconds(NOW - 60)), replace(second, exp=Seconds(NOW - 60))):
        kept = second if broken.sub == "l-1" else first
        assert not opens(weigh(visa, broken, kept))


@pytest.mark.row("PW9")
@pytest.mark.parametrize("kind", ["ControlledAccessGrants", "AcceptedTermsAndPolicies"])
@pytest.mark.parametrize("by", [DROP, None, "", "DAC", "nobody", 7])
def test_where_by_is_needed_a_visa_without_it_is_none(kind: str, by: Any) -> None:
    found = verify(visa_token(visa={"type": kind, "by": by}))
    assert found == Reason(code="VISA-CLAIMS", facts=(("claim", "by"),))


@pytest.mark.row("PW10", "T108")
@pytest.mark.parametrize("value", [f"{DATASET}/", DATASET.lower(), DATASET.replace("https", "http"), f"{DATASET}x"])
def test_a_dataset_that_differs_by_a_character_is_another(value: str) -> None:
    assert not opens(weigh(grant(value=value)))


@pytest.mark.row("PW11", "C11")
def test_an_unknown_custom_type_is_left_out_and_the_others_count() -> None:
    custom = grant(type="https://custom.example/type/1", value="x")
    found = weigh(custom, grant())
    assert reasons(found) == ["VISA-TYPE-UNTRUSTED"]
    assert opens(found)
    assert code(verify(visa_token(visa={"type": "controlledaccessgrants"}))) == "VISA-TYPE-UNKNOWN"


@pytest.mark.row("PW12", "C4", "C10")
def test_an_expired_passport_refuses_though_its_visas_live() -> None:
    token = passport_token([visa_token()], payload={"iat": NOW - 4000, "exp": NOW - 30})
    assert code(verify_p(token)) == "PASSPORT-EXPIRED"
    assert isinstance(verify(visa_token()), Visa)


@pytest.mark.row("PW13")
def test_an_affiliation_is_split_at_the_first_at() -> None:
    assert role_and_affiliation("faculty@a@b.example") == ("faculty", "a@b.example")
    found = verify(visa_token(visa={"type": "AffiliationAndRole", "value": "faculty@a@b.example"}))
    assert isinstance(found, Visa)
    none = verify(visa_token(visa={"type": "AffiliationAndRole", "value": "faculty"}))
    assert code(none) == "VISA-VALUE-MALFORMED"


@pytest.mark.row("PW14", "PC8", "T105")
@pytest.mark.parametrize(
    ("expression", "value", "fits"),
    [
        ("split_pattern:b*", "a1;b2;c3", True),
        ("split_pattern:a1;b2", "a1;b2", False),
        ("split_pattern:", "a;;b", True),
        ("pattern:?", "名", True),
        ("pattern:?", "e\u0301", False),
        ("pattern:??", "👩🏽", True),
        ("pattern:a*b*c", "aXbYbZc", True),
        ("pattern:a*b", "ab\n", False),
        ("pattern:\\*", "*", False),
        ("const:A", "a", False),
        ("pattern:*", "", True),
    ],
)
def test_patterns_look_at_whole_texts_by_character(expression: str, value: str, fits: object) -> None:
    assert judge_pattern(expression, value) is fits


@pytest.mark.row("PW15")
@pytest.mark.parametrize("member", ["source", "value", "type"])
def test_an_address_of_255_characters_is_read_and_no_longer_one(member: str) -> None:
    for length, read in ((limits.TEXT, True), (limits.TEXT + 1, False)):
        url = "https://x.example/" + "a" * (length - len("https://x.example/"))
        assert isinstance(verify(visa_token(visa={member: url})), Visa) is read


@pytest.mark.row("PW16")
def test_the_same_visa_twice_counts_once() -> None:
    found = weigh(grant(), grant())
    assert len(found.accepted) == 1
    again = passport_token([visa_token(), visa_token()])
    verified = verify_p(again)
    assert not isinstance(verified, Reason)
    assert len(verified.visas) in (1, 2)


# Conditions.


@pytest.mark.row("PC2", "PE4")
@pytest.mark.parametrize(
    ("clause", "wanted"),
    [
        (GOOD, True),
        ({"by": "const:so"}, False),
        ({"type": "AffiliationAndRole"}, False),
        ({"type": "const:AffiliationAndRole", "by": "const:so"}, False),
        ({"type": "affiliationandrole", "by": "const:so"}, False),
    ],
)
def test_a_clause_names_a_bare_type_and_something_else(clause: dict[str, str], wanted: object) -> None:
    assert met([[clause]]) is wanted


@pytest.mark.row("PC3", "PE3")
@pytest.mark.parametrize("name", ["asserted", "conditions", "sub", "iss", "exp", "jti", "foo", "Value"])
def test_other_claims_spoil_their_alternative_and_no_other(name: str) -> None:
    clause = {**GOOD, name: "pattern:*"}
    holder = {**ROLE, name: "x"} if name != "conditions" else ROLE
    assert not met([[clause]], holder)
    assert met([[clause], [GOOD]], holder)


@pytest.mark.row("PC5")
def test_a_wrong_clause_is_wrong_whatever_the_others_match() -> None:
    """Checked first: an incorrect clause fails its alternative though a correct one before it has matched."""
    assert not met([[GOOD, {"type": "AffiliationAndRole", "by": "so"}]])
    assert not met([[{"type": "AffiliationAndRole", "by": "so"}, GOOD]])


@pytest.mark.row("PC9", "C13")
def test_a_supporter_of_another_identity_needs_a_link() -> None:
    conditional, theirs = grant(conditions=FACULTY), role(sub="bob", iss=OTHER, source=OTHER)
    assert not opens(weigh(conditional, theirs))
    assert opens(weigh(conditional, theirs, linking(ALICE, BOB)))


@pytest.mark.row("PE1", "PE2", "PC1")
@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ([], None),
        ([[]], "VISA-CONDITIONS-MALFORMED"),
        ([[], [GOOD]], "VISA-CONDITIONS-MALFORMED"),
        ([GOOD], "VISA-CONDITIONS-MALFORMED"),
        (GOOD, "VISA-CONDITIONS-MALFORMED"),
        ("x", "VISA-CONDITIONS-MALFORMED"),
        (None, "VISA-CONDITIONS-MALFORMED"),
        ([["x"]], "VISA-CONDITIONS-MALFORMED"),
        ([[{**GOOD, "by": 7}]], "VISA-CONDITIONS-MALFORMED"),
    ],
)
def test_what_is_no_list_of_alternatives_refuses_the_visa(conditions: Any, wanted: str | None) -> None:
    assert code(verify(visa_token(visa={"conditions": conditions}))) == wanted


@pytest.mark.row("PE5", "PC4")
@pytest.mark.parametrize("value", ["so", "", ":so", "Const:so", "const so", " const:so"])
def test_without_a_known_prefix_nothing_matches(value: str) -> None:
    assert not met([[{**GOOD, "by": value}]])


@pytest.mark.row("PE6")
@pytest.mark.parametrize("pattern", ["pattern:*", "const:", "split_pattern:*"])
def test_what_a_candidate_lacks_fits_nothing(pattern: str) -> None:
    silent = {name: value for name, value in ROLE.items() if name != "by"}
    assert not met([[{**GOOD, "by": pattern}]], silent)


@pytest.mark.row("PE7", "PX3", "C14")
def test_what_a_condition_lets_in_ends_with_the_first_of_both() -> None:
    for mine, theirs, ends in ((3600, 600, 600), (600, 3600, 600)):
        found = weigh(grant(exp=mine, conditions=FACULTY), role(exp=theirs))
        (opened,) = grants_for(found, DATASET)
        assert opened.ends == NOW + ends


@pytest.mark.row("PE8", "T106")
def test_a_visa_cannot_meet_its_own_condition_nor_two_each_others() -> None:
    own = role(conditions=FACULTY)
    assert reasons(weigh(own)) == ["VISA-CONDITIONS-UNMET"]
    status = grant(
        type="ResearcherStatus", value=REGISTERED_ACCESS, by="so",
        conditions=[[{"type": "AffiliationAndRole", "by": "const:so"}]],
    )  # fmt: skip
    back = role(conditions=[[{"type": "ResearcherStatus", "by": "const:so"}]])
    assert len(weigh(status, back).accepted) == 0


# Links.


@pytest.mark.row("PL1")
def test_pairs_are_decoded_before_they_are_compared() -> None:
    one = read_pairs("a%2Cb,https%3A%2F%2Fx.example")
    assert one == (("https://x.example", "a,b"),)
    assert read_pairs("a%2cb,https:%2F%2Fx.example") == one == read_pairs("a%2Cb,https://x.example")


@pytest.mark.row("PL2", "T040")
@pytest.mark.parametrize(
    "value", ["", "a", "a,b,c", ",b", "a,", "a,b;", ";a,b", "a b,c", "a,%zz", "a,b%", "a,%ff", "a;b,c"]
)
def test_one_malformed_entry_refuses_the_whole(value: str) -> None:
    assert read_pairs(value) is None
    assert read_pairs(f"x,y;{value}") is None
    said = {"type": "LinkedIdentities", "value": f"x,y;{value}", "by": "system"}
    assert code(verify(visa_token(visa=said))) == "VISA-VALUE-MALFORMED"


@pytest.mark.row("PL3", "T039")
def test_a_superset_of_a_fourth_identity_joins_all_three() -> None:
    visa = grant("carol")
    assert opens(weigh(visa, linking(ALICE, BOB, CAROL)))
    assert not opens(weigh(visa, linking(ALICE, BOB))), "and who is not listed is not joined"
    assert not opens(weigh(visa, linking((ISSUER, "zed"), ALICE)))


@pytest.mark.row("PL4", "T041", "C12")
def test_whom_a_linker_may_join_is_its_rows_to_say() -> None:
    visa = grant("carol")
    link = linking(ALICE, CAROL)
    assert opens(weigh(visa, link))
    for row in (
        linker_row(may_link=False),
        linker_row(link_issuers=frozenset({OTHER})),
        linker_row(link_sources=frozenset({"https://elsewhere.example/"})),
        linker_row(types=frozenset({"ControlledAccessGrants"})),
    ):
        assert not opens(weigh(visa, link, trust=Trust([issuer_row(), row])))


@pytest.mark.row("PL5", "PX3")
def test_the_end_of_a_link_is_among_the_ends() -> None:
    (found,) = grants_for(weigh(grant("carol"), linking(ALICE, CAROL, exp=77)), DATASET)
    assert found.ends == NOW + 77


@pytest.mark.row("PL6")
def test_a_link_with_conditions_is_met_by_its_own_identity_only() -> None:
    link = linking(ALICE, CAROL, conditions=FACULTY)
    visa = grant("carol")
    trust = Trust([issuer_row(), linker_row(types=None)])
    assert not opens(weigh(visa, link, role("faculty@uni.example", "carol"), trust=trust))
    assert not opens(weigh(visa, link, role(), trust=trust))
    own = role(sub="l-1", iss=LINKER, source=LINKER)
    assert opens(weigh(visa, link, own, trust=trust))


@pytest.mark.row("PL7", "T050")
def test_names_and_mail_link_nobody() -> None:
    more = {"email": "carol@uni.example", "email_verified": True, "name": "Carol", "orcid": "0000-0002-1825-0097"}
    for sub in ("alice", "carol"):
        assert isinstance(verify(visa_token(payload={"sub": sub, **more})), Visa)
    mine, hers = (verify(visa_token(payload={"sub": sub, **more})) for sub in ("alice", "carol"))
    assert isinstance(mine, Visa)
    assert isinstance(hers, Visa)
    found = weigh(replace(mine, type="ResearcherStatus"), hers)
    assert not opens(found)


@pytest.mark.row("PX2")
def test_without_a_longest_age_exp_alone_counts() -> None:
    (found,) = grants_for(weigh(grant(exp=100, asserted=1)), DATASET)
    assert found.ends == NOW + 100
    assert lasts([found], NOW, Seconds(99))
    assert not lasts([found], NOW, Seconds(100))


@pytest.mark.row("PX3")
def test_registered_access_ends_with_the_first_of_its_two() -> None:
    terms = grant(exp=900, type="AcceptedTermsAndPolicies", value=REGISTERED_ACCESS, by="self")
    status = grant(exp=500, type="ResearcherStatus", value=REGISTERED_ACCESS, by="so")
    both = registered(weigh(terms, status))
    assert both is not None
    assert lasts(both, NOW, Seconds(499))
    assert not lasts(both, NOW, Seconds(500))


# Trust.


@pytest.mark.row("C1", "C12", "T037")
def test_without_a_trust_row_nobody_says_anything() -> None:
    assert code(verify(visa_token(), Trust([]))) == "VISA-ISSUER-UNTRUSTED"
    assert code(verify_p(passport_token(), Trust([]))) == "PASSPORT-ISSUER-UNTRUSTED"
    assert reasons(weigh(grant(), trust=Trust([]))) == ["VISA-ISSUER-UNTRUSTED"]


@pytest.mark.row("C12", "T107")
@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"sources": frozenset({"https://elsewhere.example/"})}, "VISA-SOURCE-UNTRUSTED"),
        ({"values": ("https://data.example/others/*",)}, "VISA-VALUE-UNTRUSTED"),
        ({"values": ()}, "VISA-VALUE-UNTRUSTED"),
        ({"types": frozenset({"ResearcherStatus"})}, "VISA-TYPE-UNTRUSTED"),
        ({"granted_by": frozenset({"so"})}, "VISA-BY"),
        ({"algorithms": frozenset({"RS256"})}, "VISA-ALGORITHM"),
    ],
)
def test_a_row_trusts_its_issuer_within_what_it_lists(members: dict[str, Any], reason: str) -> None:
    assert reasons(weigh(grant(), trust=Trust([issuer_row(**members)]))) == [reason]
