"""What was found of an issuer, a home organisation or an application, in the visitor's words."""

from collections.abc import Mapping
from typing import Any

from broker.core.passport.health import IssuerReport
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


def addresses_shown(report: IssuerReport | None) -> list[dict[str, Any]]:
    """The addresses of an issuer as they do now, each with its keys; the rest is in the raw report."""
    if report is None:
        return []
    return [
        {"jku": one.jku, "state": one.state, "error": one.error, "keys": one.keys, "age": one.age}
        for one in report.addresses
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
