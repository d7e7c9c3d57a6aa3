"""What a sign-in brings besides who it is: claims that a provider's row maps, and visas that its UserInfo hands over."""

from pathlib import Path
from typing import Any

import pytest

from broker.adapters import jose
from broker.core.ids import Issuer
from broker.core.passport.assertions import ClaimRule
from broker.core.passport.trust import TrustRow
from broker.core.passport.visa import RESEARCHER, TERMS
from broker.core.rows import Gather, Gathered, Person, Session, VisaIssuer
from broker.flows.release_visas import visas_to_release
from tests.core.passport.visa_builders import EC, signed
from tests.fakes import START
from tests.web.site import Site, site
from tests.web.upstream import Home, upstreams

AUP = "https://uni.example/aup/1"
RULE = ClaimRule(claim="voperson_policy_agreement", equals=AUP, type=TERMS, source="https://uni.example", by="self")


def visa(issuer: str, sub: str) -> str:
    said = {"type": RESEARCHER, "value": "https://bona.example/1", "source": issuer, "by": "so", "asserted": START - 9}
    head = {"alg": "ES256", "typ": "vnd.ga4gh.visa+jwt", "kid": "v-1", "jku": f"{issuer}/jwks"}
    claims = {"iss": issuer, "sub": sub, "iat": START - 5, "exp": START + 999, "jti": "v", "ga4gh_visa_v1": said}
    return signed(head, claims, EC)


async def brought(s: Site) -> list[Any]:
    """The visas that the one who has just signed in holds."""
    (session,) = [
        row for row in s.stage.ledger.rows.values() if isinstance(row, Session) and not row.id.startswith("ses-")
    ]
    person = await s.broker.world.rows.get(Person, session.person)
    assert person is not None
    return list(await visas_to_release(s.broker.world, s.broker.gathering, person, session, frozenset(), START))


@pytest.mark.parametrize(("rules", "said"), [((RULE,), [AUP]), ((), [])])
async def test_a_claim_becomes_a_visa_only_where_the_row_says_so(tmp_path: Path, rules: Any, said: list[str]) -> None:
    uni = Home(slug="uni", row={"assert_from_claims": rules}, info={"voperson_policy_agreement": ["x", AUP]})
    async with site(tmp_path, uni.provider) as s:
        await upstreams(s, uni).sign_in(uni, return_to="/device")
        found = await brought(s)
        assert [one.value for one in found if one.type == TERMS] == said


@pytest.mark.row("B17", "T037")
@pytest.mark.parametrize(
    ("gather", "sub", "kept"), [(Gather(userinfo=True), "u-1", 1), (Gather(userinfo=True), "u-2", 0), (None, "u-1", 0)]
)
async def test_visas_that_userinfo_hands_over_are_kept_if_they_are_hers_and_the_row_says_so(
    tmp_path: Path, gather: Any, sub: str, kept: int
) -> None:
    token = visa("https://uni.example", sub)
    uni = Home(slug="uni", info={"ga4gh_passport_v1": [token, "noise", 1]})
    keys = (jose.public_jwk(EC, "v-1", "ES256"),)
    row = VisaIssuer(
        id=Issuer("https://uni.example"), trust=TrustRow(iss="https://uni.example", keys=keys), gather=gather
    )
    async with site(tmp_path, uni.provider, row) as s:
        await upstreams(s, uni).sign_in(uni, return_to="/device")
        assert len([row for row in s.stage.ledger.rows.values() if isinstance(row, Gathered)]) == kept
        assert [one.token for one in await brought(s) if one.id.startswith("foreign:")] == [token] * kept
        assert ("visa.gathered" in s.stage.kinds()) is bool(kept)


async def test_a_userinfo_that_says_nonsense_keeps_nobody_from_signing_in(tmp_path: Path) -> None:
    for info in ("x", 1, {"a": 1}, ["x"] * 1000, ["e" * 20_000], [None]):
        uni = Home(slug="uni", info={"ga4gh_passport_v1": info})
        row = VisaIssuer(
            id=Issuer("https://uni.example"), gather=Gather(userinfo=True),
            trust=TrustRow(iss="https://uni.example", keys=(jose.public_jwk(EC, "v-1", "ES256"),)),
        )  # fmt: skip
        async with site(tmp_path, uni.provider, row) as s:
            await upstreams(s, uni).sign_in(uni, return_to="/device")
            assert s.stage.kinds() == ["person.made", "sign_in.ok"]
