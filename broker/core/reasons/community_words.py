"""The words of the page of a community's authority: short sentences, no codes. As page_words.py; apart for its length."""

from collections.abc import Mapping
from types import MappingProxyType

COMMUNITY_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "page.community": "My community",
        "group.lead": "What your community decided about data, who asks for them, and who uses them. Nobody in it is named here.",
        "group.said": "Your word is on record and holds from now on.",
        "group.no_record": "Nothing that your community decided is on record. Until it is, nobody gets the data of people who named it. Who runs this service puts the first decision on record.",
        "group.decision": "What it decided",
        "group.approved": "It agrees.",
        "group.refused": "It does not agree: the data are not used where it speaks.",
        "group.undecided": "It has not decided. Until it does, the data are not used.",
        "group.due": "But the day has come to decide anew. Until it does, the data are not used.",
        "group.rests": "It was paused or taken back where it was written down. It can be changed only there.",
        "group.decide": "Decide",
        "group.anew": "Decide anew",
        "group.anew_lead": "For which purposes a yes counts, and for which data, stays as it is on record. Each word holds at once, and is kept.",
        "group.yes": "Yes",
        "group.history": "What was decided, and when",
        "group.yes_lead": "Say on what conditions. Leave a field empty if there is no such condition.",
        "group.local_only": "The data stay with the community; only analyses come to them",
        "group.review_on": "Ask us again on this day; from then on the yes no longer counts",
        "group.benefit_terms": "What the community is to get",
        "group.say_yes": "We agree",
        "group.sign_in": "Sign in again, in another window",
        "group.no": "No",
        "group.no_lead": "Nobody gets the data any more. Uses that stop at once: {n}.",
        "group.say_no": "We do not agree",
        "group.back": "Take it back",
        "group.back_lead": "Then nothing is decided. Who asks has to wait. Uses that stop until you decide: {n}.",
        "group.take_back": "Take our word back",
        "group.here": "Said here.",
        "group.elsewhere": "Written down elsewhere.",
        "group.asked": "Who asks for data",
        "group.asked_lead": "They wait. The committee of the data answers them, and needs your yes for that.",
        "group.nobody_asks": "Nobody waits for an answer.",
        "group.way": "In which way:",
        "group.more_asked": "Requests besides these: {n}.",
        "group.governs": "Data for which that counts",
        "group.members": "People who named it in a consent",
        "group.uses": "Who uses them",
        "group.no_uses": "Nobody was allowed to use them yet.",
        "group.more": "There are older ones besides.",
        "group.help": "If something went wrong, complain. No reason is needed, and nobody who decides about data sees it.",
    }
)
