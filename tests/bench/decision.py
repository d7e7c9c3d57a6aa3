"""Deciding: one use with thirteen packs, five visas and three layers of consent; explaining; many datasets at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, product
from typing import Any

from broker.adapters.policy_files import load_packs
from broker.core.consent.model import DatasetCertificate
from broker.core.decision import evaluate, explain, foresee_each
from broker.core.decision.question import Question
from broker.core.ids import DatasetId
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.memory import Memory
from broker.core.passport.visa import AFFILIATION, RESEARCHER, TERMS, Visa
from broker.core.rows import Dataset
from broker.core.snapshot import Snapshot, follow
from tests import builders as world
from tests.bench.cedar import Cedar
from tests.bench.consents import group
from tests.bench.measure import Goal, Yardstick
from tests.core.decision import explained_worlds
from tests.core.decision.test_terms_and_registered import ISSUERS, ONE, TWO, visa

PACKS = 13
DATASETS = 10_000
_TIMES = 200
_URL = "https://bank.example/terms"
_CODES = (
    ("DUO:0000042",),
    ("DUO:0000006",),
    ("DUO:0000006", "DUO:0000018"),
    ("DUO:0000042", "DUO:0000046", "DUO:0000019"),
    ({"code": "DUO:0000007", "disease": "MONDO:0005015"}, "DUO:0000046"),
    ("DUO:0000011",),
)
_LANDS = ("DE", "FR", "GB", "US", "CN", "BR", "IN", "NG", "ZA", "JP", "AU", "KE")


def every_pack() -> Rulebook:
    made = rulebook(load_packs(world.CONFIG / "policies"), "example")
    assert isinstance(made, Rulebook)
    assert len(made.packs) == PACKS
    return made


def five_visas() -> tuple[Visa, ...]:
    """Affiliations, terms, researcher status: what a researcher's Passport holds."""
    return (
        visa(RESEARCHER, "https://status.example/bona-fide", iss=TWO),
        visa(AFFILIATION, "faculty@rhine.example"),
        visa(TERMS, _URL),
        visa(RESEARCHER, "https://doi.org/10.1038/s41431-018-0219-y"),
        visa(AFFILIATION, "member@rhine.example", iss=TWO),
    )


def picture(**changes: Any) -> Snapshot:
    """The world of tests/builders.py under every pack; the dataset asks for terms, and three layers consent."""
    layers = (group("family", "fam_1"), group("community", "com_1"))
    pia = world.consent(family_ref="fam_1", community_refs=("com_1",))
    made = world.snapshot(*ISSUERS, *layers, dataset=world.dataset(terms_of_use=_URL), pia=pia, **changes)
    made = replace(made, rulebook=every_pack())
    assert len(evaluate(use(), made).visas) == len(five_visas())
    return made


def abroad() -> Snapshot:
    """The same, but the institution is in the United States and cannot sign what EU law asks for."""
    facts = {**world.RECIPIENT_FACTS, "recipient.country": "US", "recipient.can_sign_scc": False}
    facts["recipient.dpf_certified"] = False
    purpose = replace(world.PURPOSE, countries=frozenset({"US"}))
    return picture(organisation=world.organisation(facts=facts), grant=world.grant(purpose=purpose))


def use(**changes: Any) -> Question:
    identities = frozenset({(world.US, str(world.ADA)), (world.HOME, "ada"), (ONE, "ada"), (TWO, "ada")})
    return world.question(visas=five_visas(), identities=identities, **changes)


def _again(question: Question, snapshot: Snapshot) -> None:
    for _ in range(_TIMES):
        assert evaluate(question, snapshot).permits


def _anew(question: Question, snapshot: Snapshot) -> None:
    """Nothing is remembered of other uses."""
    bare = replace(snapshot, memory=Memory(0))
    for _ in range(_TIMES):
        assert evaluate(question, bare).permits


def _explained(question: Question, snapshot: Snapshot) -> None:
    decision = evaluate(question, snapshot)
    assert not decision.permits
    explain(question, decision, snapshot)


_LAW_OFFERS = {
    "another place and papers": "X15",
    "papers of many kinds": "X28",
    "security and papers": "X81",
}
"""Rows of the jurisdiction cases where the packs have most to offer, and so most to try."""


def _explaining(row: str) -> Callable[[], object]:
    question, snapshot = dict(explained_worlds.every())[row]
    decision = evaluate(question, snapshot)
    assert explain(question, decision, snapshot).changes
    return lambda: explain(question, decision, snapshot)


def catalogue() -> Iterator[Dataset]:
    """Thousands of datasets: six codings, twelve countries."""
    kinds = cycle(product(_CODES, _LANDS))
    for n in range(DATASETS):
        codes, land = next(kinds)
        facts = {**world.DATA_FACTS, "data.origin_countries": (land,), "data.controller_country": land}
        yield world.dataset(
            id=DatasetId(f"https://bank.example/datasets/{n}"),
            duo=world.codes(*codes),
            certificate=DatasetCertificate(permissions=world.codes("DUO:0000042"), filterable=True, min_group=1),
            facts={**facts, "data.storage_country": land},
        )


def _pre_check(question: Question, datasets: tuple[DatasetId, ...], snapshot: Snapshot) -> None:
    found = [decision.outcome for decision in foresee_each(question, datasets, snapshot)]
    assert len(found) == len(datasets)
    assert len(set(found)) > 1


def goals() -> tuple[Goal, ...]:
    """The goals of deciding."""
    snapshot = picture()
    many = follow(snapshot, catalogue())
    datasets = tuple(row.id for row in many.all(Dataset) if row.id != world.HEART)
    asked = use(stage="foresee", purpose=world.PURPOSE, object=None)
    refused, elsewhere = use(location="US"), abroad()
    return (
        Goal(
            name="a use under a grant, permitted: 13 packs, 5 visas, 3 layers of consent",
            micros=35,
            run=lambda: _again(use(), snapshot),
            times=_TIMES,
        ),
        Goal(
            name="the same, with what Cedar takes for a yes as the limit",
            micros=100,
            run=lambda: _again(use(), snapshot),
            times=_TIMES,
            against=_cedar(),
        ),
        Goal(
            name="a use under a grant, nothing remembered of an earlier use",
            micros=140,
            run=lambda: _anew(use(), snapshot),
            times=_TIMES,
        ),
        Goal(name="a refusal, decided and explained", micros=2000, run=lambda: _explained(refused, elsewhere)),
        *(
            Goal(name=f"explaining a refusal for which the law offers {what}", micros=2000, run=_explaining(row))
            for what, row in _LAW_OFFERS.items()
        ),
        Goal(
            name=f"a pre-check of {DATASETS} datasets for one purpose",
            micros=500_000,
            run=lambda: _pre_check(asked, datasets, many),
        ),
    )


def _cedar() -> Yardstick:
    """Another engine, deciding about a comparable policy: yes or no, without reasons."""
    engine = Cedar()
    assert engine.ask()
    return Yardstick(name="a yes of Cedar", reference=100.0, run=engine.ask)
