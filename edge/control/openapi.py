"""The OpenAPI 3.1 document of the control API, made of the table of operations, the parts of routes and the structs of bodies."""

import inspect
import re
from collections.abc import Iterator
from typing import Any
from typing import Final

import msgspec

from edge.control import operations
from edge.control import problems
from edge.control import shapes
from edge.control import urls
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from edge.control.routes import PARTS
from edge.control.routes import ROOT
from edge.errors import BadRequest
from edge.errors import Conflict
from edge.errors import Forbidden
from edge.errors import MethodNotAllowed
from edge.errors import NotFound
from edge.errors import Refusal
from edge.errors import Slower
from edge.errors import Stale
from edge.errors import TooLarge
from edge.errors import TooSlow
from edge.errors import Unauthorised
from edge.errors import Unavailable
from edge.errors import Unprocessable
from edge.errors import WrongType

VERSION: Final = "1"
ABOUT: Final = "Who may see which face: tags, claims, consent, rules, groups, blocks, requests, vetoes, locks and erasure."
Json = dict[str, Any]

ANY: Final = (BadRequest, Unauthorised, NotFound, MethodNotAllowed, Stale, Slower, Refusal, Unavailable)
WITH_BODY: Final = (TooSlow, TooLarge, WrongType, Unprocessable)
EXAMPLES: Final[dict[type[msgspec.Struct], Json]] = {
    operations.Owner: {"person": "u-red"},
    operations.Answer: {"answer": "yes"},
    operations.Rule: {"rule": "friends"},
    urls.Asked: {"photos": ["/2026/t1.jpg", "/2026/t2.jpg?w=640"]},
}
HEADERS: Final = {MethodNotAllowed: "Allow", Unauthorised: "WWW-Authenticate", Slower: "Retry-After", Unavailable: "Retry-After"}
_REF: Final = "#/components/{}/{}"


def document() -> Json:
    """The whole document, as JSON's values."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "mfmc-edge control API", "version": VERSION, "description": ABOUT},
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"token": _scheme()},
            "parameters": {name: _parameter(name) for name in PARTS} | {"If-Match": _header("If-Match"),
                                                                        "If-None-Match": _header("If-None-Match")},
            "responses": {problems.name(kind): _problem(kind) for kind in (*ANY, *WITH_BODY, Forbidden, Conflict)},
            "schemas": _schemas(),
        },
    }  # fmt: skip


def _paths() -> Json:
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(ROOT + operation.route, {})[operation.method.lower()] = _operation(operation)
    paths[f"{ROOT}/openapi.json"] = {"get": _own_operation()}
    paths["/-/urls"] = {"post": _urls_operation()}
    return paths


def _operation(operation: Operation) -> Json:
    names = [*re.findall(r"{(\w+)}", operation.route), *_conditions(operation)]
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.about],
        "parameters": [_ref("parameters", name) for name in names],
        "responses": {**_success(operation), **_refusals(*_refused(operation))},
    }
    return described if operation.body is None else described | {"requestBody": _body(operation.body)}


def _conditions(operation: Operation) -> Iterator[str]:
    if operation.about == "face":
        yield "If-Match"
    if operation.name == "look":
        yield "If-None-Match"


def _success(operation: Operation) -> Json:
    shape = shapes.reply(operation)
    if shape is None:
        return {"204": {"description": "Done, or done already"}}
    answered: Json = {"description": _text(shape.__doc__), "content": _json(shape)}
    if shape is shapes.Face:
        answered["headers"] = {"ETag": {"description": "Changes when what you may know does", "schema": {"type": "string"}}}
    unchanged = {"304": {"description": "As the one you have"}} if operation.name == "look" else {}
    return {"200": answered, **unchanged}


def _refused(operation: Operation) -> Iterator[type[Refusal]]:
    yield from ANY
    if operation.name not in ("list", "look"):
        yield Forbidden
    if operation.run is not None:
        yield from (*WITH_BODY, Conflict)


def _refusals(*kinds: type[Refusal]) -> Json:
    return {str(kind.status): _ref("responses", problems.name(kind)) for kind in sorted(kinds, key=lambda kind: kind.status)}


def _own_operation() -> Json:
    answered = {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {
        "operationId": "openapi",
        "summary": "This document",
        "tags": ["about"],
        "security": [],
        "responses": {"200": answered, **_refusals(BadRequest, NotFound, MethodNotAllowed)},
    }


def _urls_operation() -> Json:
    kinds = (BadRequest, Unauthorised, Forbidden, MethodNotAllowed, Slower, Refusal, Unavailable, *WITH_BODY)
    return {
        "operationId": "urls",
        "summary": "Where a page's photos are for the viewer; without a token, for a stranger",
        "tags": ["photo"],
        "security": [{"token": []}, {}],
        "requestBody": _body(urls.Asked),
        "responses": {"200": {"description": _text(urls.Told.__doc__), "content": _json(urls.Told)}, **_refusals(*kinds)},
    }


def _body(shape: type[msgspec.Struct]) -> Json:
    content = _json(shape)
    content["application/json"]["example"] = EXAMPLES[shape]
    return {"required": True, "description": _text(shape.__doc__), "content": content}


def _problem(kind: type[Refusal]) -> Json:
    """One response may stand for several problems of one status."""
    kinds = [kind] if kind is Refusal else [kind, *kind.__subclasses__()]
    shown = {problems.name(kind): {"value": msgspec.to_builtins(problems.of(kind))} for kind in kinds}
    content = {"schema": _ref("schemas", "Problem"), "examples": shown}
    described: Json = {"description": problems.of(kind).title, "content": {"application/problem+json": content}}
    headers = {HEADERS[kind]: {"schema": {"type": "string"}}} if kind in HEADERS else {}
    return described | ({"headers": headers} if headers else {})


def _parameter(name: str) -> Json:
    part = PARTS[name]
    schema = {"type": "string", "pattern": part.pattern, "maxLength": part.longest}
    return {"name": name, "in": "path", "required": True, "description": part.about, "schema": schema, "example": part.example}


def _header(name: str) -> Json:
    about = {"If-Match": "Only if the face's ETag is this one", "If-None-Match": "Only if the face's ETag is another one"}
    return {"name": name, "in": "header", "description": about[name], "schema": {"type": "string"}}


def _scheme() -> Json:
    about = "A viewer's token (edge.token) or a service's (edge.control.service); cookies do not count"
    return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": about}


def _json(shape: type[msgspec.Struct]) -> Json:
    return {"application/json": {"schema": _ref("schemas", shape.__name__)}}


def _schemas() -> Json:
    replies = {shape for shape in map(shapes.reply, OPERATIONS) if shape is not None}
    shown: set[type[msgspec.Struct]] = {*replies, *EXAMPLES, urls.Told, problems.Problem}
    ordered = sorted(shown, key=lambda shape: shape.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template=_REF.format("schemas", "{name}"))
    return {name: _portable(schema) for name, schema in schemas.items()}


def _portable(schema: Json) -> Json:
    """Patterns as ECMA-262 writes them, and texts without our markup."""
    if "description" in schema:
        schema["description"] = _text(schema["description"])
    for field in schema.get("properties", {}).values():
        if "pattern" in field:
            field["pattern"] = field["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    return schema


def _ref(kind: str, name: str) -> Json:
    return {"$ref": _REF.format(kind, name)}


def _text(docstring: str | None) -> str:
    return inspect.cleandoc(docstring or "").replace("``", "`").replace("\n", " ").replace("  ", "\n\n")
