"""What a sentence about a law may show: the facts that its rule read, in words, and who comes first."""

from typing import Any

import pytest

from broker.core.jurisdiction.case import differences
from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.judge import Answer, judge
from broker.core.jurisdiction.pack import Pack
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW, Raw, book_of, pack, rule
from tests.core.jurisdiction.test_jurisdiction_lint import is_

Facts = tuple[tuple[str, str], ...]
MANY = is_("data.n_sequenced", "gt", value=5)


def answer(*packs: Pack, **facts: FactValue | None) -> Answer:
    asked = {name: value for name, value in {**HOME, **facts}.items() if value is not None}
    return judge(book_of(*packs), asked, NOW)


def refusal(when: Any, **facts: FactValue) -> Facts:
    (reason,) = answer(pack(decide=[rule("no", "deny", when), rule("ok", "permit")]), **facts).reasons
    return reason.facts


@pytest.mark.parametrize(
    ("when", "facts", "shown"),
    [
        (is_("recipient.country", "eq", value="FR"), {}, (("recipient.country", "FR"),)),
        (MANY, {"data.n_sequenced": 7}, (("data.n_sequenced", "7"), ("have", "7"), ("need", "5"))),
        (is_("recipient.suspended", "is_true"), {"recipient.suspended": True}, (("recipient.suspended", "yes"),)),
        (is_("recipient.suspended", "is_false"), {}, (("recipient.suspended", "no"),)),
        (
            is_("data.regimes_declared", "has", value=["b"]),
            {"data.regimes_declared": ("b", "a")},
            (("data.regimes_declared", "b, a"),),
        ),
        (is_("request.purpose_flags", "lacks", value=["x"]), {}, (("request.purpose_flags", "none"),)),
        (is_("evidence", "lacks", value=["x"]), {"evidence": ("a.b",)}, ()),
    ],
    ids=str,
)
def test_a_refusal_shows_what_its_rule_read(when: Raw, facts: dict[str, FactValue], shown: Facts) -> None:
    assert refusal(when, **facts) == shown


def test_what_is_waited_for_is_shown_item_by_item() -> None:
    paper = rule("paper", "await", is_("evidence", "lacks", value=["a.b", "c.d"]), evidence=["a.b", "c.d", "e.f"])
    (reason,) = answer(pack(decide=[paper, rule("ok", "permit")]), evidence=("c.d",)).reasons
    assert reason.facts == (("evidence", "a.b, e.f"),)


def test_a_permit_shows_its_numbers_and_nothing_else() -> None:
    small = rule("small", "permit", {"not": MANY})
    here = rule("here", "permit", is_("recipient.country", "eq", value="FR"))
    both = rule("both", "permit", {"all": [{"not": MANY}, is_("recipient.country", "eq", value="FR")]})
    numbers = (("data.n_sequenced", "5"), ("have", "5"), ("need", "5"))
    for decide, shown in (
        ([small], numbers),
        ([here], ()),
        ([both], tuple(sorted((*numbers, ("recipient.country", "FR"))))),
    ):
        (reason,) = answer(pack(decide=decide), **{"data.n_sequenced": 5}).reasons
        assert reason.facts == shown


def test_what_nobody_stated_is_shown_item_by_item() -> None:
    when = {"all": [is_("recipient.country", "eq", value="FR"), MANY, is_("recipient.suspended", "is_true")]}
    (reason,) = answer(pack(decide=[rule("no", "deny", when), rule("ok", "permit")]), **{"recipient.suspended": None}).reasons  # fmt: skip
    assert reason.facts == (("missing", "data.n_sequenced, recipient.suspended"),)


def test_countries_that_no_pack_answers_for_are_shown_and_so_is_where_none_is_stated() -> None:
    stated: dict[str, FactValue] = {"data.origin_countries": ("DE", "NL"), "data.controller_country": "BE"}
    found = answer(pack(), **stated)
    assert [(one.code, one.facts) for one in found.reasons if one.code == "JUR-NO-PACK"] == [
        ("JUR-NO-PACK", (("countries", "BE, NL"),))
    ]
    unstated = answer(pack(), **{"data.origin_countries": None, "data.controller_country": None})
    assert {"data.origin_countries", "data.controller_country"} == set(unstated.missing_facts)
    assert [one.facts for one in unstated.reasons if one.code == "JUR-FACT-MISSING"] == [
        (("missing", "data.origin_countries, data.controller_country"),)
    ]


STRICTEST_FIRST = ["deny", "limit_modality", "refer", "await", "permit"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_strictest_is_told_first_whatever_the_packs_are_called(order: int) -> None:
    named = zip("abcde", STRICTEST_FIRST[::order], strict=True)
    packs = [pack(id=id, decide=[rule(effect, effect)]) for id, effect in named]
    assert [one.norm.rule for one in answer(*packs).reasons if one.norm] == STRICTEST_FIRST


@pytest.mark.parametrize("op", ["any_in", "all_in", "none_in"])
def test_over_an_empty_list_nobody_knows_which_countries_are_meant(op: str) -> None:
    when = is_("data.storage_operator_control", op, value=["CN"])
    book = pack(decide=[rule("no", "deny", when), rule("ok", "permit")])
    assert answer(book, **{"data.storage_operator_control": ()}).missing_facts == ("data.storage_operator_control",)
    assert answer(book, **{"data.storage_operator_control": ("CN",)}).missing_facts == ()


def test_where_a_case_is_not_answered_as_expected_is_told_in_words() -> None:
    given = answer(pack(decide=[rule("ok", "permit", obligations=["publish", "report"])]))
    assert differences({"obligations": ["erase", "report"], "reasons": []}, given) == (
        "reasons: none wanted, JUR-EU-ART49 given",
        "obligations: erase, report wanted, publish, report given",
    )
