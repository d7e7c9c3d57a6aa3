"""What a program says is wrong reaches no page as it stands: each has its sentence, in every language."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.outcome import Reason
from broker.core.reasons.language import ENGLISH, EVERY_WORD, Tongue
from broker.web.pages.wording import of_problem, worded
from tests import builders as b
from tests.core.reasons.test_translations import LANGUAGES
from tests.web.browsing import Browser
from tests.web.site import site
from tests.web.test_workflow_pages import rows

BROKER = Path(__file__).parents[2] / "broker"
API_ALONE = ("repositories/", "recipients.py", "assertions.py", "stage_objects.py", "deliver.py", "authenticate.py",
             "exchange_consents.py", "pre_check.py")  # fmt: skip
"""Stories that no page tells."""
READ = [
    *(one for one in sorted((BROKER / "flows").rglob("*.py")) if not any(each in str(one) for each in API_ALONE)),
    *sorted((BROKER / "web" / "pages").glob("*.py")),
    *(BROKER / "core" / name for name in ("attribution.py", "sanctions.py", "administration.py")),
]
MAKERS = {"_invalid", "_unreadable", "_wrong", "Problem"}
SPANISH = LANGUAGES["es"]


def literal(node: ast.expr) -> str | None:
    """A text, with a number where something is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "7" for one in node.values)
    return None


def problems() -> Iterator[tuple[str, str]]:
    for path in READ:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            found: list[ast.expr] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                found = [*node.args, *(one.value for one in node.keywords if one.arg == "problem")]
            elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and literal(node.elts[0]) == "problem":
                found = [node.elts[1]]
            elif isinstance(node, ast.Assign) and any(
                isinstance(one, ast.Name) and one.id == "problem" for one in node.targets
            ):
                found = [node.value]
            for one in found:
                for each in (one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,):
                    said = literal(each)
                    if said and ": " in said and said[0].islower():
                        yield path.name, said


FOUND = sorted(set(problems()))


def test_there_are_some() -> None:
    assert len(FOUND) > 50


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize("said", sorted({said for _, said in FOUND}))
def test_what_a_program_says_is_wrong_has_a_sentence_for_people(said: str) -> None:
    for language in (ENGLISH, SPANISH):
        told = of_problem(said, Tongue(language))
        assert told is not None, said
        assert told.endswith("."), told
        assert not told.startswith(said.partition(":")[0] + ":"), told


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize("code", ["REQ-INVALID", "REQ-TOO-LARGE", "REQ-STATE", "REQ-NOT-YOUR-PART"])
def test_what_nobody_has_written_a_sentence_for_is_told_in_general(code: str) -> None:
    slot = {"REQ-INVALID": "problem", "REQ-TOO-LARGE": "limit", "REQ-STATE": "state", "REQ-NOT-YOUR-PART": "step"}[code]
    reason = Reason(code=code, facts=((slot, "x_y: none of ours"),))
    assert "x_y" not in worded(reason, ENGLISH)
    assert worded(reason, ENGLISH) in {word for key, word in EVERY_WORD.items() if key.startswith("said.")}
    assert worded(reason, SPANISH) != worded(reason, ENGLISH)


SAID = {
    "en": (
        "Tick that you sign why nothing is published yet",
        "A text is longer than is allowed: 20,000 characters are the most.",
    ),
    "es": (
        "Marque que firma por qué aún no hay nada publicado",
        "Un texto es más largo de lo permitido: 20.000 caracteres es lo máximo.",
    ),
}


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize("language", SAID)
async def test_a_page_says_it_in_the_readers_words(tmp_path: Path, language: str) -> None:
    async with site(tmp_path, *rows()) as s:
        ada, path = Browser(s, "ada", language), f"/grants/{b.GRANT}"
        ticks, long = SAID[language]
        await ada.open(path)
        text = await ada.send(path, do="renew", summary="We found why.", none_yet="In review.", months="12")
        assert (ada.status, ticks in text, "none_signed:" in text) == (409, True, False)
        text = await ada.send(path, do="renew", summary="x" * 20_001, months="12")
        assert (ada.status, long in text) == (409, True), text


@pytest.mark.row("PAG-WORDS")
@pytest.mark.parametrize(("language", "said"), [("en", "131,072 bytes"), ("es", "131.072 bytes")])
async def test_a_page_says_that_what_was_sent_is_too_large_and_not_that_there_are_too_many(
    tmp_path: Path, language: str, said: str
) -> None:
    async with site(tmp_path) as s:
        answer = await s.http.post("/complain", data={"text": "x" * 140_000}, headers={"Accept-Language": language})
        assert (answer.status, said in await answer.text()) == (413, True)
