"""May these consent versions go on record beside those that are there? All of them, or none.

A version is immutable and a change is a new one: what is there already must be the same, a chain keeps its person,
and what a version says of the one before (`prev_hash`, `supersedes`) must be so. `recorded_at` is when the broker
learned of it, whatever a file says. A version that permits something says on which form, and a limit to a
withdrawal that it was approved and told there. (docs/how-to/exchange-consents.md)
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from broker.core.consent.model import ApprovedLimit, ConsentVersion, Template, TemplateRecord
from broker.core.consent.writing import version_hash
from broker.core.ids import SubjectRef
from broker.core.time import Seconds

History = Callable[[str], Sequence[ConsentVersion]]
"""Every version on record of a consent id."""
Templates = Callable[[str, str], TemplateRecord | None]
"""The registered form with this id and version."""

Custodians = Callable[[SubjectRef], Iterable[str]]
"""The custodians of what is on record of a participant, a family or a community."""

OF_ANOTHER = "subject_ref: of another custodian, who alone speaks for them"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SPEAKS_FOR = frozenset({"parent", "guardian", "representative"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One version as it was read. `place`: file and line or member, for messages; `review`: why a person must look."""

    place: str
    version: ConsentVersion
    datasets: tuple[str, ...] = ()
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why nothing was taken: the place, the member and what is wrong with it, without its value."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would happen: the versions that are new, with our time on them, and those that are there already."""

    new: tuple[Incoming, ...] = ()
    kept: tuple[Incoming, ...] = ()
    faults: tuple[Fault, ...] = ()


def plan(
    incoming: Iterable[Incoming], history: History, templates: Templates, custodians: Custodians, now: Seconds
) -> Plan:
    """Every fault of every version at once; what is new, if there is none."""
    chains: dict[str, list[ConsentVersion]] = {}
    new, kept, faults = list[Incoming](), list[Incoming](), list[Fault]()
    for one in _in_order(list(incoming)):
        version = one.version
        chain = chains.setdefault(version.consent_id, list(history(version.consent_id)))
        there = next((each for each in chain if each.version == version.version), None)
        if there is not None and version_hash(there) == version_hash(version):
            kept.append(one)
            continue
        found = [f"version: {version.version} is on record with other content"] if there is not None else []
        found += [*_chained(version, chain, chains, history), *_said(version, templates)]
        if set(custodians(version.subject_ref)) - {version.custodian}:
            found.append(OF_ANOTHER)
        faults += [Fault(one.place, problem) for problem in found]
        recorded = replace(version, recorded_at=now)
        chain.append(recorded)
        new.append(replace(one, version=recorded))
    return Plan(faults=tuple(faults)) if faults else Plan(new=tuple(new), kept=tuple(kept))


def _in_order(incoming: Sequence[Incoming]) -> Iterator[Incoming]:
    """Each consent from its first version on, and after those whose place it takes; in a circle, by their ids."""
    consents: dict[str, list[Incoming]] = {}
    for one in sorted(incoming, key=lambda each: (each.version.consent_id, each.version.version)):
        consents.setdefault(one.version.consent_id, []).append(one)
    followed = {
        id: sorted({one.version.supersedes[0] for one in found if one.version.supersedes} - {id})
        for id, found in consents.items()
    }
    try:
        order = list(TopologicalSorter(followed).static_order())
    except CycleError:
        order = list(consents)
    return (one for id in order for one in consents.get(id, ()))


def _chained(
    version: ConsentVersion,
    chain: Sequence[ConsentVersion],
    batch: Mapping[str, Sequence[ConsentVersion]],
    history: History,
) -> Iterator[str]:
    """What is wrong between this version and those before it. A first version may follow what it supersedes."""
    before = max(chain, key=lambda one: one.version, default=None)
    followed = _replaced(version, batch, history)
    if before is None:
        if version.prev_hash is not None and (followed is None or version.prev_hash != version_hash(followed)):
            yield "prev_hash: of a version that is not on record; send the whole chain"
    else:
        if version.version < before.version:
            yield f"version: {before.version} is on record already; a change is a new version"
        if (version.subject_ref, version.level) != (before.subject_ref, before.level):
            yield "subject_ref: the versions before are about somebody else"
        if version.prev_hash is None and permits_something(version) and _must_be_named(before):
            yield "prev_hash: missing; what follows a withdrawal, a pause or somebody's own choice must name it"
        if version.prev_hash not in (None, version_hash(before)):
            yield f"prev_hash: not of version {before.version}"
    if version.supersedes is not None:
        yield from _in_place_of(followed, version, version.supersedes[1])


