"""Days, moments, numbers, sizes and places as people of each language write them; and what is stored stays as it was."""

from datetime import date

import pytest

from broker.adapters.figures import figures_of
from broker.adapters.languages import load_languages
from broker.core.reasons import REASONS
from broker.core.reasons.figures import BARE
from broker.core.reasons.language import ENGLISH, Tongue
from broker.core.time import FOREVER, Seconds
from tests import builders as b

NOON = Seconds(1_795_348_800)
"""2026-11-22T12:00:00Z."""
DAY = date(2026, 11, 22)
WRITTEN = [
    ("day", DAY, "22 November 2026", "22 de noviembre de 2026"),
    ("moment", NOON, "22 November 2026, 12:00 UTC", "22 de noviembre de 2026, 12:00 UTC"),
    ("moment", FOREVER, "31 December 9999, 23:59 UTC", "31 de diciembre de 9999, 23:59 UTC"),
    ("number", 12, "12", "12"),
    ("number", 1_234_567, "1,234,567", "1.234.567"),
    ("number", 0.5, "0.5", "0,5"),
    ("size", 1, "1 byte", "1 byte"),
    ("size", 999, "999 bytes", "999 bytes"),
    ("size", 1_500_000, "1.5 MB", "1,5 MB"),
    ("size", 3_298_534_883_328, "3.3 TB", "3,3 TB"),
    ("size", 5_000_000_000_000_000_000, "5,000 PB", "5.000 PB"),
    ("place", "DE", "Germany", "Alemania"),
    ("place", "DEU", "Germany", "Alemania"),
    ("place", "276", "Germany", "Alemania"),
    ("place", "EU", "European Union", "Unión Europea"),
    ("place", "M49:150", "Europe", "Europa"),
    ("place", "AFRICA", "Africa", "África"),
    ("place", "WORLDWIDE", "world", "Mundo"),
    ("place", "UK", "United Kingdom", "Reino Unido"),
    ("place", "ZZ", "ZZ", "ZZ"),
    ("place", "XA", "XA", "XA"),
    ("place", "and", "and", "and"),
    ("place", "Atlantis", "Atlantis", "Atlantis"),
]
LANGUAGES = load_languages(b.CONFIG / "texts")


@pytest.mark.row("PAG-FIGURES")
@pytest.mark.parametrize(("how", "value", "english", "spanish"), WRITTEN)
def test_it_is_written_as_in_that_language(how: str, value: object, english: str, spanish: str) -> None:
    found = [getattr(figures_of(tag), how)(value).replace("\N{NO-BREAK SPACE}", " ") for tag in ("en", "es")]
    assert found == [english, spanish]


def test_a_language_that_nobody_has_data_of_writes_as_machines_do() -> None:
    for tag in ("xx", "not a tag", ""):
        assert figures_of(tag) is BARE
    assert (BARE.day(DAY), BARE.moment(NOON), BARE.number(1234), BARE.place("DE")) == (
        "2026-11-22", "2026-11-22T12:00:00Z", "1234", "DE",
    )  # fmt: skip


@pytest.mark.parametrize(("region", "english", "spanish"), [
    ("EEA", "European Economic Area", "Espacio Económico Europeo"),
    ("NORDIC", "Nordic countries", "países nórdicos"),
    ("EU", "European Union", "Unión Europea"),
])  # fmt: skip
def test_the_regions_of_rules_have_names(region: str, english: str, spanish: str) -> None:
    assert [Tongue(LANGUAGES[tag]).place(region) for tag in ("en", "es")] == [english, spanish]


TOLD = [
    ("AUTH-GRANT-ENDED", {"date": "2026-11-22T12:00:00Z"}, "22 November 2026, 12:00 UTC", "22 de noviembre de 2026"),
    ("DUO-REGION", {"allowed": "EEA, CH", "country": "US"}, "European Economic Area, Switzerland only", "Suiza"),
    ("JUR-NO-PACK", {"countries": "DE, FR"}, "Germany, France", "Alemania, Francia"),
    ("GOV-EMBARGO", {"date": "2026-11-22"}, "22 November 2026", "22 de noviembre de 2026"),
    ("GOV-EMBARGO", {"date": "soon"}, "soon", "soon"),
    ("GOV-EMBARGO", {"date": "2026-22-11"}, "2026-22-11", "2026-22-11"),
    ("REQ-TOO-OFTEN", {"seconds": "86400"}, "86,400", "86.400"),
]


@pytest.mark.row("PAG-FIGURES")
@pytest.mark.parametrize(("code", "facts", "english", "spanish"), TOLD)
def test_sentences_tell_facts_in_their_language_and_keep_them_bare(
    code: str, facts: dict[str, str], english: str, spanish: str
) -> None:
    kept = Tongue(ENGLISH).sentence(REASONS[code], "researcher", facts)
    assert all(fact in kept for fact in facts.values())
    for tag, said in (("en", english), ("es", spanish)):
        told = Tongue(LANGUAGES[tag])
        assert said in told.sentence(REASONS[code], "researcher", facts, kept)
        assert not told.stale


def test_names_are_sorted_as_people_look_for_them() -> None:
    found = figures_of("es")
    assert sorted(["Zambia", "Åland", "África", "Egipto"], key=found.order) == ["África", "Åland", "Egipto", "Zambia"]
    assert found.order("日本") == "日本"
    assert found.order("Cote d'Ivoire") == found.order("Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire")
