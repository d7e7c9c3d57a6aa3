"""What somebody says of themselves, cut down to what saying it can prove."""

from collections.abc import Mapping
from dataclasses import replace

from broker.core.jurisdiction.countries import COUNTRIES
from broker.core.purpose import Purpose, read_purpose


def read_stated(raw: Mapping[str, object]) -> Purpose:
    """The purpose that somebody states now: as `read_purpose`, and every country is one by its two letters.

    What was stored before is read without this. ValueError names the member, never the value.
    """
    purpose = read_purpose(raw)
    if not purpose.countries <= COUNTRIES:
        raise ValueError("countries: not all are countries by their two letters (ISO 3166-1 alpha-2, capitals)")
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
