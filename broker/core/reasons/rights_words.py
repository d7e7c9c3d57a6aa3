"""The words of the page of rights: short sentences, no codes. As page_words.py; apart for its length."""

from collections.abc import Mapping
from types import MappingProxyType

RIGHTS_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "page.rights": "Your rights",
        "rights.lead": "What you can do here, where you do it, and how long an answer may take. None of it costs anything. Pages of your own ask you to sign in first.",
        "rights.participant": "If data about you or your child are here",
        "rights.see": "You can see who used your data, for what, when and where.",
        "rights.choose": "You can change what your data may be used for, at any time. What you forbid stops at once.",
        "rights.withdraw": "You can withdraw, in three ways. Before you do, you read what each can undo and what it cannot. You need not say why.",
        "rights.applicant": "If you ask for data",
        "rights.reasons": "You can read why you got a no, who said it, and what you can do now.",
        "rights.challenge": "You can challenge a committee's answer within {days} days.",
        "rights.again": "Members who had no part in that answer look at it again, and answer within {days} working days.",
        "rights.appeal": "If you still disagree, a panel outside the committee answers within {days} days.",
        "rights.community": "If you speak for a community",
        "rights.speak": "You can say yes or no to a use of the data of your community, and say which conditions hold.",
        "rights.own_no": "No committee and no law of a state can turn your no into a yes.",
        "rights.everybody": "Everybody",
        "rights.complain": "You can complain about anything here. You need not sign in or say who you are.",
        "rights.heard": "Somebody who has no part in the decisions confirms your complaint within {days} working days.",
        "rights.answered": "You get an answer to your complaint within {days} days.",
        "rights.read_rules": "You can read all the rules that decide, and every version that held before.",
        "rights.read_register": "You can read which projects use the data, and what for.",
        "rights.outside": "You can go to an authority or a court at any time. You need not ask here first, unless its law says so.",
        "rights.contact": "If you do not know where to turn, write to whoever runs this service:",
        "rights.law": "What the law gives you besides",
        "rights.law_lead": "These laws are asked when data here are used. Each may give you rights against whoever holds data about you. The place in the law stands behind each.",
        "rights.as_of": "Written down on",
        "rights.reviewed": "Compared with the laws by",
        "rights.unreviewed": "No lawyer has compared this with the laws yet.",
        "rights.answer_due": "Whoever you ask answers within {days} days.",
        "rights.authority": "Where you can complain:",
        "rights.unwritten": "For these places nobody has written down yet what the law gives you:",
        "right.access": "to see what is held about you",
        "right.copy": "to get a copy of it",
        "right.correction": "to have mistakes corrected",
        "right.erasure": "to have it deleted",
        "right.restriction": "to have its use paused",
        "right.objection": "to object to its use",
        "right.withdrawal": "to withdraw your consent",
        "right.complaint": "to complain to the authority",
        "right.court": "to go to a court",
        "letter.rights": "Your rights, whom to ask, and how long an answer may take:",
    }
)
