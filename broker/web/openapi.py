"""What /api/v1 is, for programs: OpenAPI 3.1, made from the table of routes and the models that bodies are read with.

schemas/openapi.json is this document, and a test compares; nobody writes it by hand.
"""

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from aiohttp import web
from pydantic import BaseModel

from broker.core.administration import SORTS
from broker.ports import Forms

PREFIX = "/api/v1/"
OPENAPI: web.AppKey[dict[str, Any]] = web.AppKey("openapi", dict)
_BODY = re.compile(r"json_body\(request, (\w+)")
_ADDRESS = re.compile(r"^(?:GET|HEAD|OPTIONS|POST|PUT|DELETE)(?: or \w+)?(?: [/…][^\s:]*)?: ")
_PARAMETER = re.compile(r"\{(\w+)[^}]*\}")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VERSIONED = re.compile(r"\bexpected\(")
_QUERY = re.compile(r'request\.query\.get\("(\w+)"')
_SENT, _GIVEN_OUT = "await raw(request", "given_out("
"""How a handler reads a body of bytes, and answers with one."""
_FORM_HANDLERS = frozenset({"post_row", "put_row", "test_form"})
_MEDIA, _BYTES = "application/json", "application/octet-stream"


class Described(Protocol):
    """What is read of a route."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def handler(self) -> Any: ...
    @property
    def is_public(self) -> bool: ...


async def get_openapi(request: web.Request) -> web.Response:
    """GET /openapi.json: this API for programs (OpenAPI 3.1)."""
    return web.json_response(request.app[OPENAPI])


def document(routes: Iterable[Described], forms: Forms, version: str) -> dict[str, Any]:
    """The OpenAPI document of every route under /api/v1."""
    schemas: dict[str, Any] = {"Problem": _PROBLEM}
    for sort in SORTS.values():
        schemas[_name(sort.noun)] = _moved_definitions(forms.schema(sort.kind), schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.path.startswith(PREFIX):
            path = _PARAMETER.sub(r"{\1}", route.path)
            paths.setdefault(path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "GA4GH data access broker",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An access token (RFC 6750)."},
                "dpop": {"type": "http", "scheme": "dpop", "description": "An access token bound to a key (RFC 9449)."},
            },
        },
    }


def _operation(route: Described, schemas: dict[str, Any]) -> dict[str, Any]:
    source = inspect.getsource(route.handler)
    told = _ADDRESS.sub("", (route.handler.__doc__ or "").splitlines()[0])
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    parameters += [_header(name, why, required=required) for name, why, required in _headers(route.method, source)]
    if "page(request" in source or "asked(request)" in source:
        parameters += [
            {"name": "page_size", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
            {
                "name": "token",
                "in": "query",
                "description": "`next_page_token` of the page before.",
                "schema": {"type": "string"},
            },
        ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in dict.fromkeys(_QUERY.findall(source))
    ]
    told_as = {_BYTES: {}} if _GIVEN_OUT in source else {_MEDIA: {"schema": {"type": "object"}}}
    found: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": told[:1].upper() + told[1:],
        "tags": [route.path.removeprefix(PREFIX).split("/")[0]],
        "responses": {
            "2XX": {"description": "Done.", "content": told_as},
            "default": {
                "description": "Refused; `code` says why.",
                "content": {"application/problem+json": {"schema": _ref("Problem")}},
            },
        },
        "security": [{}] if route.is_public else [{"bearer": []}, {"dpop": []}],
    }
    if parameters:
        found["parameters"] = parameters
    body = _body(route, source, schemas)
    if body is not None:
        found["requestBody"] = {"required": "body_exists" not in source, "content": {_MEDIA: {"schema": body}}}
    elif _SENT in source:
        found["requestBody"] = {"required": True, "content": {_BYTES: {}}}
    return found


def _headers(method: str, source: str) -> list[tuple[str, str, bool]]:
    found = []
    if method in _CHANGING:
        found.append(("Idempotency-Key", "The same key and request again: done once, answered again.", False))
    if _VERSIONED.search(source):
        found.append(("If-Match", "The ETag of the version that is changed.", True))
    if "is_known(" in source:
        found.append(("If-None-Match", "The ETag that the caller has.", False))
    return found


def _header(name: str, why: str, *, required: bool) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": required, "description": why, "schema": {"type": "string"}}


def _body(route: Described, source: str, schemas: dict[str, Any]) -> dict[str, Any] | None:
    """The schema of the body: the form of the row, or the model that the handler reads it with."""
    if route.handler.__name__ in _FORM_HANDLERS:
        return _ref(_name(route.path.removeprefix(PREFIX).split("/")[0]))
    named = _BODY.search(source)
    model = getattr(sys.modules[route.handler.__module__], named[1]) if named is not None else None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return None
    name = f"{route.handler.__module__.rpartition('.')[2].title()}{model.__name__}"
    if name not in schemas:
        schemas[name] = _moved_definitions(
            model.model_json_schema(ref_template="#/components/schemas/{model}"), schemas
        )
    return _ref(name)


def _moved_definitions(schema: Mapping[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """`schema` with its definitions among the components."""
    schemas.update(schema.get("$defs", {}))
    return {name: value for name, value in schema.items() if name != "$defs"}


def _operation_id(route: Described) -> str:
    noun = route.path.removeprefix(PREFIX).split("/")[0]
    name = str(route.handler.__name__)
    return f"{name}_{noun}" if noun in SORTS else name


def _name(noun: str) -> str:
    return {"issuers": "VisaIssuer", "clients": "Client", "idps": "IdentityProvider"}[noun]


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT = {"type": "string"}
_PROBLEM: Mapping[str, Any] = {
    "title": "A refusal (RFC 9457)",
    "description": "schemas/problem.schema.json has every member.",
    "type": "object",
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": _TEXT,
        "request_id": _TEXT,
    },
    "required": ["type", "title", "status", "detail", "code"],
}
