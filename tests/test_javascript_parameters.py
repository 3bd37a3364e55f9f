"""What the JavaScript package knows of parameters is what the table says, and clients write URLs as the server does."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Final
from urllib.parse import parse_qsl

import pytest

from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.params import PARAMS
from pixmill.url import Client

ROOT: Final = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_packages", ROOT / "packages" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_current(generate: ModuleType) -> None:
    for path, text in generate.files().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run packages/generate.py"


def test_urls_of_clients_are_those_that_the_server_reads() -> None:
    cases = json.loads((ROOT / "examples" / "clients" / "urls.json").read_text(encoding="utf-8"))
    assert len(cases) >= 500
    dialect, client = NativeDialect(), Client("")
    seen = set()
    for case in cases:
        assert client.url(case["source"], **case["parameters"]) == case["target"]
        query = case["target"].partition("?")[2]
        dialect.parse(b"/resize", query.encode("ascii"))
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        assert pairs[0][0] == "url"
        assert pairs[0][1].lstrip("/") == case["source"].lstrip("/")
        assert {name for name, _ in pairs[1:]} <= set(case["parameters"])
        seen.update(case["parameters"])
    written_as_others = {"sharpen", "monochrome", "padding_inside"}
    assert {param.name for param in PARAMS} - seen <= {"url", "expires", "sig"} | written_as_others
