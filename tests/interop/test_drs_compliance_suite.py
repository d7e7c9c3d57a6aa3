"""GA4GH's own compliance suite asks the broker about files, bundles and addresses: by token, by Passport, by nothing.

It knows DRS 1.2.0, of which later versions are extensions. `make interop-tools` installs it beside us, in an environment
of its own: it pins old versions of what we use too.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.interop.serving import HERE, needed, ran
from tests.interop.test_htsget_clients import door
from tests.web.drs_world import WORLD, of
from tests.web.regions import Regions, regions

SUITE = HERE / ".suites" / "bin" / "python"
SKIPPED = {"SKIP"}
LATER = {
    "Service Info response schema validation: Additional properties are not allowed ('drs', 'maxBulkRequestLength' were unexpected)",
    "DRS Object Info response schema validation: Additional properties are not allowed ('authorizations' was unexpected)",
}
"""What it takes for wrong because DRS 1.3 and 1.4 demand it. Nothing may be added here."""
FILES, BUNDLES = ("obj-1", "named", "inside", "bam"), ("run", "study", "dark")


def asked(auth: str, token: Any, ids: tuple[str, ...], **more: Any) -> list[dict[str, Any]]:
    return [{"drs_id": id, "auth_type": auth, "auth_token": token, **more} for id in ids]


def config(r: Regions, auth: str) -> dict[str, Any]:
    """What the suite is to ask. Who shows nothing sees what is public, and gets no bytes."""
    token: Any = {"none": "", "bearer": r.site.access_token("usr_ada"), "passport": [of(r.site)]}[auth]
    hidden = {"none": {"inside", "dark"}}.get(auth, set())
    files = tuple(one for one in FILES if one not in hidden)
    bundles = tuple(one for one in BUNDLES if one not in hidden)
    info = asked(auth, token, files, is_bundle=False) + asked(auth, token, bundles, is_bundle=True)
    access = [] if auth == "none" else asked(auth, token, files)
    return {
        "service_info": {"auth_type": "none", "auth_token": ""},
        "drs_object_info": info,
        "drs_object_access": access,
    }


@pytest.mark.row("DR-SUITE")
@pytest.mark.parametrize("auth", ["none", "bearer", "passport"])
async def test_nothing_fails_but_what_later_versions_demand(tmp_path: Path, auth: str) -> None:
    needed("drs-compliance-suite", there=SUITE.exists(), how="make interop-tools")
    async with regions(tmp_path, *WORLD) as r, door(r) as base:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config(r, auth)), "utf-8")
        status, said = await ran(str(SUITE), str(HERE / "drs_suite.py"), f"{base}/ga4gh/drs/v1", str(path))
        assert status == 0, said
        report = json.loads(said[said.index("{") :])
        cases = [case for phase in report["phases"] for test in phase["tests"] for case in test["cases"]]
        wrong = [case for case in cases if case["status"] not in {"PASS", *SKIPPED}]
        told = {f"{case['case_name']}: {case['message']}" for case in wrong}
        assert told == LATER
        assert sum(case["status"] == "PASS" for case in cases) > (20 if auth == "none" else 40)
