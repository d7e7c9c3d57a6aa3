"""Consent versions as they are stored: one immutable row each, bitemporal (core/consent)."""

from dataclasses import dataclass
from typing import ClassVar

from broker.core.consent.model import ConsentVersion, MadeBy, TemplateRecord, WithdrawalKind
from broker.core.consent.receipt import Reached
from broker.core.ids import DatasetId, ReceiptId, SubjectRef
from broker.core.time import Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """One version of one person's, family's or community's consent. `id` is `<consent id>/<version>`."""

    KIND: ClassVar[str] = "consent"
    id: str
    version: int = 1
    datasets: frozenset[DatasetId]
    """The datasets that hold this participant's data; of a community, those that it governs as a whole."""
    consent: ConsentVersion
    by: MadeBy = "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTemplate:
    """A version of a consent form. Its text is with the consent source; `record` says which text that is.

    `id` is `template_id(…)`. A changed text is another version of the form.
    """

    KIND: ClassVar[str] = "consent_template"
    id: str
    version: int = 1
    record: TemplateRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalReceipt:
    """What a withdrawal reached, counted when it was made. `id` is the receipt of its entry in the log."""

    KIND: ClassVar[str] = "withdrawal_receipt"
    id: ReceiptId
    version: int = 1
    subject: SubjectRef
    at: Seconds
    consents: tuple[str, ...]
    """Ids of the rows that withdrew."""
    kind: WithdrawalKind
    reached: tuple[Reached, ...] = ()


def speaking(rows: tuple[ConsentRow, ...], dataset: DatasetId) -> tuple[ConsentRow, ...]:
    """Those of somebody's versions that count for data in `dataset`: of each source that has put the person on record
    there, all that it says. A source may put any pseudonym on record for its own data, before or after others list it;
    it speaks for nobody in theirs.
    """
    sources = {row.consent.custodian for row in rows if dataset in row.datasets}
    return tuple([row for row in rows if row.consent.custodian in sources])


def consent_row_id(version: ConsentVersion) -> str:
    """Under which id a version is stored."""
    return f"{version.consent_id}/{version.version}"


def template_id(id: str, version: str) -> str:
    """Under which id a version of a form is stored."""
    return f"{id}/{version}"
