"""Small folders of policy packs, written for one test: a few rules, and the cases that they need."""

import json
from pathlib import Path
from typing import Any

from tests.core.jurisdiction.jurisdiction_world import raw_pack, rule

HOME_ONLY = {"fact": "recipient.country", "op": "eq", "value": "DE"}


def write_packs(folder: Path, version: str = "1", *, home: bool = False, **changes: Any) -> Path:
    """One pack that answers for Germany and permits everybody; with `home`, abroad needs a paper."""
    when: Any = HOME_ONLY if home else {"fact": "recipient.country", "op": "exists"}
    suspended = rule("no", "refer", {"fact": "recipient.suspended", "op": "is_true"})
    rules = [
        suspended,
        rule("ok", "permit", when, obligations=["report"] if home else ["cite"]),
        rule("paper", "await"),
    ]
    write_pack(folder, raw_pack(version=version, decide=rules, **changes), home=home)
    return folder


def write_pack(folder: Path, raw: Any, *, home: bool) -> None:
    facts: dict[str, Any] = {"recipient.country": "DE"}
    elsewhere: dict[str, Any] = {"recipient.country": "FR" if home else None}
    no: dict[str, Any] = {"rule": "no"}
    cases = {
        "schema": "broker.policy-cases/1",
        "pack": raw["id"],
        "at": "2026-06-01",
        "defaults": {"recipient.suspended": False},
        "cases": [
            {"id": "0", "facts": {"recipient.suspended": None}, "expect": no | {"missing": ["recipient.suspended"]}},
            {"id": "00", "facts": {"recipient.suspended": True}, "expect": no},
            {"id": "1", "facts": facts, "expect": {"rule": "ok"}},
            {"id": "2", "facts": elsewhere, "expect": {"rule": "paper"}},
            {"id": "3", "at": "2019-12-31", "facts": facts, "expect": {"rule": "none"}},
            {"id": "4", "at": "2020-01-01", "facts": facts, "expect": {"rule": "ok"}},
        ],
    }
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    (folder / f"{raw['id']}.yaml").write_text(json.dumps(raw, indent=1), "utf-8")
    (folder / "cases" / f"{raw['id']}.yaml").write_text(json.dumps(cases, indent=1), "utf-8")
