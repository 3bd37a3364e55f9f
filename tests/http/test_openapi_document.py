"""The OpenAPI document is valid, complete, and true: what it allows is taken."""

import re
from typing import Any
from urllib.parse import urlencode

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, reject, settings
from msgspec.structs import replace

from pixmill.api.app import DOCUMENT_ROUTES, FIXED_ROUTES, PROBE_ROUTES
from pixmill.api.http.problems import STATUS, problem_response
from pixmill.api.routes.openapi import document
from pixmill.dialects.factory import ServerDefaults, build_registry, parse_mounts
from pixmill.dialects.native.dialect import PARAMS_BY_PATH, NativeDialect, parse
from pixmill.dialects.native.params import PARAMS
from pixmill.errors import ConflictingParameters, InvalidParameter
from pixmill.media import Format
from pixmill.plan.facts import Description, Facts, GpsLocation, Swatch

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document()))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def test_it_is_a_valid_document() -> None:
    SCHEMA.validate()
    for parameter in DOCUMENT["components"]["parameters"].values():
        jsonschema_rs.meta.validate(parameter["schema"])


def test_every_route_is_documented_with_its_methods_and_no_other() -> None:
    answered: dict[str, set[str]] = {}
    for native in NativeDialect.routes:
        answered[native.template] = {method.lower() for method in native.methods}
    for route in FIXED_ROUTES:
        answered.setdefault(route.path, set()).update(method.lower() for method in route.methods or ())
    assert {path: set(methods) for path, methods in DOCUMENT["paths"].items()} == answered


def test_mounted_dialects_are_documented() -> None:
    entries = parse_mounts(
        '[{"dialect": "emgr", "mount": "/a"}, {"dialect": "emgr"}, {"dialect": "emgr", "host": "b.example"}]'
    )
    whole: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(document(dialects=build_registry(entries, ServerDefaults())))
    )
    schemathesis.openapi.from_dict(whole).validate()
    assert set(whole["paths"]) - set(DOCUMENT["paths"]) == {
        mount + path for mount in ("", "/a") for path in ("/api/images/resize", "/api/images/files/{key}")
    } | {"/a/health"}
    assert whole["paths"]["/health"] == DOCUMENT["paths"]["/health"]
    names = [one["operationId"] for item in whole["paths"].values() for key, one in item.items() if key != "servers"]
    assert len(names) == len(set(names))


def test_where_operators_have_a_listener_of_their_own_nothing_of_theirs_is_told() -> None:
    paths = document(include_admin=False)["paths"]
    assert isinstance(paths, dict)
    assert set(paths) == {route.template for route in NativeDialect.routes} | {
        route.path for route in (*DOCUMENT_ROUTES, *PROBE_ROUTES)
    }


def test_the_paths_of_the_grammar_are_documented() -> None:
    assert {path.decode() for path in PARAMS_BY_PATH} <= set(DOCUMENT["paths"])


def test_every_status_of_a_problem_is_documented_somewhere() -> None:
    documented = {
        int(status)
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        for status in operation["responses"]
    }
    assert set(STATUS.values()) <= documented


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_each_parameter_tells_its_aliases_and_its_default() -> None:
    for param in PARAMS:
        described = DOCUMENT["components"]["parameters"][param.name]
        assert all(f"`{alias}`" in described["description"] for alias in param.aliases)
        assert ("default" in described["schema"]) == bool(param.default)


def test_a_problem_fits_its_schema() -> None:
    problem = problem_response(InvalidParameter("width must be …", param="width"), request_id="abc")
    schema = DOCUMENT["components"]["schemas"]["Problem"]
    jsonschema_rs.validate(schema, msgspec.json.decode(bytes(problem.body)))


def test_facts_fit_their_schema() -> None:
    facts = Facts(Format.JPEG, 300, 200, 1, False, 1, "srgb", "", 12_345)
    full = replace(
        facts, exif={"Make": "A", "Area": (1, 2.5)}, gps=GpsLocation(1.5, 2), iptc={"City": ["B"]}, average="#fff"
    )
    description = Description(30, 20, full, palette=(Swatch("#102030", 0.5),))
    for told in (facts, full, description):
        schema = {"$ref": f"#/components/schemas/{type(told).__name__}", "components": DOCUMENT["components"]}
        jsonschema_rs.validate(schema, msgspec.json.decode(msgspec.json.encode(told)))


EXPONENT = re.compile(rb"=[0-9.]+e-[0-9]")


@pytest.mark.parametrize(("path", "method"), [("/resize", "GET"), ("/resize", "POST"), ("/api/v1/info", "HEAD")])
def test_what_the_document_allows_is_taken(path: str, method: str) -> None:
    operation = SCHEMA[path][method]

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy())
    def taken(case: schemathesis.Case[Any]) -> None:
        query = urlencode(case.query or {}).encode()
        # Python writes small numbers with an exponent, which JSON Schema cannot forbid and we do not read.
        assume(not EXPONENT.search(query))
        try:
            assert parse(path.encode(), query, upload=method == "POST")
        except ConflictingParameters:  # OpenAPI has no words for parameters that exclude each other
            reject()

    taken()
