"""What must be stated before a dataset is registered: what its custodian answers, and what some pack will ask."""

import pytest

from broker.core.jurisdiction.facts import FactValue
from broker.core.jurisdiction.needs import Need, asked_of_applicants, may_apply, needs
from broker.core.jurisdiction.pack import Pack
from tests.core.jurisdiction.jurisdiction_world import HOME, NOW, Raw, book_of, pack, rule
from tests.core.jurisdiction.test_jurisdiction_lint import is_

SEQUENCED = is_("data.n_sequenced", "gt", value=5)
ELSEWHERE = is_("recipient.country", "eq", value="CN")


def needed(*packs: Pack, **stated: FactValue | None) -> list[Need]:
    """What is missing when HOME is stated; a fact that is None is not."""
    facts = {name: value for name, value in {**HOME, **stated}.items() if value is not None}
    return list(needs(book_of(*packs), facts, NOW))


@pytest.mark.parametrize("fact", ["data.origin_countries", "data.controller_country", "data.community_governed"])
def test_whose_law_and_whether_a_community_decides_is_asked_though_no_pack_reads_it(fact: str) -> None:
    assert needed(pack()) == []
    assert needed(pack(), **{fact: None}) == [Need(fact, "", "")]


def test_a_fact_that_a_rule_waits_for_is_needed_until_it_is_stated() -> None:
    some = pack(decide=[rule("few", "deny", SEQUENCED), rule("also", "refer", SEQUENCED), rule("ok", "permit")])
    assert needed(some) == [Need("data.n_sequenced", "test-pack", "few")]
    assert needed(some, **{"data.n_sequenced": 3}) == []
    assert needed(some, **{"data.n_sequenced": -3}) == []  # stated, and told as a mistake where it is read


def test_a_fact_on_which_it_rests_whether_a_pack_applies_is_needed() -> None:
    assert needed(pack(), pack(id="other", answers_for=[], applies_when=SEQUENCED)) == [
        Need("data.n_sequenced", "other", "applies_when")
    ]


@pytest.mark.parametrize(
    ("on_unknown", "wanted"), [("skip", []), ("refer", [Need("data.n_sequenced", "test-pack", "few")])]
)
def test_a_permit_that_is_skipped_for_a_fact_does_not_need_it(on_unknown: str, wanted: list[Need]) -> None:
    few = rule("few", "permit", {"not": SEQUENCED}, on_unknown=on_unknown)
    assert needed(pack(decide=[few, rule("ask", "refer")])) == wanted


@pytest.mark.parametrize(
    ("fact", "when"),
    [
        ("recipient.country", ELSEWHERE),
        ("recipient.individual_location", is_("recipient.individual_location", "eq", value="CN")),
        ("request.modality", is_("request.modality", "eq", value="stream")),
        ("evidence", is_("evidence", "has", value=["a.b"])),
    ],
)
def test_what_is_not_the_custodian_s_to_say_is_not_asked_of_them(fact: str, when: Raw) -> None:
    assert needed(pack(decide=[rule("ask", "refer", when), rule("ok", "permit")]), **{fact: None}) == []


def test_a_pack_that_does_not_apply_or_is_not_in_force_needs_nothing() -> None:
    asks = [rule("few", "deny", SEQUENCED), rule("ok", "permit")]
    assert needed(pack(), pack(id="other", answers_for=[], applies_when=ELSEWHERE, decide=asks)) == []
    over = {"from": "2020-01-01", "to": "2026-01-01"}
    assert needed(pack(), pack(id="other", answers_for=[], effective=over, decide=asks)) == []


DEPENDS = pack(id="depends", answers_for=[], applies_when=ELSEWHERE)
NOT_HERE = pack(id="not-here", answers_for=[], applies_when=is_("data.category", "eq", value="phenotypic"))
LISTED = pack(
    id="listed", answers_for=[], applies_when=is_("data.storage_country", "in", list="near"),
    lists={"near": {"as_of": "2026-01-01", "source": "law", "items": [{"code": "DE", "to": "2026-05-31"}]}},
)  # fmt: skip
OF_DATA = {name: value for name, value in HOME.items() if name.startswith("data.")}


def test_a_pack_is_asked_whoever_asks_or_depending_on_who_or_not_at_all() -> None:
    book = book_of(pack(), DEPENDS, NOT_HERE)
    assert [(one.id, always) for one, always in may_apply(book, OF_DATA, NOW)] == [
        ("depends", False),
        ("test-pack", True),
    ]


def test_what_follows_from_what_is_stated_decides_whether_a_pack_may_apply() -> None:
    seen = pack(id="seen", answers_for=[], applies_when=is_("derived.personal_data_visible", "is_true"))
    at_home: dict[str, FactValue] = {**OF_DATA, "request.modality": "aggregate", "request.processing_country": "DE"}
    for stated, wanted in ((at_home, ["test-pack"]), (OF_DATA, ["seen", "test-pack"])):
        assert [one.id for one, _ in may_apply(book_of(pack(), seen), stated, NOW)] == wanted


def test_the_lists_of_the_day_decide_whether_a_pack_may_apply() -> None:
    assert [one.id for one, _ in may_apply(book_of(pack(), LISTED), OF_DATA, NOW)] == ["test-pack"]


def test_applicants_are_asked_what_packs_read_that_may_apply_and_nothing_that_others_answer() -> None:
    mixed = {"all": [is_("request.ai_use", "eq", value="training"), SEQUENCED, ELSEWHERE]}
    asks = pack(decide=[rule("ai", "refer", mixed), rule("ok", "permit")])
    elsewhere = pack(
        id="not-here", answers_for=[], applies_when=is_("data.category", "eq", value="phenotypic"),
        decide=[rule("w", "refer", is_("request.modality", "eq", value="stream")), rule("ok", "permit")],
    )  # fmt: skip
    assert asked_of_applicants(book_of(asks, elsewhere), OF_DATA, NOW) == {"request.ai_use"}
