"""Why a repository's question has no answer but no (codes `ASK-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec("ASK-SUBJECT", "system", "facts", "What was shown is not about the person that the repository named.", "Credentials of somebody else than the subject.", "Somebody was to be let in with what belongs to another. It was refused."),
    Spec("ASK-WAY", "system", "facts", "The repository asked about a way of access that does not exist: one of {ways}.", "Unknown action.", "A repository asked for something unknown. It was refused."),
    Spec("ASK-PATH", "system", "facts", "The address can be read in more than one way, or names no object. Ask the repository for the right one.", "URI that is not plain.", "Somebody asked for data by a doubtful address. It was refused."),
    Spec("ASK-UNSTOPPABLE", "contract", "facts", "These data leave only where a download can be stopped at once, and here it cannot. Get them from the broker.", "The dataset allows no delivery that cannot be stopped.", "Your data were asked for where a withdrawal could not have stopped them. It was refused."),
    Spec("ASK-RANGE", "contract", "facts", "Ask for at most {most} bytes at once here.", "Longer than a delivery that cannot be stopped may be.", "Too much of a file was asked for at once. It was refused."),
    Spec("ASK-LEAVE-OUT", "person", "none", "You may use part of this file, and this repository can only give all of it. Get it from the broker.", "Somebody in the file is left out, and the door cannot filter.", "You are left out, and the file could only be given whole. It was refused."),
    Spec("ASK-FEED-OLD", "system", "facts", "This cursor is older than {days} days. Begin anew, and ask again about everything that was given out.", "Feed cursor past its time.", "A repository had not listened for too long. It has to ask again about everything."),
    Spec("ASK-PRIVATE", "person", "facts", "Why is told to the person whom it is about: see the decision.", "Reason about a person, not told to repositories.", "A request was refused for a reason that is told to the researcher alone."),
)  # fmt: skip
