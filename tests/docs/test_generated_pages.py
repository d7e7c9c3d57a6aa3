"""Pages and schemas that follow from the code: are they what the code says today?"""

import runpy
from collections.abc import Callable

import pytest

from broker.config import Settings
from broker.core.access.states import State
from broker.core.audit.kinds import KINDS
from broker.core.reasons import REASONS
from broker.web.routes import ROUTES
from tests.docs.doc_blocks import ROOT

FILES: dict[str, Callable[[], str]] = runpy.run_path(str(ROOT / "docs" / "generate.py"))["FILES"]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", FILES)
def test_a_generated_file_says_what_the_code_says(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == FILES[name](), "run `make docs`"


COMPLETE = {
    "settings.md": list(Settings.model_fields),
    "http.md": [route.shown for route in ROUTES],
    "reasons.md": list(REASONS),
    "entries.md": list(KINDS),
}


@pytest.mark.parametrize("page", COMPLETE)
def test_a_reference_leaves_nothing_out(page: str) -> None:
    text = (REFERENCE / page).read_text("utf-8")
    assert not [name for name in COMPLETE[page] if f"`{name}`" not in text]


def test_every_state_of_a_request_is_in_the_picture() -> None:
    text = (REFERENCE / "access-request-states.md").read_text("utf-8")
    picture = text.partition("```mermaid")[2].partition("```")[0]
    assert not [state for state in State if state not in picture]


def test_every_address_says_what_it_is() -> None:
    assert not [route.path for route in ROUTES if not (route.handler.__doc__ or "").strip()]
