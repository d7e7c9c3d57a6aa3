"""The rules R1 to R12, in order: the first that fires decides about one participant.

R1 and R2 (which version governs) are in standing.py; every other rule is one small function of a row below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from broker.core.consent.answers import Asked, unreadable
from broker.core.consent.certificate import NARROWER, stand_in
from broker.core.consent.matching import Fit, Terms, fit
from broker.core.consent.maturity import FOR_A_CHILD
from broker.core.consent.model import ConsentVersion, DatasetCertificate, Scope
from broker.core.consent.places import ListRule, off_list
from broker.core.consent.question import ConsentQuestion
from broker.core.consent.standing import Standing
from broker.core.consent.verdict import Place, Verdict, exclude, hold
from broker.core.duo.ontology import Ontology
from broker.core.time import Day, Seconds, add_months, day_of, rfc3339, start_of


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What every rule may look at besides the version: the same for all participants of one question.

    `certified` is R9's answer, `missing` the members of the purpose that the certificate needs to know, `asked`
    the answers that the purpose needs. What does not depend on the participant is worked out once.
    """

    question: ConsentQuestion
    certificate: DatasetCertificate | None
    certified: Verdict | None
    missing: tuple[str, ...]
    asked: tuple[Asked, ...]
    ontology: Ontology
    _fits: dict[tuple[Terms, Terms], Fit] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def stated(self) -> tuple[Asked, ...]:
        """Those of `asked` of which the asker says that they are needed."""
        return tuple(one for one in self.asked if one.stated)

    @cached_property
    def left_open(self) -> tuple[Asked, ...]:
        """Those of `asked` of which the asker does not say whether they are needed."""
        return tuple(one for one in self.asked if not one.stated)

    @cached_property
    def today(self) -> Day:
        return day_of(self.question.at)

    @cached_property
    def alone(self) -> "Asking":
        """The same question as a layer is asked: without the certificate, without a meaning of silence, and without
        what was settled for participants, which no group has to put up with.
        """
        asked = tuple(replace(one, silence="allow") for one in self.asked)
        question = replace(self.question, settled=frozenset())
        return replace(self, question=question, certificate=None, certified=None, asked=asked)

    @cached_property
    def off_certificate(self) -> tuple[tuple[ListRule, bool], ...]:
        """The lists of the certificate that the question is not on."""
        return () if self.certificate is None else tuple(off_list(self.certificate, self.question))

    def fit(self, scope: Scope) -> Fit:
        """How the purpose fits the codes of `scope`. A cohort has a few forms: each is matched once."""
        codes = (scope.permissions, scope.modifiers)
        found = self._fits.get(codes)
        if found is None:
            found = self._fits[codes] = fit(scope, self.question.purpose, self.ontology, self.today)
        return found


Rule = Callable[[Standing, Asking], Verdict | None]


def withdrawn(standing: Standing, asking: Asking) -> Verdict | None:
    """R3. Who stopped access is not contacted either."""
    if standing.withdrawal is None:
        return None
    kind, since = standing.withdrawal
    if kind == "no_further_use":
        return exclude("CON-WITHDRAWN", date=rfc3339(since))
    if kind == "no_further_access" and _needs_newer(since, asking.question):
        return exclude("CON-WITHDRAWN-NEW-DATA", date=rfc3339(since))
    recontact = asking.question.purpose.recontact
    if recontact is None:
        return hold("CON-UNDECLARED", keys="purpose.recontact")
    return exclude("CON-NO-CONTACT") if recontact else None


def _needs_newer(since: Seconds, question: ConsentQuestion) -> bool:
    """Data made on the day of the withdrawal count as newer; without a date the request's need decides."""
    if question.data_generated_on is None:
        return question.needs_new_data is not False
    return question.data_generated_on >= day_of(since) or question.needs_new_data is True


def suspended(standing: Standing, _: Asking) -> Verdict | None:
    """R4."""
    return hold("CON-SUSPENDED") if standing.paused else None


def reaffirmation(standing: Standing, asking: Asking) -> Verdict | None:
    """R5: a parent's consent ends at the maturity review; a grant that ran before it may finish in the grace."""
    version, question = standing.version, asking.question
    if version.grantor is None or version.grantor.kind not in FOR_A_CHILD or version.maturity_review_on is None:
        return None
    due = start_of(version.maturity_review_on)
    grace = asking.certificate.maturity_grace_months if asking.certificate else 0
    running = question.grant_began is not None and question.grant_began < due
    if question.at < (add_months(due, grace) if running else due):
        return None
    return hold("CON-REAFFIRM-DUE", date=version.maturity_review_on.isoformat())


def representation(standing: Standing, asking: Asking) -> Verdict | None:
    """R6: who gave the consent no longer may speak, or need not. A grantor that is not named is not "self"."""
    version = standing.version
    kind = version.grantor.kind if version.grantor else None
    ends = version.grantor.valid_to if version.grantor else None
    if ends is not None and asking.question.at >= start_of(ends):
        return hold("CON-REPRESENTATIVE-LAPSED", date=ends.isoformat())
    return hold("CON-CAPACITY-REGAINED") if kind != "self" and version.capacity == "regained" else None


def after_death(standing: Standing, asking: Asking) -> Verdict | None:
    """R7. `family_decides` is the family's layer (community.py)."""
    stop = died(standing.version, asking.question) and standing.version.after_death == "stop"
    return exclude("CON-AFTER-DEATH") if stop else None


