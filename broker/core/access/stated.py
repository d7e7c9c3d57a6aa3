"""What somebody says of themselves, cut down to what saying it can prove."""

import re
from collections.abc import Mapping
from dataclasses import replace

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.purpose import Purpose, read_purpose

_MARK = re.compile(r"[a-z][a-z0-9_]*|topic:\S+")
"""How every mark of a purpose is written that a rule reads: `re_identification`, `topic:HIV`."""


def read_stated(raw: Mapping[str, object]) -> Purpose:
    """The purpose that somebody states now: as `read_purpose`, and every country is one by its two letters,
    every mark (`flags`) a word as rules write it: no rule would see it in another form, and silence would be a yes.

    What was stored before is read without this. ValueError names the member, never the value.
    """
    purpose = read_purpose(raw)
    if not purpose.countries <= COUNTRIES:
        raise ValueError("countries: not all are countries by their two letters (ISO 3166-1 alpha-2, capitals)")
    if not all(_MARK.fullmatch(mark) for mark in purpose.flags):
        raise ValueError("flags: not all are words of small letters, digits and _")
    return purpose


def as_stated(purpose: Purpose) -> Purpose:
    """`purpose` with claims in place of proofs: an ethics approval that the asker calls verified is supplied,
    an agreement to collaborate that the asker calls recorded is pending (ruling 5).
    """
    approval = "supplied" if purpose.ethics_approval == "verified" else purpose.ethics_approval
    agreements = purpose.agreements
    if agreements.collaborate == "recorded":
        agreements = replace(agreements, collaborate="pending")
    return replace(purpose, ethics_approval=approval, agreements=agreements)
