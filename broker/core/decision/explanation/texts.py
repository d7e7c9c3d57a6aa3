"""The words of an explanation, put together from fixed sentences with slots; nothing is ever phrased freely.

`dressed` takes a record that has no words yet, or one that was kept with its English, and gives it the words of a
language. The researcher's first screen has 120 words at most, the participant's text no code and no term of law.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Literal

from broker.core.consent.public import LEFT_OUT
from broker.core.jurisdiction.facts import is_place
from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.reasons import REASONS, TEXTS_VERSION, title
from broker.core.reasons.language import ENGLISH, EVERY_WORD, Audience, Language, Tongue, notes
from broker.core.reasons.words import WORDS

FIRST_SCREEN = 120
"""Words of the researcher's first screen, at most."""

_SHOWN = 3
_RESULTS = "result"
_OPEN = (Outcome.PENDING.name, Outcome.REFER.name)
_SURE = "high"

_SPARED = (2, 6, 1, 3)
"""What the first screen leaves out, in this order, where there are too many words: whom it protects, whom to ask
outside, the ground, who decided. All of it stands in the members of the explanation."""

_NAMED_BY_KIND: Mapping[str, Literal["fact", "evidence"]] = {"evidence": "evidence", "safeguards": "fact"}
"""Steps whose values are ids of papers or facts, and which."""

_CHOICES: Mapping[str, str] = {"purpose.kinds": "kind", "purpose.ai_use": "ai"}
"""Steps whose values are answers of a form, and how the keys of their words begin."""

_BY_PEOPLE = frozenset({
    "AUTH-GRANT-REVOKED", "AUTH-GRANT-SUSPENDED", "AUTH-REVOKED", "COM-LOCAL-ONLY", "COM-REFUSED",
    "OPS-RECIPIENT-SUSPENDED",
})  # fmt: skip
"""Reasons that pass on what a person or an authority decided before."""

_SUBJECT: Mapping[Outcome, str] = {
    Outcome.PERMIT: "subject.yes",
    Outcome.PERMIT_WITH_OBLIGATIONS: "subject.yes",
    Outcome.PENDING: "subject.open",
    Outcome.REFER: "subject.open",
    Outcome.ALTERNATIVE: "subject.no",
    Outcome.DENY: "subject.no",
}
"""What a participant reads of an outcome: what waits is no refusal."""


def dressed(record: Mapping[str, Any], language: Language = ENGLISH) -> dict[str, Any]:
    """`record` with all its words. Words that it has already are those of its time, and hold for English."""
    tongue = Tongue(language)
    told = {**record, "why": [_why(one, tongue, "researcher") for one in record["why"]]}
    told["conditions"] = [tongue.duty(each) for each in record["obligations"]]
    told["you_can"] = [{**one, "do": tongue.word(_way(one))} for one in record["you_can"]]
    told["change_that_would_help"] = [_change(one, tongue) for one in record["change_that_would_help"]]
    challenge = record["challenge"]
    outside = [{**one, "name": tongue.word(f"outside.{one['who']}")} for one in challenge["outside"]]
    told["challenge"] = {**challenge, "outside": outside}
    if "human" in record:
        told["human"] = {**record["human"], "decided_by": tongue.word(f"human.{record['human']['by']}")}
    if (
        "gates" in record
    ):  # whoever decides reads the committee's sentences, and what the researcher would be told to do
        steps = told["change_that_would_help"]
        told["change_that_would_help"] = [{**one, "say": tongue.word("dac.help", steps=one["say"])} for one in steps]
        told["gates"] = [{**gate, "why": [_why(one, tongue, "dac") for one in gate["why"]]} for gate in record["gates"]]
        told["facts"] = [_sourced(one, tongue) for one in record["facts"]]
    texts = {"researcher": _researcher(told, tongue), "dac": _dac(told, tongue), "subject": _subject(told, tongue)}
    told["audience_texts"] = {name: text for name, text in texts.items() if "gates" not in record or name == "dac"}
    if "gates" in record:
        said = [(one, one["sentences"]["dac"]) for one in told["why"]]
        told["why"] = [{**one, "sentence": text, "sentences": {"dac": text}} for one, text in said]
    return told | _made_in(tongue, record)


