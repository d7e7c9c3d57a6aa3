"""What does a request to the AuthZEN Authorization API 1.0 ask? (sections 4 to 8)

Members that nobody knows are ignored, as the standard demands; one that is null counts as left out. Of `properties`
and `context` nothing here is believed: whoever decides takes from them what it can verify, and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

MOST = 1_000
"""Evaluations of one request."""
MOST_TEXT = 2_048
"""Characters of a type, a name, or the id of a resource."""
MOST_OF_A_PAGE = 100
USUAL_PAGE = 50

Semantic = Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"]
SEMANTICS: tuple[Semantic, ...] = get_args(Semantic)
Wanted = Literal["subject", "resource", "action"]
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request is none: HTTP 400, or an error in its place of a batch."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A subject or a resource. `id` is empty where a search looks for it."""

    type: str
    id: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """May this subject do this to this resource?"""

    subject: Entity
    action: Action
    resource: Entity
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Many questions at once; a faulty one is answered in its place."""

    items: tuple[Asked | Fault, ...]
    semantic: Semantic = "execute_all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which subjects, resources or actions fit? Who is looked for has no id; an action that is looked for no name."""

    wanted: Wanted
    subject: Entity
    action: Action
    resource: Entity
    context: Mapping[str, Any] = field(default_factory=dict)
    limit: int = USUAL_PAGE
    token: str = ""


def read_evaluation(body: Any) -> Asked | Fault:
    """The question of an evaluation request (section 6.1)."""
    if not isinstance(body, dict):
        return Fault("the body: an object")
    return _question(body, _NOTHING)


def read_evaluations(body: Any) -> Asked | Batch | Fault:
    """The questions of an evaluations request (section 7.1). None at all is a single evaluation (7.1.1)."""
    if not isinstance(body, dict):
        return Fault("the body: an object")
    items, options = body.get("evaluations"), body.get("options")
    semantic = options.get("evaluations_semantic") if isinstance(options, dict) else None
    if options is not None and not isinstance(options, dict):
        return Fault("options: an object")
    if semantic is not None and semantic not in SEMANTICS:
        return Fault(f"options.evaluations_semantic: one of {', '.join(SEMANTICS)}")
    if items is None or items == []:
        return _question(body, _NOTHING)
    if not isinstance(items, list):
        return Fault("evaluations: a list")
    found = tuple([_question(one, body) if isinstance(one, dict) else Fault("an object") for one in items])
    return Batch(items=found, semantic=semantic or "execute_all")


def read_search(body: Any, wanted: Wanted) -> Search | Fault:
    """The question of a search (section 8). The `id` of what is looked for is ignored; so is an action's whole key."""
    if not isinstance(body, dict):
        return Fault("the body: an object")
    subject = _entity(body, "subject", _NOTHING, named=wanted != "subject")
    resource = _entity(body, "resource", _NOTHING, named=wanted != "resource")
    action = Action(name="") if wanted == "action" else _action(body, _NOTHING)
    context, page = _object(body, "context"), _object(body, "page")
    for one in (subject, resource, action, context, page):
        if isinstance(one, Fault):
            return one
    assert isinstance(page, Mapping)  # noqa: S101 (told apart above)
    limit, token = page.get("limit", USUAL_PAGE), page.get("token", "")
    if type(limit) is not int or limit < 1:
        return Fault("page.limit: a whole number from 1")
    if not isinstance(token, str):
        return Fault("page.token: a text")
    return Search(
        wanted=wanted,
        subject=subject,  # type: ignore[arg-type]
        action=action,  # type: ignore[arg-type]
        resource=resource,  # type: ignore[arg-type]
        context=context,  # type: ignore[arg-type]
        limit=min(limit, MOST_OF_A_PAGE),
        token=token,
    )


def _question(item: Mapping[str, Any], defaults: Mapping[str, Any]) -> Asked | Fault:
    """One question; what it leaves out is as in `defaults`, entity by entity (section 7.1.1)."""
    subject, resource = _entity(item, "subject", defaults), _entity(item, "resource", defaults)
    action = _action(item, defaults)
    context = _object(item if item.get("context") is not None else defaults, "context")
    if Fault in (type(subject), type(action), type(resource), type(context)):
        return next(one for one in (subject, action, resource, context) if isinstance(one, Fault))
    return Asked(subject=subject, action=action, resource=resource, context=context)  # type: ignore[arg-type]


def _entity(item: Mapping[str, Any], name: str, defaults: Mapping[str, Any], *, named: bool = True) -> Entity | Fault:
    found = _whole(item, name, defaults, ("type", "id"))
    if isinstance(found, Fault):
        return found
    type_, id, properties = found.get("type"), found.get("id"), _object(found, "properties")
    if isinstance(properties, Fault):
        return Fault(f"{name}.{properties.problem}")
    if not isinstance(type_, str) or not type_ or len(type_) > MOST_TEXT:
        return Fault(f"{name}.type: a text")
    if named and (not isinstance(id, str) or not id or (name == "resource" and len(id) > MOST_TEXT)):
        return Fault(f"{name}.id: a text")
    return Entity(type=type_, id=str(id) if named else "", properties=properties)


def _action(item: Mapping[str, Any], defaults: Mapping[str, Any]) -> Action | Fault:
    found = _whole(item, "action", defaults, ("name",))
    if isinstance(found, Fault):
        return found
    name, properties = found.get("name"), _object(found, "properties")
    if isinstance(properties, Fault):
        return Fault(f"action.{properties.problem}")
    if not isinstance(name, str) or not name or len(name) > MOST_TEXT:
        return Fault("action.name: a text")
    return Action(name=name, properties=properties)


def _whole(
    item: Mapping[str, Any], name: str, defaults: Mapping[str, Any], needed: tuple[str, ...]
) -> Mapping[str, Any] | Fault:
    """The entity of the item, or that of `defaults`. Nothing is merged but what is needed and left out.

    Certification scenario, 3.2.7: a `type` may stand above for all items.
    """
    own = item.get(name)
    above = defaults.get(name) if defaults else None
    found = above if own is None else own
    if not isinstance(found, dict):
        return Fault(f"{name}: an object")
    if own is None or not isinstance(above, dict):
        return found
    return {**{member: above[member] for member in needed if above.get(member) is not None}, **found}


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any] | Fault:
    found = holder.get(name)
    if found is None:
        return _NOTHING
    return found if isinstance(found, dict) else Fault(f"{name}: an object")
