"""The one place where a reason or an exception becomes an HTTP answer (RFC 9457; OAuth and DRS in their forms).

What the asker may not know is never here: unknown and hidden things share one reason, and a body holds
the reason's sentence, never an exception's text.
"""

from collections.abc import Mapping
from typing import Any, Self

from aiohttp import web

from broker.core.oidc.challenge import Challenge
from broker.core.outcome import Outcome, Reason
from broker.core.reasons import REASONS, sentence, title
from broker.core.reasons.language import ENGLISH, Language

STATUS: Mapping[str, int] = {
    "ASK-FEED-OLD": 410,
    "AUTH-CLIENT-FAILED": 401,
    "AUTH-LINK-DONE": 409,
    "AUTH-LINK-MANY": 409,
    "AUTH-LINK-PROOF": 400,
    "AUTH-LINK-SAME": 409,
    "AUTH-NO-CREDENTIALS": 401,
    "AUTH-TOKEN-INVALID": 401,
    "AUTH-TOKEN-EXPIRED": 401,
    "AUTH-TOKEN-BOUND": 401,
    "AUTH-TOKEN-MALFORMED": 400,
    "AUTH-DPOP-PROOF": 401,
    "AUTH-DPOP-REPLAYED": 401,
    "AUTH-DPOP-NEEDED": 401,
    "AUTH-DPOP-NONCE": 401,
    "AUTH-STEP-UP": 401,
    "AUTH-TICKET-INVALID": 401,
    "AUTH-TICKET-EXPIRED": 401,
    "AUTH-REVOKED": 401,
    "AUTH-BUSY": 503,
    "AUTH-IDP-BROWSER": 400,
    "AUTH-IDP-LATE": 400,
    "AUTH-IDP-MIX-UP": 400,
    "AUTH-IDP-STATE": 400,
    "AUTH-REDIRECT": 400,
    "AUTH-LOGOUT-CLIENT": 400,
    "AUTH-LOGOUT-REDIRECT": 400,
    "AUTH-LOGOUT-TOKEN": 400,
    "AUTH-PUSHED-UNKNOWN": 400,
    "AUTH-REQUEST-MALFORMED": 400,
    "AUTH-REQUEST-REPEATED": 400,
    "AUTH-REQUEST-TOO-LONG": 400,
    "PASSPORT-PERSONS": 400,
    "REQ-MALFORMED": 400,
    "REQ-INVALID": 400,
    "REQ-BENEFIT-UNSTATED": 422,
    "REQ-TOO-LARGE": 413,
    "REQ-HEADER-TOO-LARGE": 431,
    "REQ-TOO-SLOW": 408,
    "REQ-TOO-OFTEN": 429,
    "REQ-MEDIA-TYPE": 415,
    "REQ-DRS-URI": 400,
    "REQ-LATER": 202,
    "REQ-NOT-FOUND": 404,
    "REQ-METHOD": 405,
    "REQ-RANGE": 416,
    "REQ-RECIPIENT-KEY": 400,
    "REQ-RECIPIENT-PROOF": 409,
    "REQ-RECIPIENT-NONE": 409,
    "REQ-FORMAT": 400,
    "REQ-REGION": 400,
    "REQ-REFERENCE": 404,
    "REQ-CONFLICT": 409,
    "REQ-STATE": 409,
    "REQ-QUORUM": 409,
    "REQ-VOTED": 409,
    "REQ-UNASSESSED": 422,
    "REQ-ORIGIN-OPEN": 409,
    "REQ-ORIGIN-VOTE": 409,
    "REQ-ORIGIN-OBJECTED": 422,
    "REQ-ORIGIN-OVER": 409,
    "CASE-LATE": 409,
    "REQ-LAY-UNSTATED": 422,
    "REQ-DRAFTS": 409,
    "GRANT-NO-ATTRIBUTION": 409,
    "REQ-NO-RESULTS-POLICY": 409,
    "GRANT-NO-LONGER": 409,
    "REQ-APPLICATION-NEEDED": 409,
    "REQ-NOT-OPEN": 409,
    "REQ-STALE": 412,
    "REQ-OTHER-CONTENT": 412,
    "REQ-PRECONDITION": 428,
    "REQ-IN-FLIGHT": 409,
    "REQ-KEY-REUSED": 422,
    "REQ-DONE-BEFORE": 409,
    "REQ-HELD": 409,
    "REQ-OWN": 403,
    "REQ-OWN-PACK": 403,
    "REQ-OWN-WORDS": 422,
    "REQ-PACK-OUTDATED": 409,
    "REQ-PACK-UNSOUND": 422,
    "REQ-PACK-UNASKED": 409,
    "REQ-OBJECTIONS": 409,
    "REQ-CONSENT-RECORD": 422,
    "REQ-VISA-GRANT": 400,
    "RGT-NOT-YOUR-PAUSE": 409,
    "REQ-VISA-LINK": 400,
    "REQ-VISA-TYPE": 400,
    "REQ-FORM-EXPIRED": 400,
    "SRV-NO-RECORD": 503,
    "SRV-UPSTREAM": 502,
    "SRV-SOURCE": 502,
    "SRV-STAGING": 503,
    "SRV-BUSY": 503,
    "SRV-NO-SIGNATURE": 503,
    "SRV-ERROR": 500,
    "SRV-DRAINING": 503,
}
"""Status by code; a family of codes below; a decision that is no is 403."""

