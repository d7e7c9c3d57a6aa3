"""`broker policy`: what is wrong with packs, which hold, what others would change, and putting them in force."""

import asyncio
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.__main__ import cli
from broker.adapters.policy_store import in_force
from broker.app import opened
from broker.commands.common import Fail
from broker.config import Settings
from broker.core.access.states import State
from broker.core.ids import GrantId, PersonId, RequestId
from broker.core.rows import InForce, Put, Row
from broker.core.time import Seconds
from broker.policies import policy_folder
from broker.state import make_state
from tests import builders as b
from tests.fakes import START
from tests.packs import write_packs

POLICIES = b.CONFIG / "policies"
CASES = Path(__file__).parents[1] / "cases" / "jurisdiction_cases.yaml"
THEN = "2027-02-01"
"""When the builders' grants are live, and one of them is over."""
OVER = Seconds(START + 86_400)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A broker that was made and never started."""
    chosen = Settings(
        issuer="https://broker.example", mode="example", state=tmp_path_factory.mktemp("broker") / "state"
    )
    make_state(chosen)
    return chosen


@pytest.fixture
def chosen(made: Settings, tmp_path: Path) -> Settings:
    """A copy of that broker, with packs of its own."""
    shutil.copytree(made.state, tmp_path / "state")
    write_packs(tmp_path / "first")
    path = tmp_path / "broker.toml"
    path.write_text(
        f'issuer = "{made.issuer}"\nstate = "{tmp_path / "state"}"\npolicies = "{tmp_path / "first"}"\n'
        'mode = "example"\n',
        "utf-8",
    )
    return made.model_copy(update={"state": tmp_path / "state", "policies": tmp_path / "first"})


def run(chosen: Settings, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(chosen.state.parent / "broker.toml"), "policy", *words])


def done(chosen: Settings, *words: str) -> str:
    result = run(chosen, *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(chosen: Settings, *words: str) -> str:
    result = run(chosen, *words)
    assert isinstance(result.exception, Fail), result.output
    return str(result.exception)


async def start(chosen: Settings, *rows: Row) -> tuple[dict[str, str], str]:
    """A start and a stop, with `rows` put in between: the versions in force, and the id of the set."""
    async with opened(chosen) as running:
        if rows:
            entry = running.world.entry("catalogue.applied", running.world.clock.now(), None, {})
            await running.world.ledger.record(entry, *map(Put, rows))
        kept = await running.world.rows.get(InForce, "rules")
        assert kept is not None
        packs = running.world.snapshots.current().rulebook.packs
        return {id: pack.version for id, pack in packs.items()}, kept.document


# ---------------------------------------------------------------- lint, list, show


def test_packs_without_a_problem_pass_and_a_problem_is_told_with_its_line(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["policy", "lint"]).exit_code == 0
    shutil.copytree(POLICIES, tmp_path / "packs")
    path = tmp_path / "packs" / "uk-gdpr.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"NO"', "NO"), "utf-8")
    result = CliRunner().invoke(cli, ["policy", "lint", str(tmp_path / "packs")])
    assert result.exit_code == 1
    line = text.partition('"NO"')[0].count("\n") + 1
    assert result.output.startswith(f"{path}:{line}: NO means different things to different readers: quote it\n")


def test_the_packs_in_force_are_listed_with_digest_review_and_countries(chosen: Settings) -> None:
    (pack,) = json.loads(done(chosen, "list", "--json"))["packs"]
    assert (pack["id"], pack["version"], pack["status"]) == ("test-pack", "1", "example")
    assert (pack["answers_for"], pack["next_review_due"]) == (["DE"], "2026-12-31")
    assert {"overdue", "digest", "reviewed_by", "effective_from", "law_status"} <= pack.keys()
    assert pack["digest"][:12] in done(chosen, "list")
    shipped = json.loads(done(chosen, "list", "--json", "--folder", str(POLICIES)))["packs"]
    assert len(shipped) == 13


def test_a_pack_whose_review_is_due_is_told(chosen: Settings) -> None:
    long_ago = {"owner": None, "reviewed_by": None, "reviewed_on": None, "next_review_due": "2024-01-01"}
    write_packs(chosen.policies or Path(), review=long_ago)
    (pack,) = json.loads(done(chosen, "list", "--json"))["packs"]
    told = "test-pack: review was due on 2024-01-01; in production the pack gives no permit since 2024-03-31"
    assert pack["overdue"] == told
    assert "2024-01-01 OVERDUE" in done(chosen, "list")
    looked = CliRunner().invoke(cli, ["--config", str(chosen.state.parent / "broker.toml"), "doctor"])
    assert f"look: {pack['overdue']}" in looked.output


def test_one_pack_is_shown_with_its_rules(chosen: Settings) -> None:
    told = done(chosen, "show", "us-doj-28cfr202", "--folder", str(POLICIES))
    line = next(line for line in told.splitlines() if line.startswith("prohibited"))
    assert re.split(r" {2,}", line.strip())[1:4] == [
        "deny",
        "JUR-US-202-303",
        "ecfr303 with 202.301 for other bulk data",
    ]
    assert line.split()[-1] == "yes"
    assert json.loads(done(chosen, "show", "test-pack", "--json"))["version"] == "1"
    needed = {line.split("  ")[0]: line for line in told[told.index("needs the fact") :].splitlines()}
    assert "the custodian, when the dataset is registered" in needed["request.consideration"]
    assert "not-covered-brokerage" in needed["request.consideration"]
    assert "the registry of institutions" in needed["recipient.control_countries"]
    assert "the person, at sign-in" in needed["recipient.individual_location"]
    assert "documents on file" in needed["evidence"]
    assert "no such pack" in refused(chosen, "show", "nothing")


# ---------------------------------------------------------------- activate


def test_an_activated_set_holds_from_the_next_start_on_and_the_old_one_can_still_be_read(
    chosen: Settings, tmp_path: Path
) -> None:
    before, first = asyncio.run(start(chosen))
    done(chosen, "activate", str(write_packs(tmp_path / "next", "2", home=True)))
    shutil.rmtree(tmp_path / "next")
    after, second = asyncio.run(start(chosen))
    assert (before, after) == ({"test-pack": "1"}, {"test-pack": "2"})
    assert first != second
    assert json.loads(done(chosen, "show", "test-pack", "--version", "1", "--json"))["version"] == "1"
    assert "no such pack in version 3" in refused(chosen, "show", "test-pack", "--version", "3")


@pytest.mark.row("PK1")
def test_a_set_with_any_error_is_refused_whole_with_line_and_field(chosen: Settings, tmp_path: Path) -> None:
    bad = write_packs(tmp_path / "bad", "2")
    shutil.copy(POLICIES / "uk-gdpr.yaml", bad)
    shutil.copy(POLICIES / "cases" / "uk-gdpr.yaml", bad / "cases")
    path = bad / "uk-gdpr.yaml"
    path.write_text(path.read_text("utf-8").replace("confidence: medium", "confidence: quite"), "utf-8")
    for command in ("activate", "simulate"):
        told = refused(chosen, command, str(bad))
        assert f"{path}:11: confidence: one of high, low, medium is wanted here" in told
    assert in_force(chosen.activated_policies) is None
    assert policy_folder(chosen) == chosen.policies


@pytest.mark.row("PK2")
def test_a_version_that_was_in_force_never_says_something_else(chosen: Settings, tmp_path: Path) -> None:
    asyncio.run(start(chosen))
    told = refused(chosen, "activate", str(write_packs(tmp_path / "next", "1", home=True)))
    assert "test-pack 1: this version was in force with another text; give it a new one" in told
    assert in_force(chosen.activated_policies) is None


@pytest.mark.row("PK2", "T136")
def test_production_takes_only_what_somebody_signed(chosen: Settings, tmp_path: Path) -> None:
    production = chosen.state.parent / "broker.toml"
    production.write_text(production.read_text("utf-8").replace('"example"', '"production"'), "utf-8")
    example = write_packs(tmp_path / "example", "2")
    assert "test-pack: status example, production takes reviewed packs only" in refused(
        chosen, "activate", str(example)
    )
    review = {"owner": "Legal", "reviewed_by": "N. N.", "reviewed_on": "2026-11-01", "next_review_due": "2027-11-01"}
    signed = write_packs(tmp_path / "signed", "2", status="reviewed", review=review)
    done(chosen, "activate", str(signed))
    assert json.loads(done(chosen, "list", "--json"))["packs"][0]["reviewed_by"] == "N. N."


def test_an_activated_set_that_somebody_touched_stops_the_start(chosen: Settings, tmp_path: Path) -> None:
    done(chosen, "activate", str(write_packs(tmp_path / "next", "2")))
    kept = in_force(chosen.activated_policies)
    assert kept is not None
    path = kept / "test-pack.yaml"
    path.write_text(path.read_text("utf-8").replace("cite", "forget"), "utf-8")
    with pytest.raises(ValueError, match="not the files that were activated"):
        asyncio.run(start(chosen))
    (chosen.activated_policies / "in-force").write_text("../first\n", "utf-8")
    with pytest.raises(ValueError, match="no set of packs"):
        asyncio.run(start(chosen))


# ---------------------------------------------------------------- simulate


def stored() -> list[Row]:
    """Two institutions; grants that are live, ended and revoked; an open request and a closed one."""
    seine = replace(
        b.organisation(), id="seine", scopes=frozenset({"seine.example"}),
        facts={**b.RECIPIENT_FACTS, "recipient.country": "FR"},
    )  # fmt: skip
    home, abroad = ("faculty@rhine.example",), ("faculty@seine.example",)
    ben = PersonId("usr_ben")
    grants = [
        b.grant(affiliations=home),
        b.grant(id=GrantId("grt_2"), person=ben, affiliations=abroad),
        b.grant(id=GrantId("grt_3"), person=ben, affiliations=abroad),
        b.grant(id=GrantId("grt_4"), person=ben, affiliations=abroad, ends=OVER),
    ]
    asked = b.request(id=RequestId("req_2"), person=ben, affiliations=abroad)
    closed = b.request(id=RequestId("req_3"), person=ben, affiliations=abroad, state=State.REJECTED)
    rows = [row for row in b.rows(grant=None) if row.KIND in ("dataset", "organisation", "committee", "repository")]
    return [*rows, seine, *grants, b.revocation("grant:grt_3"), asked, closed]


@pytest.fixture
def filled(chosen: Settings) -> Settings:
    asyncio.run(start(chosen, *stored()))
    return chosen


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file; but not what a reader of a database in WAL mode needs beside it."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {path: path.read_bytes() for path in files}


@pytest.mark.row("PK7")
def test_a_simulation_says_who_loses_who_changes_and_why(filled: Settings, tmp_path: Path) -> None:
    other = write_packs(tmp_path / "other", "2", home=True)
    before = contents(tmp_path)
    told = json.loads(done(filled, "simulate", str(other), "--at", THEN, "--json"))
    assert told["summary"] == {"loses": 2, "gains": 0, "changes": 1, "same": 0}
    assert told["datasets"] == {b.HEART: told["summary"]}
    assert (told["before"]["test-pack"]["version"], told["after"]["test-pack"]["version"]) == ("1", "2")
    rows = {row["id"]: row for row in told["differences"]}
    assert rows.keys() == {"grt_1", "grt_2", "req_2"}
    assert (rows["grt_1"]["effect"], rows["grt_1"]["after"]["obligations"]) == ("changes", ["report"])
    lost = rows["grt_2"]
    assert (lost["effect"], lost["country"], lost["dataset"]) == ("loses", "FR", b.HEART)
    assert (lost["before"]["outcome"], lost["after"]["outcome"]) == ("PERMIT_WITH_OBLIGATIONS", "PENDING")
    assert lost["after"]["missing"] == ["paper.signed"]
    (why,) = lost["why"]
    assert (why["code"], why["norm"]["source"], why["norm"]["rule"]) == ("JUR-EU-ART49", "test-pack", "paper")
    assert contents(tmp_path) == before


def test_the_way_back_is_a_gain(filled: Settings, tmp_path: Path) -> None:
    done(filled, "activate", str(write_packs(tmp_path / "other", "2", home=True)))
    table = done(filled, "simulate", str(tmp_path / "first"), "--at", THEN)
    lines = [line.split() for line in table.splitlines()]
    assert [line[:6] for line in lines if line[:1] in (["grant"], ["request"])] == [
        ["grant", "grt_2", "usr_ben", "seine", "FR", b.HEART],
        ["request", "req_2", "usr_ben", "seine", "FR", b.HEART],
        ["grant", "grt_1", "usr_ada", "rhine", "DE", b.HEART],
    ]
    assert lines[-1] == ["all", "0", "2", "1", "0"]


def test_a_simulation_tells_each_reason_once_above_whom_it_concerns(filled: Settings, tmp_path: Path) -> None:
    other = write_packs(tmp_path / "other", "2", home=True)
    lines = done(filled, "simulate", str(other), "--at", THEN).splitlines()
    assert lines[0] == "As of 2027-02-01T00:00:00Z, mode example: 2 grants, 1 requests."
    assert lines[1] == "Pack test-pack: 1 -> 2"
    assert lines[3:6] == [
        "LOSES 2, of 1 person: a yes is one no more, or a no gets harder",
        "  PERMIT_WITH_OBLIGATIONS -> PENDING (missing: paper.signed)",
        "  JUR-EU-ART49 (test-pack paper)",
    ]
    assert sum("test-pack paper" in line for line in lines) == 1
    start = next(at for at, line in enumerate(lines) if line.startswith("CHANGES 1, of 1 person"))
    told = ["  PERMIT_WITH_OBLIGATIONS", "  JUR-EU-ART49 (test-pack ok)", "  duties: +report -cite"]
    assert lines[start + 1 : start + 4] == told


def test_the_commands_of_the_page_do_what_it_says(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docs/how-to/change-policy-packs.md`, its first block as it stands, in the folder of the settings."""
    page = (b.CONFIG.parent / "docs" / "how-to" / "change-policy-packs.md").read_text("utf-8")
    copied, *commands = (line.partition("#")[0].split() for line in page.split("```")[1].strip().splitlines())
    assert copied == ["cp", "-r", "config/policies", "next"]
    monkeypatch.chdir(chosen.state.parent)
    write_packs(Path("next"), "2")
    told = []
    for program, *words in commands:
        assert program == "broker"
        result = CliRunner().invoke(cli, words)
        assert result.exit_code == 0, (words, result.output, result.exception)
        told.append(result.stdout)
    assert [len(commands), told[0]] == [3, "no problem\n"]
    assert "no live grant and no open request" in told[1]
    kept = in_force(chosen.activated_policies)
    assert kept is not None
    assert {path.name for path in kept.glob("*.yaml")} == {path.name for path in Path("next").glob("*.yaml")}


def test_case_files_are_judged_too(chosen: Settings, tmp_path: Path) -> None:
    packs = tmp_path / "all"
    shutil.copytree(POLICIES, packs)
    done(chosen, "activate", str(packs))
    path = packs / "uk-gdpr.yaml"
    path.write_text(path.read_text("utf-8").replace("status: example", "status: retired"), "utf-8")
    told = json.loads(done(chosen, "simulate", str(packs), "--cases", str(CASES), "--json"))
    lost: dict[str, Any] = {row["id"]: row for row in told["differences"]}
    assert lost["J22"]["effect"] == "loses"
    assert [why["code"] for why in lost["J22"]["why"]] == ["JUR-NO-PACK"]
    assert "J02" not in lost


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a: 1", "a case file has a list of cases"),
        ("cases: [3]", "row 0 is no mapping"),
        ("cases: [{at: soon}]", "soon"),
    ],
)
def test_a_case_file_of_another_form_is_told(chosen: Settings, tmp_path: Path, content: str, why: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(content, "utf-8")
    assert why in refused(chosen, "simulate", str(chosen.policies), "--cases", str(path))
