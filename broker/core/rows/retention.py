"""How long is what kept? Every table, once; and which rows are dropped when their time is over (ruling 31).

Rows that decisions read stay, and so does the log: with them every decision can be made again, and every proof holds.
What is personal in them goes when somebody is erased. What only tells how somebody signed in, what they did with data,
and what they were told of, is dropped: the entry that says so names each row, its last version and that it is gone.
While a legal hold stands, nothing of that person is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from broker.core.rows.access import Access, Delivery, Grant, Request, Trace
from broker.core.rows.applications import Application, Attachment, Review
from broker.core.rows.assertions import Assertion, CustomType, Gathered
from broker.core.rows.cases import Case
from broker.core.rows.catalogue import (
    Committee,
    Dataset,
    DrsObject,
    IdentityProvider,
    Organisation,
    Repository,
    Role,
    VisaIssuer,
)
from broker.core.rows.change import Row
from broker.core.rows.consents import ConsentRow, ConsentTemplate, WithdrawalReceipt
from broker.core.rows.consultations import Comment, Consultation
from broker.core.rows.documents import Document, InForce
from broker.core.rows.erasure import Erasure
from broker.core.rows.holds import Hold
from broker.core.rows.identity import Identity, Person, Session
from broker.core.rows.incidents import Incident
from broker.core.rows.keys import SigningKey
from broker.core.rows.leaving import Farewell, HomeSession
from broker.core.rows.linking import IdentityLink
from broker.core.rows.moves import Moves
from broker.core.rows.notices import PERIOD, Mailbox, Notice
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
from broker.core.time import Seconds

DAY = 86_400
Sort = Literal["sign_ins", "uses", "messages", "results"]
"""What is dropped, by what it tells of."""
LEAST_DAYS: Mapping[Sort, int] = MappingProxyType({
    "sign_ins": 7, "uses": 365, "messages": 2 * PERIOD // DAY, "results": 60,
})  # fmt: skip
"""Nobody may keep less: stolen sign-ins are looked into, uses accounted for by the year, inboxes show two periods, and
of a finding that went to a clinic somebody may ask again."""

DROPPED: Mapping[type[Row], Sort] = MappingProxyType({
    Session: "sign_ins", HomeSession: "sign_ins", Family: "sign_ins", Code: "sign_ins", RefreshToken: "sign_ins",
    Farewell: "sign_ins", Task: "sign_ins",
    Access: "uses", Delivery: "uses", Trace: "uses",
    Notice: "messages",
    ResultReport: "results",
})  # fmt: skip
"""Kinds whose rows are dropped: no decision reads them, and each has an id that never comes back."""

STAYS: Mapping[str, tuple[type[Row], ...]] = MappingProxyType({
    "Decisions read it, and are made again with it; names of persons in it go with `broker people erase`.": (
        Application, Assertion, Case, Client, Committee, ConsentRow, ConsentTemplate, CustomType, Dataset, DrsObject,
        Grant, IdentityLink, IdentityProvider, Incident, Organisation, PolledVisa, Report, Repository, Request, Review,
        Revocation, Role, Sanction, VisaIssuer,
    ),
    "By it decisions are made again; it names nobody.": (Document, InForce, SigningKey),
    "It is who somebody is to the broker, until `broker people erase`.": (
        Person, Identity, Mailbox, Gathered, RecipientKey, Approval, Attachment,
    ),
    "It says what may not be erased, or what was.": (Hold, Erasure),
    "It keeps what was done from being done, reported or told twice; it names nobody but by an id.": (
        Done, Usage, AskedAbout,
    ),
    "It says of a grant how much was used under it, and what people found of that; it names nobody but by an id.": (
        Alert, UseMark, UseTally, UseVolume, UseWhole,
    ),
    "It says who changed the rules, and what they wrote, and what was said to it; it names nobody but by an id.": (
        PackProposal, Consultation, Comment,
    ),
    "It says why an issuer, a client or a home organisation was suspended, and who did it, by id.": (Moves,),
    "It is the participant's own receipt.": (WithdrawalReceipt,),
})  # fmt: skip
"""Why rows of a kind are kept for as long as the broker is."""

OTHER_TABLES: Mapping[str, str] = MappingProxyType({
    "record": "For ever: what is hashed. It holds pseudonyms, which nobody can resolve after an erasure.",
    "receipt": "For ever: by it a receipt is proved.",
    "effect": "For ever: the digests of all versions of all rows, of those that were dropped too.",
    "tile": "For ever: hashes.",
    "checkpoint": "For ever: hashes.",
    "shard": "For ever: hashes.",
    "shard_tile": "For ever: hashes.",
    "history": "For ever; versions that name somebody are emptied when they are erased.",
    "meta": "For ever: which log it is.",
    "scratch": "Until it expires, a minute more on the disk.",
    "pending": "Until it has its place in the log: under a second.",
    "feed": "An hour.",
})  # fmt: skip
"""Tables that hold no rows of a kind; the last two are PostgreSQL's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """For how many days what is dropped is kept after it was over; 0: for as long as the broker is."""

    sign_ins: int
    uses: int
    messages: int
    results: int

    def horizon(self, sort: Sort, now: Seconds) -> Seconds | None:
        """What was over before this is dropped; None: nothing is."""
        days = {
            "sign_ins": self.sign_ins, "uses": self.uses, "messages": self.messages, "results": self.results,
        }[sort]  # fmt: skip
        return Seconds(now - days * DAY) if days else None


def sign_in_over(session: Session, families: tuple[Family, ...], farewells: tuple[Farewell, ...]) -> Seconds | None:
    """Since when nothing rests on a sign-in; None: somebody still has to be told of its end."""
    if any(one.state == "waiting" for one in farewells):
        return None
    return max((_end(session), *(one.expires for one in families)))


def use_over(access: Access, deliveries: tuple[Delivery, ...]) -> Seconds | None:
    """Since when a ticket opens nothing; None: something runs, or nobody has said yet how it ended."""
    if any(one.state == "open" for one in deliveries):
        return None
    return max((access.expires, *(one.started for one in deliveries)))


def message_over(notice: Notice) -> Seconds | None:
    """Since when somebody could read it; None: it is to be sent yet, or is a reminder, whose id would come back."""
    of_an_entry = "." in notice.id
    return notice.at if of_an_entry and notice.state != "waiting" else None


def result_over(row: ResultReport) -> Seconds | None:
    """Since when nobody owes anything for a finding; None: somebody does."""
    return row.ended


def _end(session: Session) -> Seconds:
    return session.expires if session.ended is None else min(session.ended, session.expires)
