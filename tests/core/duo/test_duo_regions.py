"""Which countries a place name means."""

import pytest

from broker.core.duo.regions import COUNTRIES, GROUPS, expand


def test_every_assigned_country_code_is_known_and_means_itself() -> None:
    assert len(COUNTRIES) == 249
    assert all(expand(code) == frozenset({code}) for code in COUNTRIES)
    assert {"NO", "GB", "CH", "ZA", "TW", "AX", "SS"} <= COUNTRIES
    assert not {"UK", "EU", "XX", "AN", "XK", "ZZ"} & COUNTRIES


def test_the_groups_have_their_members() -> None:
    assert len(GROUPS["EU"]) == 27
    assert GROUPS["EEA"] - GROUPS["EU"] == {"IS", "LI", "NO"}
    assert GROUPS["EFTA"] == {"CH", "IS", "LI", "NO"}
    assert expand("UK") == frozenset({"GB"})
    assert all(members <= COUNTRIES for members in GROUPS.values())
    assert not GROUPS.keys() & COUNTRIES, "a name means one thing"


@pytest.mark.parametrize("name", ["eu", " EU ", "European Union", "no", "Worldwide"])
def test_case_and_blanks_do_not_matter(name: str) -> None:
    assert expand(name) is not None


@pytest.mark.parametrize("name", ["Atlantis", "", "Europe", "EUR", "GAZ:00000448", "FRA", "France"])
def test_what_nobody_knows_is_none_and_not_empty(name: str) -> None:
    assert expand(name) is None
