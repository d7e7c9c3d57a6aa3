"""Why something was not done, in words for whoever reads a page.

Rules name the member that is wrong and what it should be, as a program needs it. A page has labels and no members, so
each of these is a sentence here; one that nobody has written yet is told in general, and never as a program says it.
"""

import re
from typing import Final

from broker.core.outcome import Reason
from broker.core.reasons import sentence
from broker.core.reasons.language import Language, Tongue

_PROBLEMS: Final = tuple(
    (re.compile(pattern), word if "." in word else "said." + word)
    for pattern, word in (
        (r"(?:text|answer|outcome|result): (?:some|nothing is said|1 to)\b.*?(?P<n>\d+)? ?(?:characters.*)?", "text"),
        (r"outcome: of a challenge .*", "answers"),
        (r"ground: nothing is said", "ground"),
        (r"ground: (?!what it was).*", "ground"),
        (r"ground: what it was, (?P<n>\d+) characters", "text"),
        (r"text, noticed: .*", "incident"),
        (r"grants, text: 1 to (?P<n>\d+) grants, and why", "frozen"),
        (r"[a-z_]+: a day, for example (?P<example>\S+)", "day_as"),
        (r"grants: which ones", "incident.no_grants"),
        (r"(?:noticed|ends|review_on|until|at): (?:a day|not|the|before).*", "day"),
        (r"until, ground: a later day, at most (?P<n>\d+) in review, and why", "delay"),
        (r"subject, text: .*", "finding"),
        (r"text, approval: too long", "long"),
        (r"onset, actionable: .*", "meaning"),
        (r"approval: .*", "approval"),
        (r"thumbprint: .*|key, ground: .*", "key"),
        (r"remarks: .*", "remarks"),
        (r"file: one of (?P<kinds>.+), by what is in it", "file_kind"),
        (r"file: (?P<n>\d+) at most; .*", "files"),
        (r"file: it could not .*", "file_later"),
        (r"file: what looks .*", "file_harm"),
        (r"not a form with.*", "file_none"),
        (r"datasets: (?P<n>\d+) at most", "datasets"),
        (r"datasets: .*", "datasets_none"),
        (r"nothing is asked for that was not asked for before", "same"),
        (r"days: (?P<least>\d+) at least, (?P<n>\d+) at most|days", "days"),
        (r"communities, public: .*", "nobody"),
        (r"communities: .*", "communities"),
        (r"doi: .*", "grant.needs_doi"),
        (r"title, attribution: .*", "grant.needs_title"),
        (r"none_signed: .*", "grant.needs_signature"),
        (r"accepted: .*", "grant.needs_terms"),
        (r"attested: .*", "grant.needs_attest"),
        (r"summary, destroyed: .*", "grant.needs_destroyed"),
        (r"summary, months: .*", "grant.needs_report"),
        (r"months: a whole number", "grant.needs_months"),
        (r"months: .*", "months"),
        (r"step, kind: .*|kind: .* is for .*", "kind"),
        (r"kind: .*|answer: .*|outcome(?:: of .*)?|word: .*|choice: .*", "choice"),
        (r"step: .* comes first; .*", "ladder"),
        (r"whom: .*|value: names no .*", "whom"),
        (r"breach: .*", "choice"),
        (r"benefit_terms: (?P<n>\d+) characters at most", "terms"),
        (r"countries: .*|location: .*", "countries"),
        (r"way: .*|modalities: .*", "way"),
        (r"pack: .*", "pack"),
        (r"slug: .*", "slug"),
        (r"issuer: this broker .*", "issuer"),
        (r"audience: .*", "audience"),
        (r".*: only a demo may have this", "demo"),
        (r"address: the letter .*", "letter"),
        (r"address: .*", "address"),
        (r"code: .*", "code"),
        (r"answers: .*", "answers"),
        (r"(?:do|do, .*|seen): no such .*", "step"),
        (r"[a-z_]+: more than (?P<n>\d+) characters", "too_long"),
        (r"(?:kinds|topics|organisation|modality|ai_use|ethics): .*", "choice"),
    )
)
_LIMITS: Final = tuple(
    (re.compile(pattern), "said." + word)
    for pattern, word in (
        (r"(?:[a-z_]+: )?(?:a text of more than |an answer of more than )?(?P<n>\d+) characters", "too_long"),
        (r"a draft of more than 64 KiB", "draft"),
        (r"a file of more than (?P<n>\d+) bytes", "file_size"),
        (r"a body of more than (?P<n>\d+) bytes", "sent_size"),
        (r"\D*(?P<n>\d+).*", "too_many"),
    )
)
_STATES: Final = {
    "removed for good": "removed",
    "a renewal waits for its answer": "renewing",
    "declared in a catalogue": "declared",
    "more than this is withdrawn already": "withdrawn",
    "not in force yet": "not_yet",
    "lifted already": "before",
    "open already": "before",
    "challenged already": "before",
    "answered": "before",
}
_SLOT: Final = {"REQ-INVALID": "problem", "REQ-TOO-LARGE": "limit", "REQ-STATE": "state", "REQ-NOT-YOUR-PART": "step"}


def worded(reason: Reason, told_in: Language) -> str:
    """The sentence of `reason` for the reader of a page."""
    facts, tongue = dict(reason.facts), Tongue(told_in)
    said = facts.get(_SLOT.get(reason.code, ""))
    if said is None:
        return sentence(reason.code, facts, told_in)
    if reason.code == "REQ-NOT-YOUR-PART":
        return tongue.word("said.part")
    if reason.code == "REQ-STATE":
        return tongue.word("said.state." + _STATES[said] if said in _STATES else "said.state")
    return of_problem(said, tongue, _LIMITS if reason.code == "REQ-TOO-LARGE" else _PROBLEMS) or tongue.word("said.any")


def of_problem(said: str, tongue: Tongue, known: tuple[tuple[re.Pattern[str], str], ...] = _PROBLEMS) -> str | None:
    """What a program says is wrong, as a sentence; None: nobody has written one."""
    for pattern, word in known:
        if (found := pattern.fullmatch(said)) is not None:
            return tongue.word(word, **{name: text for name, text in found.groupdict().items() if text is not None})
    return None
