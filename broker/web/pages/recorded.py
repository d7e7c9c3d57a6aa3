"""An entry of the record as people read it: what it says in a line, and each member by its name.

The bytes that are hashed stand behind it. People are in the record by pseudonyms, and so they are here.
"""

import json
from typing import Any

from aiohttp import web

from broker.core.audit.entry import Entry, Value
from broker.core.ids import DatasetId
from broker.core.reasons import REASONS, title
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.core.rows import Client
from broker.core.time import Seconds
from broker.web.called import name_of, title_of
from broker.web.languages import language
from broker.web.state import BROKER

_MOMENTS = frozenset({"until", "from", "exp", "started", "before", "after"})
_DATASETS = frozenset({"dataset", "datasets"})
_NAMED = frozenset({"id", "idp", "iss", "issuer", "client", "source", "custodian", "audience", "aud"})
_LISTS = {"modality": "way.", "way": "way.", "outcome": "outcome.", "part": "part."}
"""Members whose words stand elsewhere."""
_FLAGS = frozenset({"held", "lifted", "objects", "reopened", "urgent", "wider"})
_LEAST_MOMENT = 1_000_000_000


def entry_shown(request: web.Request, entry: Entry) -> dict[str, Any]:
    """What it says, when, by which pseudonym; its members by name; and all of it as it is kept."""
    tongue = Tongue(language(request))
    return {
        "id": entry.id,
        "kind": entry.kind,
        "says": tongue.word("entry." + entry.kind),
        "at": entry.at,
        "who": entry.who,
        "members": [(member(name, tongue), _value(request, name, said, tongue)) for name, said in entry.about.items()],
        "raw": json.dumps(dict(entry.about), indent=1, ensure_ascii=False),
    }


def member(name: str, tongue: Tongue) -> str:
    """What a member is called; as it is kept where an older version wrote one that has no word."""
    key = "member." + name
    return tongue.word(key) if key in EVERY_WORD else name


def _value(request: web.Request, name: str, said: Value, tongue: Tongue) -> str:
    if isinstance(said, tuple):
        return ", ".join(_value(request, name, one, tongue) for one in said) or tongue.word("page.none")
    if isinstance(said, int):
        if name in _FLAGS and said in (0, 1):
            return tongue.word("choice.yes" if said else "choice.no")
        figures, is_moment = tongue.language.figures, name in _MOMENTS and said >= _LEAST_MOMENT
        return figures.moment(Seconds(said)) if is_moment else figures.number(said)
    if name in _DATASETS:
        return title_of(request, DatasetId(said))
    if said in REASONS:
        return f"{title(said, tongue.language)} ({said})"
    if name == "role":
        return tongue.thing("role", said)
    key = _LISTS.get(name, "\0") + said
    if key in EVERY_WORD:
        return tongue.word(key)
    return _called(request, said) if name in _NAMED else said


def _called(request: web.Request, id: str) -> str:
    """By name, and by its address too: two may be called alike."""
    snapshot = request.app[BROKER].snapshots.current()
    client = snapshot.get(Client, id)
    name = client.name if client is not None else name_of(request, id)
    return f"{name} ({id})" if name != id else id
