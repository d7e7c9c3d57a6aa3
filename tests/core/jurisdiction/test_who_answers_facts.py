"""Every fact that a pack may read has one who answers it, and a catalogue takes each only from them."""

import pytest

from broker.adapters.catalogue.datasets import facts_of
from broker.adapters.policy_files import load_packs
from broker.core.jurisdiction.facts import KINDS
from broker.core.jurisdiction.needs import Answerer, answerer, read_by
from broker.core.jurisdiction.pack import facts_read
from tests import builders as b

PACKS = load_packs(b.CONFIG / "policies")
WHO: dict[str, Answerer] = {
    "data.origin_countries": "custodian", "request.consideration": "custodian", "request.transaction_type": "custodian",
    "request.us_gov_funded": "custodian", "request.onward_transfer": "custodian", "request.encryption": "custodian",
    "request.duration": "custodian", "recipient.country": "institution", "recipient.suspended": "institution",
    "recipient.individual_location": "person", "request.modality": "applicant", "request.processing_country": "applicant",
    "request.purpose_flags": "applicant", "request.ai_use": "applicant", "evidence": "documents",
    "derived.access_countries": "derived",
}  # fmt: skip


@pytest.mark.row("OUT-FACTS")
@pytest.mark.parametrize("fact", WHO)
def test_who_answers(fact: str) -> None:
    assert answerer(fact) == WHO[fact]
    assert fact in KINDS


@pytest.mark.row("OUT-FACTS")
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_every_fact_that_a_pack_reads_is_listed_with_its_rules(pack: object) -> None:
    found = read_by(pack)  # type: ignore[arg-type]
    assert found.keys() == facts_read(pack)  # type: ignore[arg-type]
    assert {fact for fact, rules in found.items() if not rules} <= {"request.modality"}


@pytest.mark.row("OUT-FACTS")
@pytest.mark.parametrize(
    ("fact", "by"),
    [
        ("recipient.country", "custodian"),
        ("request.modality", "custodian"),
        ("request.purpose_flags", "custodian"),
        ("evidence", "custodian"),
        ("derived.personal_data_visible", "custodian"),
        ("data.category", "institution"),
        ("request.consideration", "institution"),
        ("recipient.individual_location", "institution"),
    ],
)
def test_nobody_answers_for_another(fact: str, by: Answerer) -> None:
    """An institution cannot say where somebody sits, nor a custodian what somebody else is."""
    with pytest.raises(ValueError, match="can be stated here"):
        facts_of({fact: "DE"}, by)