def died(version: ConsentVersion, question: ConsentQuestion) -> bool:
    """Is the participant dead at the time of the question?"""
    return version.deceased_on is not None and question.at >= start_of(version.deceased_on)


def own_permissions(standing: Standing, asking: Asking) -> Verdict | None:
    """R8. The DUO matcher, asked strictly; an open question may be settled for this class of consents."""
    found = asking.fit(standing.version.scope).purpose
    if found is not None and found.reason.code == "CON-METHODS-UNCLEAR":
        return None if settled(standing.version, asking.question, "CON-METHODS-UNCLEAR") else found
    return found


def dataset_certificate(_: Standing, asking: Asking) -> Verdict | None:
    """R9, worked out once for everybody (certificate.py)."""
    return asking.certified


def modifiers(standing: Standing, asking: Asking) -> Verdict | None:
    """R10."""
    return asking.fit(standing.version.scope).conditions


def refused_answers(standing: Standing, asking: Asking) -> Verdict | None:
    """R11, refusals: the person's, else the institution's where the person was never asked.

    A person's permit does not repair the institution's refusal: the dataset is narrower than the person.
    """
    if not asking.stated:
        return None
    own, certificate = answers_of(standing.version, asking.question), asking.certificate
    for one in asking.stated:
        if stand_in(own, certificate, one.key) == "deny":
            return exclude(one.code)
    if certificate is not None:
        for one in asking.stated:
            if certificate.answers.get(one.key) == "deny":
                return exclude(NARROWER, because=one.code)
    return None


def answers_of(version: ConsentVersion, question: ConsentQuestion) -> Mapping[str, str]:
    """What the person answered; under an opt-out that a law overrides for now, their refusals do not count."""
    answers, override = version.scope.answers, version.override
    if override is None or question.at >= override.ends or not version.may_be_overridden:
        return answers
    return {key: "permit" if word == "deny" else word for key, word in answers.items()}


def open_answers(standing: Standing, asking: Asking) -> Verdict | None:
    """R11, what waits: unreadable answers, then "ask me", then silence, then what the asker left open."""
    version, certificate = standing.version, asking.certificate
    strange = unreadable(version.scope.answers) if version.scope.answers else ()
    if strange:
        return hold("CON-UNKNOWN-ANSWER", keys=", ".join(strange))
    if not asking.asked:
        return None
    own = answers_of(version, asking.question)
    said = {one.key: stand_in(own, certificate, one.key) for one in asking.asked}
    ask = [one.key for one in asking.stated if said[one.key] == "ask"]
    if ask:
        return hold("CON-ASK", keys=", ".join(ask))
    silent = [one.key for one in asking.stated if one.silence == "hold" and said[one.key] is None]
    unsettled = [key for key in silent if not settled(version, asking.question, "CON-SILENT", key)]
    if unsettled:
        return hold("CON-SILENT", keys=", ".join(unsettled))
    barred = certificate.answers if certificate else {}
    matter = [
        one.member
        for one in asking.left_open
        if said[one.key] in {"deny", "ask"}
        or (said[one.key] is None and one.silence == "hold")
        or barred.get(one.key) == "deny"
    ]
    return hold("CON-UNDECLARED", keys=", ".join(dict.fromkeys(matter))) if matter else None


def settled(version: ConsentVersion, question: ConsentQuestion, code: str, key: str | None = None) -> bool:
    """Did an ethics committee answer this open question for the very form that was signed?"""
    form = version.template
    return form is not None and any(
        (one.code, one.consent_class, one.form) == (code, form.id, form.sha256) and (key is None or key in one.keys)
        for one in question.settled
    )


def lists(standing: Standing, asking: Asking) -> Verdict | None:
    """R12: the person's lists, and the institution's; both must hold."""
    own = standing.version.scope
    found = [(rule, unknown, rule.code) for rule, unknown in off_list(own, asking.question)]
    for rule, unknown in asking.off_certificate:
        found.append((rule, unknown, rule.code if rule.allowed(own) is None else NARROWER))
    code = next((code for _, unknown, code in found if not unknown), None)
    if code:
        return exclude(code)
    return hold("CON-UNDECLARED", keys=", ".join(sorted({rule.member for rule, _, _ in found}))) if found else None


RULES: tuple[tuple[str, Rule], ...] = (
    ("R3", withdrawn),
    ("R4", suspended),
    ("R5", reaffirmation),
    ("R6", representation),
    ("R7", after_death),
    ("R8", own_permissions),
    ("R9", dataset_certificate),
    ("R10", modifiers),
    ("R11", refused_answers),
    ("R11", open_answers),
    ("R12", lists),
)
"""After R1 and R2, in order."""


def objection(standing: Standing, asking: Asking, rules: tuple[tuple[str, Rule], ...]) -> Verdict | None:
    """What the first rule that fires says; None if none does. Of what was said before only the person's own no."""
    for name, rule in rules:
        found = rule(standing, asking)
        if found is not None:
            return None if standing.former and not _own_no(found) else found.by(name)
    return None


def _own_no(found: Verdict) -> bool:
    """What waited may end, and what the institution refuses is weighed with the newest version."""
    return found.place is Place.EXCLUDE and found.reason.code != NARROWER
