"""What somebody states is read as it stands, or refused by the name of the member (core/access/stated.py)."""

import pytest

from broker.adapters.policy_files import load_packs
from broker.core.access.stated import MARKS, marks_of, read_stated
from broker.core.consent.question import FAMILY_ANALYSIS
from broker.core.decision import evaluate
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.outcome import Outcome
from broker.core.purpose import DUAL_USE, PROHIBITED, purpose_json
from tests import builders as b
from tests.core.jurisdiction.jurisdiction_world import pack, rule

DISGUISES = (
    str.upper, str.title, lambda mark: f"{mark} ", lambda mark: mark.replace("e", "\u0435"), lambda _: "a-b",
    lambda mark: mark.replace("_", ""), lambda mark: f"{mark}s",
)  # fmt: skip


@pytest.mark.parametrize("mark", sorted({*PROHIBITED, DUAL_USE, FAMILY_ANALYSIS, "topic:HIV"}))
def test_a_mark_that_a_rule_reads_is_read_as_it_stands(mark: str) -> None:
    assert read_stated({"flags": [mark]}).flags == {mark}


@pytest.mark.row("WHO-3.8-2b")
@pytest.mark.parametrize("disguise", range(len(DISGUISES)))
@pytest.mark.parametrize("mark", sorted({*PROHIBITED, DUAL_USE}))
def test_no_prohibited_purpose_passes_in_another_spelling(mark: str, disguise: int) -> None:
    """Once `Re_Identification` got the yes that `re_identification` does not get."""
    stated = purpose_json(b.PURPOSE)
    asked = b.question(stage="foresee", purpose=read_stated({**stated, "flags": [mark]}), grants=())
    assert evaluate(asked, b.snapshot()).outcome in (Outcome.DENY, Outcome.REFER)
    spelt = DISGUISES[disguise](mark)
    if spelt != mark:
        with pytest.raises(ValueError, match=r"^flags: "):
            read_stated({**stated, "flags": [spelt]})


@pytest.mark.row("WHO-3.8-2b")
@pytest.mark.parametrize("mark", ["unheard_of", "topic:", "topic:a b", "topic:\n", "Topic:HIV"])
def test_a_mark_that_no_rule_reads_is_refused_and_those_that_rules_read_are_named(mark: str) -> None:
    with pytest.raises(ValueError, match=r"flags: .*dual_use, family_analysis, .*re_identification"):
        read_stated({"flags": ["dual_use", mark]})


def test_the_marks_of_loaded_packs_may_be_stated_and_those_of_others_may_not() -> None:
    shipped = rulebook(load_packs(b.CONFIG / "policies"), "example")
    assert isinstance(shipped, Rulebook)
    assert marks_of(shipped) == MARKS | {"ehds_prohibited"}
    own = pack(
        decide=[
            rule("no", "deny", {"fact": "request.purpose_flags", "op": "has", "value": ["our_own"]}),
            rule("ok", "permit"),
        ]
    )
    ours = rulebook([own], "example")
    assert isinstance(ours, Rulebook)
    assert read_stated({"flags": ["our_own"]}, marks_of(ours)).flags == {"our_own"}
    for mark, known in (("our_own", marks_of(shipped)), ("ehds_prohibited", marks_of(ours)), ("our_own", MARKS)):
        with pytest.raises(ValueError, match=r"^flags: "):
            read_stated({"flags": [mark]}, known)
