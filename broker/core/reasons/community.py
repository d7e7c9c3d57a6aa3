"""What a community's authority decided (codes `COM-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec(
        "COM-APPROVED",
        "people",
        "merits",
        "Those who speak for the community have agreed.",
        "The authority of the community that the data come from has agreed.",
        "Those who speak for your community said yes to this use.",
    ),
    Spec(
        "COM-APPROVAL-NEEDED",
        "people",
        "merits",
        "The community that these data come from must decide first.",
        "The authority of the community that the data come from has not decided yet.",
        "Those who speak for your community must decide first.",
    ),
    Spec(
        "COM-REFUSED",
        "people",
        "none",
        "The community's authority has said no. You may change your plan and ask again.",
        "The authority of the community that the data come from has said no.",
        "Those who speak for your community said no.",
    ),
    Spec(
        "COM-LOCAL-ONLY",
        "people",
        "none",
        "These data stay with the community, so no records leave it.",
        "The community keeps these data with itself, so no records leave it.",
        "Your community keeps these data at home.",
    ),
)
