"""A grant is neither renewed nor closed before it was said what was published; everybody reads what was."""

from dataclasses import replace
from typing import Any

import pytest

from broker.core.attribution import LONGEST, MOST, as_asked, doi, entered, unattributed
from broker.core.ids import GrantId
from broker.core.outcome import Reason
from broker.core.rows import Report
from broker.core.rows.reports import Publication, Told, latest
from broker.flows.grants.desk import Held
from broker.flows.grants.end import close
from broker.flows.grants.publish import publish
from broker.flows.grants.renew import ask_renewal, extend
from broker.flows.register import register
from tests import builders as b
from tests.fakes import START
from tests.flows.test_grant_life import MEMBER, WHO, ada
from tests.flows.worlds import Stage, stage

NAMED = f"Data: Heart, {b.HEART}"
DAY = 86_400
PAPER = ("https://doi.org/10.1234/Hearts", "Why hearts fail", NAMED)
NOTHING = Told(summary="We looked.")
WHY = replace(NOTHING, none_yet="It is in review.")


def code(done: object) -> str:
    return done.code if isinstance(done, Reason) else type(done).__name__


async def asked(s: Stage, told: Told) -> str:
    return code(await ask_renewal(s.world, ada, b.GRANT, 6, told))


async def closed(s: Stage, told: Told) -> str:
    return code(await close(s.world, ada, b.GRANT, replace(told, destroyed="All.")))


@pytest.mark.row("WHO-3.6-4")
@pytest.mark.parametrize("step", [asked, closed])
async def test_without_a_publication_or_a_reason_nothing_is_renewed_or_closed(step: Any) -> None:
    s = stage()
    assert await step(s, NOTHING) == "GRANT-NO-ATTRIBUTION"
    assert await step(s, replace(NOTHING, none_yet=" ")) == "GRANT-NO-ATTRIBUTION"
    assert s.kinds() == []
    assert await step(s, WHY) in ("Report", "Held")


@pytest.mark.row("WHO-3.6-4")
@pytest.mark.parametrize("step", [asked, closed])
async def test_what_was_entered_once_is_enough(step: Any) -> None:
    s = stage()
    made = await publish(s.world, ada, b.GRANT, *PAPER)
    assert isinstance(made, Report)
    assert made.told.entered == (Publication(doi="10.1234/hearts", title="Why hearts fail", attribution=NAMED),)
    assert await step(s, NOTHING) in ("Report", "Held")
    assert s.kinds()[0] == "grant.published"


@pytest.mark.row("WHO-3.6-4")
async def test_no_committee_extends_what_was_asked_before_it_had_to_be_said() -> None:
    waits = Report(
        id="rpt_1", grant=b.GRANT, person=b.ADA, dataset=b.HEART, committee=b.DAC, kind="renewal", at=START,
        told=NOTHING, months=24, affiliations=("faculty@rhine.example",), location="DE",
    )  # fmt: skip
    s = stage(waits, grant=b.grant(ends=START + 90 * DAY))
    assert code(await extend(s.world, MEMBER, b.GRANT, "Good.", {})) == "GRANT-NO-ATTRIBUTION"
    await publish(s.world, ada, b.GRANT, *PAPER)
    assert code(await extend(s.world, MEMBER, b.GRANT, "Good.", {})) == "Report"


@pytest.mark.row("WHO-3.6-4")
async def test_everybody_reads_it_in_the_register_also_what_comes_after_the_end() -> None:
    s = stage()
    assert isinstance(await close(s.world, ada, b.GRANT, replace(WHY, destroyed="All.")), Held)
    await publish(s.world, ada, b.GRANT, *PAPER)
    (project,), _ = register(s.live.current(), s.clock.now())
    assert [one.doi for one in project.publications] == ["10.1234/hearts"]
    hidden = stage(dataset=b.dataset(existence="hidden"))
    await publish(hidden.world, ada, b.GRANT, *PAPER)
    assert register(hidden.live.current(), hidden.clock.now())[0] == ()


