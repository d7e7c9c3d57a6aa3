"""flows/handing_on.py: what a proxy may send by itself, and what its log does to the record."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.adapters.nginx_log import NginxLog
from broker.core.handing_on import RATE
from broker.core.ranges import Span
from broker.core.rows import Delivery, Repository
from broker.flows.content import Content, content_of
from broker.flows.deliver import Opened, Shown, close_left_open, open_delivery, show
from broker.flows.handing_on import Reported, close_reported, seconds_unseen
from tests import builders as b
from tests.flows.test_use_and_deliver import ticket
from tests.flows.worlds import Stage, stage


async def shown(s: Stage) -> tuple[Shown, Content]:
    found = await show(s.world, (await ticket(s)).access.id, b.ONE)
    assert isinstance(found, Shown)
    unused: Any = None
    return found, await content_of(unused, unused, found)


@pytest.mark.parametrize(
    ("seconds", "length", "wanted"),
    [(None, 1, 0), (2, 1, 2), (2, 2 * RATE, 2), (2, 2 * RATE + 1, 0), (2, 0, 0)],
)
async def test_only_where_the_owner_said_so_and_no_more_than_that_time_takes(
    seconds: int | None, length: int, wanted: int
) -> None:
    s = stage(dataset=b.dataset(uninterruptible_delivery=seconds))
    assert seconds_unseen(*await shown(s), length, s.live.current()) == wanted


async def test_another_form_or_a_store_elsewhere_is_never_handed_on() -> None:
    s = stage(dataset=b.dataset(uninterruptible_delivery=9))
    ours, content = await shown(s)
    now = s.live.current()
    assert seconds_unseen(ours, content, 9, now) == 9
    assert seconds_unseen(ours, replace(content, form="other"), 9, now) == 0
    far = Repository(id="bank", name="B", root="s3://bucket")
    assert seconds_unseen(replace(ours, repository=far), content, 9, now) == 0


async def opened(s: Stage, unseen: int = 9) -> Opened:
    found = await open_delivery(s.world, (await ticket(s)).access.id, b.ONE, (Span(0, 9),), "stored", unseen)
    assert isinstance(found, Opened)
    return found


def row(s: Stage, of: Opened) -> Delivery:
    found = s.ledger.rows["delivery", of.delivery.id]
    assert isinstance(found, Delivery)
    return found


@pytest.mark.parametrize(
    ("sent", "complete", "state", "kept"),
    [(10, True, "complete", 10), (4, False, "incomplete", 4), (4, True, "incomplete", 4), (99, True, "complete", 10), (-3, False, "incomplete", 0)],
)  # fmt: skip
async def test_what_the_proxy_says_closes_it_once(*, sent: int, complete: bool, state: str, kept: int) -> None:
    s = stage()
    of = await opened(s)
    said = Reported(delivery=of.delivery.id, sent=sent, complete=complete)
    assert await close_reported(s.world, said)
    assert (row(s, of).state, row(s, of).sent, s.kinds()[-1]) == (state, kept, "download.end")
    assert not await close_reported(s.world, said)


async def test_of_what_we_send_ourselves_no_log_of_others_says_the_end() -> None:
    s = stage()
    of = await opened(s, unseen=0)
    assert not await close_reported(s.world, Reported(delivery=of.delivery.id, sent=3, complete=False))
    assert not await close_reported(s.world, Reported(delivery="dlv_no", sent=3, complete=False))
    assert row(s, of).state == "open"


async def test_a_line_that_comes_after_a_restart_still_counts() -> None:
    s = stage()
    of = await opened(s)
    await close_left_open(s.world)
    assert row(s, of).state == "unknown"
    assert await close_reported(s.world, Reported(delivery=of.delivery.id, sent=10, complete=True))
    assert row(s, of).state == "complete"


async def test_a_log_is_read_on_where_it_ended_and_anew_when_it_was_turned_over(tmp_path: Path) -> None:
    heard: list[str] = []

    async def tell(said: Reported) -> None:
        heard.append(said.delivery)

    path = tmp_path / "sent.log"
    log = NginxLog(path, tell)
    await log.look()
    line = '{{"delivery":"{}","sent":1,"done":"OK"}}\n'.format
    path.write_text(line("a") + line("b")[:9])
    await log.look()
    assert heard == ["a"], "half a line is none yet"
    path.write_text(line("a") + line("b"))
    await log.look()
    assert heard == ["a", "b"]
    path.rename(tmp_path / "sent.log.1")
    path.write_text(line("c"))
    await log.look()
    assert heard == ["a", "b", "c"]
