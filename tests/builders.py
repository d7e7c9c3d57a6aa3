"""A small world in which everything is as it must be; a test changes one thing in it.

Ada, faculty of a German university, holds a grant for `heart` (HMB, non-commercial), whose file `obj-1` holds
the data of one participant and `obj-2` that of two.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from broker.adapters.ontology import load_ontology
from broker.adapters.policy_files import load_packs
from broker.core.access.states import State
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Scope
from broker.core.decision import Question
from broker.core.duo.ontology import Ontology
from broker.core.duo.terms import Term, parse_terms
from broker.core.ids import DatasetId, DecisionId, GrantId, Issuer, ObjectId, PersonId, RequestId, SubjectRef
from broker.core.jurisdiction.rulebook import Rulebook, rulebook
from broker.core.passport.trust import TrustRow
from broker.core.purpose import Agreements, Kind, Purpose
from broker.core.rows import (
    Committee,
    ConsentRow,
    Dataset,
    DrsObject,
    Grant,
    Organisation,
    Repository,
    Request,
    Revocation,
    Role,
    Row,
)
from broker.core.rows.safeguards import (
    ApprovedPolicy,
    Duty,
    Engagement,
    Notice,
    Raci,
    Responsible,
    Safeguards,
    Sustainability,
)
from broker.core.snapshot import Snapshot, empty, follow
from broker.core.time import Seconds
from tests.fakes import START

CONFIG = Path(__file__).parent.parent / "config"
US = Issuer("https://broker.example")
HOME = Issuer("https://home.example")
SAFEGUARDS = Safeguards(
    responsible=Responsible(role="Data protection officer", contact="dpo@bank.example"),
    governance="https://bank.example/governance",
    custodian="Head of the bank",
    engagements=(Engagement(on=date(2025, 6, 1), who="Advisory group of participants", summary="They agreed."),),
    return_of_results=ApprovedPolicy(approval="ROR-1", on=date(2024, 1, 1), version="1"),
    benefit_sharing="Results are told in plain words.",
    sustainability=Sustainability(funder="The bank", until=date(2034, 1, 1), then="The national archive takes them."),
    raci=Raci(responsible="Steward", accountable="Head", consulted="Committee", informed="Participants"),
    public_notice=Notice(url="https://bank.example/news/1", on=date(2025, 1, 1)),
    duties=(
        Duty(id="no_group_profiling", cls="respect", text="terms/1", holder="recipient institution"),
        Duty(id="bind_others", cls="protect", text="terms/2", holder="recipient institution"),
        Duty(id="return_results", cls="fulfil", text="terms/3", holder="researcher", months=12),
        Duty(id="progress_report", cls="account", text="terms/4", holder="researcher", months=6, late="stop"),
    ),
)
ADA, MEI = PersonId("usr_ada"), PersonId("usr_mei")
HEART = DatasetId("https://bank.example/datasets/heart")
DAC = "https://bank.example/dac"
ONE, TWO = ObjectId("obj-1"), ObjectId("obj-2")
PIA, PAUL = SubjectRef("sub_pia"), SubjectRef("sub_paul")
GRANT = GrantId("grt_1")
YEAR = 365 * 86_400
START_LATER = Seconds(START + YEAR)

DATA_FACTS: Mapping[str, Any] = {
    "data.controller_country": "DE",
    "data.storage_country": "DE",
    "data.origin_countries": ("DE",),
    "data.category": "genomic",
    "data.identifiability": "pseudonymised",
    "data.repository_class": "institutional",
    "data.regimes_declared": (),
    "data.community_governed": False,
    "data.community_local_only": False,
}
RECIPIENT_FACTS: Mapping[str, Any] = {
    "recipient.country": "DE",
    "recipient.institution_type": "university",
    "recipient.security_level": 3,
    "recipient.control_countries": (),
    "recipient.can_sign_scc": True,
    "recipient.suspended": False,
}
PURPOSE = Purpose(
    commercial=False,
    clinical_care=False,
    genetic_data=True,
    kinds=frozenset({Kind.HMB}),
    countries=frozenset({"DE"}),
    project="p1",
    duration_months=12,
    agreements=Agreements(publish=True, return_data=True),
    ai_use="none",
    linkage=False,
    recontact=False,
    sensitive=frozenset(),
)


@cache
def ontology() -> Ontology:
    return load_ontology(CONFIG / "ontology" / "mondo-demo.obo")


@cache
def rules() -> Rulebook:
    packs = [pack for pack in load_packs(CONFIG / "policies") if pack.id in ("core-baseline", "eu-gdpr-ch5")]
    made = rulebook(packs, "example")
    assert isinstance(made, Rulebook)
    return made


def codes(*written: Any) -> tuple[Term, ...]:
    return parse_terms(list(written))


def dataset(**changes: Any) -> Dataset:
    duo = changes.pop("duo", codes("DUO:0000006", "DUO:0000046"))
    certificate = DatasetCertificate(permissions=codes("DUO:0000042"), filterable=True, min_group=1, ethics_ref="ETH-1")
    made = Dataset(
        id=HEART,
        title="Heart",
        committee=DAC,
        repository="bank",
        duo=duo,
        certificate=certificate,
        facts=DATA_FACTS,
        safeguards=SAFEGUARDS,
        producer="heart-study",
    )
    return replace(made, **changes)


def organisation(**changes: Any) -> Organisation:
    made = Organisation(
        id="rhine",
        name="Rhine University",
        scopes=frozenset({"rhine.example"}),
        organisation="non_profit",
        facts=RECIPIENT_FACTS,
        recourse=("contract",),
    )
    return replace(made, **changes)


def drs_object(id: ObjectId = ONE, subjects: Iterable[SubjectRef] = (PIA,), **changes: Any) -> DrsObject:
    made = DrsObject(
        id=id,
        dataset=HEART,
        name=f"{id}.bam",
        path=f"{id}.bam",
        size=10,
        checksums={"sha-256": "0" * 64},
        mime_type="application/octet-stream",
        created=Seconds(START - YEAR),
        subjects=frozenset(subjects),
    )
    return replace(made, **changes)


def consent(subject: SubjectRef = PIA, version: int = 1, **changes: Any) -> ConsentRow:
    made = ConsentVersion(
        consent_id=f"con-{subject}",
        version=version,
        subject_ref=subject,
        effective_from=Seconds(START - 2 * YEAR),
        scope=Scope(permissions=codes("DUO:0000042")),
    )
    stated = replace(made, **changes)
    return ConsentRow(id=f"con-{subject}/{version}", datasets=frozenset({HEART}), consent=stated)


def grant(**changes: Any) -> Grant:
    made = Grant(
        id=GRANT,
        request=RequestId("req_1"),
        person=ADA,
        dataset=HEART,
        duo=codes("DUO:0000006"),
        purpose=PURPOSE,
        begins=Seconds(START - 1000),
        ends=Seconds(START + YEAR),
        committee=DAC,
        document="",
    )
    return replace(made, **changes)


def request(**changes: Any) -> Request:
    made = Request(
        id=RequestId("req_1"),
        person=ADA,
        dataset=HEART,
        purpose=PURPOSE,
        statement="Please.",
        state=State.SUBMITTED,
        created=START,
        affiliations=("faculty@rhine.example",),
        location="DE",
        foresight=DecisionId("dec_1"),
    )
    return replace(made, **changes)


def revocation(id: str, since: Seconds = START) -> Revocation:
    return Revocation(id=id, since=since, ground="Test.")


def rows(**changes: Any) -> list[Row]:
    """Everything that is stored. `changes`: other rows in place of those of the same name; None: left out."""
    made: dict[str, Any] = {
        "dataset": dataset(),
        "organisation": organisation(),
        "one": drs_object(),
        "two": drs_object(TWO, (PIA, PAUL)),
        "pia": consent(PIA),
        "paul": consent(PAUL),
        "grant": grant(),
        "committee": Committee(id=DAC, name="The committee", contact="dac@bank.example", voters=("bank",)),
        "repository": Repository(id="bank", name="The bank", root="/nowhere"),
        "role": Role(id="r1", role="committee_member", scope=f"committee:{DAC}", iss=HOME, sub="mei"),
    } | changes
    return [row for row in made.values() if row is not None]


def snapshot(*more: Row, **changes: Any) -> Snapshot:
    own = TrustRow(iss=US, is_us=True, is_broker=True)
    return follow(empty(ontology(), rules(), own), [*rows(**changes), *more])


def question(**changes: Any) -> Question:
    made = Question(
        stage="use",
        at=START,
        known_at=START,
        person=ADA,
        identities=frozenset({(US, str(ADA)), (HOME, "ada")}),
        session="ses",
        family="fam",
        affiliations=("faculty@rhine.example",),
        location="DE",
        grants=(GRANT,),
        dataset=HEART,
        object=ONE,
    )
    return replace(made, **changes)
