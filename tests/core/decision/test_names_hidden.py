"""A question and its answer without who it is: every foreign `sub` has another name, and nothing else has changed."""

from dataclasses import replace

import pytest

from broker.core.decision import evaluate
from broker.core.decision.names import renamed, renamed_answer
from broker.core.ids import Issuer
from broker.core.passport.bearer import Vouched
from broker.core.passport.visa import AFFILIATION, LINK
from tests import builders as b
from tests.core.decision.test_terms_and_registered import visa
from tests.fakes import START

HOME, OURS = str(b.HOME), str(b.US)


def hidden(name: str) -> str:
    return f"~{name}"


def test_of_every_identity_but_ours_the_sub_is_hidden() -> None:
    found = renamed(b.question(identities=frozenset({(b.US, "usr_ada"), (b.HOME, "ada")})), OURS, hidden)
    assert found.identities == {(b.US, "usr_ada"), (Issuer(HOME), "~ada")}


def test_a_visa_of_somebody_else_is_about_a_hidden_name() -> None:
    theirs = visa(AFFILIATION, "faculty@rhine.example", iss=HOME, sub="ada")
    (found,) = renamed(b.question(visas=(theirs,)), OURS, hidden).visas
    assert found == replace(theirs, sub="~ada"), "and what it says is as it was"


def test_a_visa_of_ours_that_names_nobody_else_stays() -> None:
    ours = visa(AFFILIATION, "faculty@rhine.example", iss=OURS, sub="usr_ada")
    assert renamed(b.question(visas=(ours,)), OURS, hidden).visas == (ours,)


@pytest.mark.parametrize(("iss", "sub", "shown"), [(OURS, "usr_ada", "usr_ada"), (HOME, "ada", "~ada")])
def test_whom_a_link_joins_is_hidden_and_so_is_its_value(iss: str, sub: str, shown: str) -> None:
    """The value of a visa of links is made of the very identities."""
    pairs = ((OURS, "usr_ada"), (HOME, "ada"), ("https://third.example", "a"))
    link = visa(LINK, "ada,https%3A%2F%2Fhome.example", iss=iss, sub=sub, linked=pairs)
    (found,) = renamed(b.question(visas=(link,)), OURS, hidden).visas
    assert found.linked == ((OURS, "usr_ada"), (HOME, "~ada"), ("https://third.example", "~a"))
    assert (found.sub, found.value) == (shown, f"~{link.value}")


def test_of_whom_a_broker_vouches_is_hidden() -> None:
    said = Vouched(iss=HOME, members=((HOME, "ada"), (OURS, "usr_ada")), ends=START)
    found = renamed(b.question(vouched=said), OURS, hidden).vouched
    assert found == replace(said, members=((HOME, "~ada"), (OURS, "usr_ada")))
    assert renamed(b.question(), OURS, hidden).vouched is None


@pytest.mark.parametrize(
    ("user", "shown"),
    [(f"{HOME}|ada", f"{HOME}|~ada"), (f"{OURS}|usr_ada", f"{OURS}|usr_ada"), ("ada", "ada"), (None, None)],
)
def test_by_which_identity_a_purpose_means_somebody_is_hidden(user: str | None, shown: str | None) -> None:
    stated = replace(b.PURPOSE, user=user)
    meant = replace(b.PURPOSE, user=shown)
    assert renamed(b.question(purpose=stated), OURS, hidden).purpose == meant
    answer = replace(evaluate(b.question(), b.snapshot()), purpose=stated)
    assert renamed_answer(answer, OURS, hidden) == replace(answer, purpose=meant)
    assert renamed(b.question(purpose=None), OURS, hidden).purpose is None
