"""Everything that an answer depends on, and the answer. If it is not in here or in the snapshot, it cannot matter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from broker.core.ids import DatasetId, GrantId, Issuer, ObjectId, PersonId, SubjectRef
from broker.core.outcome import Gate, GateResult, Outcome, Reason
from broker.core.passport.assertions import Stated
from broker.core.passport.bearer import Vouched
from broker.core.passport.left_out import LeftOut
from broker.core.passport.visa import Visa
from broker.core.purpose import Modality, Purpose
from broker.core.rows.access import Finding
from broker.core.rows.assurance import SignIn
from broker.core.time import FOREVER, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to `evaluate`.

    `stage`: `foresee` and `approve` ask what would hold if the committee said yes, so the entitlement gate
    does not ask for a grant; `use` asks for access now, under a grant (ruling 3).
    """

    stage: Literal["foresee", "approve", "use"]
    at: Seconds
    """When the answer is wanted."""
    known_at: Seconds
    """What was known then: consents recorded later do not count (replay)."""
    person: PersonId | None
    identities: frozenset[tuple[Issuer, str]] = frozenset()
    """The (iss, sub) pairs that are known to be this person."""
    persons: frozenset[PersonId] = frozenset()
    """Set by `evaluate` alone (joined.py): this person and those linked with them. Empty: nobody else."""
    session: str | None = None
    family: str | None = None
    access: str | None = None
    """The session, authorisation and ticket that the question came with: revoking one of them reaches it."""
    rests_on: tuple[str, ...] = ()
    """Ids of further revocations that reach it: of the very token that was shown, of the key that signed it."""
    within: frozenset[DatasetId] | None = None
    """For a task: the data that it is for, and no others."""
    affiliations: tuple[str, ...] = ()
    """Verified `role@scope` values."""
    location: str | None = None
    """Where the person attested to be, ISO 3166-1 alpha-2. None: unknown, never home."""
    sign_in: SignIn | None = None
    """How and when they signed in here. None: we do not know; another broker's Passport does not say."""
    visas: tuple[Visa, ...] = ()
    """Verified visas that came with the question; which of them count is asked here, each time anew."""
    visas_end: Seconds = FOREVER
    """The end of the Passport that brought them."""
    vouched: Vouched | None = None
    """What their broker says about whose they are; it counts as long as the broker's row vouches."""
    grants: tuple[GrantId, ...] = ()
    """Grants that an access token of ours shows. Neither shown so nor by a visa of ours: not used."""
    assertions: tuple[str, ...] = ()
    """Assertions of ours that an access token shows; each counts while it is live."""
    stated: tuple[Stated, ...] = ()
    """What the home identity provider said at sign-in, as far as an access token shows it."""
    grant: str | None = None
    """The one grant that the request names, if it names one."""
    purpose: Purpose | None = None
    """The stated purpose (`foresee`, `approve`). For `use` the grant's purpose holds."""
    findings: tuple[Finding, ...] = ()
    """Answers already given to open questions (`approve`). For `use` the grant carries them."""
    vote: Literal["no"] | None = None
    """What the committee said (`approve`), if it said no. Its yes is that it asks."""
    dataset: DatasetId
    object: ObjectId | None = None
    modality: Modality = Modality.DOWNLOAD
    filtered: bool = False
    """The participants who are left out are taken out of the file on its way (htsget of a VCF or BCF)."""
    sealed: bool = False
    """Will the bytes leave encrypted, for a key of the person's own?"""
    let_in: tuple[tuple[str, str], ...] = ()
    """(kind, id) of the rows that let the caller in: client, identity provider, broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer: every gate's result, and what follows from all of them.

    `until`: the first second at which it may stop being true. `excluded`: participants left out. `read`:
    the versions of all that was read, for replay.
    """

    outcome: Outcome
    gates: tuple[GateResult, ...]
    grant: str | None
    """The grant (or `visa:<iss>:<jti>`) under which it was judged."""
    purpose: Purpose | None
    obligations: tuple[str, ...]
    missing: tuple[str, ...]
    excluded: frozenset[SubjectRef]
    until: Seconds
    months: int | None
    """The longest grant that the codes allow, in months."""
    visas: tuple[str, ...]
    """`jti`s of the visas that it rests on."""
    facts: Mapping[str, object]
    """The facts that the policy packs saw."""
    read: tuple[tuple[str, str], ...]
    dropped: tuple[LeftOut, ...] = ()
    """Verified visas that do not count for this person, and why."""

    @property
    def permits(self) -> bool:
        return self.outcome.permits

    @property
    def ends(self) -> Seconds:
        """Until when a grant may rest on this answer."""
        return min((gate.until if gate.ends is None else gate.ends for gate in self.gates), default=self.until)

    @property
    def telling(self) -> tuple[GateResult, ...]:
        """The gates that decided: the refusing ones if it is no, else all; the strictest first."""
        every = self.permits
        found = [gate for gate in self.gates if every or gate.outcome > _MOST]
        return tuple(sorted(found, key=lambda gate: (-gate.outcome, _ORDER[gate.gate])))

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why, with the true codes: for the trace and the auditor; `explain` has what others may see."""
        return tuple(reason for gate in self.telling for reason in gate.reasons)


_MOST = Outcome.PERMIT_WITH_OBLIGATIONS
_ORDER = {gate: place for place, gate in enumerate(Gate)}
