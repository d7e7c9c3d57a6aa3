"""For every reason that a gate can give: a change that really helps, or a line that says why there is none."""

import ast
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from broker.core.decision.explanation.no_change import ALLOWED, NO_CHANGE
from broker.core.ids import GrantId, PersonId
from broker.core.passport.visa import TERMS
from broker.core.purpose import Modality
from broker.core.reasons import REASONS
from broker.core.rows.assurance import Demand
from broker.core.rows.revocation import revocation_id
from broker.core.rows.safeguards import Embargo
from broker.core.time import day_of
from tests import builders as b
from tests.core.decision.explained_worlds import LAW_ROWS, World, by_law
from tests.core.decision.test_closed_holes_of_givers import DECIDED, LINK
from tests.core.decision.test_community_gate import decided
from tests.core.decision.test_conduct import COURSE, certificate
from tests.core.decision.test_explanation import CHECKS, EVERY, keeps_its_word, of, told
from tests.core.decision.test_safeguards import CODES as BROAD_CODES
from tests.core.decision.test_safeguards import broad
from tests.core.decision.test_sealed_objects import ENVELOPE
from tests.core.decision.test_terms_and_registered import PROFILE, URL, said
from tests.core.decision.test_what_gates_say import LATE, OWED, approving, flagged, suspended
from tests.fakes import START

