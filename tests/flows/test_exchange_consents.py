"""Consent sources send records: all of a file or nothing, by whom it may be, and what was there stays."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.consent_files import read_consent_file
from broker.core.consent.importing import Fault, Incoming
from broker.core.consent.model import CommunityDecision
from broker.core.consent.reading import read_version
from broker.core.consent.record_files import SCHEMA, read_records, written
from broker.core.consent.writing import version_hash
from broker.core.ids import ClientId, DatasetId
from broker.core.outcome import Reason
from broker.core.rows import ConsentRow, ConsentTemplate, Role
from broker.core.rows.consents import template_id
from broker.flows import apply_catalogue
from broker.flows.administer import OPERATOR, Actor
from broker.flows.deliver import still_permitted
from broker.flows.exchange_consents import AT_ONCE, Imported, take_in, take_out
from broker.ports import LedgerDownError
from tests import builders as b
from tests.core.consent.test_consent_importing import FORM, RECORD
from tests.fakes import START
from tests.flows.test_use_and_deliver import opened
from tests.flows.worlds import PIA, Stage, caller, stage

REGISTERED = ConsentTemplate(id=template_id("T12", "4"), record=FORM)
HEART = (str(b.HEART),)


def incoming(**members: Any) -> Incoming:
    said = {name: value for name, value in (RECORD | members).items() if value is not None}
    return Incoming(place="file", version=read_version(said), datasets=HEART)


def ready() -> Stage:
    return stage(REGISTERED)


async def test_versions_go_on_record_in_one_entry() -> None:
    s = ready()
    done = await take_in(s.world, OPERATOR, [incoming(), incoming(consent_id="c-2", subject_ref="s2")])
    assert done == Imported(new=("c-1/1", "c-2/1"), kept=0, review=())
    assert s.kinds() == ["consent.imported"]
    row = s.live.current().chain("c-1")[0]
    assert (row.by, row.datasets, row.consent.recorded_at) == ("source", frozenset({b.HEART}), START)


async def test_one_wrong_record_and_nothing_is_taken() -> None:
    s = ready()
    found = await take_in(s.world, OPERATOR, [incoming(), incoming(consent_id="c-2", template=None)])
    assert isinstance(found, tuple)
    assert [fault.problem.partition(":")[0] for fault in found] == ["template"]
    assert (s.kinds(), s.live.current().chain("c-1")) == ([], ())


async def test_a_plan_writes_nothing() -> None:
    s = ready()
    done = await take_in(s.world, OPERATOR, [incoming()], write=False)
    assert isinstance(done, Imported)
    assert (done.new, s.kinds()) == (("c-1/1",), [])


async def test_the_same_file_again_changes_nothing() -> None:
    s = ready()
    await take_in(s.world, OPERATOR, [incoming()])
    assert await take_in(s.world, OPERATOR, [incoming()]) == Imported(new=(), kept=1, review=())
    assert s.kinds() == ["consent.imported"]


async def test_a_change_reaches_what_runs() -> None:
    s = ready()
    running = await opened(s)
    now = b.consent()
    stop = replace(now.consent, version=2, status="suspended", prev_hash=version_hash(now.consent))
    done = await take_in(s.world, OPERATOR, [Incoming(place="file", version=stop)])
    assert isinstance(done, Imported)
    assert not still_permitted(running, s.live.current(), START)


@pytest.mark.parametrize(("datasets", "default", "problem"), [
    ((), (), "datasets: missing"),
    (("https://nowhere.example/x",), (), "datasets: one of them"),
    ((), HEART, None),
])  # fmt: skip
async def test_where_the_data_lie_must_be_known(
    datasets: tuple[str, ...], default: tuple[str, ...], problem: str | None
) -> None:
    found = await take_in(ready().world, OPERATOR, [replace(incoming(), datasets=datasets)], default)
    if problem is None:
        assert isinstance(found, Imported)
    else:
        assert isinstance(found, tuple)
        assert found[0].problem.startswith(problem)


async def test_a_later_version_lies_where_the_one_before_did() -> None:
    s = ready()
    await take_in(s.world, OPERATOR, [incoming()])
    await take_in(s.world, OPERATOR, [replace(incoming(version=2, scope={"permissions": ["HMB"]}), datasets=())])
    assert s.live.current().chain("c-1")[-1].datasets == frozenset({b.HEART})


def source(scope: str, role: str = "custodian") -> Actor:
    return Actor(client=ClientId("lims"), roles=(Role(id="r", role=role, scope=scope, iss=b.US, sub="client:lims"),))


@pytest.mark.parametrize(("actor", "custodian", "may"), [
    (source("organisation:site-a"), "site-a", True),
    (source("organisation:site-a"), "site-b", False),
    (source("organisation:site-a"), None, False),
    (source("organisation:site-a", "auditor"), "site-a", False),
    (source("service"), "site-b", True),
    (Actor(), "site-a", False),
])  # fmt: skip
async def test_a_source_speaks_for_its_own_participants(actor: Actor, custodian: str | None, may: bool) -> None:  # noqa: FBT001
    s = stage(REGISTERED, dataset=b.dataset(producer="site-a"))
    done = await take_in(s.world, actor, [incoming(custodian=custodian)])
    assert isinstance(done, Imported if may else Reason)
    out = await take_out(s.world, actor, custodian)
    assert isinstance(out, tuple if may else Reason)
    if may:
        assert s.ledger.entries[-1].about["client"] == "lims"


@pytest.mark.row("RUL-EXPORT")
async def test_who_reads_records_out_is_on_record_before_they_get_them() -> None:
    s = stage(REGISTERED, dataset=b.dataset(producer="site-a"))
    await take_in(s.world, source("organisation:site-a"), [incoming(custodian="site-a")])
    out = await take_out(s.world, source("organisation:site-a"), "site-a")
    assert isinstance(out, tuple)
    assert s.kinds()[-1] == "consent.exported"
    told = s.ledger.entries[-1].about
    assert (told["client"], told["custodian"], told["consents"]) == ("lims", "site-a", len(out))
    await take_out(s.world, source("organisation:site-b"), "site-a")
    assert s.kinds()[-1] == "consent.exported"
    assert len([kind for kind in s.kinds() if kind == "consent.exported"]) == 1, "who may not gets nothing"
    s.ledger.breaks = "lost"
    with pytest.raises(LedgerDownError):
        await take_out(s.world, OPERATOR, None)


HIDDEN = replace(b.dataset(), id=DatasetId("https://bank.example/hidden"), existence="hidden")


def of_data(*datasets: str) -> Actor:
    """A source of one organisation that is custodian of these datasets."""
    roles = ["organisation:site-a", *(f"dataset:{id}" for id in datasets)]
    return replace(source("service"), roles=tuple(role for scope in roles for role in source(scope).roles))


async def test_a_source_speaks_of_its_own_data_and_unknown_and_hidden_data_answer_alike() -> None:
    s = stage(REGISTERED, HIDDEN)
    one = incoming(custodian="site-a")
    told = {
        await refused_as(s, of_data(own), replace(one, datasets=(named,)))
        for own, named in [("x", str(b.HEART)), (str(b.HEART), str(HIDDEN.id)), (str(b.HEART), "https://no.example")]
    }
    assert told == {"datasets: one of them is not registered here, or not yours"}
    assert s.kinds() == []
    assert isinstance(await take_in(s.world, of_data(str(b.HEART)), [one]), Imported)


async def test_a_source_claims_nobody_whose_data_are_elsewhere() -> None:
    s = stage(REGISTERED, HIDDEN, pia=None)
    claim = replace(incoming(custodian="site-a", subject_ref=str(b.PIA)), datasets=(str(HIDDEN.id),))
    assert (await refused_as(s, of_data(str(HIDDEN.id)), claim)).startswith("subject_ref: of another custodian")
    assert isinstance(await take_in(s.world, of_data(str(HIDDEN.id), str(b.HEART)), [claim]), Imported)


async def refused_as(s: Stage, actor: Actor, one: Incoming) -> str:
    found = await take_in(s.world, actor, [one])
    assert isinstance(found, tuple)
    return found[0].problem


@pytest.mark.parametrize("level", ["family", "community"])
async def test_what_a_group_decided_is_taken_from_the_operator_alone(level: Any) -> None:
    s = ready()
    decided = CommunityDecision(
        authority="council", rule="quorum", members="all", decision="approved", local_only=False
    )
    one = incoming(custodian="site-a", subject_ref="com-1")
    one = replace(one, version=replace(one.version, level=level, community=decided if level == "community" else None))
    for scope in ("organisation:site-a", "service"):
        found = await take_in(s.world, source(scope), [one])
        assert isinstance(found, tuple)
        assert [fault.problem.partition(":")[0] for fault in found] == ["level"]
    assert s.kinds() == []
    assert isinstance(await take_in(s.world, OPERATOR, [one]), Imported)


async def test_too_many_at_once_are_refused() -> None:
    found = await take_in(ready().world, OPERATOR, [incoming()] * (AT_ONCE + 1))
    assert isinstance(found, Reason)
    assert found.code == "REQ-TOO-LARGE"


@pytest.mark.parametrize("format", ["native", "fhir"])
async def test_what_goes_out_comes_in_as_it_was(format: Any) -> None:
    s = ready()
    await take_in(s.world, OPERATOR, [incoming(custodian="site-a"), incoming(consent_id="c-2")])
    rows = await take_out(s.world, OPERATOR, None)
    assert not isinstance(rows, Reason)
    file = json.loads(json.dumps(written([(row.consent, sorted(row.datasets)) for row in rows], format)))
    found, faults = read_records(file, format, lambda _: "file")
    assert faults == []
    own = [one for one in found if one.version.consent_id.startswith("c-")]
    assert await take_in(s.world, OPERATOR, own) == Imported(new=(), kept=2, review=())
    assert len(found) == len(rows)


async def test_a_record_that_a_person_must_look_at_waits() -> None:
    s = ready()
    waits = replace(incoming(status="suspended"), review="converted from R4")
    done = await take_in(s.world, OPERATOR, [waits])
    assert isinstance(done, Imported)
    assert done.review == ("c-1/1",)


# Files


def file_of(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


NATIVE = """schema: broker.consents/1
consents:
  - datasets: [https://bank.example/heart]
    consent: {version: 1, subject_ref: s1, effective_from: "2024-01-01"}
  - datasets: [https://bank.example/heart]
    consent: {version: one, subject_ref: s2, effective_from: "2024-01-01"}
"""


def test_a_fault_names_file_line_and_member(tmp_path: Path) -> None:
    path = file_of(tmp_path, "c.yaml", NATIVE)
    found, faults = read_consent_file(path, "native")
    assert [one.place for one in found] == [f"{path}:3: consents[0].consent"]
    assert [str(fault) for fault in faults] == [
        f"{path}:6: consents[1].consent.version: not a whole number from 0 to 1000000000"
    ]


LONG = """schema: broker.consents/1
consents:
  - datasets: [https://bank.example/heart]
    consent:
      version: 1
      subject_ref: s1
      effective_from: "2024-01-01"
      grantor:
        kind: proxy
  - consent:
      version: 1
      shoe_size: 42
  - colour: red
    consent: {}
"""
BUNDLE = """resourceType: Bundle
type: collection
entry:
  - resource:
      identifier: [{system: "urn:access-broker:consent", value: c1}]
      resourceType: Patient
"""


@pytest.mark.parametrize(("format", "text", "lines"), [
    ("native", LONG, [9, 11, 13]),
    ("native", "schema: broker.consents/1\nconsents: []\nmore: 1\n", [3]),
    ("native", "consents: []\nschema: broker.consents/2\n", [2]),
    ("fhir", BUNDLE, [6]),
    ("fhir", "status: active\nresourceType: Patient\n", [2]),
])  # fmt: skip
def test_a_fault_names_the_line_of_its_member(tmp_path: Path, format: Any, text: str, lines: list[int]) -> None:
    """Of a record of many lines, its first one told nobody where to look."""
    path = file_of(tmp_path, "c.yaml", text)
    _, faults = read_consent_file(path, format)
    assert [one.place for one in faults] == [f"{path}:{line}" for line in lines], list(map(str, faults))


@pytest.mark.parametrize(("name", "format", "text", "problem"), [
    ("c.yaml", "native", "schema: broker.consents/1\nconsents: [{consent: &a {}}]", "an anchor"),
    ("c.yaml", "native", "schema: broker.consents/2\nconsents: []", "file.schema"),
    ("c.yaml", "native", "schema: broker.consents/1\nconsents: []\nmore: 1", "unknown member 'more'"),
    ("c.json", "native", '{"schema": "broker.consents/1", "consents": {}}', "not a list"),
    ("c.json", "native", '{"schema": 1, "schema": 2}', "the same member twice"),
    ("c.json", "fhir", '{"resourceType": "Bundle", "type": "batch", "entry": []}', "Bundle.type"),
    ("c.json", "fhir", '{"resourceType": "Bundle", "type": "collection", "entry": [{"request": {}}]}', "unknown member 'request'"),
    ("c.json", "fhir", '{"resourceType": "Patient"}', "Consent.resourceType"),
    ("c.json", "fhir", '{"resourceType": "Bundle", "type": "collection", "link": [], "entry": []}', "unknown member 'link'"),
    ("c.ndjson", "fhir", '\n{"resourceType": "Patient"}\n', "c.ndjson:2: Consent.resourceType"),
    ("c.ndjson", "fhir", "{}\n{", "c.ndjson:2: not JSON"),
])  # fmt: skip
def test_a_file_that_cannot_be_read_gives_nothing(
    tmp_path: Path, name: str, format: Any, text: str, problem: str
) -> None:
    found, faults = read_consent_file(file_of(tmp_path, name, text), format)
    assert found == []
    assert any(problem in str(fault) for fault in faults), faults


# Catalogues


def declared(**members: Any) -> ConsentRow:
    return ConsentRow(id="c-1/1", datasets=frozenset({DatasetId(str(b.HEART))}), consent=incoming(**members).version)


async def test_a_catalogue_declares_consents_as_strictly() -> None:
    s = stage()
    with pytest.raises(ValueError, match=r"consent c-1/1: template: this form and version are not registered"):
        await apply_catalogue.foresee(s.world, [declared()])
    steps = await apply_catalogue.foresee(s.world, [REGISTERED, declared()])
    await apply_catalogue.apply(s.world, steps, None)
    assert s.live.current().chain("c-1")[0].consent.recorded_at == START
    s.clock.advance(100)
    again = await apply_catalogue.foresee(s.world, [REGISTERED, declared()])
    assert [step.verb for step in again] == ["keep", "keep"]
    with pytest.raises(ValueError, match="on record with other content"):
        await apply_catalogue.foresee(s.world, [REGISTERED, declared(scope={"permissions": ["NRES"]})])


async def test_a_catalogue_cannot_edit_what_a_person_chose() -> None:
    from broker.flows.withdraw_consent import withdraw  # noqa: PLC0415

    s = stage(REGISTERED)
    await withdraw(s.world, caller(PIA), "no_further_use")
    undone = replace(b.consent(version=2), id=f"con-{b.PIA}/2")
    with pytest.raises(ValueError, match="on record with other content"):
        await apply_catalogue.foresee(s.world, [undone])


def test_a_fault_is_told_by_its_place() -> None:
    assert (str(Fault("c.yaml:3", "x")), SCHEMA) == ("c.yaml:3: x", "broker.consents/1")
