"""The words with which the place that data come from is heard. As page_words.py; apart for its length."""

from collections.abc import Mapping
from types import MappingProxyType

ORIGIN_WORDS: Mapping[str, str] = MappingProxyType({
    "origin.title": "The place that the data come from",
    "origin.benefit": "What the use gives to its people",
    "origin.unasked": "Nobody speaks for it here.",
    "origin.open": "It may comment until the end of {date}. Nobody says yes before that, unless all of its sides have spoken.",
    "origin.silent": "It said nothing in its time, which ended with {date}. That is no yes.",
    "origin.spoken": "It commented.",
    "origin.objected": "It objects. A yes needs a vote in favour, and an answer to the objection.",
    "origin.lead": "You may comment on this, or object to it, until the end of {date}. The committee decides. On an objection it votes, and a yes answers it in writing. If you say nothing, that is kept as silence, and as no yes. Who asks reads what you write, and not your name.",
    "origin.text": "What you want to say",
    "origin.comment": "Send as a comment",
    "origin.object": "Object",
    "origin.back": "Take the objection back",
    "origin.back_lead": "The time to comment is over. You can still take your objection back, and say why.",
    "origin.said": "What you wrote is on record. The committee and who asks can read it.",
    "origin.word": "Comment",
    "origin.objection": "Objection",
    "origin.side.community": "A community",
    "origin.side.origin": "Country of origin: {country}",
    "origin.quiet": "Said nothing to these papers:",
    "origin.answer": "Answer to the objection; it stands in the decision",
    "origin.answered": "What the committee answered to the objection",
})  # fmt: skip
"""Key to English."""
