"""Which home provider somebody means: by a part of its name, or by a hint."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.ids import Issuer
from broker.core.oidc.choosing import MAX_SEARCH, hinted, issuer_of, matching, sorted_by_name
from broker.core.rows import IdentityProvider


def idp(slug: str, name: str, *scopes: str, hints: tuple[str, ...] = ()) -> IdentityProvider:
    return IdentityProvider(
        id=Issuer(f"https://{slug}.example"), slug=slug, name=name, client_id="us", client_secret="s",
        scopes=frozenset(scopes), login_hints=frozenset(hints),
    )  # fmt: skip


ALL = [
    idp("eth", "ETH Zürich", "ethz.example", hints=("@ethz.example",)),
    idp("uzh", "Universität Zürich", "uzh.example", hints=("@uzh.example", "shared")),
    idp("ebi", "European Bioinformatics Institute", "ebi.example", hints=("shared", "ebi")),
    idp("oslo", "Universitetet i Oslo", "uio.example"),
    idp("lodz", "Łódź University", "lodz.example"),
]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["eth", "uzh", "ebi", "oslo", "lodz"]),
        ("   ", ["eth", "uzh", "ebi", "oslo", "lodz"]),
        ("zurich", ["eth", "uzh"]),
        ("ZÜRICH", ["eth", "uzh"]),
        ("zürich uni", ["uzh"]),
        ("uio.example", ["oslo"]),
        ("ebi", ["ebi"]),
        ("university", ["lodz"]),
        ("nowhere", []),
        (".*", []),
        ("x" * MAX_SEARCH + "y", []),
    ],
)
def test_every_word_is_looked_for_in_name_and_domains(typed: str, found: list[str]) -> None:
    assert [one.slug for one in matching(ALL, typed)] == found


def test_names_are_in_the_order_in_which_people_look_for_them() -> None:
    names = [one.name for one in sorted_by_name(ALL)]
    assert names[:2] == ["ETH Zürich", "European Bioinformatics Institute"]
    assert names.index("Universität Zürich") < names.index("Universitetet i Oslo")


@pytest.mark.parametrize(
    ("hint", "slug"),
    [
        ("ada@ethz.example", "eth"), ("@ethz.example", "eth"), ("ada@notethz.example", None), ("ethz.example", None),
        ("ebi", "ebi"), ("EBI", None), ("shared", None), ("", None), ("ada@ethz.example.evil", None),
    ],
)  # fmt: skip
def test_a_hint_leads_to_one_provider_or_to_none(hint: str, slug: str | None) -> None:
    found = hinted(ALL, hint)
    assert (None if found is None else found.slug) == slug


@pytest.mark.parametrize(
    ("hint", "issuer", "inner"),
    [
        ("https://a.example", "https://a.example", None),
        ("https://a.example/x", "https://a.example/x", None),
        ("https://p.example?aarc_idp_hint=https%3A%2F%2Fh.example", "https://p.example", "https://h.example"),
        ("https://p.example?aarc_idp_hint=a&aarc_idp_hint=b", "https://p.example", None),
        ("https://p.example?other=x", "https://p.example", None),
        ("", "", None),
    ],
)
def test_a_nested_hint_is_for_the_next_proxy(hint: str, issuer: str, inner: str | None) -> None:
    assert issuer_of(hint) == (issuer, inner)


@given(st.text(max_size=300))
def test_nothing_that_is_typed_breaks_the_search(typed: str) -> None:
    found: list[Any] = matching(ALL, typed)
    assert all(one in ALL for one in found)
    assert hinted(ALL, typed) in (*ALL, None)
