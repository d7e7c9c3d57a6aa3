"""A purpose as JSON: read strictly, written so that it reads back the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.purpose import (
    MAX_ITEMS,
    MAX_MONTHS,
    MAX_TEXT,
    Agreements,
    Kind,
    Modality,
    Purpose,
    Sensitive,
    purpose_json,
    read_purpose,
)

_texts = st.frozensets(st.text(min_size=1, max_size=9).filter(str.strip), max_size=3)
_flags = st.none() | st.booleans()
_purposes = st.builds(
    Purpose,
    organisation=st.sampled_from([None, "non_profit", "for_profit"]),
    commercial=_flags,
    clinical_care=_flags,
    genetic_data=_flags,
    kinds=st.frozensets(st.sampled_from(Kind)),
    diseases=_texts,
    countries=_texts,
    project=st.none() | st.just("P-1"),
    institution=st.none() | st.just("https://uni.example"),
    user=st.none() | st.just("https://idp.example/|alice"),
    duration_months=st.none() | st.integers(1, MAX_MONTHS),
    agreements=st.builds(
        Agreements,
        publish=_flags,
        return_data=_flags,
        collaborate=st.sampled_from([None, "recorded", "refused", "pending"]),
        no_publication_before=st.none() | st.dates(),
    ),
    ethics_approval=st.sampled_from([None, "verified", "supplied", "expired", "refused"]),
    sensitive=st.frozensets(st.sampled_from(Sensitive)),
    ai_use=st.sampled_from([None, "none", "training", "model_release", "generative_release"]),
    linkage=_flags,
    recontact=_flags,
    modality=st.sampled_from(Modality),
    flags=_texts,
)


@given(purpose=_purposes)
def test_what_is_written_reads_back_the_same(purpose: Purpose) -> None:
    assert read_purpose(purpose_json(purpose)) == purpose


@given(purpose=_purposes)
def test_what_was_not_answered_is_not_written(purpose: Purpose) -> None:
    written = purpose_json(purpose)
    assert None not in written.values()
    assert ("commercial" in written) == (purpose.commercial is not None)


def test_null_is_not_answered_and_never_no() -> None:
    assert read_purpose({"commercial": None, "agreements": {"publish": None}, "evidence": None}) == Purpose()
    assert read_purpose({"commercial": False}).commercial is False
    assert read_purpose({}).commercial is None


@pytest.mark.row("RUL-SILENCE")
@pytest.mark.parametrize("member", ["kinds", "sensitive"])
def test_none_of_a_list_is_an_answer_and_silence_about_it_is_not(member: str) -> None:
    said = read_purpose({member: []})
    assert (getattr(said, member), purpose_json(said)[member]) == (frozenset(), [])
    assert getattr(read_purpose({}), member) is None


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"comercial": False}, "comercial: no such member"),
        ({"ethics_approval": "verified"}, "ethics_approval: no such member"),
        ({"agreements": {"promise": True}}, "agreements.promise: no such member"),
        ({"evidence": {"irb": "verified"}}, "evidence.irb: no such member"),
        ({"agreements": True}, "agreements: not an object"),
        ({"evidence": "verified"}, "evidence: not an object"),
        ({"organisation": "university"}, "organisation: none of"),
        ({"organisation": ["non_profit"]}, "organisation"),
        ({"commercial": "no"}, "commercial: neither"),
        ({"commercial": 0}, "commercial: neither"),
        ({"kinds": "hmb"}, "kinds: not a list"),
        ({"kinds": ["HMB"]}, "kinds: none of"),
        ({"kinds": {"hmb": 1}}, "kinds: not a list"),
        ({"kinds": [["hmb"]]}, "kinds"),
        ({"sensitive": ["politics"]}, "sensitive: none of"),
        ({"ai_use": "some"}, "ai_use: none of"),
        ({"modality": "fax"}, "modality: none of"),
        ({"evidence": {"ethics_approval": "yes"}}, "evidence.ethics_approval: none of"),
        ({"agreements": {"collaborate": True}}, "agreements.collaborate: none of"),
        ({"agreements": {"publish": "yes"}}, "agreements.publish: neither"),
        ({"agreements": {"no_publication_before": "soon"}}, "no_publication_before: not an ISO"),
        ({"agreements": {"no_publication_before": "20270630"}}, "no_publication_before: not an ISO"),
        ({"agreements": {"no_publication_before": 2027}}, "no_publication_before: not an ISO"),
        ({"duration_months": 0}, "duration_months"),
        ({"duration_months": True}, "duration_months"),
        ({"duration_months": 12.0}, "duration_months"),
        ({"duration_months": MAX_MONTHS + 1}, "duration_months"),
        ({"countries": [1]}, "countries"),
        ({"countries": ["FR"] * (MAX_ITEMS + 1)}, "countries"),
        ({"project": ""}, "project"),
        ({"project": " "}, "project"),
        ({"project": "p" * (MAX_TEXT + 1)}, "project"),
        ({7: True}, "purpose: not an object"),
    ],
)
def test_anything_else_is_an_error_that_names_the_member(raw: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_purpose(raw)


def test_the_limits_hold_at_n() -> None:
    read_purpose(
        {
            "project": "p" * MAX_TEXT,
            "countries": [f"{n}" for n in range(MAX_ITEMS)],
            "duration_months": MAX_MONTHS,
        }
    )


def test_an_error_never_repeats_the_value() -> None:
    with pytest.raises(ValueError, match="organisation") as caught:
        read_purpose({"organisation": "my secret"})
    assert "secret" not in str(caught.value)
