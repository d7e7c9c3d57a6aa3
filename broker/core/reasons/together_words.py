"""The words of applying together, and of amending what was approved. As page_words.py."""

from collections.abc import Mapping
from types import MappingProxyType

TOGETHER_WORDS: Mapping[str, str] = MappingProxyType({
    "request.replaced": "approved, until another approval took its place",
    "amend.title": "Change what was approved",
    "amend.lead": "What was approved holds as it is until the committee has answered. Other papers are answered anew for everything; with a yes the grant before ends. A grant that is only to last longer is renewed instead.",
    "amend.more": "More data that you ask for, if any",
    "amend.before": "This takes the place of an approval that holds until you answer. A yes ends it.",
    "together.title": "Who applies",
    "together.you": "you",
    "together.applicant": "the applicant",
    "together.unknown": "home not stated",
    "together.bring": "Let somebody join",
    "together.lead": "Each person joins by their own sign-in, is judged by who and where they are, accepts the terms themselves, and gets a grant of their own. Committees that have not answered begin anew.",
    "together.code": "Hand this code on to one person. They enter it at {address} by {date}. It is shown once.",
    "together.remove": "Go on without this person",
    "together.leave": "Leave this application",
    "together.gone": "Grants that this person got through it end now.",
    "join.title": "Join an application",
    "join.enter": "Code that the applicant gave you",
    "join.look": "What would I join?",
    "join.lead": "You would ask for these data under the papers below. Your institution and place count as your sign-in states them.",
    "join.join": "Join",
})  # fmt: skip
"""Key to English."""