def _made_in(tongue: Tongue, record: Mapping[str, Any]) -> dict[str, Any]:
    """In which words it is told; what is not in the wanted language, or not reviewed, says so."""
    return {
        "language": tongue.language.tag,
        "reviewed": tongue.reviewed and not tongue.stale,
        "notes": notes(tongue),
        "texts_version": record.get("texts_version", TEXTS_VERSION),
    }


def _why(one: Mapping[str, Any], tongue: Tongue, audience: Audience) -> dict[str, Any]:
    stored = one.get("sentences", {})
    slots, english = (_unfolded(one["slots"], language) for language in (tongue.language, ENGLISH))
    sentences = {
        name: tongue.sentence(REASONS[one["code"]], name, slots, stored.get(name), english)
        for name in ((audience,) if audience == "dac" else ("researcher", "dac", "subject"))
    }
    facts = [_sourced(each, tongue) for each in one["facts"]]
    return {**one, "sentence": sentences[audience], "sentences": sentences, "facts": facts}


def _unfolded(slots: Mapping[str, str], language: Language) -> Mapping[str, str]:
    """`slots` with what a code says in place of each code that another reason rests on."""
    said = {
        slot: "; ".join(
            title(code, language).removesuffix(".") if code in REASONS else code for code in value.split(", ")
        )
        for slot, value in slots.items()
        if slot in _OF_CODES
    }
    return {**slots, **said} if said else slots


_OF_CODES = frozenset({"because", "condition"})
"""Slots that hold codes of other reasons."""

_SAID = frozenset({"request", "sign_in"})
"""Sources that are somebody's own word: nobody has checked it."""


