"""What holds for any visas at all (adversarial T116, T117)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.passport.holdings import grants_for
from broker.core.passport.visa import Visa
from tests.core.passport.visa_builders import DATASET, ISSUER
from tests.core.passport.visa_holders import FACULTY, grant, linking, role, weigh

_SUBS = st.sampled_from(["alice", "bob", "carol"])
_ENDS = st.integers(1, 9).map(lambda tens: tens * 10)
_VISAS = st.lists(
    st.builds(lambda sub, exp: grant(sub, exp=exp), _SUBS, _ENDS)
    | st.builds(lambda sub, exp: grant(sub, exp=exp, conditions=FACULTY), _SUBS, _ENDS)
    | st.builds(lambda sub, exp: role(sub=sub, exp=exp), _SUBS, _ENDS)
    | st.builds(lambda one, two, exp: linking((ISSUER, one), (ISSUER, two), exp=exp), _SUBS, _SUBS, _ENDS),
    max_size=6,
)


@pytest.mark.row("T116")
@given(_VISAS, st.data())
def test_showing_one_visa_less_never_opens_more_or_for_longer(visas: list[Visa], data: st.DataObject) -> None:
    kept = [visa for visa in visas if data.draw(st.booleans())]
    all_, some = grants_for(weigh(*visas), DATASET), grants_for(weigh(*kept), DATASET)
    assert len(some) <= len(all_)
    assert not some or some[0].ends <= all_[0].ends


@pytest.mark.row("T117")
@given(_VISAS)
def test_the_cited_visas_alone_give_the_same_answer(visas: list[Visa]) -> None:
    for one in weigh(*visas).accepted:
        assert one.visa not in one.uses
        again = weigh(one.visa, *one.uses)
        assert [found.ends for found in again.accepted if found.visa == one.visa] == [one.ends]
        assert one.ends <= min([one.visa.exp, *(used.exp for used in one.uses)])


@given(_VISAS)
def test_every_visa_is_accepted_or_dropped_with_a_reason(visas: list[Visa]) -> None:
    found = weigh(*visas)
    told = [one.visa.digest for one in found.accepted] + [one.visa.digest for one in found.dropped]
    assert sorted(told) == sorted({visa.digest for visa in visas})
