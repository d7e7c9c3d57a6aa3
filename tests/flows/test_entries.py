"""Entries are made in one way, and hold nothing that the log must not remember."""

from broker.core.audit.entry import Value, loggable, pseudonym
from broker.core.ids import PersonId, is_made_id
from broker.core.rows.identity import Person
from broker.core.time import Seconds
from broker.flows.entries import entry
from tests.fakes import CountingEntropy

ADA = Person(id=PersonId("ada"), log_key="ab" * 32, created=Seconds(1))
ISSUER = "https://broker.example"


def test_an_entry_names_a_person_by_pseudonym_and_hides_what_is_not_loggable() -> None:
    about: dict[str, Value] = {
        "client": "app",
        "until": 7,
        "scope": ("openid", "ada@uni.example"),
        "resource": "Bearer abc",
    }
    made = entry("token.issued", Seconds(1_800_000_000), CountingEntropy(), ISSUER, ADA, about)
    assert made.who == pseudonym(ADA.log_key, ISSUER, "ada")
    assert is_made_id(made.id, "rcp")
    assert made.about == {
        "client": "app",
        "until": 7,
        "scope": ("openid", loggable("ada@uni.example")),
        "resource": loggable("Bearer abc"),
    }
    assert "abc" not in str(made.about)


def test_nobody_and_who_was_erased_have_no_pseudonym() -> None:
    erased = Person(id=ADA.id, log_key="", created=ADA.created)
    for who in (None, erased):
        assert entry("token.refused", Seconds(1), CountingEntropy(), ISSUER, who, {}).who is None
