"""The words of the pages: each is on a page, and every page takes its words from there."""

import re
from pathlib import Path

import pytest

from broker.core.reasons.adding_words import ADDING_WORDS
from broker.core.reasons.admin_words import ADMIN_WORDS
from broker.core.reasons.alert_words import ALERT_WORDS
from broker.core.reasons.community_words import COMMUNITY_WORDS
from broker.core.reasons.consultation_words import CONSULTATION_WORDS
from broker.core.reasons.entry_words import ENTRY_WORDS
from broker.core.reasons.finding_words import FINDING_WORDS
from broker.core.reasons.found_words import FOUND_WORDS
from broker.core.reasons.grant_words import GRANT_WORDS
from broker.core.reasons.notice_words import NOTICE_WORDS
from broker.core.reasons.origin_words import ORIGIN_WORDS
from broker.core.reasons.pack_words import PACK_WORDS
from broker.core.reasons.page_words import PAGE_WORDS
from broker.core.reasons.participant_words import PARTICIPANT_WORDS
from broker.core.reasons.pick_words import PICK_WORDS
from broker.core.reasons.public_words import PUBLIC_WORDS
from broker.core.reasons.rights_words import RIGHTS_WORDS
from broker.core.reasons.said_words import SAID_WORDS
from broker.core.reasons.signing_words import SIGNING_WORDS
from broker.core.reasons.together_words import TOGETHER_WORDS
from broker.core.reasons.words import WORDS

TABLES = (
    PAGE_WORDS,
    GRANT_WORDS,
    PARTICIPANT_WORDS,
    SIGNING_WORDS,
    ADDING_WORDS,
    ADMIN_WORDS,
    NOTICE_WORDS,
    PUBLIC_WORDS,
    PICK_WORDS,
    TOGETHER_WORDS,
    COMMUNITY_WORDS,
    ALERT_WORDS,
    ENTRY_WORDS,
    FINDING_WORDS,
    FOUND_WORDS,
    PACK_WORDS,
    ORIGIN_WORDS,
    RIGHTS_WORDS,
    CONSULTATION_WORDS,
    SAID_WORDS,
)
OF_PAGES = {key: word for table in TABLES for key, word in table.items()}
WEB = Path(__file__).parents[3] / "broker" / "web" / "pages"
CORE = WEB.parents[1] / "core"
SOURCES = [
    path.read_text("utf-8")
    for path in (
        *WEB.parent.glob("*.py"),
        *WEB.glob("*.py"),
        *(WEB / "templates").glob("*.html"),
        CORE / "letters.py",
        CORE / "duo" / "named.py",
    )
]
SAID = set(re.findall(r"[\"']([a-z]+\.[a-z_.]+)[\"']", "\n".join(SOURCES)))
MADE = set(re.findall(r'"([a-z]+\.(?:[a-z_]+\.)?)" \+', "\n".join(SOURCES)))
"""Words that are put together: `t("stage." + one.stage)`."""


def test_no_word_is_there_twice() -> None:
    assert not WORDS.keys() & OF_PAGES.keys()
    assert len(OF_PAGES) == sum(map(len, TABLES))


def test_every_word_is_on_a_page() -> None:
    assert not [key for key in OF_PAGES if key not in SAID and not key.startswith(tuple(MADE))]


def test_every_word_of_a_page_is_there() -> None:
    asked = set(re.findall(r'\bt\(["\']([a-z]+\.[a-z_.]+)["\'][,)]', "\n".join(SOURCES)))
    assert len(asked) > 80
    assert asked <= WORDS.keys() | OF_PAGES.keys()


OWN = {"Access", "broker", "SHA", "JSON"}
"""Names that are the same in every language."""


@pytest.mark.row("PAG-LANGUAGES")
def test_no_template_has_words_of_its_own() -> None:
    for path in sorted((WEB / "templates").glob("*.html")):
        bare = re.sub(r"\{[%{#].*?[%}#]\}", " ", path.read_text("utf-8"), flags=re.DOTALL)
        bare = re.sub(r"<(?:[^>\"]|\"[^\"]*\")*>", " ", bare)
        bare = re.sub(r"&[a-z]+;|\d", " ", bare)
        assert set(re.findall(r"[A-Za-z]{3,}", bare)) <= OWN, path.name
