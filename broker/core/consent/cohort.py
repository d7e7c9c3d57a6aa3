"""Which participants of a dataset gave the same consent, so that one answer is the answer for all of them?

Most people of a large dataset signed one of a few forms, once, and nothing happened since. What is said of one of
them is said of everybody with the same form; only the others are judged one by one.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from broker.core.consent.model import ConsentVersion, Scope, Subject
from broker.core.ids import SubjectRef
from broker.core.time import EPOCH, Seconds

Find = Callable[[SubjectRef, Seconds], Subject]
"""A participant as they are on record, with the groups that they name by what was known then."""

Form = tuple[object, ...]
"""All of a plain consent that a rule may read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The participants of a dataset. `alike`: one of them, and all who gave the same consent. `others`: everybody whose
    record must be read; they may still be among `alike`, where they stood before their record changed.

    It holds for questions of `since` and later.
    """

    members: frozenset[SubjectRef]
    alike: tuple[tuple[Subject, frozenset[SubjectRef]], ...]
    others: frozenset[SubjectRef]
    since: Seconds

    def after(self, refs: AbstractSet[SubjectRef]) -> "Cohort":
        """The cohort after the records of `refs` changed."""
        changed = refs & self.members
        return replace(self, others=self.others | changed) if changed else self


def everybody_alone(members: frozenset[SubjectRef]) -> Cohort:
    """A cohort of which every record must be read."""
    return Cohort(members=members, alike=(), others=members, since=EPOCH)


def cohort_of(members: frozenset[SubjectRef], find: Find, known_at: Seconds) -> Cohort:
    """The participants, told apart by what is on record of each at `known_at`."""
    groups: dict[Form, tuple[Subject, list[SubjectRef]]] = {}
    others: list[SubjectRef] = []
    since = EPOCH
    for ref in members:
        subject = find(ref, known_at)
        form = _form(subject)
        begins = max(subject.versions[0].effective_from, subject.versions[0].known_from) if subject.versions else EPOCH
        if form is None or begins > known_at:
            others.append(ref)
            continue
        since = max(since, begins)
        groups.setdefault(form, (subject, []))[1].append(ref)
    return Cohort(
        members=members,
        alike=tuple((one, frozenset(refs)) for one, refs in groups.values()),
        others=frozenset(others),
        since=since,
    )


def _form(subject: Subject) -> Form | None:
    """What a plain consent says; None where anything besides the form may matter: a date, a group, a second version."""
    if len(subject.versions) != 1 or subject.layers:
        return None
    version = subject.versions[0]
    if not _plain(version):
        return None
    template = (version.template.id, version.template.sha256) if version.template is not None else None
    return (template, *_of_scope(version.scope))


def _plain(version: ConsentVersion) -> bool:
    grantor = version.grantor
    return (
        version.status == "active"
        and version.withdrawal is None
        and version.effective_to is None
        and version.override is None
        and version.supersedes is None
        and version.maturity_review_on is None
        and version.deceased_on is None
        and version.capacity != "regained"
        and version.family_ref is None
        and not version.community_refs
        and (grantor is None or (grantor.kind == "self" and grantor.valid_to is None))
    )


def _of_scope(scope: Scope) -> Form:
    lists = (scope.hosting, scope.modalities, scope.recipient_countries)
    return (scope.permissions, scope.modifiers, frozenset(scope.answers.items()), *lists)


def told_apart(cohort: Cohort) -> Iterator[tuple[Subject, frozenset[SubjectRef]]]:
    """One of each group of people who are alike, and who they are, without those whose record must be read."""
    for one, refs in cohort.alike:
        left = refs - cohort.others
        if left:
            yield one, left
