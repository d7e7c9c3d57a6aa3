"""How a story makes an entry of the log."""

from collections.abc import Mapping
from functools import partial

from broker.core.audit.entry import Entry, Value, loggable, pseudonym
from broker.core.ids import ReceiptId, make_id
from broker.core.rows.identity import Person
from broker.core.time import Seconds
from broker.ports import Entropy

_NONCE_BYTES = 16


def entry(
    kind: str, now: Seconds, entropy: Entropy, issuer: str, person: Person | None, about: Mapping[str, Value]
) -> Entry:
    """An entry about what `person` did, or what was done about them, at `now`.

    `issuer`: our own `iss`, with which `person.id` is an identity. Who was erased has no pseudonym any more.
    Text in `about` that the log must not hold is replaced by its digest.
    """
    who = pseudonym(person.log_key, issuer, person.id) if person is not None and person.log_key else None
    return entry_about(kind, now, entropy, who, about)


def entry_about(kind: str, now: Seconds, entropy: Entropy, who: str | None, about: Mapping[str, Value]) -> Entry:
    """The same for somebody whose pseudonym is known."""
    id, nonce = make_id("rcp", now, entropy.for_id()), entropy.random(_NONCE_BYTES).hex()
    made = partial(Entry, id=ReceiptId(id), at=now, kind=kind, nonce=nonce, who=who)
    try:
        return made(about=about)  # an entry looks at its values itself, and hardly ever is one of them a stranger's
    except ValueError:
        return made(about={name: _safe(value) for name, value in about.items()})


def _safe(value: Value) -> Value:
    if isinstance(value, str):
        return loggable(value)
    return value if isinstance(value, int) else tuple(loggable(each) for each in value)
