"""What somebody says of themselves, cut down to what saying it can prove."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from broker.core.consent.question import FAMILY_ANALYSIS, TOPIC
from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.jurisdiction.pack import comparisons_in
from broker.core.jurisdiction.rulebook import Rulebook
from broker.core.purpose import DUAL_USE, PROHIBITED, Purpose, read_purpose

MARKS = PROHIBITED | {DUAL_USE, FAMILY_ANALYSIS}
"""The marks of a purpose (`flags`) that rules of ours read; beside them any topic that consents may name."""


def marks_of(rulebook: Rulebook) -> frozenset[str]:
    """Every mark that some rule reads: ours, and those that the loaded packs compare."""
    tests = (test for pack in rulebook.packs.values() for test in comparisons_in(pack))
    read = [test.value for test in tests if test.fact == "request.purpose_flags"]
    return MARKS.union(*(map(str, words) if isinstance(words, tuple) else {str(words)} for words in read))


def read_stated(raw: Mapping[str, object], marks: Collection[str] = MARKS) -> Purpose:
    """The purpose that somebody states now: as `read_purpose`, and every country is one by its two letters,
    every mark (`flags`) one of `marks` or a topic: no rule would see another, and silence would be a yes.

    What was stored before is read without this. ValueError names the member, never the value.
    """
    purpose = read_purpose(raw)
    if not purpose.countries <= COUNTRIES:
        raise ValueError("countries: not all are countries by their two letters (ISO 3166-1 alpha-2, capitals)")
    if not all(mark in marks or _is_topic(mark) for mark in purpose.flags):
        raise ValueError(f"flags: no rule reads all of them; those that rules read: {', '.join(sorted(marks))}")
    return purpose


def _is_topic(mark: str) -> bool:
    return mark.startswith(TOPIC) and mark != TOPIC and not any(map(str.isspace, mark))


def as_stated(purpose: Purpose) -> Purpose:
    """`purpose` with claims in place of proofs: an ethics approval that the asker calls verified is supplied,
    an agreement to collaborate that the asker calls recorded is pending (ruling 5).
    """
    approval = "supplied" if purpose.ethics_approval == "verified" else purpose.ethics_approval
    agreements = purpose.agreements
    if agreements.collaborate == "recorded":
        agreements = replace(agreements, collaborate="pending")
    return replace(purpose, ethics_approval=approval, agreements=agreements)
