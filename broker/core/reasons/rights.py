"""What participants are told of their own consent, and what they may not do with it (codes `RGT-*`)."""

from broker.core.reasons.spec import Spec

_RECEIPT = "Line of a participant's receipt."

SPECS = (
    Spec(
        "RGT-NARROW-ONLY",
        "person",
        "facts",
        "For now you can only say no to more uses. Who decides with you can say yes to more.",
        "Wider choice by who may only narrow.",
        "For now you can only say no to more uses. Who decides with you can say yes to more.",
    ),
    Spec(
        "RGT-THEIR-OWN-WORD",
        "person",
        "none",
        "They decided this themselves. Only they can take it back.",
        "Representative against the person's own word.",
        "You decided this yourself. Nobody else can take it back.",
    ),
    Spec(
        "RGT-NOT-YOUR-PAUSE",
        "person",
        "facts",
        "The place that keeps the consent paused it. It must end the pause.",
        "Pause by the consent source.",
        "The place that keeps your consent paused it. Ask them to end the pause.",
    ),
    Spec("RGT-YES", "person", "none", _RECEIPT, "permit {what}.", "You said yes to {what}."),
    Spec("RGT-NO", "person", "none", _RECEIPT, "deny {what}.", "You said no to {what}."),
    Spec("RGT-ASK", "person", "none", _RECEIPT, "ask {what}.", "You want to be asked each time about {what}."),
    Spec("RGT-NOT-ASKED", "person", "none", _RECEIPT, "silent {what}.", "You were never asked about {what}."),
    Spec("RGT-FOR", "person", "none", _RECEIPT, "permission {what}.", "Your data may be used for {what}."),
    Spec("RGT-ONLY-IN", "person", "none", _RECEIPT, "hosting {what}.", "Your data may be kept and used only in {what}."),
    Spec("RGT-ONLY-BY", "person", "none", _RECEIPT, "modalities {what}.", "Researchers may use your data only through {what}."),
    Spec("RGT-ONLY-TO", "person", "none", _RECEIPT, "countries {what}.", "Only researchers in {what} may use your data."),
    Spec("RGT-NOBODY", "person", "none", _RECEIPT, "empty list.", "Your list allows nobody and no place for now."),
    Spec("RGT-CONDITION", "person", "none", _RECEIPT, "modifier {what}.", "A condition holds: {what}."),
    Spec("RGT-PAUSED", "person", "none", _RECEIPT, "suspended.", "Use of your data is paused for new and running studies."),
    Spec("RGT-NOT-IN-FORCE", "person", "none", _RECEIPT, "{what}.", "This version of your consent is not in force."),
    Spec(
        "RGT-WHO-DECIDES", "person", "none", _RECEIPT, "committee.",
        "A committee decides about every request. Your receipt names it and how to reach it.",
    ),
    Spec(
        "RGT-ANY-TIME", "person", "none", _RECEIPT, "withdrawal.",
        "You can change your mind or withdraw at any time. You need not say why.",
    ),
    Spec(
        "RGT-MORE-LATER", "person", "none", _RECEIPT, "widening.",
        "What you newly allow holds for new requests. What you newly forbid stops at once.",
    ),
    Spec(
        "RGT-LOG-KEPT", "person", "none", _RECEIPT, "log.",
        "The record of past uses is kept under your code name. It shows who used your data.",
    ),
    Spec(
        "RGT-CANNOT-RECALL", "person", "none", _RECEIPT, "copies.",
        "Copies that left before cannot be called back. Their holders must destroy them and say so.",
    ),
    Spec(
        "RGT-UNKNOWN-HERE", "person", "none", _RECEIPT, "not in the ledger.",
        "We do not know which results or trained models exist. If there are any, this is what happens.",
    ),
)  # fmt: skip