_FAMILIES: tuple[tuple[str, int], ...] = (("PASSPORT-", 401), ("VISA-", 401))
_TOO_LARGE = ("-TOO-LARGE", "-TOO-MANY")


def status_of(code: str) -> int:
    """The HTTP status for a reason code; 403 where the reason is a decision."""
    if code in STATUS:
        return STATUS[code]
    if code.endswith(_TOO_LARGE):
        return 413
    return next((status for family, status in _FAMILIES if code.startswith(family)), 403)


class Problem(Exception):  # noqa: N818 (RFC 9457's own word)
    """A refusal on its way out. Raised at the edge only; flows return values."""

    def __init__(
        self, code: str, *, decision: str | None = None, extra: Mapping[str, Any] | None = None, **facts: str
    ) -> None:
        super().__init__(code)
        self.reason = Reason(code=code, facts=tuple(facts.items()))
        self.decision = decision
        self.extra = dict(extra or {})
        self.headers: dict[str, str] = {}
        self.challenge: Challenge | None = None
        """What the caller is asked for; of a 401 that names none, what its reason says."""

    @classmethod
    def of(cls, reason: Reason) -> Self:
        """The problem for a reason that a flow gave."""
        made = cls(reason.code)
        made.reason = reason
        return made


def problem_body(reason: Reason, status: int, language: Language = ENGLISH, **members: Any) -> dict[str, Any]:
    """RFC 9457 problem details: `code` is ours and stable, `detail` its sentence."""
    kept = {name: value for name, value in members.items() if value not in (None, (), [], {})}
    return {
        "type": f"urn:ga4gh-access-broker:reason:{reason.code}",
        "title": title(reason.code, language),
        "status": status,
        "detail": sentence(reason.code, dict(reason.facts), language),
        "code": reason.code,
    } | kept


def why(reason: Reason, status: int, language: Language = ENGLISH) -> dict[str, Any]:
    """What every 403 says besides: the reason with whose interest it protects, and what can be challenged of it.

    Where a decision was made about data, `telling.py` says the same of all its reasons.
    """
    if status != 403:  # noqa: PLR2004 (RFC 9110 section 15.5.4)
        return {}
    spec, facts = REASONS[reason.code], dict(reason.facts)
    told = {
        "code": reason.code,
        "interest": spec.interest,
        "sentence": sentence(reason.code, facts, language),
        "facts": [{"name": name, "value": value} for name, value in facts.items()],
        "norm": None,
    }
    return {"reasons": [told], "appeal": spec.appeal}


def problem_response(problem: Problem, request_id: str, language: Language = ENGLISH) -> web.Response:
    """The problem as `application/problem+json`, with the headers that its status asks for."""
    reason, status = problem.reason, status_of(problem.reason.code)
    members = why(reason, status, language) | problem.extra
    body = problem_body(reason, status, language, decision=problem.decision, request_id=request_id, **members)
    response = web.json_response(body, status=status, content_type="application/problem+json")
    headers(response, status, problem.decision)
    response.headers.update(problem.headers)
    return response


def headers(response: web.StreamResponse, status: int, decision: str | None) -> None:
    """RFC 9110 on 503; where the decision is explained (ruling 13). What a 401 asks for: doors.py."""
    response.headers["Cache-Control"] = "no-store"
    if status == 503:  # noqa: PLR2004
        response.headers["Retry-After"] = "5"
    if decision is not None:
        response.headers["Decision-Id"] = decision
        response.headers["Link"] = f'</api/v1/decisions/{decision}>; rel="describedby"'


OUTCOME_WORDS: Mapping[Outcome, str] = {outcome: outcome.name for outcome in Outcome}
"""How an outcome is written in JSON."""