TOMORROW = day_of(START) + timedelta(days=1)
ABROAD = b.organisation(facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"})
REGISTERED = b.dataset(access="registered", registered_version=URL, registered_profile=PROFILE)
OTHER = b.grant(id=GrantId("grt_2"), purpose=replace(b.PURPOSE, project="p2"))
NOT_SAID = replace(b.SAFEGUARDS, governance=None, raci=None, responsible=None)


X65 = next(row for row in LAW_ROWS if row["id"] == "X65")


def using(*more: Any, asked: dict[str, Any] | None = None, **world: Any) -> World:
    return b.question(**(asked or {})), b.snapshot(*more, **world)


def approved(*more: Any, asked: dict[str, Any] | None = None, **world: Any) -> World:
    return approving(**(asked or {})), b.snapshot(*more, **world)


HELPED: dict[str, tuple[World, set[tuple[str, Any]]]] = {
    "a grant that was not shown": (using(asked={"grants": ()}), {("grant", "grt_1")}),
    "no grant, and a project that wants one": (
        using(asked={"grants": (), "purpose": b.PURPOSE}, grant=None), {("request", "p1")},
    ),
    "another's grant was named": (using(asked={"grant": "grt_9"}), {("grant", "grt_1")}),
    "another project under this grant": (
        using(OTHER, asked={"purpose": replace(b.PURPOSE, project="p2"), "grants": (b.GRANT,), "grant": "grt_1"}),
        {("grant", "grt_2")},
    ),
    "a grant that has ended": (using(grant=b.grant(ends=START)), {("request", "p1")}),
    "a grant that is suspended": (
        using(replace(b.revocation(revocation_id("grant", b.GRANT)), pausing=True)), {("request", "p1")},
    ),
    "a grant that was revoked": (using(b.revocation(revocation_id("grant", b.GRANT))), {("request", "p1")}),
    "a grant that they gave themselves": (
        using(DECIDED, LINK), {("request", "p1")},
    ),
    "not registered": (
        using(asked={"grants": ()}, dataset=REGISTERED, grant=None),
        {("terms.accepted", URL), ("researcher_status", URL)},
    ),
    "terms for Registered Access accepted": (
        using(asked={"grants": (), "stated": (said(TERMS, URL),)}, dataset=REGISTERED, grant=None),
        {("researcher_status", URL)},
    ),
    "nobody knows how they signed in": (
        using(dataset=b.dataset(assurance=Demand(amr=("mfa",)))), {("sign_in", "again")},
    ),
    "the training has lapsed": (
        using(certificate(ended=START), dataset=b.dataset(training=COURSE)), {("training", COURSE)},
    ),
    "the session has ended": (using(b.revocation(revocation_id("session", "ses"))), {("sign_in", "again")}),
    "a task for other data": (using(asked={"within": frozenset()}), {("task", b.HEART)}),
    "a report is late": (using(grant=b.grant(obligations=(LATE,))), {("obligation", "obl_1")}),
    "two things are late": (
        approved(grant=b.grant(obligations=(LATE, replace(OWED, id="obl_2", holder="recipient institution")))),
        {("obligation", "obl_1"), ("obligation", "obl_2")},
    ),
    "something is late that stops new grants": (
        approved(grant=b.grant(obligations=(OWED,))), {("obligation", "obl_1")},
    ),
    "participants in China were not asked about the export": (
        by_law({**X65, "facts": {**X65["facts"], "evidence": [
            one for one in X65["facts"]["evidence"] if one != "pipl.separate_consent"]}}),
        {("evidence", ("pipl.separate_consent",))},
    ),
    "what must be on record is not": (
        approved(dataset=b.dataset(safeguards=NOT_SAID)),
        {("safeguards", ("safeguards.responsible", "safeguards.governance", "safeguards.raci"))},
    ),
    "no approval of the certificate": (
        approved(dataset=b.dataset(certificate=replace(b.dataset().certificate, ethics_ref=None))),
        {("safeguards", ("certificate.ethics_ref",))},
    ),
    "an embargo that was too long, without a reason": (
        approved(dataset=b.dataset(safeguards=replace(
            b.SAFEGUARDS, embargo=Embargo(declared=date(2020, 1, 1), until=date(2022, 1, 1))))),
        {("safeguards", ("safeguards.embargo.reason",))},
    ),
    "broad consents, and nobody was engaged or told": (
        approved(
            asked={"modality": Modality.TRE_REMOTE},
            dataset=b.dataset(duo=BROAD_CODES, safeguards=replace(b.SAFEGUARDS, engagements=(), public_notice=None)),
            pia=broad(12, "DUO:0000004"), paul=None, two=None,
        ),
        {("safeguards", ("safeguards.engagements", "safeguards.public_notice"))},
    ),
    "nothing on record, and no duties abroad": (
        approved(
            asked={"location": "FR", "purpose": replace(b.PURPOSE, countries=frozenset({"FR"}))},
            organisation=ABROAD, dataset=b.dataset(safeguards=replace(NOT_SAID, duties=())),
        ),
        {
            ("safeguards", ("safeguards.responsible", "safeguards.governance", "safeguards.raci")),
            ("duties", ("respect", "protect", "fulfil", "account")),
        },
    ),
    "no duties for a grant abroad": (
        approved(
            asked={"location": "FR", "purpose": replace(b.PURPOSE, countries=frozenset({"FR"}))},
            organisation=ABROAD, dataset=b.dataset(safeguards=replace(b.SAFEGUARDS, duties=())),
        ),
        {("duties", ("respect", "protect", "fulfil", "account"))},
    ),
    "a file that leaves encrypted only": (using(one=b.drs_object(envelope=ENVELOPE)), {("sealed", True)}),
}  # fmt: skip
"""What stands in the way, and the steps of the first change that is told."""

REFUSED: dict[str, World] = {
    "an embargo": approved(dataset=b.dataset(safeguards=replace(
        b.SAFEGUARDS, embargo=Embargo(declared=day_of(START), until=TOMORROW)))),
    "very broad consents": approved(
        dataset=b.dataset(duo=BROAD_CODES), pia=broad(12, "DUO:0000004"), paul=None, two=None,
    ),
    "dual use": approved(asked={"purpose": flagged("dual_use")}),
    "the committee said no": approved(asked={"vote": "no"}),
    "suspended": using(suspended()),
    "only with the community": using(decided=decided(local_only=True)),
    "a person whose end is on record": using(b.revocation(revocation_id("person", str(b.ADA)))),
    "no grant and no purpose": using(asked={"grants": ()}, grant=None),
}  # fmt: skip


def codes_of_gates() -> frozenset[str]:
    """Every reason that a gate can give: whole families, and what stands in the text of a gate."""
    families = ("DUO-", "CON-", "COM-", "JUR-", "GOV-", "SEC-", "PUR-", "OPS-", "CORE-")
    found = {code for code in REASONS if code.startswith(families)}
    for file in (Path(__file__).parents[3] / "broker/core/decision/gates").glob("*.py"):
        texts = (node.value for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Constant))
        found |= {text for text in texts if isinstance(text, str) and text in REASONS}
    return frozenset(found)


