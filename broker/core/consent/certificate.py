"""What does the institution's certificate say, before any person is asked? (rule R9)

The same for every participant, so it may be told to anybody: "could this ever be allowed?"
"""

from collections.abc import Mapping
from dataclasses import replace

from broker.core.consent.answers import Asked, unreadable
from broker.core.consent.model import DatasetCertificate
from broker.core.consent.places import off_list
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.verdict import Verdict, exclude, hold
from broker.core.duo.match import Match, match
from broker.core.duo.match import Verdict as Duo
from broker.core.duo.ontology import Ontology
from broker.core.time import day_of, rfc3339

NARROWER = "DUO-DATASET-NARROWER"
OPEN = "CON-CERTIFICATE-OPEN"
"""The committee's own answer to it speaks of this very certificate (decision/findings.py)."""


def certified(
    certificate: DatasetCertificate | None, question: ConsentQuestion, ontology: Ontology
) -> tuple[Verdict | None, tuple[str, ...]]:
    """R9: what the certificate has against the purpose, and the members of the purpose that it needs to know.

    No certificate in force: everybody waits. Sensitive topics are left to the DUO gate and to R11: they are
    nothing that a certificate could cover.
    """
    if certificate is None:
        return hold("CON-NO-CERTIFICATE"), ()
    begins, ends = certificate.valid_from, certificate.valid_to
    if begins is not None and question.at < begins:
        return hold("CON-NO-CERTIFICATE", date=rfc3339(begins)), ()
    if ends is not None and question.at >= ends:
        return hold("CON-NO-CERTIFICATE", date=rfc3339(ends)), ()
    purpose = question.purpose
    if purpose.sensitive != frozenset():
        purpose = replace(purpose, sensitive=frozenset())
    terms = (*certificate.permissions, *certificate.modifiers)
    found = match(terms, purpose, ontology, day_of(question.at))
    return _weighed(certificate, question, found), found.missing


def _weighed(certificate: DatasetCertificate, question: ConsentQuestion, found: Match) -> Verdict | None:
    if found.verdict is Duo.DENY:
        return exclude(NARROWER, because=found.reasons[0].code)
    keys = unreadable(certificate.answers)
    if keys:
        return hold("CON-UNKNOWN-ANSWER", keys=", ".join(keys))
    open_codes = [reason.code for reason in found.reasons if reason.code not in question.reviewed]
    if found.verdict is Duo.REVIEW and open_codes and OPEN not in question.reviewed:
        return hold("CON-CERTIFICATE-OPEN", because=", ".join(open_codes))
    return None


def refused(certificate: DatasetCertificate, question: ConsentQuestion, asked: tuple[Asked, ...]) -> Verdict | None:
    """What the certificate's own answers and lists refuse, whatever a person says: no permit repairs it."""
    off = tuple(off_list(certificate, question))
    denied = [one for one in asked if certificate.answers.get(one.key) == "deny"]
    by_answer = next((one.code for one in denied if one.stated), None)
    code = by_answer or next((rule.code for rule, unknown in off if not unknown), None)
    if code:
        return exclude(NARROWER, because=code)
    undeclared = [*(one.member for one in denied), *(rule.member for rule, _ in off)]
    return hold("CON-UNDECLARED", keys=", ".join(undeclared)) if undeclared else None


def stand_in(answers: Mapping[str, str], certificate: DatasetCertificate | None, key: str) -> str | None:
    """The answer that counts for `key`: the person's, else the certificate's, else None (never asked)."""
    return answers.get(key) or (certificate.answers.get(key) if certificate else None)
