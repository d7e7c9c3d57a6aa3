"""Runs GA4GH's DRS compliance suite (PyPI: drs-compliance-suite) in an environment of its own, and prints its report.

Not a test: tests/interop/test_drs_compliance_suite.py starts it. The package leaves out a module of its own, a list of
the versions that it knows.
"""

import json
import sys
from types import ModuleType
from typing import Any


def main(base: str, config: str) -> None:
    known: Any = ModuleType("supported_drs_versions")
    known.SUPPORTED_DRS_VERSIONS = ["1.2.0"]
    sys.modules.setdefault(known.__name__, known)
    from compliance_suite.report_runner import report_runner  # type: ignore[import-not-found]  # noqa: PLC0415

    report = report_runner(base, "the broker", "under test", "1.2.0", config)
    sys.stdout.write(json.dumps(json.loads(report.to_json())))


if __name__ == "__main__":
    main(*sys.argv[1:])
