"""What must be shown, promised or kept: the modifiers that bind the user (specs: DUO section 3.2)."""

from broker.core.duo.asked import Asked
from broker.core.duo.opinion import SILENT, Opinion, deny, permit, review
from broker.core.duo.terms import Term


def ethics_approval(_: Term, asked: Asked) -> Opinion:
    """IRB: evidence that was verified and has not expired; the grant ends with it."""
    match asked.purpose.ethics_approval:
        case "verified":
            return permit("keep_ethics_approval")
        case "expired":
            return deny("DUO-ETHICS-EXPIRED")
        case "refused":
            return deny("DUO-ETHICS-REFUSED")
        case "supplied":
            return review("DUO-ETHICS-UNVERIFIED", obligations=("keep_ethics_approval",))
        case None:
            duty = ("keep_ethics_approval",)
            return review("DUO-ETHICS-MISSING", missing="purpose.evidence.ethics_approval", obligations=duty)


def collaboration(_: Term, asked: Asked) -> Opinion:
    """COL: agreed before the use."""
    match asked.purpose.agreements.collaborate:
        case "recorded":
            return permit("collaborate")
        case "refused":
            return deny("DUO-COLLABORATION-REFUSED")
        case "pending":
            return review("DUO-COLLABORATION-PENDING", obligations=("collaborate",))
        case None:
            member = "purpose.agreements.collaborate"
            return review("DUO-COLLABORATION-MISSING", missing=member, obligations=("collaborate",))


def publication(_: Term, asked: Asked) -> Opinion:
    """PUB: the requester agrees to publish."""
    return _promise("PUBLISH", asked.purpose.agreements.publish, "publish", "publish_results")


def return_of_data(_: Term, asked: Asked) -> Opinion:
    """RTN: the requester agrees to return what is derived."""
    return _promise("RETURN", asked.purpose.agreements.return_data, "return_data", "return_results")


def _promise(code: str, agreed: bool | None, member: str, duty: str) -> Opinion:  # noqa: FBT001 (tri-state answer)
    if agreed is None:
        return review(f"DUO-{code}-UNSTATED", missing=f"purpose.agreements.{member}", obligations=(duty,))
    return permit(duty) if agreed else deny(f"DUO-{code}-REFUSED")


def moratorium(term: Term, asked: Asked) -> Opinion:
    """MOR: blocks no use, only publication before the date; an offer to wait less long is a refusal."""
    if term.date is None:
        return review("DUO-PARAMETER-MISSING", code=term.name, parameter="date")
    if asked.today is not None and asked.today >= term.date:
        return SILENT
    offered = asked.purpose.agreements.no_publication_before
    if offered is not None and offered < term.date:
        return deny("DUO-MORATORIUM", date=term.date.isoformat(), offered=offered.isoformat())
    return permit(f"no_publication_before:{term.date.isoformat()}")


def time_limit(term: Term, asked: Asked) -> Opinion:
    """TS: the grant ends that many calendar months after its start; asking for longer is refused."""
    if term.months is None:
        return review("DUO-PARAMETER-MISSING", code=term.name, parameter="months")
    if term.months <= 0:
        return review("DUO-CONTRADICTION", codes=f"{term.name} {term.months}")
    duration = asked.purpose.duration_months
    if duration is not None and duration > term.months:
        return deny("DUO-DURATION", months=str(term.months), asked=str(duration))
    return permit(f"time_limit_months:{term.months}", months=term.months)
