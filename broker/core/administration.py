"""Who may administer visa issuers, clients and identity providers, and what may happen to their rows?

Rows are never deleted: `removed` is their last state, and what rests on them never comes back to life.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from broker.core.catalogue import of_a_demo
from broker.core.jurisdiction.rulebook import Mode
from broker.core.outcome import Reason
from broker.core.plain import digest, plain
from broker.core.rows import Client, IdentityProvider, Role, VisaIssuer
from broker.core.rows.catalogue import Gather
from broker.core.rows.moves import Verb

Managed = VisaIssuer | Client | IdentityProvider
Noun = Literal["issuers", "clients", "idps"]


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of what is administered. `word`: how it is called in scopes of roles and in entries."""

    noun: Noun
    kind: type[Managed]
    word: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]


SORTS: Mapping[Noun, Sort] = MappingProxyType({
    "issuers": Sort("issuers", VisaIssuer, "issuer", ("admin", "issuer_admin"), ("admin", "issuer_admin", "auditor")),
    "clients": Sort("clients", Client, "client", ("admin",), ("admin", "auditor")),
    "idps": Sort("idps", IdentityProvider, "idp", ("admin",), ("admin", "auditor")),
})  # fmt: skip
"""Who may write and read what. A role holds in its scope, compared whole: `service`, or `<word>:<id>` for one row."""

_BY_SECRET = ("client_secret_basic", "client_secret_post")

STATES: Mapping[tuple[str, Verb], Literal["active", "suspended", "removed"]] = MappingProxyType({
    ("active", "suspend"): "suspended",
    ("suspended", "suspend"): "suspended",
    ("active", "resume"): "active",
    ("suspended", "resume"): "active",
    ("active", "remove"): "removed",
    ("suspended", "remove"): "removed",
    ("removed", "remove"): "removed",
})  # fmt: skip
"""(state, what somebody wants) to the state after it. What is not listed cannot happen: nothing leaves `removed`."""

ENTRIES: Mapping[tuple[str, str], str] = MappingProxyType({
    ("issuer", "register"): "issuer.registered",
    ("issuer", "suspend"): "issuer.suspended",
    ("issuer", "resume"): "issuer.resumed",
    ("issuer", "remove"): "issuer.removed",
    ("client", "register"): "client.registered",
    ("client", "suspend"): "client.suspended",
    ("client", "resume"): "client.resumed",
    ("client", "remove"): "client.removed",
    ("client", "secret"): "client.secret",
    ("idp", "register"): "idp.registered",
    ("idp", "suspend"): "idp.suspended",
    ("idp", "resume"): "idp.resumed",
    ("idp", "remove"): "idp.removed",
})  # fmt: skip
"""What the log says of each change."""


_OF_ONE_ROW: Mapping[Noun, frozenset[str]] = MappingProxyType({
    "issuers": frozenset({
        "trust.jku", "trust.keys", "trust.algorithms", "trust.discovery", "trust.keys_until",
        "gather.api", "gather.api_user", "gather.push", "gather_key",
    }),
    "clients": frozenset({
        "name", "secret", "redirect_uris", "jwks", "jwks_uri", "id_token_alg", "post_logout_redirect_uris",
        "backchannel_logout_uri", "backchannel_logout_session_required",
    }),
    "idps": frozenset({"name", "client_id", "client_secret", "token_auth"}),
})  # fmt: skip
"""What who administers one row may change of it: its name, how it is reached, how it proves itself. What it is
believed, and what it may do, is for those who administer the service: or one row would be as good as all."""

EVERY = "*"
"""No row is called so: who may write this may write every row of the sort."""


def beyond(sort: Sort, row: Managed, before: Managed) -> tuple[str, ...]:
    """What differs that only who administers the whole service may change."""
    new, old = _flat(row), _flat(before)
    differs = {name for name in new.keys() | old.keys() if new.get(name) != old.get(name)}
    return tuple(sorted(differs - _OF_ONE_ROW[sort.noun] - {"version", "status"}))


def _flat(row: Managed) -> dict[str, Any]:
    found: dict[str, Any] = dict(plain(row))
    if isinstance(row, VisaIssuer):
        for holder, inside in (("trust", row.trust), ("gather", row.gather or Gather())):
            found.pop(holder, None)
            found |= {f"{holder}.{name}": value for name, value in plain(inside).items()}
    return found


