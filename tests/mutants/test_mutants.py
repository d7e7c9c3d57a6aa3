"""Does the page of mutants say what is so, and does the tool find a fault that is there?"""

import sys
import types
from pathlib import Path

import pytest

from tests.mutants import planting
from tests.mutants.making import mutants
from tests.mutants.page import digest, reasons, results
from tests.mutants.planting import Unplantable, plant, watch
from tests.mutants.running import modules

TEXT = '''
"""Text of the module."""
WORDS = frozenset({"a", "b"})
LONG = tuple(WORDS) + ("c",)


def inside(x: int, low: int = 3) -> bool:
    """Text of the function."""
    if x < low and x not in (7, 8):
        raise ValueError("a text of an error")
    return any(one == x for one in range(9))


class Thing:
    @staticmethod
    def known(word: str) -> bool:
        return word in WORDS
'''


def test_each_fault_is_there_once_and_has_its_own_name() -> None:
    found = [one.key for one in mutants("made_up", TEXT)]
    assert len(found) == len(set(found))
    assert {
        "made_up:table: without 'a'",
        "made_up:inside: x < low → x <= low",
        "made_up:inside: x < low → x > low",
        "made_up:inside: x < low and x not in (7, 8) → x < low or x not in (7, 8)",
        "made_up:inside: x not in (7, 8) → x in (7, 8)",
        "made_up:inside: without 7",
        "made_up:inside: any → all",
        "made_up:inside: 9 → 10",
        "made_up:Thing.known: word in WORDS → word not in WORDS",
    } <= set(found)
    assert not [one for one in found if "text" in one.lower() or "3" in one]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> types.ModuleType:
    made = types.ModuleType("broker.made_up")
    made.__file__ = str(tmp_path / "made_up.py")
    Path(made.__file__).write_text(TEXT, "utf-8")
    exec(compile(TEXT, made.__file__, "exec"), vars(made))
    monkeypatch.setitem(sys.modules, "broker.made_up", made)
    monkeypatch.setattr(planting, "OURS", (str(tmp_path),))
    return made


def planted(change: str) -> None:
    plant(next(one for one in mutants("broker.made_up", TEXT) if one.change == change))


def test_a_planted_function_is_another_for_whoever_held_it(module: types.ModuleType) -> None:
    held = module.inside
    planted("x not in (7, 8) → x in (7, 8)")
    with pytest.raises(ValueError, match="text of an error"):
        held(7, low=9)


def test_a_planted_method_is_found_behind_its_decorator(module: types.ModuleType) -> None:
    planted("word in WORDS → word not in WORDS")
    assert not module.Thing.known("a")


def test_what_was_made_from_a_planted_table_is_made_again(module: types.ModuleType) -> None:
    planted("without 'a'")
    assert {"b"} == module.WORDS
    assert module.LONG == ("b", "c")
    assert not module.Thing.known("a")


def test_what_is_not_there_cannot_be_planted(module: types.ModuleType) -> None:
    del module.inside
    with pytest.raises(Unplantable):
        planted("any → all")


def test_a_result_holds_while_the_code_is_the_same() -> None:
    assert digest(TEXT) == digest(TEXT.replace("Text of the function.", "Another text.") + "\n# A comment.\n")
    assert digest(TEXT) != digest(TEXT.replace("x < low", "x <= low"))


def test_a_line_is_that_of_its_statement() -> None:
    found = {one.change: one.lines for one in mutants("made_up", TEXT)}
    assert found["x < low → x <= low"] == range(9, 10)
    assert found["any → all"] == range(11, 12)


def test_every_survivor_has_a_reason_and_every_reason_a_survivor() -> None:
    assert {key for one in results().values() for key in one.survived} == set(reasons())


def test_a_package_has_its_modules() -> None:
    assert "broker.core.duo.match" in modules("core/duo")


def test_what_is_reached_is_told_and_the_answer_is_the_same(module: types.ModuleType) -> None:
    told: list[tuple[str, int]] = []
    watch("broker.made_up", TEXT, told.append)
    assert module.inside(4)
    assert module.Thing.known("a")
    assert told == [("inside", 8), ("inside", 9), ("inside", 11), ("Thing.known", 17)]
