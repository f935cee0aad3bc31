"""The OpenAPI document: valid, complete, and true to what is answered."""

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from edge import errors
from edge.control import openapi
from edge.control import problems
from edge.control.operations import OPERATIONS
from edge.control.operations import Operation
from edge.control.routes import PARTS
from edge.control.routes import ROOT

DOCUMENT = json.loads(msgspec.json.encode(openapi.document()))
OURS = {("get", f"{ROOT}/openapi.json"), ("post", "/-/urls")}


def resolved(reference: dict[str, str]) -> Any:
    """What a ``$ref`` points to."""
    found = DOCUMENT
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def described(operation: Operation) -> Any:
    """The operation in the document."""
    return DOCUMENT["paths"][ROOT + operation.route][operation.method.lower()]


def test_valid() -> None:
    """The document is OpenAPI 3.1, its schemas and examples included."""
    assert DOCUMENT["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_operation_and_nothing_else() -> None:
    """Each operation is there under its method and route, and apart from them the document itself and ``/-/urls``."""
    found = {(method, path) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert found - OURS == {(operation.method.lower(), ROOT + operation.route) for operation in OPERATIONS}
    assert found >= OURS
    assert [described(operation)["operationId"] for operation in OPERATIONS] == [operation.name for operation in OPERATIONS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation(operation: Operation) -> None:
    """An operation names just its route's parts, the body it takes, and a problem for each status it can end with."""
    told = described(operation)
    parameters = [resolved(reference) for reference in told["parameters"]]
    assert [entry["name"] for entry in parameters if entry["in"] == "path"] == re.findall(r"{(\w+)}", operation.route)
    assert any(entry["name"] == "If-Match" for entry in parameters) == (operation.about == "face")
    assert ("requestBody" in told) == (operation.body is not None)
    for status, answer in told["responses"].items():
        if int(status) >= 400:
            (kind,) = resolved(answer)["content"]
            assert kind == "application/problem+json"
    assert {"401", "404", "429", "503"} <= set(told["responses"])
    assert len({"200", "204"} & set(told["responses"])) == 1


def test_examples_fit() -> None:
    """Every example is one that its own schema, and the program, accepts."""
    schemas = DOCUMENT["components"]["schemas"]
    for name, part in PARTS.items():
        assert part.read(part.example)
        jsonschema.validate(part.example, DOCUMENT["components"]["parameters"][name]["schema"])
    for shape, example in openapi.EXAMPLES.items():
        assert msgspec.json.decode(json.dumps(example), type=shape)
        jsonschema.validate(example, schemas[shape.__name__])
    for response in DOCUMENT["components"]["responses"].values():
        for example in response["content"]["application/problem+json"]["examples"].values():
            jsonschema.validate(example["value"], schemas["Problem"])


def test_patterns_are_portable() -> None:
    """No pattern uses what only Python understands: an anchor such as ``\\A`` is a letter elsewhere (ECMA-262)."""
    for found in re.findall(r'"pattern": "(.*?)"', json.dumps(DOCUMENT)):
        assert r"\\A" not in found
        assert r"\\Z" not in found
        assert found.startswith("^")
        assert found.endswith("$")
    assert len(re.findall('"pattern"', json.dumps(DOCUMENT))) >= len(PARTS)


def test_every_problem_has_its_own_name() -> None:
    """Two refusals never share a type, and every refusal that control raises is in the document."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refusal)]
    assert len({problems.of(kind).type for kind in kinds}) == len(kinds)
    shown = json.dumps(DOCUMENT)
    for kind in set(kinds) - {errors.OriginFailed, errors.OriginTimeout, errors.BadRendition}:
        assert problems.of(kind).type in shown
