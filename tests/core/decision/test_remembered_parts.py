"""What is remembered of a use and of visas (use.py, weighing.py): found again for the very same question, and no other."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.consent.model import Scope
from broker.core.decision.entitlement import Entitlement
from broker.core.decision.gates.consent import consent
from broker.core.decision.question import Question
from broker.core.decision.use import Use, judged
from broker.core.decision.weighing import weighed
from broker.core.ids import Issuer, ObjectId, PersonId
from broker.core.memory import Memory
from broker.core.outcome import GateResult
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import TERMS, Visa
from broker.core.purpose import Kind, Modality
from broker.core.rows import Grant, PolledVisa, VisaIssuer
from broker.core.snapshot import Snapshot, follow
from broker.core.time import Seconds, next_day
from tests import builders as b
from tests.core.decision.test_evaluate import withdrawn
from tests.core.decision.test_gate_parts import finding
from tests.core.decision.test_gates_alone import case
from tests.core.decision.test_many_datasets import TWIN, twin
from tests.core.decision.test_terms_and_registered import ISSUERS, ONE, TWO, URL, visa
from tests.fakes import START

HELD = Entitlement(
    id=b.GRANT, person=b.ADA, dataset=b.HEART, purpose=b.PURPOSE, begins=Seconds(START - 1000), ends=Seconds(START + b.YEAR)
)  # fmt: skip
SHOWN = ("faculty@rhine.example",)


def at(seconds: int, **changes: Any) -> Question:
    return b.question(**{"at": Seconds(START + seconds), "known_at": Seconds(START + seconds)} | changes)


def use(snapshot: Snapshot, question: Question | None = None, held: Entitlement = HELD, shown: Any = SHOWN) -> Use:
    return judged(question or at(0), held, shown, snapshot)


# Uses


def test_a_use_is_judged_once_until_something_turns() -> None:
    snapshot = b.snapshot()
    first = use(snapshot)
    assert (first.begins, first.ends) == (START, next_day(START))
    for later in (0, 1, first.ends - START - 1):
        assert use(snapshot, at(later)) is first
    assert use(snapshot, at(first.ends - START)) is not first
    assert use(b.snapshot(pia=b.consent(effective_to=Seconds(START + 9)))).ends == START + 9


def test_an_earlier_use_is_judged_anew() -> None:
    snapshot = b.snapshot()
    later = use(snapshot, at(9))
    assert use(snapshot, at(8)) is not later


OTHERS: dict[str, dict[str, Any]] = {
    "grant": {"held": replace(HELD, id="grt_2")},
    "dataset": {"question": at(0, dataset=TWIN)},
    "object": {"question": at(0, object=b.TWO)},
    "way": {"question": at(0, modality=Modality.AGGREGATE)},
    "sealed": {"question": at(0, sealed=True)},
    "filtered": {"question": at(0, filtered=True)},
    "place": {"question": at(0, location="FR")},
    "institution": {"shown": ()},
}


@pytest.mark.parametrize("other", OTHERS)
def test_another_use_is_another_and_pushes_none_out(other: str) -> None:
    snapshot = b.snapshot(twin())
    first = use(snapshot)
    assert use(snapshot, **OTHERS[other]) is not first
    assert use(snapshot) is first


@pytest.mark.parametrize(
    "held",
    [
        replace(HELD, purpose=replace(b.PURPOSE, commercial=True)),
        replace(HELD, findings=(finding("A"),)),
        replace(HELD, begins=START),
    ],
)
def test_a_grant_that_is_another_under_the_same_name_is_judged_anew(held: Entitlement) -> None:
    snapshot = b.snapshot()
    assert use(snapshot) is not use(snapshot, held=held)


def test_by_another_ontology_or_other_rows_a_use_is_judged_anew() -> None:
    snapshot = b.snapshot()
    first = use(snapshot)
    assert use(replace(snapshot, ontology=replace(b.ontology(), version="another"))) is not first
    assert use(follow(snapshot, [b.organisation(version=2)])) is not first


@pytest.mark.parametrize(("limit", "left_out", "kept"), [(0, 0, False), (1, 0, True), (1, 1, False), (2, 1, True)])
def test_what_is_remembered_weighs_one_and_whoever_is_left_out(limit: int, left_out: int, *, kept: bool) -> None:
    snapshot = b.snapshot(**({"x": withdrawn(0)} if left_out else {}))
    snapshot = replace(snapshot, memory=Memory(limit))
    asked = at(0, object=None)
    assert (use(snapshot, asked) is use(snapshot, asked)) is kept


@pytest.mark.parametrize(("known", "again"), [(-1, False), (0, True), (1, True)])
def test_what_is_asked_as_of_before_the_last_consent_became_known_is_no_use_of_now(known: int, *, again: bool) -> None:
    snapshot = b.snapshot(pia=b.consent(recorded_at=START))
    assert (use(snapshot, at(known)) is use(snapshot, at(known))) is again


def test_whatever_does_not_depend_on_credentials_is_remembered() -> None:
    asked = {"safeguards", "duo", "consent", "community", "jurisdiction", "security"}
    assert {gate.__name__ for gate in use(b.snapshot()).said} == asked


# Answers about participants


def told(snapshot: Snapshot, grant: Grant | None = None, **asked: Any) -> GateResult:
    made = case(asked=asked, grant=grant or b.grant())
    return consent(replace(made, snapshot=snapshot, dataset=snapshot.get(type(b.dataset()), b.HEART), object=None))


def test_another_certificate_is_another_answer_of_the_participants() -> None:
    snapshot = b.snapshot()
    assert told(snapshot).outcome.permits
    uncertified = b.dataset(version=2, certificate=replace(b.dataset().certificate, valid_to=START))
    assert not told(follow(snapshot, [uncertified])).outcome.permits


DIABETES, TYPE_2 = "MONDO:0005015", "MONDO:0005148"


def test_another_ontology_is_another_answer_of_the_participants() -> None:
    scope = Scope(permissions=b.codes({"code": "DS", "diseases": [DIABETES]}))
    snapshot = b.snapshot(pia=b.consent(scope=scope), paul=b.consent(b.PAUL, scope=scope))
    grant = b.grant(purpose=replace(b.PURPOSE, kinds=frozenset({Kind.DISEASE}), diseases=frozenset({TYPE_2})))
    assert told(snapshot, grant).outcome.permits
    flat = replace(snapshot, ontology=replace(b.ontology(), numbers={}, others={}))
    assert not told(flat, grant).outcome.permits


def test_of_an_object_that_is_not_there_nobody_is_known() -> None:
    snapshot = b.snapshot()
    for object, permits in [(None, True), (ObjectId("gone"), False), (None, True)]:
        assert told(snapshot, object=object).outcome.permits is permits


# Visas


def asked(*visas: Visa, seconds: int = 0, **changes: Any) -> Question:
    identities = frozenset({(b.US, str(b.ADA)), (ONE, "ada"), (TWO, "ada")})
    return at(seconds, visas=visas, **{"identities": identities} | changes)


ACCEPTED, OTHER = visa(TERMS, URL), visa(TERMS, URL, iss=TWO)


def test_visas_are_weighed_once_until_one_of_them_turns() -> None:
    snapshot = b.snapshot(*ISSUERS)
    first = weighed(asked(ACCEPTED), snapshot)
    assert [one.visa for one in first.accepted] == [ACCEPTED]
    for later in (0, 1, 1029):
        assert weighed(asked(ACCEPTED, seconds=later), snapshot) is first
    assert weighed(asked(ACCEPTED, seconds=1030), snapshot) is not first


def test_what_has_turned_turns_no_more() -> None:
    snapshot = b.snapshot(*ISSUERS, b.revocation(f"visa:{ACCEPTED.digest}", since=START))
    first = weighed(asked(ACCEPTED), snapshot)
    assert first.accepted == ()
    assert weighed(asked(ACCEPTED), snapshot) is first


@pytest.mark.parametrize("other", [asked(ACCEPTED, person=PersonId("usr_eve")), asked(OTHER), asked()])
def test_who_else_comes_pushes_nobody_out(other: Question) -> None:
    snapshot = b.snapshot(*ISSUERS)
    first = weighed(asked(ACCEPTED), snapshot)
    assert weighed(other, snapshot) is not first
    assert weighed(asked(ACCEPTED), snapshot) is first


@pytest.mark.parametrize(("limit", "visas", "kept"), [(0, 0, False), (1, 0, True), (1, 1, False), (2, 1, True)])
def test_what_was_weighed_weighs_one_and_the_visas(limit: int, visas: int, *, kept: bool) -> None:
    snapshot = replace(b.snapshot(*ISSUERS), memory=Memory(limit))
    question = asked(*[ACCEPTED][:visas])
    assert (weighed(question, snapshot) is weighed(question, snapshot)) is kept


HOUR = 3600
TOKEN = visa(TERMS, URL, jku=None, exp=Seconds(START + 99_999))
NEWER = replace(TOKEN, exp=Seconds(START + 99_998), digest="newer")
STRANGER = replace(TOKEN, iss=Issuer("https://stranger.example"))


def issuer(*, polled: bool) -> VisaIssuer:
    return VisaIssuer(id=ONE, trust=TrustRow(iss=ONE, jku=(f"{ONE}/jwks",), access_tokens=True, polled=polled))


def row(shown: Visa = TOKEN, **changes: Any) -> PolledVisa:
    made = PolledVisa(id=shown.digest, visa=shown, token="sealed", next=START, needed=START, confirmed=START)
    return replace(made, **changes)


REVOKED = b.revocation(f"visa:{TOKEN.digest}")
ENDS: dict[str, tuple[tuple[Any, ...], tuple[Visa, ...], list[int]]] = {
    "a visa with keys of its own": ((issuer(polled=True),), (ACCEPTED,), [1000]),
    "never asked about": ((issuer(polled=True),), (TOKEN,), [HOUR - 10]),
    "beside one with keys": ((issuer(polled=True),), (OTHER, TOKEN), [1000, HOUR - 10]),
    "confirmed": ((issuer(polled=True), row()), (TOKEN,), [HOUR + 300]),
    "confirmed and asked no more": ((issuer(polled=False), row()), (TOKEN,), [HOUR - 10]),
    "not confirmed yet": ((issuer(polled=True), row(confirmed=None)), (TOKEN,), [HOUR - 10]),
    "updated": ((issuer(polled=True), row(by=replace(NEWER, jku=f"{ONE}/jwks"))), (TOKEN,), [99_998]),
    "updated and revoked": ((issuer(polled=True), row(by=NEWER), REVOKED), (TOKEN,), []),
    "of nobody whom we trust": ((issuer(polled=True), row(STRANGER)), (STRANGER,), []),
}


@pytest.mark.parametrize("what", ENDS)
def test_a_visa_access_token_counts_as_long_as_its_issuer_says(what: str) -> None:
    rows, visas, ends = ENDS[what]
    two = next(one for one in ISSUERS if one.id == TWO)
    found = weighed(asked(*visas), b.snapshot(two, *rows))
    assert [one.visa.exp - START for one in found.accepted] == ends
