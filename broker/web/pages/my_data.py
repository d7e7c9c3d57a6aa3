"""Pages of participants, and of who speaks for them: what happened to their data, their choices, and how to withdraw.

In plain words, without codes. What they do is done by the flows of the API; no page has a rule of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web
from multidict import MultiDict

from broker.core.access.cases import ANSWERED_WITHIN, CaseKind, CaseStage, due
from broker.core.consent.choices import NOTHING, Act, Choice
from broker.core.consent.model import WithdrawalKind
from broker.core.consent.question import TOPIC
from broker.core.consent.receipt import sentences
from broker.core.ids import DatasetId, SubjectRef
from broker.core.outcome import Reason
from broker.core.purpose import Modality, purpose_json
from broker.core.reasons import REASONS
from broker.core.reasons.language import Tongue
from broker.core.rows import Case, Committee, Dataset
from broker.flows import cases, choose_consent
from broker.flows.choose_consent import Changed, Held
from broker.flows.consent_receipts import receipt_of
from broker.flows.my_data import uses, words_of_communities
from broker.flows.withdraw_consent import KINDS, Foreseen, Withdrawn, foreseen, withdraw
from broker.flows.world import Caller
from broker.web import forms
from broker.web.bodies import form_body
from broker.web.errors import Problem
from broker.web.languages import language
from broker.web.pages import my_choices
from broker.web.pages.here import page, signed_in
from broker.web.pages.render import scripted
from broker.web.pages.wording import worded
from broker.web.state import BROKER

_FORM_BYTES = 128 * 1024
LONGEST = 10_000
"""Characters of a question."""
_TOO_LONG = Reason(code="REQ-TOO-LARGE", facts=(("limit", f"a text of more than {LONGEST} characters"),))
_ACTS: tuple[Act, ...] = ("choose", "affirm", "pause", "resume", "reopen")


async def home(request: web.Request) -> web.Response:
    """GET /my-data: what waits for an answer, one's consents, what happened, what one's communities decided."""
    who, subject = await _participant(request)
    return await _home(request, who, subject)


async def answered(request: web.Request) -> web.Response:
    """POST /my-data: yes or no to an open question; or a question of one's own."""
    who, subject = await _participant(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    if form.get("do") == "ask":
        return await _ask(request, who, subject, form)
    word = form.get("answer", "")
    if word not in ("permit", "deny"):
        raise Problem("REQ-INVALID", problem="answer: permit or deny")
    done = await choose_consent.answer(request.app[BROKER].world, who, form.get("question", ""), word)
    if isinstance(done, Reason):
        return await _home(request, who, subject, _said(done, request))
    raise web.HTTPSeeOther("/my-data")


async def _ask(request: web.Request, who: Caller, subject: SubjectRef, form: MultiDict[str]) -> web.Response:
    text, tongue = form.get("text", ""), Tongue(language(request))
    if not text.strip():
        wrong = tongue.word("apply.unsaid", question=tongue.word("mine.question"))
        return await _home(request, who, subject, wrong, form)
    done: Case | Reason = _TOO_LONG
    if len(text) <= LONGEST:
        done = await cases.ask(request.app[BROKER].world, who, DatasetId(form.get("about", "")), text)
    if isinstance(done, Reason):
        return await _home(request, who, subject, _said(done, request), form)
    raise web.HTTPSeeOther("/my-data#questions")


async def consent(request: web.Request) -> web.Response:
    """GET /my-data/consents/{consent}: what it says, and the form to choose otherwise."""
    who, _ = await _participant(request)
    return _consent(request, who, _held(request, who))


async def chosen(request: web.Request) -> web.Response:
    """POST /my-data/consents/{consent}: other choices, a pause, its end, one's own word, or a withdrawal taken back."""
    who, _ = await _participant(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    held, act = _held(request, who), form.get("do", "")
    if act not in _ACTS or not form.get("seen", "").isdecimal():
        raise Problem("REQ-INVALID", problem="do, seen: no such step")
    said = my_choices.typed(form, Tongue(language(request))) if act == "choose" else None
    if said is not None and (wrong := my_choices.unclear(said, held.counted, Tongue(language(request)))) is not None:
        return _consent(request, who, held, wrong, said)
    choice = my_choices.choice(said, form.get("language", "")[:35]) if said is not None else NOTHING
    done = await _change(request, who, held, act, form["seen"], choice)
    if isinstance(done, Reason):
        return _consent(request, who, _held(request, who), _said(done, request), said)
    return _consent(request, who, _held(request, who), changed=True)


async def _change(
    request: web.Request, who: Caller, held: Held, act: Act, seen: str, choice: Choice
) -> Changed | Reason:
    id, versions = held.newest.consent.consent_id, frozenset({int(seen[:9])})
    return await choose_consent.change(request.app[BROKER].world, who, id, act, versions, choice)


async def receipt(request: web.Request) -> web.Response:
    """GET /my-data/consents/{consent}/receipt: to keep; after a withdrawal also what it reached."""
    who, _ = await _participant(request)
    held = _held(request, who)
    told = await receipt_of(request.app[BROKER].world, held, language(request))
    values = {
        "told": told,
        "titles": _titles(request, held),
        "deciders": _deciders(told["party_identification"]["decided_by"]),
        "reached": _reached(told["withdrawal"], Tongue(language(request))) if "withdrawal" in told else [],
    }
    return page(request, who, "my_receipt.html", values)


async def withdrawal(request: web.Request) -> web.Response:
    """GET /my-data/withdrawal, or of one consent: three kinds, and what each can and cannot undo."""
    who, _ = await _participant(request)
    return _withdrawal(request, who)


async def withdrawn(request: web.Request) -> web.Response:
    """POST /my-data/withdrawal, or of one consent. No reason is asked for."""
    who, _ = await _participant(request)
    form = forms.own(request, await form_body(request, _FORM_BYTES))
    kind = form.get("kind", "")
    if kind not in KINDS:
        return _withdrawal(request, who, Tongue(language(request)).word("mine.choose_kind"))
    named = request.match_info.get("consent")
    done = await withdraw(request.app[BROKER].world, who, kind, named)
    if isinstance(done, Reason):
        return _withdrawal(request, who, _said(done, request))
    return page(request, who, "my_withdrawn.html", {"done": done, "consents": _withdrew(request, who, done)})


async def _participant(request: web.Request) -> tuple[Caller, SubjectRef]:
    who = await signed_in(request)
    if who.person.subject is None:
        raise Problem("AUTH-NOT-YOURS", roles="participant")
    return who, who.person.subject


def _held(request: web.Request, who: Caller) -> Held:
    broker = request.app[BROKER]
    found = choose_consent.held(
        broker.snapshots.current(), who, request.match_info["consent"], broker.world.clock.now()
    )
    if isinstance(found, Reason):
        raise Problem.of(found)
    return found


async def _home(
    request: web.Request,
    who: Caller,
    subject: SubjectRef,
    wrong: str | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    broker = request.app[BROKER]
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    asked = [
        {
            "id": one.id,
            "title": _title(request, one.dataset),
            "about": one.keys,
            "kinds": purpose_json(one.purpose).get("kinds", ()),
            "diseases": sorted(one.purpose.diseases),
            "since": one.since,
        }
        for one in choose_consent.open_questions(snapshot, subject, now)
    ]
    held = choose_consent.all_held(snapshot, subject, now)
    own = _own(request, who)
    values = {
        "wrong": wrong,
        "asked": asked,
        "consents": [_in_short(request, one) for one in held],
        "ended": bool(own) and all((one.withdrawn or ("",))[0] == "no_further_use" for one in own),
        "to_withdraw": _possible(request, who, None),
        "found": await uses(broker.world, subject),
        "communities": words_of_communities(snapshot, subject, now),
        "labelled": _labelled,
        "may_ask": cases.may_ask_about(snapshot, who, now),
        "ask_days": str(ANSWERED_WITHIN[CaseKind.QUESTION][0]),
        "questions": [(_title(request, one.about), one) for one in cases.asked(broker.world, who)],
        "answer_by": lambda one: due(one.kind, CaseStage.ACKNOWLEDGED, one.opened),
        "longest": LONGEST,
        "typed": typed or {},
    }
    return scripted(page(request, who, "my_data.html", values, status=409 if wrong else 200))


def _in_short(request: web.Request, held: Held) -> dict[str, Any]:
    snapshot = request.app[BROKER].snapshots.current()
    version = held.counted
    rows = [row for id in sorted(held.newest.datasets) if (row := snapshot.get(Dataset, id)) is not None]
    committees = dict.fromkeys(row.committee for row in rows)
    return {
        "id": version.consent_id,
        "titles": [row.title for row in rows],
        "status": version.status,
        "withdrawal": version.withdrawal.kind if version.withdrawal is not None else None,
        "withdrawn": held.withdrawn,
        "speaks": held.speaks,
        "deciders": [one for id in committees if (one := snapshot.get(Committee, id)) is not None],
    }


def _consent(
    request: web.Request,
    who: Caller,
    held: Held,
    wrong: str | None = None,
    said: Mapping[str, Any] | None = None,
    *,
    changed: bool = False,
) -> web.Response:
    version = held.counted
    lines = [one["sentence"] for one in sentences(version, language(request))]
    values = {
        "one": _in_short(request, held),
        "version": version,
        "lines": lines,
        "keys": (*my_choices.ASKED, *my_choices.TOPICS),
        "said": said if said is not None else my_choices.kept(version),
        "labelled": _labelled,
        "ways": [str(one) for one in Modality],
        "results": my_choices.RESULTS,
        "history": [{"at": row.consent.effective_from, "by": row.by} for row in reversed(held.rows)],
        "wrong": wrong,
        "changed": changed,
        "to_withdraw": _possible(request, who, version.consent_id),
    }
    return scripted(page(request, who, "my_consent.html", values, status=409 if wrong else 200))


def _possible(request: web.Request, who: Caller, named: str | None) -> Mapping[WithdrawalKind, tuple[Foreseen, ...]]:
    """What each kind of withdrawal that is still possible would do; nothing where none is, or nobody may."""
    broker = request.app[BROKER]
    told = foreseen(broker.snapshots.current(), who, broker.world.clock.now(), named)
    return {} if isinstance(told, Reason) else told


def _withdrawal(request: web.Request, who: Caller, wrong: str | None = None) -> web.Response:
    named = request.match_info.get("consent")
    consents = [_held(request, who)] if named is not None else _own(request, who)
    if not consents:
        raise Problem("REQ-NOT-FOUND")
    tongue = Tongue(language(request))
    kinds = {
        kind: _alike([_effect(one, tongue) for one in rows], lambda one: (one["said"],))
        for kind, rows in _possible(request, who, named).items()
    }
    values = {
        "kinds": kinds,
        "wrong": wrong,
        "action": request.path,
        "titles": _titles(request, consents[0]) if named is not None else [],
        "consents": [_in_short(request, one) for one in consents],
    }
    return page(request, who, "my_withdrawal.html", values, status=409 if wrong else 200)


def _own(request: web.Request, who: Caller) -> list[Held]:
    """A participant's own consents: who speaks for somebody names the consent."""
    broker, subject = request.app[BROKER], who.person.subject
    if subject is None:
        return []
    found = choose_consent.all_held(broker.snapshots.current(), subject, broker.world.clock.now())
    return [one for one in found if one.speaks != "for_them"]


def _effect(one: Foreseen, tongue: Tongue) -> Mapping[str, Any]:
    """One thing, what would happen to it, and whether that can be undone or called back."""
    if one.code == "RGT-W-STOP":
        days = timedelta(seconds=one.within).days
        said = tongue.word("mine.stops_in", days=days) if days else tongue.word("mine.stops")
        if one.thing in ("downloaded", "derivative"):
            said = f"{said} {tongue.sentence(REASONS['RGT-CANNOT-RECALL'], 'subject', {})}"
        return {"thing": one.thing, "said": said}
    facts = {"paragraph": ", ".join(one.paragraphs)}
    return {"thing": one.thing, "said": tongue.sentence(REASONS[one.code], "subject", facts)}


def _alike(
    lines: Iterable[Mapping[str, Any]], said: Callable[[Mapping[str, Any]], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[Mapping[str, Any]]]]:
    """Things of which the same is said, under what is said of them: once, and not once for each."""
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for one in lines:
        groups.setdefault(said(one), []).append(one)
    return list(groups.items())


def _reached(told: Mapping[str, Any], tongue: Tongue) -> list[tuple[tuple[str, ...], list[Mapping[str, Any]]]]:
    """What a receipt says of things: what becomes of them, why no more, and by which day. That all use stops stands
    above it, once.
    """
    today = told["at"][:10]

    def became(line: Mapping[str, Any]) -> tuple[str, ...]:
        said, by = line["sentence"], line.get("by", "")[:10]
        if line["code"] == "RGT-W-STOP":
            said = tongue.word("mine.stops" if by <= today else "mine.must_end")
        return said, line.get("why", {}).get("sentence", ""), by

    return _alike(told["reached"], became)


def _deciders(named: Iterable[Mapping[str, str]]) -> list[tuple[Mapping[str, str], list[str]]]:
    """Each committee once, with the data about which it decides."""
    found: dict[tuple[str, str], tuple[Mapping[str, str], list[str]]] = {}
    for one in named:
        found.setdefault((one["committee"], one["contact"]), (one, []))[1].append(one["title"])
    return list(found.values())


def _withdrew(request: web.Request, who: Caller, done: Withdrawn) -> list[dict[str, Any]]:
    """Each consent that was withdrawn: what it was about, and where its receipt is."""
    broker = request.app[BROKER]
    ids = [id.rpartition("/")[0] for id in done.consents]
    snapshot, now = broker.snapshots.current(), broker.world.clock.now()
    found = [choose_consent.held(snapshot, who, id, now) for id in ids]
    return [_in_short(request, one) for one in found if isinstance(one, Held)]


def _titles(request: web.Request, held: Held) -> list[str]:
    return [_title(request, id) for id in sorted(held.newest.datasets)]


def _title(request: web.Request, dataset: Any) -> str:
    row = request.app[BROKER].snapshots.current().get(Dataset, dataset)
    return row.title if row is not None else str(dataset)


def _labelled(key: str) -> str:
    """The word for what an answer is about. Topics have the words of the form of applications."""
    if key in my_choices.ASKED:
        return f"answer.{key}"
    return f"topic.{key.removeprefix(TOPIC)}" if key in my_choices.TOPICS else "mine.something_else"


def _said(no: Reason, request: web.Request) -> str:
    """Why not, in the participants' words; what is wrong with a form in those that name it."""
    if no.code.startswith("RGT-"):
        return Tongue(language(request)).sentence(REASONS[no.code], "subject", dict(no.facts))
    return worded(no, language(request))
