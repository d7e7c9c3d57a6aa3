"""htsget by a Passport in the place of the token, as `samtools` sends whatever it is given."""

from pathlib import Path

import pytest

from tests.fakes import START
from tests.web.drs_world import MEI, of
from tests.web.regions import READS, VARIANTS, regions

IN_REGION = f"{READS}/cut/bam?referenceName=chr1&start=1000&end=9000"


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.row("HT-PASSPORT")
async def test_a_passport_gives_the_ticket_that_a_token_of_the_same_person_gives(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        status, told = await r.ask(IN_REGION, headers=shown(of(r.site)))
        assert status == 200, told
        by_token = await r.joined(await r.ticket(IN_REGION), ".token.bam")
        by_passport = await r.joined(told["htsget"], ".passport.bam")
        assert by_passport.read_bytes() == by_token.read_bytes()
        status, told = await r.ask(f"{VARIANTS}/vcf", body={}, headers=shown(of(r.site)))
        assert status == 200, told
        assert r.site.stage.kinds().count("access.permitted") == 3


@pytest.mark.row("HT-PASSPORT", "T100")
async def test_a_passport_that_is_no_good_opens_no_region_and_is_not_repeated(tmp_path: Path) -> None:
    async with regions(tmp_path) as r:
        right = of(r.site)
        for name, token, status in (
            ("cut", right[:-4], 401),
            ("expired", of(r.site, exp=START), 401),
            ("for somebody else", of(r.site, aud=["https://elsewhere.example"]), 401),
            ("bound to a key that nobody proves", of(r.site, cnf={"jkt": "k" * 43}), 401),
            ("without a visa", of(r.site, MEI), 403),
        ):
            answer = await r.site.http.get(IN_REGION, headers=shown(token))
            told = (await answer.json())["htsget"]
            assert answer.status == status, name
            assert told["error"] == {401: "InvalidAuthentication", 403: "PermissionDenied"}[status], name
            assert token not in repr(told), name
        assert "access.permitted" not in r.site.stage.kinds()


@pytest.mark.row("HT-PASSPORT")
@pytest.mark.parametrize("path", ["/ga4gh/drs/v1/objects/bam/access/https", "/api/v1/me", "/oauth2/userinfo"])
async def test_it_is_a_token_nowhere_else(tmp_path: Path, path: str) -> None:
    """Where a Passport has a place of its own, or none, it is none for the token's."""
    async with regions(tmp_path) as r:
        assert (await r.site.http.get(path, headers=shown(of(r.site)))).status == 401
