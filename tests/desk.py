"""A broker that follows packs in a folder of its own, and people who may change them."""

import json
import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from broker.adapters.policy_sets import PolicySets
from broker.adapters.policy_watch import PolicyWatch
from broker.config import Settings
from broker.core.ids import PersonId
from broker.core.rows import Person, Role, Row
from broker.flows.put_in_force import put_rules_in_force
from broker.flows.world import Caller
from broker.policies import policy_folder, policy_sets, rules_in, watch_policies
from broker.web.state import BROKER
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import Stage, caller
from tests.packs import write_packs
from tests.web.site import Site

EU, BASE, PACK = "eu-gdpr-ch5", "core-baseline", "test-pack"
ROLES = {"root": "admin", "ann": "admin", "lex": "legal_officer", "kim": "legal_officer", "eve": "auditor", "sam": ""}


def _role(name: str, role: str) -> Role:
    return Role(id=f"r-{name}", role=role, scope="service", iss=b.HOME, sub=name)


def person(name: str) -> Person:
    return Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START)


def people() -> list[Row]:
    return [row for name, role in ROLES.items() for row in (person(name), *((_role(name, role),) if role else ()))]


def who(name: str) -> Caller:
    roles = (_role(name, ROLES[name]),) if ROLES[name] else ()
    return caller(person(name), roles=roles, grants=())


@dataclass
class Desk:
    """The broker of `stage`, deciding by the packs of a folder."""

    stage: Stage
    settings: Settings
    watch: PolicyWatch
    sets: PolicySets

    def version(self, pack: str = PACK) -> str:
        return self.stage.live.current().rulebook.packs[pack].version

    def after_a_restart(self) -> dict[str, str]:
        """The versions by which the next start would decide."""
        return {id: pack.version for id, pack in rules_in(policy_folder(self.settings), self.settings).packs.items()}


def first_packs(folder: Path) -> Path:
    """The two packs of the builders' world, with their cases."""
    (folder / "cases").mkdir(parents=True)
    for path in ("00-core-baseline.yaml", f"{EU}.yaml", f"cases/{BASE}.yaml", f"cases/{EU}.yaml"):
        shutil.copy(b.CONFIG / "policies" / path, folder / path)
    return folder


async def desk(stage: Stage, folder: Path, first: Path | None = None, **more: Any) -> Desk:
    """The test pack, or `first`, in force and on record; `more` of the settings."""
    chosen = first or write_packs(folder / "first")
    settings = Settings(**{"issuer": b.US, "mode": "example", "state": folder / "state", "policies": chosen} | more)
    held = policy_folder(settings)
    rules = rules_in(held, settings)
    stage.live.under(rules)
    assert await put_rules_in_force(stage.world, rules) == ()
    watch = watch_policies(stage.world, stage.live, settings, held)
    return Desk(stage, settings, watch, policy_sets(settings, watch))


async def desk_at(s: Site, folder: Path) -> Desk:
    """The same behind the pages and the API of a site."""
    made, broker = await desk(s.stage, folder), s.http.app[BROKER]
    s.http.app._state[BROKER] = replace(broker, administration=replace(broker.administration, sets=made.sets))
    return made


@cache
def _texts(version: str, *, home: bool) -> tuple[str, str]:
    with TemporaryDirectory() as folder:
        made = write_packs(Path(folder), version, home=home)
        return (made / f"{PACK}.yaml").read_text("utf-8"), (made / "cases" / f"{PACK}.yaml").read_text("utf-8")


def same_law(version: str) -> dict[str, str]:
    """What one types: another version that says the same."""
    text, cases = _texts(version, home=False)
    return {"text": text, "cases": cases, "ground": "A new number."}


def french_only(version: str) -> dict[str, str]:
    """What one types: only who is in France gets the data without a paper, so Ada in Germany loses them."""
    text, cases = _texts(version, home=True)
    swapped = cases.replace('"DE"', '"XX"').replace('"FR"', '"DE"').replace('"XX"', '"FR"')
    return {"text": text.replace('"value": "DE"', '"value": "FR"'), "cases": swapped, "ground": "The law of France."}


def reviewed(version: str) -> dict[str, str]:
    """What one types: another version, which somebody is said to have reviewed, so that people live by it."""
    typed = same_law(version)
    pack = json.loads(typed["text"])
    review = {"owner": "Law", "reviewed_by": "Law", "reviewed_on": "2026-12-01", "next_review_due": "2028-12-31"}
    return typed | {"text": json.dumps(pack | {"status": "reviewed", "review": review}, indent=1)}
