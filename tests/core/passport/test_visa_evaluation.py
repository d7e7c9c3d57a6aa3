"""Which visas count for whom, and until when: the worked cases of the Clearinghouse (adversarial C and H)."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.passport import limits
from broker.core.passport.bearer import strangers, vouch
from broker.core.passport.evaluate import accepted, evaluate
from broker.core.passport.holdings import REGISTERED_ACCESS, grants_for, held, lasts, registered
from broker.core.passport.trust import Trust, TrustRow
from broker.core.passport.visa import Passport, Visa
from broker.core.time import FOREVER, Seconds
from tests.core.passport.visa_builders import BROKER, DAC, DATASET, ISSUER, NOW, issuer_row
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


class TestWhoseVisaItIs:
    def test_a_visa_about_the_caller_counts(self) -> None:
        found = weigh(grant())
        assert opens(found)
        assert found.accepted[0].uses == ()
        assert found.identities == {ALICE}

    @pytest.mark.row("T037", "T048", "C13")
    def test_a_visa_of_somebody_else_is_dropped_and_the_others_count(self) -> None:
        found = weigh(grant("victim"), grant())
        assert reasons(found) == ["VISA-IDENTITY"]
        assert found.dropped[0].visa.sub == "victim"
        assert len(found.accepted) == 1

    @pytest.mark.row("T038")
    def test_the_same_sub_of_another_issuer_is_somebody_else(self) -> None:
        assert reasons(weigh(grant(), who=[(OTHER, "alice")])) == ["VISA-IDENTITY"]
        assert reasons(weigh(grant("Alice"), who=[ALICE])) == ["VISA-IDENTITY"]

    def test_nobody_holds_nothing(self) -> None:
        assert reasons(weigh(grant(), who=())) == ["VISA-IDENTITY"]

    @pytest.mark.row("C13")
    def test_a_trusted_link_makes_it_the_callers(self) -> None:
        link = linking((ISSUER, "alice"), (OTHER, "a-2"))
        found = weigh(grant("a-2", OTHER, value=f"{OTHER}data/1"), link, who=[ALICE])
        opened = grants_for(found, f"{OTHER}data/1")
        assert opened[0].uses == (link,)
        assert found.identities == {ALICE, (OTHER, "a-2"), (LINKER, "l-1")}

    @pytest.mark.row("C13", "T040")
    def test_a_chain_of_links_does_too_and_an_expired_one_in_the_middle_breaks_it(self) -> None:
        first, second = linking((ISSUER, "alice"), sub="l-1"), linking((OTHER, "a-3"), (LINKER, "l-1"), sub="l-2")
        wanted = grant("a-3", OTHER, value=f"{OTHER}data/1")
        trust = Trust([issuer_row(), linker_row(), OTHER_ROW])
        assert len(weigh(first, second, wanted, trust=trust).accepted) == 3
        late = linking((OTHER, "a-3"), (LINKER, "l-1"), sub="l-2", exp=60)
        found = weigh(first, late, wanted, trust=trust, at=NOW + 100)
        assert sorted(reasons(found)) == ["VISA-EXPIRED", "VISA-IDENTITY"]

    @pytest.mark.row("T040", "T041", "PL4", "C13")
    @pytest.mark.parametrize(
        ("link", "reason"),
        [
            (linking((ISSUER, "alice"), (OTHER, "v"), iss=OTHER), "VISA-LINK-UNTRUSTED"),
            (linking((ISSUER, "alice"), (OTHER, "v"), source=OTHER), "VISA-SOURCE-UNTRUSTED"),
            (linking((ISSUER, "alice"), (OTHER, "v"), ("https://third.example/", "x")), "VISA-LINK-UNTRUSTED"),
            (linking((ISSUER, "alice"), (OTHER, "v"), exp=-30), "VISA-EXPIRED"),
        ],
    )
    def test_an_untrusted_link_joins_nobody(self, link: Visa, reason: str) -> None:
        found = weigh(link, grant("v", OTHER, value=f"{OTHER}data/1"))
        assert sorted(reasons(found)) == sorted([reason, "VISA-IDENTITY"])

    @pytest.mark.row("T041", "C12")
    def test_a_linker_may_be_bound_to_sources_of_its_own(self) -> None:
        trust = Trust([issuer_row(), linker_row(sources=None, link_sources=frozenset({LINKER}))])
        assert reasons(weigh(linking(ALICE), trust=trust)) == []
        assert reasons(weigh(linking(ALICE, source=OTHER), trust=trust)) == ["VISA-SOURCE-UNTRUSTED"]
        assert reasons(weigh(role(iss=LINKER, source=OTHER), who=[(LINKER, "alice")], trust=trust)) == []

    @pytest.mark.row("T039")
    def test_linking_an_identity_of_ones_own_lends_no_other(self) -> None:
        """T039: counting identities is not enough; the stolen visa stays where no link leads."""
        found = weigh(linking((ISSUER, "alice"), (OTHER, "mine")), grant("victim", OTHER, value=f"{OTHER}data/1"))
        assert reasons(found) == ["VISA-IDENTITY"]

    @pytest.mark.row("T040")
    def test_a_conditional_link_needs_supporters_of_its_own_identity(self) -> None:
        wanted = grant("a-2", OTHER, value=f"{OTHER}data/1")
        link = linking(ALICE, (OTHER, "a-2"), conditions=FACULTY)
        foreign = weigh(link, role(), wanted)
        assert sorted(reasons(foreign)) == ["VISA-IDENTITY", "VISA-IDENTITY"]
        supporter = role(iss=LINKER, sub="l-1", source=LINKER, exp=1000)
        own = weigh(link, supporter, wanted)
        assert reasons(own) == []
        (opened,) = grants_for(own, f"{OTHER}data/1")
        assert (opened.uses, opened.ends) == ((link, supporter), NOW + 1000)
        mixed = weigh(linking(ALICE, conditions=FACULTY), role(), who=[ALICE, (LINKER, "l-1")])
        assert reasons(mixed) == ["VISA-CONDITIONS-UNMET"]


class TestVouching:
    PASSPORT = Passport(
        iss=BROKER, sub="u-1", jti=None, iat=NOW, exp=Seconds(NOW + 300), visas=(), kid="b", key="k", digest="d"
    )

    def _trust(self, **members: Any) -> Trust:
        row = {"iss": BROKER, "jku": ("https://broker.example/jwks.json",), "is_broker": True, **members}
        return Trust([issuer_row(), TrustRow(**row)])

    @pytest.mark.row("T037")
    def test_being_in_a_passport_says_nothing_by_default(self) -> None:
        assert vouch(self.PASSPORT, [grant()], self._trust()) is None
        assert vouch(self.PASSPORT, [grant()], self._trust(vouches=True, is_broker=False)) is None
        assert vouch(self.PASSPORT, [grant()], TRUST) is None

    def test_a_broker_that_vouches_says_whose_the_visas_are_while_its_passport_lives(self) -> None:
        trust, visa = self._trust(vouches=True), grant()
        said = vouch(self.PASSPORT, [visa], trust)
        assert said is not None
        found = weigh(visa, who=[self.PASSPORT.identity], trust=trust, vouched=[said])
        assert grants_for(found, DATASET)[0].ends == NOW + 300
        assert grants_for(found, DATASET)[0].uses == ()

    def test_links_before_a_broker_that_vouches_are_named_too(self) -> None:
        trust = Trust([*(row for row in (self._trust(vouches=True).of(BROKER), issuer_row()) if row), linker_row()])
        said = vouch(self.PASSPORT, [grant()], trust)
        assert said is not None
        link = linking((OTHER, "x"), self.PASSPORT.identity)
        found = weigh(grant(), link, who=[(OTHER, "x")], trust=trust, vouched=[said])
        assert grants_for(found, DATASET)[0].uses == (link,)

    @pytest.mark.row("T042")
    def test_passports_of_different_persons_make_a_request_nobodys(self) -> None:
        found = weigh(who=[self.PASSPORT.identity])
        assert strangers([self.PASSPORT], found) is None
        assert strangers([], found) is None
        reason = strangers([self.PASSPORT], weigh(who=[ALICE]))
        assert reason is not None
        assert reason.code == "PASSPORT-PERSONS"


class TestTrust:
    @pytest.mark.row("C12", "C1", "T107")
    @pytest.mark.parametrize(
        ("visa", "members", "reason"),
        [
            (grant(), {"values": ()}, "VISA-VALUE-UNTRUSTED"),
            (grant(), {"values": ("https://data.example/datasets/DS10",)}, "VISA-VALUE-UNTRUSTED"),
            (grant(by="self"), {}, "VISA-BY"),
            (grant(by="system"), {}, "VISA-BY"),
            (grant(by="system"), {"granted_by": frozenset({"system"})}, None),
            (grant(), {"types": frozenset({"AffiliationAndRole"})}, "VISA-TYPE-UNTRUSTED"),
            (grant(), {"types": frozenset()}, "VISA-TYPE-UNTRUSTED"),
            (grant(), {"sources": frozenset({DAC + "/"})}, "VISA-SOURCE-UNTRUSTED"),
            (grant(), {"sources": frozenset({DAC})}, None),
            (grant(), {"algorithms": frozenset({"RS256"})}, "VISA-ALGORITHM"),
            (grant(), {"jku": ("https://moved.example/jwks.json",)}, "VISA-JKU-UNTRUSTED"),
            (grant(), {"keys": ({"kty": "EC", "kid": "v-1", "crv": "P-256", "x": "a", "y": "b"},)}, "VISA-KEY-UNKNOWN"),
            (grant(type="https://t.example/x", value="v"), {}, "VISA-TYPE-UNTRUSTED"),
            (grant(type="https://t.example/x", value="v"), {"types": frozenset({"https://t.example/x"})}, None),
            (linking(ALICE, iss=ISSUER, sub="alice"), {}, "VISA-LINK-UNTRUSTED"),
            (linking(ALICE, iss=ISSUER, sub="alice"), {"may_link": True}, None),
        ],
    )
    def test_is_asked_of_the_row_of_the_moment(self, visa: Visa, members: Any, reason: str | None) -> None:
        assert reasons(weigh(visa, trust=Trust([issuer_row(**members)]))) == ([reason] if reason else [])

    def test_a_visa_access_token_counts_while_the_row_allows_them(self) -> None:
        visa = replace(grant(), jku=None)
        assert reasons(weigh(visa, trust=Trust([issuer_row(access_tokens=True)]))) == []
        assert reasons(weigh(visa, trust=Trust([issuer_row()]))) == ["VISA-STYLE"]

    @pytest.mark.row("C12", "C1")
    def test_an_issuer_whose_row_is_gone_says_nothing_any_more(self) -> None:
        assert reasons(weigh(grant(), trust=Trust([]))) == ["VISA-ISSUER-UNTRUSTED"]

    @pytest.mark.row("T108", "PW10")
    @pytest.mark.parametrize(
        "value",
        [
            DATASET + "/",
            DATASET + "0",
            DATASET.lower(),
            DATASET.replace("https", "http"),
            DATASET.replace("DS1", "%44S1"),
            "https://data.example/datasets/../datasets/DS1",
            "https://data.example/datasets/DS1?",
        ],
    )
    def test_a_dataset_is_named_byte_by_byte(self, value: str) -> None:
        assert not opens(weigh(grant(value=value)))

    def test_an_alias_opens_what_the_row_says_and_only_within_its_values(self) -> None:
        trust = Trust([issuer_row(aliases={"https://old.example/1": DATASET, "https://old.example/2": f"{OTHER}d"})])
        found = weigh(grant(value="https://old.example/1"), trust=trust)
        assert opens(found)
        assert found.accepted[0].dataset == DATASET
        assert reasons(weigh(grant(value="https://old.example/2"), trust=trust)) == ["VISA-VALUE-UNTRUSTED"]

    def test_a_dataset_may_take_grants_of_named_sources_only(self) -> None:
        found = weigh(grant())
        assert grants_for(found, DATASET, frozenset({DAC}))
        assert not grants_for(found, DATASET, frozenset({OTHER}))

    def test_only_grants_open_datasets(self) -> None:
        terms = grant(type="AcceptedTermsAndPolicies")
        assert len(weigh(terms).accepted) == 1
        assert not opens(weigh(terms))

    @pytest.mark.row("T121")
    @pytest.mark.parametrize("index", range(4))
    def test_what_was_revoked_counts_for_nothing(self, index: int) -> None:
        visa = grant()
        names = [
            f"visa:{ISSUER} alice-grant-3600",
            f"visa:{visa.digest}",
            f"key:{visa.key}",
            f"issuer:{ISSUER}",
        ]
        assert reasons(weigh(visa, revoked=frozenset({names[index]}))) == ["VISA-REVOKED"]
        assert reasons(weigh(visa, revoked=frozenset({"visa:alice-grant-3600", "key:x"}))) == []


class TestConditions:
    @pytest.mark.row("C15", "C14", "T046")
    def test_a_grant_counts_while_its_condition_is_met_and_ends_with_it(self) -> None:
        affiliation = role(exp=600)
        found = weigh(grant(conditions=FACULTY), affiliation)
        (opened,) = grants_for(found, DATASET)
        assert (opened.uses, opened.ends) == ((affiliation,), NOW + 600)

    def test_the_supporters_that_last_longest_are_taken(self) -> None:
        groups = [[{"type": "AffiliationAndRole", "value": "const:faculty@a.example"}], FACULTY[0]]
        short, long = role("faculty@a.example", exp=100), role("faculty@b.example", exp=500)
        found = weigh(grant(conditions=groups), short, role(exp=300), long)
        assert grants_for(found, DATASET)[0].uses == (long,)

    @pytest.mark.row("C15")
    def test_an_expired_supporter_supports_nothing(self) -> None:
        assert reasons(weigh(grant(conditions=FACULTY), role(exp=-30))) == ["VISA-EXPIRED", "VISA-CONDITIONS-UNMET"]

    def test_a_supporter_of_somebody_else_supports_nothing(self) -> None:
        assert reasons(weigh(grant(conditions=FACULTY), role(sub="bob"))) == ["VISA-IDENTITY", "VISA-CONDITIONS-UNMET"]

    def test_a_supporter_of_another_identity_counts_through_a_link_and_the_link_is_used(self) -> None:
        link, affiliation = linking(ALICE, (OTHER, "a-2"), exp=700), role(sub="a-2", iss=OTHER)
        found = weigh(grant(conditions=FACULTY), affiliation, link)
        (opened,) = grants_for(found, DATASET)
        assert (opened.uses, opened.ends) == ((affiliation, link), NOW + 700)

    def test_an_untrusted_supporter_supports_nothing(self) -> None:
        other_grant = grant(value="https://elsewhere.example/1")
        on_grant = [[{"type": "ControlledAccessGrants", "value": "pattern:*"}]]
        assert not opens(weigh(grant(conditions=on_grant), other_grant))

    @pytest.mark.row("T106", "PE8", "C15")
    def test_two_visas_that_hold_each_other_up_both_fall(self) -> None:
        def needs(affiliation: str) -> list[list[dict[str, str]]]:
            return [[{"type": "AffiliationAndRole", "value": f"const:{affiliation}"}]]

        one = role("faculty@a.example", conditions=needs("faculty@b.example"))
        two = role("faculty@b.example", conditions=needs("faculty@a.example"))
        assert reasons(weigh(one, two)) == ["VISA-CONDITIONS-UNMET"] * 2

    def test_a_visa_with_empty_conditions_counts_and_supports_nobody(self) -> None:
        assert opens(weigh(grant(conditions=[])))
        assert reasons(weigh(grant(conditions=FACULTY), role(conditions=[]))) == ["VISA-CONDITIONS-UNMET"]

    def test_too_much_to_look_at_drops_what_is_conditional_by_name(self) -> None:
        heavy = [[{"type": "AffiliationAndRole", "value": "pattern:" + "?" * 1_000}] * 10]
        visas = [role(f"faculty@{number}.example") for number in range(200)]
        found = weigh(grant(), grant("alice", exp=100, conditions=heavy), *visas)
        assert reasons(found) == ["VISA-CONDITIONS-TOO-MUCH"]
        assert opens(found)

    def test_the_limit_is_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        conditional, supporter = grant(conditions=FACULTY), role("faculty@b.example")
        length = 1 + len("faculty@*") + len("faculty@b.example") + 1
        monkeypatch.setattr(limits, "CONDITION_WORK", length)
        assert opens(weigh(conditional, supporter))
        monkeypatch.setattr(limits, "CONDITION_WORK", length - 1)
        assert reasons(weigh(conditional, supporter)) == ["VISA-CONDITIONS-TOO-MUCH"]


class TestTime:
    @pytest.mark.row("T012", "T119")
    @pytest.mark.parametrize(
        ("at", "wanted"), [(3629, []), (3630, ["VISA-EXPIRED"]), (-90, []), (-91, ["VISA-NOT-YET"])]
    )
    def test_is_asked_again_at_each_use(self, at: int, wanted: list[str]) -> None:
        assert reasons(weigh(grant(), at=NOW + at)) == wanted

    @pytest.mark.row("C14", "T046")
    def test_what_is_issued_never_outlives_the_end_without_leeway(self) -> None:
        found = weigh(grant(), at=NOW + 3610)
        (opened,) = grants_for(found, DATASET)
        assert opened.ends == NOW + 3600
        assert not lasts([opened], Seconds(NOW + 3610), Seconds(0))

    @pytest.mark.row("C14")
    def test_an_assertion_of_long_ago_counts_no_more_where_the_row_says_so(self) -> None:
        year = Trust([issuer_row(max_asserted_age=Seconds(86_400 + 100))])
        found = weigh(grant(), trust=year)
        assert grants_for(found, DATASET)[0].ends == NOW + 100
        assert opens(weigh(grant(), trust=year, at=NOW + 99))
        assert reasons(weigh(grant(), trust=year, at=NOW + 100)) == ["VISA-ASSERTED-TOO-LONG-AGO"]

    @pytest.mark.row("T046", "C14")
    def test_nothing_outlives_the_passport_that_brought_it(self) -> None:
        found = weigh(grant(), not_after=Seconds(NOW + 60))
        assert grants_for(found, DATASET)[0].ends == NOW + 60

    @pytest.mark.row("C14")
    def test_an_access_lasts_strictly_less_than_the_first_visa_to_end(self) -> None:
        found = weigh(grant(exp=1800), role(exp=3600))
        at = Seconds(NOW)
        assert lasts(found.accepted, at, Seconds(1799))
        assert not lasts(found.accepted, at, Seconds(1800))
        assert not lasts((), at, Seconds(0))

    def test_the_grant_that_lasts_longest_comes_first(self) -> None:
        found = weigh(grant(exp=100), grant(exp=300), grant(exp=200))
        assert [one.ends - NOW for one in grants_for(found, DATASET)] == [300, 200, 100]


def test_the_same_visa_twice_counts_once() -> None:
    assert len(weigh(grant(), grant()).accepted) == 1


def test_accepted_is_the_short_form() -> None:
    visas = [grant(), grant("victim")]
    assert accepted(visas, TRUST, [ALICE], NOW, not_after=FOREVER) == evaluate(visas, TRUST, [ALICE], NOW).accepted


class TestRegisteredAccess:
    def _pair(self, **status: Any) -> list[Visa]:
        said: dict[str, Any] = {"value": REGISTERED_ACCESS, "by": "self"}
        terms = grant(type="AcceptedTermsAndPolicies", **said)
        return [terms, grant(type="ResearcherStatus", **{**said, **status})]

    def test_needs_both_visas_of_the_same_version(self) -> None:
        terms, status = self._pair()
        assert registered(weigh(terms, status)) is not None
        assert registered(weigh(terms)) is None
        assert registered(weigh(status)) is None
        assert registered(weigh(*self._pair(value="https://doi.org/other"))) is None
        assert [one.visa for one in held(weigh(terms, status), "ResearcherStatus", REGISTERED_ACCESS)] == [status]

    def test_of_two_identities_needs_a_link(self) -> None:
        terms, _ = self._pair()
        status = grant("a-2", OTHER, type="ResearcherStatus", value=REGISTERED_ACCESS)
        assert registered(weigh(terms, status)) is None
        assert registered(weigh(terms, status, linking(ALICE, (OTHER, "a-2")))) is not None
