"""How somebody signed in, and what a dataset may demand of it (RFC 8176 `amr`, OpenID Connect Core 2 `acr`)."""

from dataclasses import dataclass

from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What the home provider said of a sign-in: its kind, the methods used, and when it really happened."""

    acr: str | None
    amr: tuple[str, ...]
    at: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What a sign-in must be for data to be used: one of the kinds `acr`, with all of the methods `amr`, and not older
    than `max_age` seconds. A member that is empty demands nothing.
    """

    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    max_age: int | None = None
