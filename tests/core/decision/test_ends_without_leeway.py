"""The end of a visa that its issuer has to confirm is ours, and knows no leeway; that of any other knows 30 seconds."""

from dataclasses import replace

import pytest

from broker.core.decision import evaluate
from broker.core.decision.entitlement import Entitlement
from broker.core.passport.holdings import REGISTERED_ACCESS
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.rows import VisaIssuer
from broker.core.time import FOREVER, Seconds
from tests import builders as b
from tests.core.decision.test_terms_and_registered import ONE, PROFILE, visa
from tests.fakes import START

TRUSTED = VisaIssuer(id=ONE, trust=TrustRow(iss=ONE, jku=(f"{ONE}/jwks",), access_tokens=True))
END = Seconds(START + 100)
CASES = {
    "both long": (FOREVER, FOREVER, 1000, True),
    "the terms are over": (END, FOREVER, 0, False),
    "the status is over": (FOREVER, END, 0, False),
    "a second before": (END, END, -1, True),
}


@pytest.mark.parametrize("confirmed", [True, False], ids=["access tokens", "documents"])
@pytest.mark.parametrize(("terms", "status", "after", "opens"), CASES.values(), ids=list(CASES))
def test_registered_access_ends_with_the_first_of_both(
    terms: Seconds,
    status: Seconds,
    after: int,
    opens: bool,  # noqa: FBT001
    confirmed: bool,  # noqa: FBT001
) -> None:
    shown = (
        visa(TERMS, REGISTERED_ACCESS, exp=min(terms, Seconds(START + 3000))),
        visa(RESEARCHER, REGISTERED_ACCESS, exp=min(status, Seconds(START + 3000))),
    )
    if confirmed:
        shown = (replace(shown[0], jku=None), replace(shown[1], jku=None))
    dataset = b.dataset(access="registered", registered_profile=PROFILE)
    asked = b.question(grants=frozenset(), visas=shown, identities=frozenset({(ONE, "ada")}), at=Seconds(END + after))
    decision = evaluate(asked, b.snapshot(TRUSTED, dataset=dataset))
    assert decision.permits is (opens or not confirmed), decision


def test_what_is_confirmed_until_a_second_is_over_in_it() -> None:
    found = Entitlement(
        id="visa:x", person=None, dataset=b.HEART, purpose=None, begins=START, ends=FOREVER, confirmed_until=END
    )
    assert not found.is_over(Seconds(END - 1))
    assert found.is_over(END)
