"""What a grant says of the participants: a hash of who was left out, and no date, number or name of any of them."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.consent.exclusion import SALT_BYTES, exclusion
from broker.core.consent.model import DatasetCertificate
from broker.core.decision import evaluate
from broker.core.ids import SubjectRef
from broker.core.outcome import Gate
from broker.core.plain import plain
from broker.core.rows import Grant
from broker.core.time import Day, Seconds, add_months, start_of
from broker.flows import decide_request
from broker.flows.decide_request import Decided
from broker.web.grants import grant_json
from tests import builders as b
from tests.fakes import START
from tests.flows.worlds import MEI, Stage, caller, stage

WAITING = b.request()
SOON = Seconds(START + 40 * 86_400)
people = st.frozensets(st.text(min_size=1, max_size=8).map(SubjectRef), max_size=30)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES).map(bytes.hex)
LEFT_OUT: dict[str, dict[str, Any]] = {
    "nobody": {},
    "one withdrew": {"pia": b.consent(b.PIA, status="withdrawn")},
    "one was never asked": {"pia": None},
    "one of two ends soon": {"pia": b.consent(b.PIA, effective_to=SOON)},
}


async def granted(**changes: Any) -> tuple[Stage, Grant]:
    s = stage(WAITING, grant=None, **changes)
    done = await decide_request.approve(s.world, caller(MEI), WAITING.id, "Good.", {})
    assert isinstance(done, Decided)
    assert done.grant is not None
    return s, done.grant


def told(grant: Grant) -> str:
    """All that the grant's holder and a repository read of it."""
    return grant.document + json.dumps(grant_json(grant, START))


@pytest.mark.row("RUL-EXCLUSION")
@given(people, people, salts, salts)
def test_a_list_has_one_hash_under_a_salt_and_another_under_any_other(
    some: frozenset[SubjectRef], others: frozenset[SubjectRef], salt: str, fresh: str
) -> None:
    bound = exclusion(some, salt)
    assert (exclusion(frozenset(sorted(some, reverse=True)), salt), len(bound.hash)) == (bound, 64)
    assert (exclusion(others, salt) == bound) is (some == others)
    assert (exclusion(some, fresh).hash == bound.hash) is (fresh == salt)


@pytest.mark.parametrize("salt", ["", "00", "00" * (SALT_BYTES + 1), "x" * 64])
def test_a_short_salt_hides_nothing_and_is_refused(salt: str) -> None:
    with pytest.raises(ValueError, match=r"salt|hexadecimal"):
        exclusion(frozenset(), salt)


@pytest.mark.row("RUL-EXCLUSION")
@pytest.mark.parametrize("changes", LEFT_OUT.values(), ids=LEFT_OUT)
async def test_a_grant_is_bound_to_the_list_by_which_it_was_made(changes: dict[str, Any]) -> None:
    s, grant = await granted(**changes)
    assert grant.exclusion is not None
    left_out = {"pia"} if changes.get("pia", ...) is None or "withdrawn" in str(plain(changes)) else set()
    refs = frozenset({b.PIA} if left_out else ())
    assert grant.exclusion == exclusion(refs, grant.exclusion.salt)
    assert json.loads(grant.document)["claims"]["duo_permission_v1"]["exclusion"] == grant.exclusion.hash
    assert s.ledger.rows["grant", grant.id] == grant


@pytest.mark.row("RUL-EXCLUSION")
async def test_who_holds_a_grant_learns_nothing_of_who_was_left_out_or_whether_anybody_was() -> None:
    """The salts are drawn alike here, so that nothing differs but what the list makes differ."""
    seen = set()
    for changes in LEFT_OUT.values():
        _, grant = await granted(**changes)
        assert grant.exclusion is not None
        assert grant.exclusion.salt not in told(grant)
        seen.add(told(grant).replace(grant.exclusion.hash, "<hash>"))
    assert len(seen) == 1


@pytest.mark.row("RUL-EXCLUSION")
async def test_no_two_grants_share_a_salt() -> None:
    s = stage(WAITING, replace(WAITING, id="req_2"), grant=None)  # type: ignore[arg-type]
    salts = set()
    for id in (WAITING.id, "req_2"):
        done = await decide_request.approve(s.world, caller(MEI), id, "Good.", {})  # type: ignore[arg-type]
        assert isinstance(done, Decided)
        assert done.grant is not None
        assert done.grant.exclusion is not None
        salts.add(done.grant.exclusion.salt)
    assert len(salts) == 2


CERTIFIED = b.dataset().certificate
JOINT: dict[str, Any] = {"granularity": "multi_sample", "filterable": False}


@pytest.mark.row("RUL-GRANT-ENDS")
@pytest.mark.parametrize(
    ("certificate", "ends"),
    [
        (CERTIFIED, add_months(START, 12)),
        (replace(CERTIFIED, granularity="multi_sample"), add_months(START, 12)),
        (replace(CERTIFIED, filterable=False), add_months(START, 12)),  # a file for each participant
        (replace(CERTIFIED, **JOINT), SOON),  # nothing can be taken out, so all of it ends
        (replace(CERTIFIED, valid_to=Seconds(SOON + 86_400)), SOON + 86_400),  # the institution's word binds everybody
    ],
)
async def test_a_participants_end_ends_nobody_elses_grant(certificate: DatasetCertificate, ends: int) -> None:
    _, grant = await granted(dataset=b.dataset(certificate=certificate), pia=b.consent(b.PIA, effective_to=SOON))
    assert grant.ends == ends


@pytest.mark.row("RUL-GRANT-ENDS")
async def test_whose_consent_has_ended_is_left_out_from_that_second_and_the_others_are_not() -> None:
    s, grant = await granted(pia=b.consent(b.PIA, effective_to=SOON), paul=b.consent(b.PAUL))
    for at, out in ((SOON - 1, frozenset()), (SOON, frozenset({b.PIA}))):
        asked = b.question(at=Seconds(at), known_at=Seconds(at), grants=(grant.id,), object=None)
        decision = evaluate(asked, s.live.current())
        assert (decision.permits, decision.excluded) == (True, out)
    alone = b.question(at=SOON, known_at=SOON, grants=(grant.id,), object=b.ONE)
    assert not evaluate(alone, s.live.current()).permits


@pytest.mark.row("RUL-GRANT-ENDS")
async def test_a_moratorium_ends_as_a_duty_and_ends_no_grant() -> None:
    over = Day(2027, 3, 1)
    codes = b.codes("DUO:0000006", {"code": "DUO:0000024", "date": over.isoformat()})
    certificate = replace(CERTIFIED, modifiers=b.codes({"code": "DUO:0000024", "date": over.isoformat()}))
    s, grant = await granted(dataset=b.dataset(duo=codes, certificate=certificate))
    assert grant.ends == add_months(START, 12)

    def asked(at: Seconds) -> Any:
        question = b.question(at=at, known_at=at, grants=(grant.id,))
        return next(one for one in evaluate(question, s.live.current()).gates if one.gate is Gate.DUO)

    before, after = asked(Seconds(start_of(over) - 1)), asked(start_of(over))
    assert (before.until, before.obligations) == (start_of(over), (f"no_publication_before:{over}",))
    assert after.obligations == ()
    assert asked(START).until == start_of(over), "also where it is weeks away"
