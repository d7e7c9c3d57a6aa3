"""What a letter and a webhook say: that something happened, and where to read it. Nothing else leaves the broker.

No title, no name, no reason, no outcome: whoever reads somebody's mail learns no more than that they have to do with
an access broker. HTML and plain text say the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from broker.core.notices import TOPICS
from broker.core.plain import canonical
from broker.core.reasons.language import Tongue
from broker.core.rows import Notice
from broker.core.time import rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter. `id`: the same at every attempt. `inbox`: where the reader says which letters they want."""

    id: str
    to: str
    language: str
    subject: str
    text: str
    html: str
    inbox: str


def letter(id: str, to: str, told: Sequence[Notice], issuer: str, tongue: Tongue) -> Letter:
    """About one thing or several: each topic once. Whoever is told of it is told of their rights (WHO 2024, 3.7)."""
    topics = dict.fromkeys(TOPICS[one.what] for one in told)
    lines = [tongue.word("notice." + topic) for topic in topics]
    subject = tongue.word("letter.subject" if len(told) == 1 else "letter.subject_daily")
    return _letter(id, to, subject, [*lines, tongue.word("letter.read")], issuer, tongue)


def proof(id: str, to: str, code: str, issuer: str, tongue: Tongue) -> Letter:
    """By which somebody shows that an address is theirs."""
    lines = [tongue.word("letter.code", code=code), tongue.word("letter.not_you")]
    return _letter(id, to, tongue.word("letter.subject_code"), lines, issuer, tongue)


def body_of(notice: Notice) -> bytes:
    """What a webhook is sent: ids alone; what they stand for is asked with credentials."""
    data = {"about": notice.about, "sequence": notice.sequence, "topic": TOPICS[notice.what]}
    return canonical({"type": notice.what, "timestamp": rfc3339(notice.at), "data": data})


def _letter(id: str, to: str, subject: str, lines: Sequence[str], issuer: str, tongue: Tongue) -> Letter:
    inbox, rights = f"{issuer}/inbox", f"{issuer}/rights"
    said = [*lines, inbox, tongue.word("letter.rights"), rights, tongue.word("letter.why")]
    text = "\n\n".join(said) + "\n"
    paragraphs = "".join(f"<p>{_linked(one) if one in (inbox, rights) else escape(one)}</p>\n" for one in said)
    html = (
        f'<!doctype html>\n<html lang="{escape(tongue.language.tag)}">\n<head><meta charset="utf-8">'
        f"<title>{escape(subject)}</title></head>\n<body>\n{paragraphs}</body>\n</html>\n"
    )
    return Letter(id=id, to=to, language=tongue.language.tag, subject=subject, text=text, html=html, inbox=inbox)


def _linked(address: str) -> str:
    return f'<a href="{escape(address)}">{escape(address)}</a>'
