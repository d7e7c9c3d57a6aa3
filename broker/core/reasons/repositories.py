"""Why a repository's question has no answer but no (codes `ASK-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec("ASK-SUBJECT", "system", "facts", "What was shown is not about the person that the repository named.", "What was shown is about another person than the one that the repository named.", "Somebody was to be let in with what belongs to another. It was refused."),
    Spec("ASK-WAY", "system", "facts", "The repository asked about a way of access that does not exist: one of {ways}.", "The repository asked about a way of access that does not exist.", "A repository asked for something unknown. It was refused."),
    Spec("ASK-PATH", "system", "facts", "The address can be read in more than one way, or names no object. Ask the repository for the right one.", "The address can be read in more than one way, or names no object.", "Somebody asked for data by a doubtful address. It was refused."),
    Spec("ASK-UNSTOPPABLE", "contract", "facts", "These data leave only where a download can be stopped at once, and here it cannot. Get them from the broker.", "The dataset allows only deliveries that can be stopped at once, and this one cannot.", "Your data were asked for where a withdrawal could not have stopped them. It was refused."),
    Spec("ASK-RANGE", "contract", "facts", "Ask for at most {most} bytes at once here.", "More was asked for at once than may leave where a delivery cannot be stopped.", "Too much of a file was asked for at once. It was refused."),
    Spec("ASK-LEAVE-OUT", "person", "none", "You may use part of this file, and this repository can only give all of it. Get it from the broker.", "Somebody in the file must be left out, and this repository can only give all of it.", "You are left out, and the file could only be given whole. It was refused."),
    Spec("ASK-FEED-OLD", "system", "facts", "This cursor is older than {days} days. Begin anew, and ask again about everything that was given out.", "The repository asked for changes from longer ago than they are kept.", "A repository had not listened for too long. It has to ask again about everything."),
    Spec("ASK-PRIVATE", "person", "facts", "Why is told to the person whom it is about: see the decision.", "The reason is about a person, so it is told to that person and not to repositories.", "A request was refused for a reason that is told to the researcher alone."),
)  # fmt: skip