def keeps_secret(before: Managed, said: Mapping[str, Any]) -> bool:
    """May a change that brings no secret keep the one that is there? Not if it would be sent to another address.

    Who may change a row is never shown its secret, and so must not be able to have it sent to themselves.
    """
    if not isinstance(before, VisaIssuer) or not before.gather_key:
        return True
    gather = said.get("gather")
    api = gather.get("api") if isinstance(gather, Mapping) else None
    return api is None or (before.gather is not None and api == before.gather.api)


def may_write(roles: Iterable[Role], sort: Sort, id: str) -> bool:
    """May who holds these roles change the row `id`?"""
    return _holds(roles, sort.writers, sort, id)


def acting(roles: Iterable[Role], sort: Sort, id: str) -> str:
    """As what somebody who may change the row `id` does so."""
    held = tuple(roles)
    return next((role for role in sort.writers if _holds(held, (role,), sort, id)), "")


def may_read(roles: Iterable[Role], sort: Sort, id: str) -> bool:
    """May who holds these roles see the row `id`?"""
    return _holds(roles, sort.readers, sort, id)


def _holds(roles: Iterable[Role], wanted: tuple[str, ...], sort: Sort, id: str) -> bool:
    scopes = ("service", f"{sort.word}:{id}")
    return any(held.role in wanted and held.scope in scopes and held.status == "active" for held in roles)


def ref(id: str) -> str:
    """A name of a row that fits into any path: the first 32 hexadecimal digits of the SHA-256 of its id."""
    return hashlib.sha256(id.encode()).hexdigest()[:32]


def has_name(row: Managed, name: str) -> bool:
    """Is `name`, from a path, the row's id, its `ref`, or the slug of an identity provider?"""
    return name in (row.id, ref(row.id)) or (isinstance(row, IdentityProvider) and name == row.slug)


def without_secrets(row: Managed) -> Managed:
    """The row as the log's digest means it: nobody finds a secret by hashing guesses."""
    if isinstance(row, IdentityProvider):
        return replace(row, client_secret="")
    return replace(row, secret=None) if isinstance(row, Client) else replace(row, gather_key="")


def shown(row: Managed, declared: Mapping[str, Any]) -> dict[str, Any]:
    """A row for people and programs, without its secrets. `declared`: its form, which is what a change would send."""
    found: dict[str, Any] = {"id": row.id, "ref": ref(row.id), "version": row.version, "status": row.status}
    if not isinstance(row, VisaIssuer):
        found["has_secret"] = secret_of(row) is not None
    return found | {"declared": {name: value for name, value in declared.items() if name != "status"}}


def secret_of(row: Managed) -> str | None:
    """What the row keeps secret, as it is stored; None for a row that has nothing of the sort."""
    if isinstance(row, VisaIssuer):
        return row.gather_key or None
    return (row.client_secret or None) if isinstance(row, IdentityProvider) else row.secret


def makes_secret(sort: Sort, said: Mapping[str, Any]) -> bool:
    """Is this a new client that will prove itself by a secret, and brings none? Then we make one."""
    return sort.kind is Client and said.get("auth_method") in _BY_SECRET and said.get("secret_sha256") is None


def told(row: Managed, before: Managed | None) -> dict[str, str | int | tuple[str, ...]]:
    """What an entry says of a change: which row, which version, what differs, and the digest of what it is now."""
    new, old = plain(row), plain(before) if before is not None else {}
    fields = sorted(name for name in new.keys() | old.keys() if name != "version" and new.get(name) != old.get(name))
    return {"id": row.id, "version": row.version, "fields": tuple(fields), "digest": digest(without_secrets(row))}


def unfit(row: Managed, others: Iterable[Managed], mode: Mode, own: str) -> Reason | None:
    """Why `row` must not stand beside `others`, the rows of its kind; None if it may."""
    if row.id == own:
        return _invalid("issuer: this broker itself is no issuer of others")
    if mode == "production" and of_a_demo([row]):
        return _invalid("; ".join(of_a_demo([row])) + ": only a demo may have this")
    if not isinstance(row, IdentityProvider):
        return None
    live = [one for one in others if isinstance(one, IdentityProvider) and one.id != row.id and one.status != "removed"]
    if any(one.slug == row.slug for one in live):
        return _invalid("slug: another identity provider has it")
    participants = [one.id for one in live if one.audience == "participant" and one.status == "active"]
    if row.audience == "participant" and participants:
        # A consent names its participant by pseudonym alone, so a second provider could name somebody else's.
        return _invalid(f"audience: {participants[0]} is the provider for participants")
    return None


def _invalid(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
