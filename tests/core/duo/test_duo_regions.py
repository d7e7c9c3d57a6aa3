"""Which countries a place name means."""

import pytest

from broker.core.duo.countries import CODES, COUNTRIES, REGIONS
from broker.core.duo.regions import GROUPS, country, expand
from broker.core.jurisdiction import countries as jurisdiction


def test_every_assigned_country_code_is_known_and_means_itself() -> None:
    assert len(COUNTRIES) == 249
    assert all(expand(code) == frozenset({code}) for code in COUNTRIES)
    assert {"NO", "GB", "CH", "ZA", "TW", "AX", "SS"} <= COUNTRIES
    assert not {"UK", "EU", "XX", "AN", "XK", "ZZ"} & COUNTRIES


def test_the_groups_have_their_members() -> None:
    assert len(GROUPS["EU"]) == 27
    assert GROUPS["EEA"] - GROUPS["EU"] == {"IS", "LI", "NO"}
    assert GROUPS["EFTA"] == {"CH", "IS", "LI", "NO"}
    assert expand("UK") == expand("United Kingdom") == frozenset({"GB"})
    assert expand("European Economic Area") == expand("EEA")
    assert expand("Nordic") == frozenset({"DK", "FI", "IS", "NO", "SE"})
    assert expand("Benelux") == frozenset({"BE", "LU", "NL"})
    assert (expand("Africa"), expand("Asia"), expand("Oceania")) == tuple(REGIONS[one] for one in ("002", "142", "009"))
    assert expand("worldwide") == COUNTRIES
    assert all(members <= COUNTRIES for members in GROUPS.values())
    assert not GROUPS.keys() & CODES.keys(), "a name means one thing"


def test_a_country_has_three_codes_and_each_belongs_to_one() -> None:
    assert len(CODES) == 3 * 249 + 1
    assert [country(one) for one in ("de", "DEU", "276", " UK ", "EU", "DE-BY", "")] == ["DE"] * 3 + ["GB"] + [None] * 3
    assert all(len(code) in {2, 3} and (code.isdecimal() or code.isalpha()) for code in CODES)


def test_law_and_data_use_know_the_same_countries() -> None:
    assert jurisdiction.COUNTRIES == COUNTRIES


def test_the_regions_of_the_un_have_every_country_once() -> None:
    parts = [REGIONS[one] for one in ("002", "009", "010", "019", "142", "150")]
    assert sum(map(len, parts)) == len(REGIONS["001"]) == len(COUNTRIES)
    sizes = {number: len(members) for number, members in REGIONS.items()}
    assert (sizes["002"], sizes["202"], sizes["019"], sizes["142"], sizes["150"]) == (60, 53, 57, 51, 51)
    assert REGIONS["155"] == expand("M49:155")
    assert REGIONS["155"] == {"AT", "BE", "CH", "DE", "FR", "LI", "LU", "MC", "NL"}
    assert {"GB", "NO", "IE"} <= REGIONS["154"]
    assert REGIONS["003"] == REGIONS["013"] | REGIONS["021"] | REGIONS["029"]
    assert {"MX", "US", "CA"} <= REGIONS["003"]


@pytest.mark.parametrize("name", ["eu", " EU ", "European Union", "no", "Worldwide", "fra", "m49:150"])
def test_case_and_blanks_do_not_matter(name: str) -> None:
    assert expand(name) is not None


@pytest.mark.parametrize("name", ["Atlantis", "", "Europe", "EUR", "GAZ:00000448", "France", "150", "M49:999", "XKX"])
def test_what_nobody_knows_is_none_and_not_empty(name: str) -> None:
    assert expand(name) is None