def _in_place_of(followed: ConsentVersion | None, version: ConsentVersion, number: int) -> Iterator[str]:
    """What is wrong between this version and the other consent whose place it takes, by the version `number`."""
    if followed is None:
        yield "supersedes: not on record"
    elif (followed.subject_ref, followed.level) != (version.subject_ref, version.level):
        yield "supersedes: a consent of somebody else"
    elif number != followed.version:
        yield "supersedes: not the newest version on record"
    elif _must_be_named(followed) and version.prev_hash != version_hash(followed):
        yield "supersedes: a withdrawal, a pause or somebody's own choice; a first version names it by prev_hash"


def _replaced(
    version: ConsentVersion, batch: Mapping[str, Sequence[ConsentVersion]], history: History
) -> ConsentVersion | None:
    """The newest version of what it supersedes, if the version that it names is on record."""
    if version.supersedes is None:
        return None
    id, number = version.supersedes
    others = batch.get(id) or history(id)
    there = any(one.version == number for one in others)
    return max(others, key=lambda one: one.version) if there else None


def _must_be_named(before: ConsentVersion) -> bool:
    """Would a source that does not know of this version undo it? What is chosen here always has a `prev_hash`."""
    rests = before.status in ("withdrawn", "suspended") or before.withdrawal is not None
    return rests or before.prev_hash is not None


def _said(version: ConsentVersion, templates: Templates) -> Iterator[str]:
    """What is wrong with what it says by itself."""
    if version.effective_to is not None and version.effective_to <= version.effective_from:
        yield "effective_to: not after effective_from"
    if version.withdrawal is not None:
        yield from limit_faults(version.withdrawal.approved_limits, version.template, templates)
    if permits_something(version):
        yield from _ground(version, templates)
        yield from _speaker(version)


def permits_something(version: ConsentVersion) -> bool:
    """Could a use rest on it? Stopping, pausing and correcting need no form."""
    if version.status == "withdrawn":
        return version.withdrawal is not None and version.withdrawal.kind != "no_further_use"
    return version.status == "active"


def limit_faults(limits: Iterable[ApprovedLimit], template: Template | None, templates: Templates) -> Iterator[str]:
    """A limit without approval and paragraph, or that the form does not tell of, cannot be applied."""
    form = templates(template.id, template.version) if template is not None else None
    for index, limit in enumerate(limits):
        place = f"withdrawal.approved_limits[{index}]"
        if not limit.approval_ref:
            yield f"{place}.approval_ref: missing; a limit counts only if it was approved"
        if not limit.told_in_template_paragraph:
            yield f"{place}.told_in_template_paragraph: missing; a limit counts only if it was told beforehand"
        if limit.applies and (form is None or limit not in form.approved_limits):
            yield f"{place}: not among the limits of the registered form"


def _ground(version: ConsentVersion, templates: Templates) -> Iterator[str]:
    """On what it rests: a consent on a registered form, anything else on what was decided, by reference.

    A community's record is a decision, and says who took it by which rule.
    """
    if version.level == "community":
        if version.community is None:
            yield "community: missing; who decided what, and by which rule?"
        return
    basis = version.legal_basis
    if basis.type == "ethics_waiver" and basis.approval_ref is None:
        yield "legal_basis.approval_ref: missing; a waiver is a decision with a reference"
    if basis.type in ("public_interest_law", "opt_out") and not basis.instrument:
        yield "legal_basis.instrument: missing; which law?"
    if basis.type != "consent":
        return
    if version.template is None:
        yield "template: missing; a consent is given on a form, named by the hash of its text"
        return
    form = templates(version.template.id, version.template.version)
    if not _SHA256.fullmatch(version.template.sha256):
        yield "template.sha256: not 64 hexadecimal digits"
    elif form is None:
        yield "template: this form and version are not registered"
    elif form.template.sha256 != version.template.sha256:
        yield "template.sha256: the registered form has another text"


def _speaker(version: ConsentVersion) -> Iterator[str]:
    """Who speaks for somebody else does so by name, in writing, and until a day."""
    grantor = version.grantor
    if grantor is None or grantor.kind not in _SPEAKS_FOR:
        return
    if grantor.kind in ("parent", "guardian") and version.maturity_review_on is not None:
        return
    if grantor.kind == "parent":
        yield "maturity_review_on: missing; a child decides when mature"
        return
    for name, value in (("ref", grantor.ref), ("scope_of_authority", grantor.scope_of_authority)):
        if not value:
            yield f"grantor.{name}: missing; who speaks for somebody does so within a written scope"
    if grantor.valid_to is None:
        yield "grantor.valid_to: missing; authority to speak for somebody ends on a day"
