"""What was found of an issuer, a home organisation or an application, in the visitor's words."""

from typing import Any

from broker.core.passport.health import IssuerReport
from broker.core.reasons.language import Tongue
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
