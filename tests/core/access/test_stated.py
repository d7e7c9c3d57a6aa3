"""What somebody states is read as it stands, or refused by the name of the member (core/access/stated.py)."""

import pytest

from broker.core.access.stated import read_stated
from broker.core.consent.question import FAMILY_ANALYSIS
from broker.core.decision import evaluate
from broker.core.decision.gates.purpose import DUAL_USE, PROHIBITED
from broker.core.outcome import Outcome
from broker.core.purpose import purpose_json
from tests import builders as b

MARKS = sorted({*PROHIBITED, DUAL_USE, FAMILY_ANALYSIS, "ehds_prohibited", "topic:HIV"})
DISGUISES = (str.upper, str.title, lambda mark: f"{mark} ", lambda mark: mark.replace("e", "\u0435"), lambda _: "a-b")


@pytest.mark.parametrize("mark", MARKS)
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
