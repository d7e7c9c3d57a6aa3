"""How does a home identity provider do, as operators see it? Words and numbers of ours, nothing that it sent."""

from dataclasses import dataclass

from broker.core.passport.health import AddressHealth, KeysState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderHealth:
    """Its discovery document (`state`, `age` in seconds since the last good answer, `error`), and its keys.

    `stale`: the last good document still counts, but the last attempt failed or is long ago. `refused`: none counts.
    `keys`: None until its document has said where they are.
    """

    issuer: str
    slug: str
    state: KeysState
    age: float | None
    error: str | None
    keys: AddressHealth | None
