"""What a community's authority decided (codes `COM-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec(
        "COM-APPROVED",
        "people",
        "merits",
        "Those who speak for the community have agreed.",
        "The community's authority agreed.",
        "Those who speak for your community said yes to this use.",
    ),
    Spec(
        "COM-APPROVAL-NEEDED",
        "people",
        "merits",
        "The community that these data come from must decide first.",
        "The community's authority has not decided.",
        "Those who speak for your community must decide first.",
    ),
    Spec(
        "COM-REFUSED",
        "people",
        "none",
        "The community's authority has said no. You may change your plan and ask again.",
        "The community's authority said no.",
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
