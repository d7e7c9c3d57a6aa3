"""The page of a community's authority: its decisions and who uses its data, in group figures; and its next word."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.consent.model import CommunityDecision
from broker.core.equity import SMALL
from broker.core.ids import PersonId, RequestId, SubjectRef
from broker.core.rows import Person, Role, Row
from broker.web.recent import RECENT
from tests import builders as b
from tests.fakes import START
from tests.web.browsing import Browser, browser_session
from tests.web.site import Site, signed_in, site

VALLEY = SubjectRef("com_valley")
HOSTILE = "The <i>elders</i>"


def people(scope: str = f"community:{VALLEY}") -> list[Row]:
    made: list[Row] = [Role(id="r-eli", role="community_authority", scope=scope, iss=b.HOME, sub="eli")]
    for name in ("eli", "sam"):
        made += [Person(id=PersonId(f"usr_{name}"), log_key="dd" * 32, created=START), browser_session(name)]
    return [*made, browser_session("pia")]


def decided(members: int) -> list[Row]:
    word = CommunityDecision(
        authority=HOSTILE, rule="a quorum", members="people of the valley", decision="approved",
        local_only=False, labels=("TK Attribution",), benefit_terms="A clinic.",
    )  # fmt: skip
    refs = [SubjectRef(f"sub_{n}") for n in range(members)]
    return [
        b.consent(VALLEY, consent_id="com", level="community", community=word),
        *(b.consent(ref, community_refs=(VALLEY,)) for ref in refs),
        b.request(grant=b.GRANT),
        b.request(id=RequestId("req_open"), purpose=replace(b.PURPOSE, diseases=frozenset({"MONDO:0005105"}))),
    ]


@pytest.fixture
async def s(tmp_path: Path) -> AsyncIterator[Site]:
    tokens = [row for name in ("usr_eli", "usr_sam") for row in signed_in(name)]
    async with site(tmp_path, *people(), *decided(3), *tokens) as made:
        yield made


def word(s: Site) -> tuple[int, CommunityDecision]:
    newest = s.stage.live.current().chain("com")[-1].consent
    assert newest.community is not None
    return newest.version, newest.community


@pytest.mark.row("PAG-COMMUNITY")
@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("members", [SMALL - 1, SMALL])
async def test_a_community_reads_what_it_decided_who_asks_and_who_uses_its_data(
    tmp_path: Path, language: str, members: int
) -> None:
    async with site(tmp_path, *people(), *decided(members)) as s:
        eli = Browser(s, "eli", language)
        await eli.open("/datasets")
        shown = await eli.open(eli.links("/community")[0])
        assert eli.status == 200
        for said in ("The &lt;i&gt;elders&lt;/i&gt;", "a quorum", "TK Attribution", "A clinic.", "Heart"):
            assert said in shown
        assert (": melanoma." in shown, "MONDO" in shown) == (True, False)
        assert (f"<dd>{SMALL}</dd>" in shown, f"<dd>{SMALL - 1}</dd>" in shown) == (members == SMALL, False)
        assert not [name for name in ("sub_", "usr_ada", "Please.", "home.example") if name in shown]
        assert not re.search(r"\b(DUO:\d+|[A-Z]{3}-[A-Z]+)\b", re.sub("<[^>]+>", " ", shown)), "no codes"


@pytest.mark.row("PAG-COMMUNITY")
async def test_it_is_for_who_speaks_for_that_community_alone(tmp_path: Path) -> None:
    for scope in (f"community:{VALLEY}", "service", "community:other"):
        async with site(tmp_path, *people(scope), *decided(1)) as s:
            eli = Browser(s, "eli")
            shown = await eli.open("/community")
            assert ("elders" in shown) is (scope == f"community:{VALLEY}")
            for name in ("sam", "pia"):
                stranger = Browser(s, name)
                await stranger.open("/community")
                assert stranger.status == 403
                assert not stranger.links("/community")


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_it_says_no_takes_it_back_and_says_yes_with_conditions(s: Site) -> None:
    eli = Browser(s, "eli")
    await eli.open("/community")
    await eli.send("/community", record="com", seen="1", word="refused")
    assert "does not agree" in eli.text
    assert word(s)[1].decision == "refused"
    await eli.send("/community", record="com", seen="2", word="undecided")
    assert word(s)[1].decision == "undecided"
    await eli.send(
        "/community", record="com", seen="3", word="approved", local_only="yes", review_on="2031-01-02",
        benefit_terms=f"<b>A clinic</b> {'x' * 40}",
    )  # fmt: skip
    version, said = word(s)
    assert (version, said.decision, said.local_only, str(said.review_on)) == (4, "approved", True, "2031-01-02")
    assert "&lt;b&gt;A clinic" in eli.text
    assert s.stage.kinds().count("community.decided") == 3


@pytest.mark.row("PAG-COMMUNITY-SAYS")
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"seen": "9"}, 409),
        ({"word": "perhaps"}, 409),
        ({"review_on": "soon"}, 409),
        ({"review_on": "2020-01-01"}, 409),
        ({"benefit_terms": "x" * 2_001}, 409),
        ({"record": f"con-{b.PIA}"}, 409),
        ({"seen": "x"}, 400),
        ({"seen": "²"}, 400),
        ({"token": "another's"}, 400),
    ],
    ids=str,
)
async def test_what_cannot_be_done_changes_nothing_and_keeps_what_was_typed(
    s: Site, fields: dict[str, Any], status: int
) -> None:
    eli = Browser(s, "eli")
    await eli.open("/community")
    said = {"record": "com", "seen": "1", "word": "approved", "benefit_terms": "A school."} | fields
    await eli.send("/community", **said)
    assert eli.status == status
    assert word(s)[0] == 1
    if status == 409 and said["record"] == "com":
        assert said["benefit_terms"] in eli.text


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_a_yes_takes_a_sign_in_of_the_last_minutes_and_a_no_takes_none(s: Site) -> None:
    eli = Browser(s, "eli")
    await eli.open("/community")
    token = re.findall(r'name="form" value="([^"]+)"', eli.text)[0]
    s.stage.clock.advance(RECENT + 1)
    for old, status, links in (
        (token, 401, ["/sign-in?return_to=%2Fcommunity&amp;fresh=yes"]),
        ("f" * 64, 400, []),
    ):
        shown = await eli.send(
            "/community", token=old, record="com", seen="1", word="approved", benefit_terms="A school."
        )
        assert (eli.status, "A school." in shown) == (status, True), "what was typed is there again"
        assert eli.links("/sign-in") == links
    assert word(s)[0] == 1
    await eli.send("/community", token=token, record="com", seen="1", word="refused")
    assert word(s)[1].decision == "refused"


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_over_the_api_it_is_the_same(s: Site) -> None:
    mine = s.headers("usr_eli")
    told = await (await s.http.get("/api/v1/communities", headers=mine)).json()
    (one,) = told["communities"]
    assert (one["ref"], one["datasets"], one["waiting"], one["members"]) == (VALLEY, [b.HEART], 2, None)
    assert [row["community"]["decision"] for row in one["decisions"][0]] == ["approved"]
    path, no = "/api/v1/communities/decisions/com", {"word": "refused"}
    for who, etag, status in (("usr_sam", '"v1"', 404), ("usr_eli", '"v9"', 412), ("usr_eli", '"v1"', 200)):
        answer = await s.http.put(path, json=no, headers={**s.headers(who), "If-Match": etag})
        assert answer.status == status, await answer.text()
    assert word(s)[1].decision == "refused"
    others = await (await s.http.get("/api/v1/communities", headers=s.headers("usr_sam"))).json()
    assert others == {"communities": []}


@pytest.mark.row("PAG-COMMUNITY-SAYS")
async def test_over_the_api_too_a_yes_takes_a_sign_in_of_the_last_minutes_and_a_no_takes_none(s: Site) -> None:
    path = "/api/v1/communities/decisions/com"

    async def says(word: str, version: int) -> Any:
        now = s.stage.clock.now()
        headers = {**s.headers("usr_eli", iat=now, exp=now + 600), "If-Match": f'"v{version}"'}
        return await s.http.put(path, json={"word": word}, headers=headers)

    s.stage.clock.advance(RECENT)
    assert (await says("approved", 1)).status == 200
    s.stage.clock.advance(1)
    answer = await says("approved", 2)
    assert (answer.status, (await answer.json())["code"]) == (401, "AUTH-STEP-UP")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert f'max_age="{RECENT}"' in challenge or f"max_age={RECENT}" in challenge
    assert word(s)[0] == 2
    assert (await says("refused", 2)).status == 200
    assert word(s)[1].decision == "refused"
