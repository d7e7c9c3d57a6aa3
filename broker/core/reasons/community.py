"""What a community's authority decided (codes `COM-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec(
        "COM-APPROVED",
        "people",
        "merits",
        "Those who speak for the community have agreed.",
        "Community decision {ref}.",
        "Those who speak for your community said yes to this use.",
    ),
    Spec(
        "COM-APPROVAL-NEEDED",
        "people",
        "merits",
        "The community that these data come from must decide first. We have sent your request to {authority}.",
        "Awaiting {authority} since {date}.",
        "Those who speak for your community have been asked.",
    ),
    Spec(
        "COM-REFUSED",
        "people",
        "none",
        "The community's authority has said no. You may change your plan and ask again.",
        "Refused {ref}: {ground}.",
        "Those who speak for your community said no.",
    ),
    Spec(
        "COM-LOCAL-ONLY",
        "people",
        "none",
        "These data stay with the community, so no records leave it.",
        "Local-only holding.",
        "Your community keeps these data at home.",
    ),
)
