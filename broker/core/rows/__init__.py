"""What is stored: frozen rows, each with an `id` and a `version`, and the changes there are, `Put` and `Drop`.

A row is never edited; a new version takes its place. One that is kept no longer is dropped, on record (retention.py).
A module per part of the story.
"""

from broker.core.rows.access import Access, Delivery, Grant, Request, Trace
from broker.core.rows.applications import Application, Attachment, Review
from broker.core.rows.assertions import Assertion, CustomType, Gathered
from broker.core.rows.cases import Case
from broker.core.rows.catalogue import (
    Committee,
    Dataset,
    DrsObject,
    Envelope,
    Evidence,
    Gather,
    IdentityProvider,
    Organisation,
    Repository,
    Role,
    VisaIssuer,
)
from broker.core.rows.change import Change, Drop, Put, Row, changed
from broker.core.rows.consents import ConsentRow, ConsentTemplate, WithdrawalReceipt
from broker.core.rows.consultations import Comment, Consultation
from broker.core.rows.documents import Document, InForce
from broker.core.rows.erasure import Erasure
from broker.core.rows.history import NOT_KEPT
from broker.core.rows.holds import Hold
from broker.core.rows.identity import Identity, Person, Session
from broker.core.rows.incidents import Incident
from broker.core.rows.keys import SigningKey
from broker.core.rows.leaving import Farewell, HomeSession
from broker.core.rows.linking import IdentityLink
from broker.core.rows.moves import Moves
from broker.core.rows.notices import Mailbox, Notice
from broker.core.rows.oauth import Approval, Client, Code, Family, RefreshToken
from broker.core.rows.once import Done
from broker.core.rows.polled import PolledVisa
from broker.core.rows.proposals import PackProposal
from broker.core.rows.recipients import RecipientKey
from broker.core.rows.reports import Report
from broker.core.rows.repositories import AskedAbout, Usage
from broker.core.rows.results import ResultReport
from broker.core.rows.revocation import Revocation
from broker.core.rows.sanctions import Sanction
from broker.core.rows.tasks import Task
from broker.core.rows.uses import Alert, UseMark, UseTally, UseVolume, UseWhole

__all__ = [
    "HISTORY_KINDS", "KINDS", "SNAPSHOT_KINDS", "Access", "Alert", "Application", "Approval", "AskedAbout",
    "Assertion", "Attachment", "Case", "Change", "Client", "Code", "Comment", "Committee", "ConsentRow",
    "ConsentTemplate", "Consultation", "CustomType", "Dataset", "Delivery", "Document", "Done", "Drop", "DrsObject",
    "Envelope", "Erasure", "Evidence", "Family", "Farewell", "Gather", "Gathered", "Grant", "Hold", "HomeSession",
    "Identity", "IdentityLink", "IdentityProvider", "InForce", "Incident", "Mailbox", "Moves", "Notice", "Organisation",
    "PackProposal", "Person", "PolledVisa", "Put", "RecipientKey", "RefreshToken", "Report", "Repository",
    "Request", "ResultReport", "Review", "Revocation", "Role", "Row", "Sanction", "Session", "SigningKey", "Task",
    "Trace", "Usage", "UseMark", "UseTally", "UseVolume", "UseWhole", "VisaIssuer",
    "WithdrawalReceipt", "changed",
]  # fmt: skip

KINDS: tuple[type[Row], ...] = (
    Access, Alert, Application, Approval, AskedAbout, Assertion, Attachment, Case, Client, Code, Comment, Committee,
    ConsentRow, ConsentTemplate, Consultation, CustomType, Dataset, Delivery, Document, Done, DrsObject, Erasure,
    Family, Farewell, Gathered, Grant, Hold, HomeSession, Identity, IdentityLink, IdentityProvider, InForce, Incident,
    Mailbox, Moves, Notice, Organisation, PackProposal, Person, PolledVisa, RecipientKey, RefreshToken, Report,
    Repository, Request, ResultReport, Review, Revocation, Role, Sanction, Session, SigningKey, Task, Trace, Usage,
    UseMark, UseTally, UseVolume, UseWhole, VisaIssuer, WithdrawalReceipt,
)  # fmt: skip
"""Every kind of row; each is a table of its own."""

SNAPSHOT_KINDS: frozenset[type[Row]] = frozenset({
    Application, Assertion, Case, Client, Committee, ConsentRow, ConsentTemplate, CustomType, Dataset, DrsObject, Grant,
    IdentityLink, IdentityProvider, Incident,
    Organisation, PolledVisa, Report, Repository, Request, Review, Revocation, Role, Sanction, VisaIssuer,
})  # fmt: skip
"""The kinds that decisions read: held in memory as the snapshot, and followed change by change."""

HISTORY_KINDS: frozenset[type[Row]] = SNAPSHOT_KINDS - NOT_KEPT
"""The kinds of which every version is kept (history.py)."""
