"""Rules for every test: no network but loopback, the same examples every time, and no skip where CI looks."""

import gc
import os
import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

_QUIET = [HealthCheck.too_slow]
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, print_blob=True, database=None, suppress_health_check=_QUIET,
    max_examples=30,
)  # fmt: skip
settings.register_profile("thorough", deadline=None, print_blob=True, suppress_health_check=_QUIET, max_examples=2_000)
settings.register_profile(
    "mutants", settings.get_profile("repeatable"), max_examples=15, phases=(Phase.explicit, Phase.generate),
)  # fmt: skip
settings.register_profile("planted", settings.get_profile("repeatable"), phases=(Phase.explicit, Phase.generate))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the brokers that tests start need not compile everything each time
sys.dont_write_bytecode = False
STRICT = os.environ.get("STRICT") == "1"
_LOCAL = ("127.", "::1", "localhost")


@pytest.fixture(scope="session", autouse=True)
def no_network_but_loopback() -> Iterator[None]:
    """A test that phones home fails at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(_LOCAL):
            raise AssertionError(f"a test tried to reach {address[0]}")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket.socket, "connect", guarded)
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With STRICT=1 a skip is a failure: what CI does not run, nobody runs."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and STRICT=1 allows no skip: {report.longrepr}"
    del item


def pytest_collection_finish() -> None:
    """Twenty thousand collected tests stay until the end: no collection of garbage need look at them again."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the tests too that run in `make test-faults` only")
    parser.addoption(
        "--row", default="", help="only tests of these requirements (C10,T014), long ones where there is no other"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = {row for row in config.getoption("--row").split(",") if row}
    kept = [item for item in items if not wanted or wanted & _rows(item)]
    if not config.getoption("--long"):
        short = {item for item in kept if item.get_closest_marker("long") is None}
        bare = wanted.difference(*map(_rows, short))  # of these there is no other test
        kept = [item for item in kept if item in short or bare & _rows(item)]
    config.hook.pytest_deselected(items=list(set(items).difference(kept)))
    items[:] = kept


def _rows(item: pytest.Item) -> set[str]:
    return {row for mark in item.iter_markers("row") for row in mark.args}
