"""What participants are told of their own consent, and what they may not do with it (codes `RGT-*`)."""

from broker.core.reasons.spec import Spec

_RECEIPT = "Line of a participant's receipt."

SPECS = (
    Spec(
        "RGT-NARROW-ONLY",
        "person",
        "facts",
        "For now you can only say no to more uses. Who decides with you can say yes to more.",
        "Somebody who may only narrow a choice tried to allow more, which was refused.",
        "For now you can only say no to more uses. Who decides with you can say yes to more.",
    ),
    Spec(
        "RGT-THEIR-OWN-WORD",
        "person",
        "none",
        "They decided this themselves. Only they can take it back.",
        "A representative tried to change what the participant decided in person, which was refused.",
        "You decided this yourself. Nobody else can take it back.",
    ),
    Spec(
        "RGT-NOT-YOUR-PAUSE",
        "person",
        "facts",
        "The place that keeps the consent paused it. It must end the pause.",
        "The place that keeps the consent made this pause, so only it can end the pause.",
        "The place that keeps your consent paused it. Ask them to end the pause.",
    ),
    Spec("RGT-YES", "person", "none", _RECEIPT, "The participant's receipt says that they allow this: {what}.", "You said yes to {what}."),
    Spec("RGT-NO", "person", "none", _RECEIPT, "The participant's receipt says that they do not allow this: {what}.", "You said no to {what}."),
    Spec("RGT-ASK", "person", "none", _RECEIPT, "The participant's receipt says that they want to be asked each time about this: {what}.", "You want to be asked each time about {what}."),
    Spec("RGT-NOT-ASKED", "person", "none", _RECEIPT, "The participant's receipt says that they were never asked about this: {what}.", "You were never asked about {what}."),
    Spec("RGT-FOR", "person", "none", _RECEIPT, "The participant's receipt says what their data may be used for: {what}.", "Your data may be used for {what}."),
    Spec("RGT-ONLY-IN", "person", "none", _RECEIPT, "The participant's receipt says in which places only their data may be kept: {what}.", "Your data may be kept and used only in {what}."),
    Spec("RGT-ONLY-BY", "person", "none", _RECEIPT, "The participant's receipt says in which ways only their data may be used: {what}.", "Researchers may use your data only through {what}."),
    Spec("RGT-ONLY-TO", "person", "none", _RECEIPT, "The participant's receipt says in which countries only researchers may work with the data: {what}.", "Only researchers in {what} may use your data."),
    Spec("RGT-NOBODY", "person", "none", _RECEIPT, "The participant's receipt says that nothing on the list is allowed.", "Your list allows nobody and no place for now."),
    Spec("RGT-CONDITION", "person", "none", _RECEIPT, "The participant's receipt names a condition of their consent: {what}.", "A condition holds: {what}."),
    Spec("RGT-PAUSED", "person", "none", _RECEIPT, "The participant's receipt says that the use of their data is paused.", "Use of your data is paused for new and running studies."),
    Spec("RGT-NOT-IN-FORCE", "person", "none", _RECEIPT, "The participant's receipt says why the consent does not hold now: {what}.", "This version of your consent is not in force."),
    Spec(
        "RGT-WHO-DECIDES", "person", "none", _RECEIPT, "The participant's receipt says that a committee decides about every request.",
        "A committee decides about every request. Your receipt names it and how to reach it.",
    ),
    Spec(
        "RGT-ANY-TIME", "person", "none", _RECEIPT, "The participant's receipt says that they can withdraw at any time.",
        "You can change your mind or withdraw at any time. You need not say why.",
    ),
    Spec(
        "RGT-MORE-LATER", "person", "none", _RECEIPT, "The participant's receipt says that a wider choice holds for new requests only.",
        "What you newly allow holds for new requests. What you newly forbid stops at once.",
    ),
    Spec(
        "RGT-LOG-KEPT", "person", "none", _RECEIPT, "The participant's receipt says that the record of past uses is kept.",
        "The record of past uses is kept under your code name. It shows who used your data.",
    ),
    Spec(
        "RGT-CANNOT-RECALL", "person", "none", _RECEIPT, "The participant's receipt says that copies that have left cannot be called back.",
        "Copies that left before cannot be called back. Their holders must destroy them and say so.",
    ),
    Spec(
        "RGT-UNKNOWN-HERE", "person", "none", _RECEIPT, "The participant's receipt says that results and models made from the data are not known here.",
        "We do not know which results or trained models exist. If there are any, this is what happens.",
    ),
)  # fmt: skip
