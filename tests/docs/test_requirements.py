"""Is every requirement shown by a test, and could each plant still be planted?"""

import ast

import pytest

from tests.plants.__main__ import planted
from tests.requirements.reading import DataError, Plant, marked, plants, rows, shown

ROWS = rows()
TESTS = shown()


def test_every_required_row_is_shown_by_a_test_or_says_why_not() -> None:
    assert not [row.id for row in ROWS.values() if row.required and row.id not in TESTS and not row.not_yet]


def test_what_is_shown_is_not_excused() -> None:
    assert not [row.id for row in ROWS.values() if row.not_yet and row.id in TESTS]


def test_no_test_names_a_row_that_is_not_there() -> None:
    assert not sorted(set(TESTS) - set(ROWS))


def test_every_plant_is_of_rows_that_a_test_shows() -> None:
    assert not [(row, plant.why) for plant in plants() for row in plant.rows if row not in TESTS]


@pytest.mark.parametrize("plant", [pytest.param(one, id=f"{n} {one.why}") for n, one in enumerate(plants())])
def test_every_plant_still_finds_its_place_and_compiles(plant: Plant) -> None:
    planted(plant)


FOUND = {
    "on a test": ('@mark.row("A1", "A2")\ndef test_a(): ...', {("test_a", "A1"), ("test_a", "A2")}),
    "on a class": ('@mark.row("A1")\nclass TestAll:\n  async def test_a(self): ...', {("test_a", "A1")}),
    "on a file": ('pytestmark = [mark.row("A1")]\ndef test_a(): ...', {("test_a", "A1")}),
    "in a table": (
        'T = [param(1, marks=mark.row("A1"))]\n@mark.parametrize("x", T)\ndef test_a(x): ...', {("test_a", "A1")},
    ),
    "in a table of tables": (
        'S = [param(1, marks=mark.row("A1"))]\nT = [*S]\n@mark.parametrize("x", T)\ndef test_a(x): ...',
        {("test_a", "A1")},
    ),
    "nowhere": ("def test_a(): ...", set[tuple[str, str]]()),
}  # fmt: skip


@pytest.mark.parametrize("where", FOUND)
def test_a_marker_is_found(where: str) -> None:
    text, wanted = FOUND[where]
    assert set(marked(ast.parse(text.replace("mark.", "pytest.mark.")), "x")) == wanted


@pytest.mark.parametrize("text", ['@mark.row("A1")\ndef helper(): ...', "@mark.row(A)\ndef test_a(): ..."])
def test_a_marker_that_cannot_be_read_is_a_fault(text: str) -> None:
    with pytest.raises(DataError):
        list(marked(ast.parse(text.replace("mark.", "pytest.mark.")), "x"))
