"""What came of a use of data, and does it name them as they ask? (WHO 2024, 3.6-4)

A grant is neither renewed nor closed by its holder before a publication of it was entered, or they said why there is
none yet. Whether a paper names the data well enough, people judge: what it says is shown beside what was asked.
"""

import re

from broker.core.outcome import Reason
from broker.core.rows import Dataset, Report
from broker.core.rows.reports import Publication, Told, latest, publications

_DOI = re.compile(r"(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.[0-9]{4,9}/[!-~]{1,200})", re.IGNORECASE)
LONGEST = 2_000
MOST = 200
"""Publications of one grant."""


def doi(text: str) -> str | None:
    """The DOI that was written, in whichever of the usual ways; lower case, as its letters mean the same."""
    found = _DOI.fullmatch(text.strip())
    return found[1].lower() if found is not None else None


def entered(written: str, title: str, attribution: str) -> Publication | Reason:
    """A publication as it is entered: its DOI, its title, and the words by which it names the data."""
    name = doi(written)
    said = (title.strip(), attribution.strip())
    if name is None:
        return _wrong("doi: as in 10.1234/abcd")
    if not all(said) or max(map(len, said)) > LONGEST:
        return _wrong(f"title, attribution: say both, {LONGEST} characters at most")
    return Publication(doi=name, title=said[0], attribution=said[1])


def unattributed(told: Told, before: tuple[Report, ...]) -> Reason | None:
    """Why a grant is not renewed or closed with this report; None: of it something was entered, or why nothing is."""
    if told.none_yet.strip() or publications(told) or latest(before):
        return None
    return Reason(code="GRANT-NO-ATTRIBUTION")


def too_many(told: Told, before: tuple[Report, ...]) -> bool:
    """Would the grant have more publications than are kept of one?"""
    return len(publications(told)) + sum(len(publications(one.told)) for one in before) > MOST


def as_asked(one: Publication, dataset: Dataset) -> bool:
    """Do its words name the data by the id that their page asks for?"""
    return dataset.id.lower() in one.attribution.lower()


def _wrong(problem: str) -> Reason:
    return Reason(code="REQ-INVALID", facts=(("problem", problem),))
