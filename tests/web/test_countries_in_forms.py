"""Countries are chosen by their names in the reader's language, and kept by their codes."""

import re
from pathlib import Path

import pytest

from broker.adapters.figures import figures_of
from broker.core.duo.countries import COUNTRIES
from broker.core.reasons.language import Language
from broker.web.pages.places import codes, countries
from tests import builders as b
from tests.web.browsing import Browser
from tests.web.site import site
from tests.web.test_workflow_pages import HEARTS, committee, rows

ENGLISH, SPANISH = (Language(tag=tag, figures=figures_of(tag)) for tag in ("en", "es"))
TYPED = [
    (["Germany", "FR", "es", ""], ENGLISH, ["DE", "FR", "ES"]),
    (["Alemania, francia", "espana"], SPANISH, ["DE", "FR", "ES"]),
    (["Germany\nFrance, Germany"], ENGLISH, ["DE", "FR"]),
    (["DEU", "276", "UK"], ENGLISH, ["DE", "GB"]),
    (["Alemania", "Atlantis"], ENGLISH, ["Alemania", "Atlantis"]),
    (["Cote d\N{RIGHT SINGLE QUOTATION MARK}Ivoire", "cote d'ivoire"], ENGLISH, ["CI"]),
]


@pytest.mark.row("PAG-COUNTRIES")
@pytest.mark.parametrize(("typed", "language", "found"), TYPED)
def test_names_and_codes_are_understood_and_the_rest_is_left(
    typed: list[str], language: Language, found: list[str]
) -> None:
    assert codes(typed, language) == found


@pytest.mark.parametrize("language", [ENGLISH, SPANISH], ids=["en", "es"])
def test_every_country_is_there_once_in_the_order_of_its_name(language: Language) -> None:
    told = countries(language)
    assert {code for code, _ in told} == COUNTRIES
    assert len({name for _, name in told}) == len(told)
    assert all(codes([name], language) == [code] for code, name in told)
    names = [name for _, name in told]
    assert language is SPANISH or names.index("Åland Islands") < names.index("Zambia")
    assert names.index("Canada" if language is ENGLISH else "Canadá") < names.index("Chile")


@pytest.mark.row("PAG-COUNTRIES")
@pytest.mark.parametrize(("language", "names"), [("en", ("Germany", "France")), ("es", ("Alemania", "Francia"))])
async def test_a_draft_goes_on_in_another_language(tmp_path: Path, language: str, names: tuple[str, str]) -> None:
    async with site(tmp_path, *rows(), committee=committee(), grant=None) as s:
        ada = Browser(s, "ada", language=language)
        assert f'<option value="{names[0]}">' in await ada.open("/applications/new")
        await ada.send("/applications/new", do="save", **HEARTS | {"benefit": "Clinics.", "countries": names[0]})
        draft = re.findall(r'name="draft" value="(dra_[^"]+)"', ada.text)[0]
        other = Browser(s, "ada", language="es" if language == "en" else "en")
        text = await other.open(f"/applications/new?draft={draft}")
        assert ('value="Alemania"' if language == "en" else 'value="Germany"') in text
        await other.send(
            "/applications/new",
            do="submit",
            draft=draft,
            **HEARTS | {"benefit": "Clinics.", "countries": f"{names[1]}, DE"},
        )
        assert other.status == 400, "a name of another language is no country"
        assert f'value="{names[1]}"' in other.text, "and is given back"
        await ada.open(f"/applications/new?draft={draft}")
        await ada.send(
            "/applications/new",
            do="submit",
            draft=draft,
            **HEARTS | {"benefit": "Clinics.", "countries": f"{names[1]}, DE"},
        )
        assert ada.path.startswith("/applications/app_"), ada.text
        (row,) = s.stage.live.current().applications_of(b.ADA)
        assert row.paper.purpose.countries == {"DE", "FR"}
        assert f"{names[1]}</li>" in ada.text, "two places, one below the other"
