"""The words of an explanation, put together from fixed sentences with slots; nothing is ever phrased freely.

`dressed` takes a record that has no words yet, or one that was kept with its English, and gives it the words of a
language. The researcher's first screen has 120 words at most, the participant's text no code and no term of law.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.outcome import Outcome
from broker.core.purpose import LADDER, Modality
from broker.core.reasons import REASONS, TEXTS_VERSION
from broker.core.reasons.language import ENGLISH, Audience, Language, Tongue, notes
from broker.core.reasons.words import WORDS

FIRST_SCREEN = 120
"""Words of the researcher's first screen, at most."""

_SHOWN = 3
_RESULTS = "result"


def dressed(record: Mapping[str, Any], language: Language = ENGLISH) -> dict[str, Any]:
    """`record` with all its words. Words that it has already are those of its time, and hold for English."""
    tongue = Tongue(language)
    told = {**record, "why": [_why(one, tongue, "researcher") for one in record["why"]]}
    told["you_can"] = [{**one, "do": tongue.word(_way(one))} for one in record["you_can"]]
    told["change_that_would_help"] = [_change(one, tongue) for one in record["change_that_would_help"]]
    challenge = record["challenge"]
    outside = [{**one, "name": tongue.word(f"outside.{one['who']}")} for one in challenge["outside"]]
    told["challenge"] = {**challenge, "outside": outside}
    if "human" in record:
        told["human"] = {**record["human"], "decided_by": tongue.word(f"human.{record['human']['by']}")}
    if "gates" in record:
        told["gates"] = [{**gate, "why": [_why(one, tongue, "dac") for one in gate["why"]]} for gate in record["gates"]]
        told["facts"] = [_sourced(one, tongue) for one in record["facts"]]
    texts = {"researcher": _researcher(told, tongue), "dac": _dac(told, tongue), "subject": _subject(told, tongue)}
    told["audience_texts"] = {name: text for name, text in texts.items() if "gates" not in record or name == "dac"}
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
    sentences = {
        name: tongue.sentence(REASONS[one["code"]], name, one["slots"], stored.get(name))
        for name in ((audience,) if audience == "dac" else ("researcher", "dac", "subject"))
    }
    facts = [_sourced(each, tongue) for each in one["facts"]]
    return {**one, "sentence": sentences[audience], "sentences": sentences, "facts": facts}


def _sourced(one: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    source = tongue.word(f"source.{one['origin']}")
    if "checked" in one:
        source = tongue.word("source.checked", source=source, date=one["checked"][:10])
    return {**one, "source": source}


def _change(one: Mapping[str, Any], tongue: Tongue) -> dict[str, Any]:
    steps = [_step(each, tongue) for each in (one, *one["and"])]
    return {**one, "say": tongue.word("line.and").join(steps)}


def _step(step: Mapping[str, Any], tongue: Tongue) -> str:
    how = next(name for name in ("add", "set", "remove") if name in step)
    value = step[how]
    shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    name = str(step["fact"])
    key = f"step.{name}.{how}" if name == "purpose.diseases" else f"step.{name}"
    if key not in WORDS:
        key = "step.purpose" if name.startswith("purpose.") else "step.fact"
    return tongue.word(key, by=tongue.word(f"by.{step['by']}"), fact=name, value=shown)


def _researcher(told: Mapping[str, Any], tongue: Tongue) -> str:
    """Outcome, the strictest reason, what is possible now, what would help, the way to challenge."""
    lines = [_answer(told["asked"]["modality"], told["outcome"], tongue)]
    lines += [one["sentence"] for one in told["why"][:1]]
    lines += [_line(_way(one), one[_RESULTS], tongue) for one in told["you_can"][:1]]
    lines += [tongue.word("line.help", steps=one["say"]) for one in told["change_that_would_help"][:1]]
    return " ".join([*lines, *_challenge(told, tongue)])


def _way(one: Mapping[str, Any]) -> str:
    """The word for a way that is open."""
    return "way.filtered" if one.get("filtered") else f"way.{one['modality']}"


def _answer(way: str, outcome: str, tongue: Tongue) -> str:
    return _line(f"way.{way}", outcome, tongue)


def _line(way: str, outcome: str, tongue: Tongue) -> str:
    return tongue.word("line.outcome", way=tongue.word(way), answer=tongue.word(f"outcome.{outcome}"))


def _challenge(told: Mapping[str, Any], tongue: Tongue) -> list[str]:
    if Outcome[told["outcome"]].permits:
        return []
    challenge = told["challenge"]
    lines = [tongue.word(f"line.{challenge['appeal']}", date=(challenge["until"] or "")[:10])]
    if challenge["facts"] is not None:
        lines.append(tongue.word("line.contact", contact=challenge["facts"]))
    return [*lines, *(tongue.word("line.outside", who=one["name"]) for one in challenge["outside"][:1])]


def _dac(told: Mapping[str, Any], tongue: Tongue) -> str:
    """What does not pass, with the rules' own words, then the ladder and what nearly fitted."""
    lines = []
    for gate in told.get("gates", ()):
        if gate["state"] != "pass":
            name, state = tongue.word(f"gate.{gate['gate']}"), tongue.word(f"state.{gate['state']}")
            sentence = " ".join(one["sentence"] for one in gate["why"][:_SHOWN])
            lines.append(tongue.word("dac.gate", gate=name, state=state, sentence=sentence).strip())
    if "gates" not in told:
        lines += [one["sentences"]["dac"] for one in told["why"]]
    elif not lines:
        lines.append(tongue.word("dac.all"))
    ways = [
        tongue.word("dac.way", way=tongue.word(f"way.{way}"), answer=tongue.word(f"outcome.{rung['outcome']}"))
        for way, rung in sorted(told["why_not"].items(), key=lambda one: LADDER.index(Modality(one[0])))
    ]
    if ways:
        lines.append(tongue.word("dac.ladder", ways="; ".join(ways)))
    near = [rule for one in told["why"] for rule in one["not_matched"]]
    return " ".join([*lines, *([tongue.word("dac.near", rules=", ".join(near))] if near else [])])


def _subject(told: Mapping[str, Any], tongue: Tongue) -> str:
    permits = Outcome[told["outcome"]].permits
    lines = [
        tongue.word("subject.asked", date=told["at"][:10]),
        tongue.word("subject.yes" if permits else "subject.no"),
    ]
    return " ".join([*lines, *(one["sentences"]["subject"] for one in told["why"][:1] if not permits)])


def for_participant(at: str, outcome: str, own: str | None, tongue: Tongue) -> str:
    """What one participant reads. `own`: the code of their own choice that left them out; None: they were not."""
    permits = Outcome[outcome].permits
    lines = [tongue.word("subject.asked", date=at[:10]), tongue.word("subject.yes" if permits else "subject.no")]
    if own is not None:
        lines += [tongue.sentence(REASONS[own], "subject", {}), tongue.word("subject.left_out")]
    return " ".join([*lines, tongue.word("subject.name"), tongue.word("subject.choose")])
