"""Schemathesis against the running server: whatever it sends, valid or not, is answered as the OpenAPI document
says."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from PIL import Image
from schemathesis.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

from pixmill.api.routes.openapi import document
from tests.servers.pixmill import Pixmill

pytestmark = pytest.mark.xdist_group("schemathesis")

EXAMPLES = 60
PHOTOS = ("sunset.jpg", "mill.png")
MAY_FAIL = {502, 503, 504}
"""Documented answers for what lies behind us; 500 is for defects and never right."""

UNTOLD = {"crop", "page"}
"""What the document cannot tell, besides which parameters contradict each other: whether there is such a region or
page."""

TOKEN = "a token of the operator"
UNTOLD_ORDERS = {"invalid_parameter", "missing_parameter"}
"""How sources, tags and prefixes are spelled, and that one of them is needed."""

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    allow_header_conformance,
]

generation = GenerationConfig(
    modes=[schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE],
    max_examples=EXAMPLES,
    deterministic=True,
)
config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=generation)))
schema = schemathesis.openapi.from_dict(document(), config=config)
reached: set[tuple[str, str, int]] = set()
"""Method, path and status of every answer."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pixmill]:
    images = tmp_path_factory.mktemp("images")
    for name in PHOTOS:
        with Image.open(Path(__file__).parents[2] / "examples" / "photos" / name) as photo:
            photo.thumbnail((160, 160))
            photo.save(images / name)
    with Pixmill(
        images=str(images), allowed_sources="path:", max_result_pixels=1_000_000, deadline_s=10, admin_token=TOKEN
    ) as server:
        yield server


def aim(case: "schemathesis.Case[Any]") -> None:
    """Valid requests name a real photo, or send one, so that they reach the engine; their numbers have no exponent,
    which JSON may have and the grammar of URLs does not."""
    if not is_valid(case):
        return
    for name, value in case.query.items():
        if isinstance(value, float):
            case.query[name] = f"{value:.20f}".rstrip("0").rstrip(".")
    if "url" in case.query:
        case.query["url"] = PHOTOS[len(str(case.query["url"])) % len(PHOTOS)]
    if case.method.upper() == "POST" and not case.path.startswith("/admin/"):
        case.body = photo()


def is_valid(case: "schemathesis.Case[Any]") -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (90, 60), (200, 100, 50, 120)).save(out, "PNG")
    return out.getvalue()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_documented_one(case: "schemathesis.Case[Any]", server: Pixmill) -> None:
    aim(case)
    private = case.path.startswith("/admin/")
    if private:  # in place of tokens that are made up, after ten of which nobody would be let in
        case.headers = type(case.headers)({**case.headers, "Authorization": f"Bearer {TOKEN}"})
    response = case.call_and_validate(base_url=server.url, checks=CHECKS, timeout=15)
    reached.add((case.method.upper(), case.path, response.status_code))
    if response.status_code == 400 and is_valid(case) and case.method.upper() != "HEAD":
        problem = response.json()
        untold = problem["code"] in UNTOLD_ORDERS if private else problem.get("param") in UNTOLD
        assert problem["code"] == "conflicting_parameters" or untold, problem
    assert response.status_code < 500 or response.status_code in MAY_FAIL
    assert response.headers.get("access-control-allow-origin") == (None if private else ["*"])
    assert response.headers["x-request-id"]


def test_the_walk_reached_pictures_and_refusals(server: Pixmill) -> None:
    if not reached:
        pytest.skip("the walk itself was not asked for")
    for method, path, status in [
        ("GET", "/resize", 200),
        ("GET", "/resize", 400),
        ("HEAD", "/info", 200),
        ("POST", "/api/v1/resize", 400),
        ("POST", "/resize", 400),
        ("GET", "/info", 200),
        ("GET", "/srcset", 200),
        ("GET", "/api/v1/srcset", 400),
        ("GET", "/metrics", 200),
        ("POST", "/admin/purge", 200),
        ("GET", "/admin/purges", 200),
        ("POST", "/admin/warm", 202),
        ("GET", "/admin/warm", 200),
    ]:
        walked = any((method, path) == (other, place) for other, place, _ in reached)  # perhaps in another process
        assert not walked or (method, path, status) in reached
    failed = [line for line in server.log().splitlines() if '"status":500' in line]
    assert not failed
    assert server.get("/health/ready").status == 200


def test_the_document_that_is_served_is_the_one_that_is_tested(server: Pixmill) -> None:
    assert server.get("/openapi.json").json() == document()
