"""What was found of an issuer, a home organisation or an application, in the visitor's words."""

from collections.abc import Iterable, Mapping
from typing import Any

from broker.core.passport.health import AddressHealth
from broker.core.reasons.language import EVERY_WORD, Tongue
from broker.flows.inspect import Report


def found_shown(report: Report | None, tongue: Tongue) -> dict[str, Any] | None:
    """Each finding as a sentence, what will not do first; each key, and why it would not be used."""
    if report is None:
        return None
    order = ("refused", "warning", "ok")
    return {
        "passes": report.passes,
        "findings": [
            {
                "level": one.level,
                "about": tongue.word("found.about." + one.about),
                "subject": one.subject,
                "says": tongue.word("found." + one.code, **dict(one.facts)),
            }
            for one in sorted(report.findings, key=lambda one: order.index(one.level))
        ],
        "keys": [
            {"key": one, "why": tongue.word("found.key." + one.why) if one.why else ""} for one in report.keys
        ],
    }  # fmt: skip


def addresses_shown(addresses: Iterable[AddressHealth]) -> list[dict[str, Any]]:
    """The addresses of keys as they do now, each with its keys; the rest is in the raw report."""
    return [
        {"jku": one.jku, "state": one.state, "error": one.error, "keys": one.keys, "age": one.age} for one in addresses
    ]


def declared_shown(declared: Mapping[str, Any], tongue: Tongue) -> list[tuple[str, str]]:
    """What a newcomer wants to know of a row, by name; all of it stands behind, as it is."""
    return [
        (tongue.word("declared." + name), _told(declared[name], tongue))
        for name in _DECLARED
        if declared.get(name) not in (None, [], "")
    ]


_DECLARED = (
    "name", "id", "issuer", "slug", "audience", "jku", "jwks_uri", "values", "may_link", "is_broker", "client_id",
    "token_auth", "auth_method", "redirect_uris", "scopes", "internal",
)  # fmt: skip


def _told(value: object, tongue: Tongue) -> str:
    if isinstance(value, bool):
        return tongue.word("choice.yes" if value else "choice.no")
    if isinstance(value, list):
        return ", ".join(_told(one, tongue) for one in value)
    key = f"add.option.{value}"
    return tongue.word(key) if key in EVERY_WORD else str(value)


def changes_shown(before: Mapping[str, Any], after: Mapping[str, Any], tongue: Tongue) -> list[dict[str, Any]]:
    """Every member that differs between two forms of a row, by name, as it was and as it would be."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [
        {
            "name": tongue.word("declared." + name) if "declared." + name in EVERY_WORD else name,
            "before": _items(before.get(name), after.get(name), tongue),
            "after": _items(after.get(name), before.get(name), tongue),
        }
        for name in names
    ]


def field_shown(said: Any, tongue: Tongue) -> list[dict[str, Any]]:
    """What stands in one field, value by value."""
    return _items(said.splitlines() if isinstance(said, str) else said, None, tongue)


def _items(said: Any, other: Any, tongue: Tongue) -> list[dict[str, Any]]:
    """One value after the other. `only`: it is not among the `other`s, which are a list too."""
    if said in (None, [], ""):
        return []
    values = said if isinstance(said, list) else [said]
    return [
        {"says": _told(one, tongue), "only": isinstance(other, list) and isinstance(said, list) and one not in other}
        for one in values
    ]
