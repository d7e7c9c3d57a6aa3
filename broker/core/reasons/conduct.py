"""Purposes, security, sanctions and safeguards (codes `CORE-*`, `PUR-*`, `SEC-*`, `OPS-*`, `AUTH-TRAINING-*`, `GOV-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec(
        "CORE-BASELINE",
        "contract",
        "facts",
        "General terms apply: no re-identification, no discrimination, attribution, report breaches, co-operate with audits.",
        "Baseline obligations.",
        "Everyone who uses data must follow these basic rules.",
    ),
    Spec(
        "PUR-PROHIBITED",
        "person",
        "none",
        "This purpose is never allowed here.",
        "Prohibited-purpose flag.",
        "Someone asked for a forbidden use. It was refused.",
    ),
    Spec(
        "PUR-MISMATCH",
        "person",
        "facts",
        "This access does not belong to the approved project.",
        "Project id differs from grant.",
        "An access outside the approved project was stopped.",
    ),
    Spec(
        "SEC-CANNOT-PROTECT",
        "person",
        "merits",
        "Your institution has not shown the security level needed for copies (level {have}, needed {need}). You can work in our secure environment.",
        "security_level {have} < {need}.",
        "Your data are not copied to places that cannot protect them.",
    ),
    Spec(
        "OPS-RECIPIENT-SUSPENDED",
        "system",
        "merits",
        "Access is suspended ({ref}). You can appeal.",
        "Sanction step {step}.",
        "A user was suspended for breaking the rules.",
    ),
    Spec(
        "OPS-REPORT-OVERDUE",
        "contract",
        "facts",
        "Your progress report is overdue since {date}. Access resumes when it is in.",
        "Report overdue.",
        "A study has not reported on time and is paused.",
    ),
    Spec(
        "AUTH-TRAINING-EXPIRED",
        "contract",
        "facts",
        "Your training certificate ended on {date}. Renew it to continue.",
        "Training expired.",
        "Only trained people may use your data.",
    ),
    Spec(
        "GOV-SAFEGUARD-MISSING",
        "people",
        "merits",
        "A safeguard for broadly consented data is missing; the data holder has been told.",
        "Engagement/DAC record missing or old.",
        "A safeguard for your data must be renewed before new uses.",
    ),
    Spec(
        "PUR-UNSTATED",
        "contract",
        "facts",
        "Nobody has stated what this use is for. State the purpose first: request access.",
        "No stated purpose.",
        "Somebody did not say what your data were wanted for.",
    ),
)
