"""The form of a participant's choices: how it is shown, what it says, and how it is given back when it cannot be."""

from collections.abc import Mapping
from typing import Any

from multidict import MultiDict

from broker.core.consent.answers import KEYS, WORDS
from broker.core.consent.choices import Choice
from broker.core.consent.model import Communication, ConsentVersion, ReturnOfResults
from broker.core.consent.question import TOPIC
from broker.core.duo.countries import COUNTRIES
from broker.core.purpose import Modality, Sensitive
from broker.core.reasons.language import Tongue
from broker.web.pages.places import codes

RESULTS: tuple[ReturnOfResults, ...] = ("none", "actionable", "all", "childhood_actionable_only")
PLACES = ("hosting", "recipient_countries")
ASKED = tuple(row.key for row in KEYS)
TOPICS = tuple(f"{TOPIC}{topic}" for topic in Sensitive)
_WAYS = "modalities"


def kept(version: ConsentVersion) -> Mapping[str, Any]:
    """The form as what is on record fills it in."""
    scope = version.scope
    places = {name: getattr(scope, name) for name in PLACES}
    limited = {name for name, listed in {**places, _WAYS: scope.modalities}.items() if listed is not None}
    return {
        "answers": scope.answers,
        "limited": limited,
        "places": {name: sorted(listed or ()) for name, listed in places.items()},
        "ways": scope.modalities or (),
        "results": scope.return_of_results,
        "news": version.communication.wants_updates,
    }


def typed(form: MultiDict[str], tongue: Tongue) -> Mapping[str, Any]:
    """The form as somebody filled it in: nobody chooses twice, and none of their words is passed over unseen."""
    return {
        "answers": {key: form.get(f"answer:{key}", "") for key in (*ASKED, *TOPICS)},
        "limited": {name for name in (*PLACES, _WAYS) if form.get(f"limit:{name}") == "yes"},
        "places": {name: codes(form.getall(name, ()), tongue.language) for name in PLACES},
        "ways": frozenset(form.getall("way", ())),
        "results": form.get("results", ""),
        "news": form.get("news") == "yes",
    }


def unclear(said: Mapping[str, Any], version: ConsentVersion, tongue: Tongue) -> str | None:
    """What has to be said otherwise before it can be saved, in words; None: nothing."""
    before = kept(version)["limited"]
    for name in PLACES:
        strange = [one for one in said["places"][name] if one not in COUNTRIES]
        if strange:
            return tongue.word("mine.no_country", text=strange[0][:100])
        if said["places"][name] and name not in {*said["limited"], *before}:
            return tongue.word("mine.limit_open", question=tongue.word(f"mine.limit.{name}"), tick=_only(tongue, name))
    if said["ways"] and _WAYS not in {*said["limited"], *before}:
        return tongue.word("mine.limit_open", question=tongue.word(f"mine.limit.{_WAYS}"), tick=_only(tongue, _WAYS))
    return None if said["ways"] <= set(Modality) else tongue.word("mine.no_way")


def _only(tongue: Tongue, name: str) -> str:
    return tongue.word("mine.only_ways" if name == _WAYS else "mine.only_there")


def choice(said: Mapping[str, Any], speaks: str) -> Choice:
    """What it says; an answer that was left open stays as it is. `speaks`: the language in which to write to them."""
    lists: dict[Any, frozenset[str] | None] = {name: frozenset(said["places"][name]) for name in PLACES}
    lists[_WAYS] = said["ways"]
    return Choice(
        answers={key: word for key, word in said["answers"].items() if word in WORDS},
        lists={name: listed if name in said["limited"] else None for name, listed in lists.items()},
        return_of_results=said["results"] if said["results"] in RESULTS else None,
        communication=Communication(wants_updates=said["news"], language=speaks),
    )
