"""What is wrong with what somebody wants asserted, or accepted (codes `REQ-VISA-*`, `AUTH-TERMS`, …)."""

from broker.core.reasons.spec import Spec

SPECS = (
    Spec(
        "REQ-VISA-GRANT",
        "contract",
        "facts",
        "Visas for controlled access come from a committee's grants and cannot be asserted.",
        "Visas for controlled access are made from a committee's grants only (ControlledAccessGrants).",
        "Somebody tried to give permission past the committee. It was refused.",
    ),
    Spec(
        "REQ-VISA-LINK",
        "person",
        "facts",
        "Identities are linked by proof of both, and cannot be asserted to be one.",
        "Visas that link identities are made from proven links only (LinkedIdentities).",
        "Somebody tried to join identities without proof. It was refused.",
    ),
    Spec(
        "REQ-VISA-TYPE",
        "system",
        "facts",
        "This type of visa is not registered here.",
        "The type of the visa is neither a standard one nor registered here.",
        "A statement of an unknown kind was refused.",
    ),
    Spec(
        "REQ-OWN-ASSERTION",
        "people",
        "facts",
        "Nobody vouches for themselves.",
        "The person tried to vouch for themselves, which nobody may.",
        "Somebody tried to vouch for themselves. It was refused.",
    ),
    Spec(
        "AUTH-TERMS",
        "contract",
        "facts",
        "Accept the terms of use first: {url}",
        "The applicant has not accepted the terms of use of these data: {url}.",
        "Somebody who had not accepted the rules was refused.",
    ),
    Spec(
        "AUTH-NOT-REGISTERED",
        "contract",
        "facts",
        "These data are for registered researchers: bring both visas of Registered Access, the researcher status and the accepted terms, that name {url}.",
        "The dataset is for registered researchers, and the applicant has not shown the visas that prove it: {url}.",
        "Somebody who is not a registered researcher was refused.",
    ),
)
