"""What is asked of somebody's consent: the purpose, the place, the time, and what was known then.

Members that the purpose leaves out were not answered; not answered is never "no". Family-level analysis
(kinship, trios) is the purpose flag `family_analysis`; a topic beyond `Sensitive` is a flag `topic:<x>`.
"""

from dataclasses import dataclass
from datetime import date

from broker.core.purpose import Purpose
from broker.core.time import Seconds

FAMILY_ANALYSIS = "family_analysis"
TOPIC = "topic:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An open question that was answered by a finding, for one named class of consents (ruling 1).

    `consent_class` is the id of a consent template, `form` the hash of its text: a changed text is another form, of
    which nobody has judged. `keys`: the answers that a CON-SILENT finding speaks
    for; it settles no other silence. Whoever builds the question has checked the finding's dates and inputs.
    """

    code: str
    consent_class: str
    form: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentQuestion:
    """May these people's data be used so, there, at `at`, by what was known at `known_at`?

    Countries are ISO 3166-1 alpha-2; `None` is unknown, never "home". `data_generated_on`: the day on which
    the asked-for data were made. `needs_new_data`: `None` counts as yes wherever no date says better.
    `grant_began`: set for an access under a grant that exists already.
    """

    purpose: Purpose
    recipient_country: str | None
    processing_country: str | None
    at: Seconds
    known_at: Seconds
    data_generated_on: date | None = None
    needs_new_data: bool | None = None
    grant_began: Seconds | None = None
    settled: frozenset[Settled] = frozenset()
    reviewed: frozenset[str] = frozenset()
    """Codes that the dataset's committee answered with yes: CON-TOO-FEW, and of what the certificate leaves open
    CON-CERTIFICATE-OPEN or each of its `DUO-…`."""

    @property
    def topics(self) -> frozenset[str]:
        """The answer keys (`topic:<x>`) of every topic that the purpose touches."""
        flagged = {flag for flag in self.purpose.flags if flag.startswith(TOPIC)}
        return frozenset(flagged | {f"{TOPIC}{topic}" for topic in self.purpose.named_topics})

    @property
    def family_analysis(self) -> bool:
        """Is the family looked at as a family?"""
        return FAMILY_ANALYSIS in self.purpose.flags
