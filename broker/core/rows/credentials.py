"""Which kinds of rows say who somebody is and what they hold, and nothing about data, participants or institutions?

A change of one of them does not make forget what the gates said about data (core/decision/use.py). A kind that is not
in here is taken to say something about data: forgetting one costs time, and nothing else.
"""

from broker.core.rows.access import Grant, Request
from broker.core.rows.applications import Application, Review
from broker.core.rows.assertions import Assertion
from broker.core.rows.cases import Case
from broker.core.rows.catalogue import IdentityProvider, Role, VisaIssuer
from broker.core.rows.change import Row
from broker.core.rows.incidents import Incident
from broker.core.rows.linking import IdentityLink
from broker.core.rows.oauth import Client
from broker.core.rows.polled import PolledVisa
from broker.core.rows.reports import Report
from broker.core.rows.revocation import Revocation
from broker.core.rows.sanctions import Sanction

OF_CREDENTIALS: frozenset[type[Row]] = frozenset({
    Application, Assertion, Case, Client, Grant, IdentityLink, IdentityProvider, Incident, PolledVisa, Report, Request,
    Review, Revocation, Role, Sanction, VisaIssuer,
})  # fmt: skip
