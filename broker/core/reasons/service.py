"""What is wrong with a request, or with us (codes `REQ-*`, `SRV-*`)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec("REQ-MALFORMED", "system", "facts", "The request cannot be read: {problem}.", "Malformed request.", "A request could not be read."),
    Spec("REQ-INVALID", "system", "facts", "Something in the request is not as it must be: {problem}.", "Invalid request.", "A request was not as it must be."),
    Spec("REQ-TOO-LARGE", "system", "facts", "The request is too large: {limit}.", "Request over a limit.", "A request was too large."),
    Spec("REQ-MEDIA-TYPE", "system", "facts", "Send the body as {wanted}.", "Wrong media type.", "A request came in the wrong form."),
    Spec("REQ-NOT-FOUND", "system", "facts", "There is nothing here for you under this address.", "Unknown or hidden.", "Somebody asked for something that is not there."),
    Spec("REQ-METHOD", "system", "facts", "This address does not answer to this method. It answers to {allowed}.", "Method not allowed.", "A request was not possible here."),
    Spec("REQ-RANGE", "system", "facts", "The byte range is not in the object, or is not allowed: {problem}.", "Range not satisfiable.", "A part of a file was asked for that does not exist."),
    Spec("REQ-CONFLICT", "system", "facts", "Somebody else changed this first. Load it again and decide again.", "Version conflict.", "Two changes met; one has to be made again."),
    Spec("REQ-STATE", "system", "facts", "This cannot happen now: it is {state}.", "Not possible in this state.", "A step was not possible any more."),
    Spec("REQ-OWN", "people", "facts", "Nobody decides on their own request.", "Self-decision refused.", "Somebody tried to decide on their own request. It was refused."),
    Spec("REQ-FORM-EXPIRED", "system", "facts", "This form is too old, or was opened in another window. Start again.", "Form token wrong or expired.", "A form was too old."),
    Spec("SRV-NO-RECORD", "system", "facts", "The record cannot be written now, so nothing is handed out. Try again later.", "The ledger is down.", "Nothing is handed out while the record cannot be kept."),
    Spec("SRV-UPSTREAM", "system", "facts", "Your home organisation's sign-in service did not answer as it must. Try again later.", "Identity provider failed.", "A sign-in service did not answer."),
    Spec("SRV-ERROR", "system", "facts", "Something went wrong on our side. It is on record under the request id.", "Unexpected error.", "Something went wrong on our side."),
    Spec("SRV-DRAINING", "system", "facts", "This service is about to stop. Try again in a moment.", "Draining.", "The service was about to stop."),
)
