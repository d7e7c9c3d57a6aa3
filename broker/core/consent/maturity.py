"""Who will soon decide for themselves, so that their consent source must ask them? (consent rules, "Choices"; R5)

Until the day that the source set, a parent's or guardian's consent holds; from then on new requests wait. The person is
invited half a year before, so that nobody falls out of a study for want of a letter. Silence is never turned into yes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from broker.core.consent.model import ConsentVersion, Template
from broker.core.ids import DatasetId, SubjectRef
from broker.core.time import Day, Seconds, add_months, start_of

BEFORE = 6
"""Calendar months before the day."""
FOR_A_CHILD = frozenset({"parent", "guardian"})
"""Who speaks until a person is of age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """Somebody to be asked, by pseudonym. `id`: of the consent. `on`: from this day on they decide themselves."""

    id: str
    subject: SubjectRef
    on: Day
    since: Seconds
    """From when on they are to be asked."""
    overdue: bool
    """Has the day come? New requests wait for them since."""
    template: Template | None
    """The form that was signed for them."""
    datasets: frozenset[DatasetId]


def invitations(
    versions: Iterable[tuple[ConsentVersion, frozenset[DatasetId]]], now: Seconds
) -> tuple[Invitation, ...]:
    """Whom to ask at `now`, in order of the consents' ids. `versions`: with the datasets that each is about."""
    chains: dict[str, list[tuple[ConsentVersion, frozenset[DatasetId]]]] = {}
    for version, datasets in versions:
        if version.level == "participant" and version.known_from <= now:
            chains.setdefault(version.consent_id, []).append((version, datasets))
    over = {
        version.supersedes[0]
        for chain in chains.values()
        for version, _ in chain
        if version.supersedes is not None and version.supersedes[0] != version.consent_id
    }
    found = (_of_chain(chains[id], now) for id in sorted(chains.keys() - over))
    return tuple(one for one in found if one is not None)


def _of_chain(chain: list[tuple[ConsentVersion, frozenset[DatasetId]]], now: Seconds) -> Invitation | None:
    """By the newest version, also if it waits for its day: who has answered is not asked again."""
    version, datasets = max(chain, key=lambda one: one[0].version)
    if version.maturity_review_on is None or not _speaks_for_a_child(version) or _is_over(version, now):
        return None
    on = start_of(version.maturity_review_on)
    since = add_months(on, -BEFORE)
    if now < since:
        return None
    return Invitation(
        id=version.consent_id,
        subject=version.subject_ref,
        on=version.maturity_review_on,
        since=since,
        overdue=now >= on,
        template=version.template,
        datasets=datasets,
    )


def _speaks_for_a_child(version: ConsentVersion) -> bool:
    return version.grantor is not None and version.grantor.kind in FOR_A_CHILD


def _is_over(version: ConsentVersion, now: Seconds) -> bool:
    """Withdrawn, whatever the kind (nobody is written to who wanted none of it), ended, in error, or dead."""
    ended = version.effective_to is not None and now >= version.effective_to
    gone = version.status not in ("active", "suspended") or version.withdrawal is not None
    return ended or gone or (version.deceased_on is not None and now >= start_of(version.deceased_on))