def _sourced(one: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    source = tongue.word(f"source.{one['origin']}")
    if "checked" in one:
        source = tongue.word(
            f"source.{'stated' if one['origin'] in _SAID else 'checked'}", source=source, date=one["checked"][:10]
        )
    return {**one, "source": source}


def _change(one: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    steps = [_step(each, tongue) for each in (one, *one["and"])]
    return {**one, "say": tongue.word("line.and").join(steps)}


def _step(step: Mapping[str, Any], tongue: Tongue) -> str:
    how = next(name for name in ("add", "set", "remove") if name in step)
    value, name = step.get("named", step[how]), str(step["fact"])
    kind = _NAMED_BY_KIND.get(name)
    said = tongue.place if is_place(name) else partial(_choice, name, tongue)
    listed = [tongue.thing(kind, str(one)) for one in value] if kind is not None else value
    shown = ", ".join(said(one) for one in listed) if isinstance(listed, list) else said(str(listed))
    key = f"step.{name}.{how}" if name == "purpose.diseases" else f"step.{name}"
    if step["by"] == "community":
        key = "step.community"
    if key not in WORDS:
        key = "step.purpose" if name.startswith("purpose.") else "step.fact"
    return tongue.word(key, by=tongue.word(f"by.{step['by']}"), fact=tongue.thing("fact", name), value=shown)


def _choice(fact: str, tongue: Tongue, value: object) -> str:
    """An answer that a form offers, as the form says it."""
    key = f"{_CHOICES[fact]}.{value}" if fact in _CHOICES else ""
    return tongue.word(key) if key in EVERY_WORD else str(value)


def _researcher(told: Mapping[str, Any], tongue: Tongue) -> str:
    """Outcome, the strictest reason and its ground, what is possible now, what would help, the way to challenge."""
    lines = [_answer(told["asked"]["modality"], told["outcome"], tongue)]
    lines += [one["sentence"] for one in told["why"][:1]]
    if _is_forecast(told):
        lines.append(tongue.word("line.foresee"))
        lines += _hangs_on_people(told["asked"].get("asked_of_participants", ()), tongue)
    if Outcome[told["outcome"]].permits:
        return " ".join(_with_conditions(lines, told, tongue))
    ground, interest, who = _grounds(told, tongue)
    way_out = [_line(_way(one), one[_RESULTS], tongue) for one in told["you_can"][:1]]
    way_out += [tongue.word("line.help", steps=one["say"]) for one in told["change_that_would_help"][:1]]
    way_out += _left_open(told, tongue)
    against, outside = _challenge(told, tongue)
    screen = [lines, ground, interest, who, way_out, against, outside, _stamp(told, tongue)]
    for spared in _SPARED:
        if _words(line for part in screen for line in part) > FIRST_SCREEN:
            screen[spared] = []
    return " ".join(line for part in screen for line in part)


def _is_forecast(told: Mapping[str, Any]) -> bool:
    """A yes before there is a request gives nobody anything."""
    return told["asked"]["stage"] == "foresee" and Outcome[told["outcome"]].permits


def _hangs_on_people(asks: Iterable[str], tongue: Tongue) -> list[str]:
    """What a forecast cannot know: each participant was asked about it, and their answers were not looked at."""
    return (
        [tongue.word("line.foresee_people", what="; ".join(tongue.thing("fact", one) for one in asks))] if asks else []
    )


def hangs_on_people(asks: Iterable[str], language: Language) -> list[str]:
    """The same beside a pre-check of many datasets: one sentence, or none."""
    return _hangs_on_people(asks, Tongue(language))


def _left_open(told: Mapping[str, Any], tongue: Tongue) -> list[str]:
    """What was not said of the purpose, where consents say no: the same, whatever it was that participants said."""
    if [one["code"] for one in told["why"][:1]] != [LEFT_OUT]:
        return []
    named = [tongue.thing("fact", one) for one in told["missing"] if one.startswith("purpose.")]
    return [tongue.word("line.left_open", missing="; ".join(named))] if named else []


def _with_conditions(lines: list[str], told: Mapping[str, Any], tongue: Tongue) -> list[str]:
    """A yes with its conditions, as many as the first screen holds."""
    last = _stamp(told, tongue)
    more = tongue.word("line.more")
    left = FIRST_SCREEN - _words([*lines, *last, more])
    conditions = list(told["conditions"])
    while _words(conditions) > left:
        conditions.pop()
    cut = [more] if len(conditions) < len(told["conditions"]) else []
    return [*lines, *conditions, *cut, *last]


def _words(lines: Iterable[str]) -> int:
    return sum(len(line.split()) for line in lines)


def _grounds(told: Mapping[str, Any], tongue: Tongue) -> tuple[list[str], list[str], list[str]]:
    """Where the strictest reason stands and how sure that is; whom it protects; and who decided or will."""
    one = next(iter(told["why"]), None)
    if one is None:
        return [], [], []
    rule, open_to = one["norm"] or {}, one.get("answered_by")
    ground = [tongue.word("line.ground", cite=rule["cite"])] if rule.get("cite") else []
    if (rule.get("law") or {}).get("confidence", _SURE) != _SURE and not told["example_policy"]:
        ground.append(tongue.word("line.reading"))
    who = []
    if told["outcome"] in _OPEN and open_to is not None:
        who.append(tongue.word("line.answers", who=_who(open_to, tongue)))
    elif "human" not in told and Outcome[told["outcome"]] >= Outcome.ALTERNATIVE:
        who.append(tongue.word("line.by_people" if one["code"] in _BY_PEOPLE else "line.by_rules"))
    return ground, [tongue.word(f"interest.{one['interest']}")], who


def _who(open_to: Mapping[str, Any], tongue: Tongue) -> str:
    return tongue.word("line.and").join(tongue.word(f"who.{role}") for role in open_to["roles"])


def _stamp(told: Mapping[str, Any], tongue: Tongue) -> list[str]:
    """Rules that nobody has reviewed are named so wherever their answer is told."""
    return [tongue.word("line.example")] if told["example_policy"] else []


def _way(one: Mapping[str, Any]) -> str:
    """The word for a way that is open."""
    return "way.filtered" if one.get("filtered") else f"way.{one['modality']}"


def _answer(way: str, outcome: str, tongue: Tongue) -> str:
    return _line(f"way.{way}", outcome, tongue)


def _line(way: str, outcome: str, tongue: Tongue) -> str:
    return tongue.word("line.outcome", way=tongue.word(way), answer=tongue.word(f"outcome.{outcome}"))


def _challenge(told: Mapping[str, Any], tongue: Tongue) -> tuple[list[str], list[str]]:
    """What can be done against it here, and whom to ask outside."""
    challenge = told["challenge"]
    lines = [tongue.word(f"line.{challenge['appeal']}", date=(challenge["until"] or "")[:10])]
    if challenge["facts"] is not None:
        lines.append(tongue.word("line.contact", contact=challenge["facts"]))
    return lines, [tongue.word("line.outside", who=one["name"]) for one in challenge["outside"][:1]]


def _dac(told: Mapping[str, Any], tongue: Tongue) -> str:
    """What does not pass, with the rules' own words, then the ladder and what would have allowed it."""
    lines = []
    for gate in told.get("gates", ()):
        if gate["state"] != "pass":
            name, state = tongue.word(f"gate.{gate['gate']}"), tongue.word(f"state.{gate['state']}")
            sentence = " ".join(_reason(one, tongue) for one in gate["why"][:_SHOWN])
            lines.append(tongue.word("dac.gate", gate=name, state=state, sentence=sentence).strip())
    if "gates" not in told:
        lines += [_reason(one, tongue) for one in told["why"]]
    elif not lines:
        lines.append(tongue.word("dac.all"))
    ways = [
        tongue.word("dac.way", way=tongue.word(f"way.{way}"), answer=tongue.word(f"outcome.{rung['outcome']}"))
        for way, rung in sorted(told["why_not"].items(), key=lambda one: LADDER.index(Modality(one[0])))
    ]
    if ways:
        lines.append(tongue.word("dac.ladder", ways="; ".join(ways)))
    if not Outcome[told["outcome"]].permits:
        near = [rule for one in told["why"] for rule in one["not_matched"]]
        lines += [tongue.word("dac.near", rules=", ".join(near))] if near else []
    return " ".join([*lines, *_stamp(told, tongue)])


def _reason(one: Mapping[str, Any], tongue: Tongue) -> str:
    """A reason as a committee reads it: its sentence, the rule, the law behind it, and why a refusal is justified."""
    rule, aim = one["norm"] or {}, one.get("proportionality")
    lines = [one["sentences"]["dac"]]
    if rule.get("cite"):
        lines.append(tongue.word("dac.norm", **{name: rule[name] for name in ("cite", "pack", "version", "rule")}))
    if rule.get("law"):
        law = rule["law"]
        review = tongue.word(f"review.{law['review']}")
        said = {"since": law["since"], "confidence": tongue.word(f"confidence.{law['confidence']}")}
        lines.append(tongue.word("dac.law", review=review, as_of=law["as_of"], **said))
    if aim:
        lines.append(tongue.word("dac.aim", aim=aim["aim"], residual=aim["residual"]))
    return " ".join(lines)


def _subject(told: Mapping[str, Any], tongue: Tongue) -> str:
    outcome = Outcome[told["outcome"]]
    answer = tongue.word("subject.foresee" if _is_forecast(told) else _SUBJECT[outcome])
    why = [] if outcome.permits else [one["sentences"]["subject"] for one in told["why"][:1]]
    lines = [tongue.word("subject.asked", date=told["at"][:10]), answer, *why]
    if any(one.endswith(answer) for one in why):  # "It was refused." is said once
        lines.remove(answer)
    if outcome is Outcome.ALTERNATIVE:
        lines.append(tongue.word("subject.milder"))
    return " ".join([*lines, *_subject_stamp(tongue, example=told["example_policy"])])


def _subject_stamp(tongue: Tongue, *, example: bool) -> list[str]:
    return [tongue.word("subject.example")] if example else []


def for_participant(at: str, outcome: str, own: str | None, tongue: Tongue, *, example: bool = False) -> str:
    """What one participant reads. `own`: the code of their own choice that left them out; None: they were not.

    `outcome`: as it was told to who asked, so that it says nothing of another participant. `example`: did packs that
    nobody has reviewed answer?
    """
    lines = [tongue.word("subject.asked", date=at[:10]), tongue.word(_SUBJECT[Outcome[outcome]])]
    if own is not None:
        lines += [tongue.sentence(REASONS[own], "subject", {}), tongue.word("subject.left_out")]
    lines += [tongue.word("subject.name"), tongue.word("subject.choose")]
    return " ".join([*lines, *_subject_stamp(tongue, example=example)])
