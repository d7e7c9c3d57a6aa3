"""What somebody says of themselves, cut down to what saying it can prove."""

from dataclasses import replace

from broker.core.purpose import Purpose


def as_stated(purpose: Purpose) -> Purpose:
    """`purpose` with claims in place of proofs: an ethics approval that the asker calls verified is supplied,
    an agreement to collaborate that the asker calls recorded is pending (ruling 5).
    """
    approval = "supplied" if purpose.ethics_approval == "verified" else purpose.ethics_approval
    agreements = purpose.agreements
    if agreements.collaborate == "recorded":
        agreements = replace(agreements, collaborate="pending")
    return replace(purpose, ethics_approval=approval, agreements=agreements)