@pytest.mark.row("WHO-3.6-4")
@pytest.mark.parametrize("who", [name for name in WHO if name not in ("elsewhere", "nobody", "participant")])
async def test_nobody_enters_it_but_who_used_the_data(who: str) -> None:
    s = stage()
    assert code(await publish(s.world, WHO[who], b.GRANT, *PAPER)) == "REQ-NOT-YOUR-PART"
    for other in ("elsewhere", "nobody", "participant"):
        assert code(await publish(s.world, WHO[other], b.GRANT, *PAPER)) == "REQ-NOT-FOUND"
    assert code(await publish(s.world, ada, GrantId("grt_none"), *PAPER)) == "REQ-NOT-FOUND"
    assert s.kinds() == []


async def test_twice_is_once_and_a_correction_takes_its_place() -> None:
    s = stage()
    one = await publish(s.world, ada, b.GRANT, *PAPER)
    assert await publish(s.world, ada, b.GRANT, *PAPER) == one
    better = await publish(s.world, ada, b.GRANT, "doi:10.1234/HEARTS", "Why hearts fail", f"{NAMED}, version 2")
    assert isinstance(better, Report)
    reports = s.live.current().reports(b.GRANT)
    assert (len(reports), latest(reports)) == (2, better.told.entered)


async def test_one_grant_has_so_many_and_no_more() -> None:
    full = Told(
        summary="", entered=tuple(Publication(doi=f"10.1234/{n}", title="x", attribution="x") for n in range(MOST))
    )
    row = Report(
        id="rpt_1", grant=b.GRANT, person=b.ADA, dataset=b.HEART, committee=b.DAC, kind="publication", at=START,
        told=full,
    )  # fmt: skip
    assert code(await publish(stage(row).world, ada, b.GRANT, *PAPER)) == "REQ-TOO-LARGE"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("10.1234/Abc", "10.1234/abc"),
        (" doi:10.1234/a b ", None),
        ("DOI:10.1234/x(1)", "10.1234/x(1)"),
        ("https://dx.doi.org/10.12345/x", "10.12345/x"),
        ("https://evil.example/10.1234/x", None),
        ("javascript:10.1234/x", None),
        ("10.1234/", None),
        ("10.1234/ä", None),
        ("10.1234/" + "x" * 201, None),
        ("", None),
    ],
)
def test_a_doi_is_one_in_the_usual_ways_and_nothing_else(written: str, read: str | None) -> None:
    assert doi(written) == read


def test_what_says_nothing_or_too_much_is_no_publication() -> None:
    for title, words in (("", "x"), ("x", " "), ("x" * (LONGEST + 1), "x")):
        assert isinstance(entered("10.1234/x", title, words), Reason)


def test_whether_it_names_the_data_is_seen_by_their_id() -> None:
    said = [
        as_asked(Publication(doi="10.1/x", title="x", attribution=words), b.dataset())
        for words in (NAMED.upper(), "A bank")
    ]
    assert said == [True, False]


def test_references_of_before_count() -> None:
    assert unattributed(replace(NOTHING, publications=("doi:10.1/x",)), ()) is None


@pytest.mark.row("WHO-3.6-4")
async def test_who_takes_a_publication_back_takes_it_from_their_own_use_alone() -> None:
    one = Publication(doi="10.1/x", title="T", attribution=NAMED)
    other = replace(one, title="As another grant names it")
    said = [(b.GRANT, Told(summary="", entered=(one,))), (GrantId("grt_2"), Told(summary="", entered=(other,)))]
    said.append((b.GRANT, Told(summary="", taken_back=("10.1/x",))))
    rows = [
        Report(
            id=f"rpt_{n}", grant=grant, person=b.ADA, dataset=b.HEART, committee=b.DAC, kind="publication", told=told,
            at=START,
        )
        for n, (grant, told) in enumerate(said)
    ]  # fmt: skip
    assert latest(rows[:2]) == (one, other), "nobody puts their words in the place of another's"
    assert latest([rows[0], replace(rows[0], id="rpt_3", grant=GrantId("grt_2"))]) == (one,)
    assert latest(rows) == (other,)
    assert latest([rows[0], rows[2]]) == ()