@cache
def seen() -> tuple[tuple[str, frozenset[str], bool], ...]:
    """Of every world that is refused: its name, the codes that stand in the way, and whether a change is told."""
    found = []
    worlds = [(name, world) for name, (world, _) in HELPED.items()] + list(REFUSED.items())
    every = [(name, of(name)[2:]) for name, _ in EVERY] + [(name, told(*world)) for name, world in worlds]
    for name, (decision, explanation) in every:
        refusing = [gate for gate in decision.gates if not gate.outcome.permits]
        codes = frozenset(reason.code for gate in refusing for reason in gate.reasons)
        found.append((name, codes, bool(explanation.changes)))
    return tuple(found)


@pytest.mark.row("RUL-EVERY-CODE-HELPED")
@pytest.mark.parametrize("name", HELPED)
def test_what_somebody_can_do_is_told_and_really_helps(name: str) -> None:
    (question, snapshot), wanted = HELPED[name]
    decision, explanation = told(question, snapshot)
    assert not decision.permits
    keeps_its_word(question, snapshot, explanation)
    assert {(step.fact, step.value) for step in explanation.changes[0].steps} == wanted
    for check in CHECKS:
        check((question, snapshot, decision, explanation))


@pytest.mark.row("RUL-EVERY-CODE-HELPED")
def test_every_code_of_a_gate_is_helped_somewhere_or_a_table_says_why_not() -> None:
    listed = [code for codes in NO_CHANGE.values() for code in codes]
    assert len(listed) == len(set(listed))
    helped = frozenset().union(*(codes for _, codes, changes in seen() if changes)) - NO_CHANGE[ALLOWED]
    assert helped & set(listed) == set(), "a change is told, and the table says that none ever is"
    assert codes_of_gates() - helped - set(listed) == set(), "neither is a change told, nor does the table say why not"
    assert set(listed) <= codes_of_gates()


def test_whoever_owes_it_is_named() -> None:
    """A report is the researcher's to make, the rest is their institution's."""
    world, _ = HELPED["two things are late"]
    steps = told(*world)[1].changes[0].steps
    assert {(step.value, step.by) for step in steps} == {("obl_1", "you"), ("obl_2", "institution")}


@pytest.mark.row("RUL-EVERY-CODE-HELPED")
def test_a_grant_to_ask_for_is_judged_before_anybodys_record_is_touched() -> None:
    """Else it would tell who asks for nothing yet what participants agreed to."""
    ended = b.grant(ends=START)
    agreed = told(*using(asked={"grants": ()}, grant=ended))[1]
    assert [step.fact for change in agreed.changes for step in change.steps] == ["request"]
    nobody = told(*using(asked={"grants": ()}, grant=ended, pia=None, paul=None))[1]
    assert (nobody.changes, nobody.outcome, nobody.reasons) == (agreed.changes, agreed.outcome, agreed.reasons)


def test_only_own_grants_that_run_are_named() -> None:
    world = using(asked={"grants": ()}, grant=b.grant(person=PersonId("usr_eve")))
    assert told(*world)[1].changes == ()
    assert [step.fact for change in told(*using(asked={"grants": ()}, grant=b.grant(ends=START)))[1].changes
            for step in change.steps] == ["request"]  # fmt: skip
