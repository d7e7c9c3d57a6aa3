"""Does a request still make sense for the content that is there? (RFC 9110 section 13: If-Match, If-None-Match)

Asked before any range is looked at (section 13.2.2). Dates are not compared: no answer of ours has Last-Modified.
"""

import base64
import re
from typing import Literal

Answer = Literal["go on", "not that content", "the same still"]

_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_LIST = re.compile(rf"[ \t]*,?[ \t]*(?:{_TAG.pattern}(?:[ \t]*,[ \t]*|[ \t]*$))+")
_LONGEST = 4096


def answer(if_match: str | None, if_none_match: str | None, etag: str) -> Answer:
    """For a content whose strong entity tag is `etag`; the fields as sent, or None.

    A field that is malformed names nothing: If-Match fails, If-None-Match does not apply.
    """
    if if_match is not None and if_match.strip() != "*" and (False, etag) not in _tags(if_match):
        return "not that content"
    if if_none_match is not None and (if_none_match.strip() == "*" or etag in {tag for _, tag in _tags(if_none_match)}):
        return "the same still"
    return "go on"


def _tags(field: str) -> list[tuple[bool, str]]:
    """(weak, tag) of each member; none if the field is not a list of entity tags (section 8.8.3)."""
    if len(field) > _LONGEST or _LIST.fullmatch(field) is None:
        return []
    return [(bool(weak), tag) for weak, tag in _TAG.findall(field)]


def digest_field(sha256: str) -> str:
    """The value of Repr-Digest and Content-Digest (RFC 9530) for a SHA-256 in hexadecimal."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"
