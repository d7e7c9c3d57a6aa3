"""How does the answer to a bulk request look? (DRS 1.5.0: POST and OPTIONS /objects, POST /objects/access)

What was asked for twice is answered once. Every item is counted once, as resolved or as unresolved: an object, or in an
access request an object with one of its access ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from broker.core.drs.objects import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """An item that was not given, with the status that it alone would have had; `code` and `decision` are ours."""

    object_id: str
    status: int
    message: str
    code: str
    access_id: str | None = None
    decision: str | None = None
    seconds: int | None = None
    """For 202: when to ask again."""


def answer(member: str, resolved: Sequence[Json], unresolved: Sequence[Unresolved]) -> Json:
    """The JSON. `member`: how the list of what was resolved is called. `details` says of each item why not."""
    found: Json = {
        "summary": {
            "requested": len(resolved) + len(unresolved),
            "resolved": len(resolved),
            "unresolved": len(unresolved),
        },
        "unresolved_drs_objects": _grouped(unresolved),
        member: list(resolved),
    }
    if unresolved:
        found["details"] = [_detail(one) for one in unresolved]
    return found


def _grouped(unresolved: Iterable[Unresolved]) -> list[Json]:
    groups: dict[int, dict[str, None]] = {}
    for one in unresolved:
        groups.setdefault(one.status, {})[one.object_id] = None
    return [{"error_code": status, "object_ids": list(groups[status])} for status in sorted(groups)]


def _detail(one: Unresolved) -> Json:
    said = {
        "object_id": one.object_id,
        "access_id": one.access_id,
        "status_code": one.status,
        "msg": one.message,
        "code": one.code,
        "decision": one.decision,
        "retry_after": one.seconds,
    }
    return {name: value for name, value in said.items() if value is not None}
