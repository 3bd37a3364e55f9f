"""The reference pages are generated from the tables in the code, and every entry has a description."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from pixmill.api.http.problems import STATUS
from pixmill.cli import option_rows
from pixmill.cli.option_source import option_tables
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.dialects.signing import Keyring
from pixmill.engine.codecs.table import CODECS
from pixmill.errors import error_classes_by_code
from pixmill.media import MEDIA
from pixmill.settings import Settings, env_name

DOCS = Path(__file__).parent.parent / "docs"


def generator() -> Any:
    spec = importlib.util.spec_from_file_location("pixmill_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES: dict[str, str] = generator().pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_the_code_says_now(name: str) -> None:
    page = DOCS / name
    assert page.is_file(), f"docs/{name} is missing: run `make docs`"
    assert page.read_text(encoding="utf-8") == PAGES[name], f"docs/{name} is out of date: run `make docs`"


def test_options_are_what_the_code_says_now() -> None:
    assert option_rows.PATH.read_text(encoding="utf-8") == option_rows.write(option_tables()), "run `make docs`"


def rows(page: str, heading: str = "") -> dict[str, list[str]]:
    """The cells of each row of a page's tables by the names in its first cell; only of tables so headed."""
    found: dict[str, list[str]] = {}
    headed = ""
    for line in page.splitlines():
        if line.startswith("| ") and not line.startswith(("| `", "| ---")):
            headed = line.split(" | ")[0].removeprefix("| ")
        if line.startswith("| `") and heading in ("", headed):
            first, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), cells)
    return found


def test_every_parameter_and_alias_is_documented() -> None:
    documented = rows(PAGES["parameters.md"], "name")
    assert set(documented) == {name for param in (*PARAMS, *srcset.PARAMS, srcset.PRESET) for name in param.names}
    assert all(re.fullmatch(r"[A-Z].{10,}\.", cells[0]) for cells in documented.values())


def test_every_setting_is_documented() -> None:
    documented = rows(PAGES["settings.md"])
    assert set(documented) == {env_name(name) for name in Settings.model_fields}
    assert all(re.fullmatch(r"[A-Z].{10,}\.", cells[0]) for cells in documented.values())


def test_secrets_have_no_default_to_show() -> None:
    *_, default, on_sighup = rows(PAGES["settings.md"])["PIXMILL_KEYS"]
    assert (default, on_sighup) == ("", "reloaded")


def test_every_error_code_is_documented_with_its_status() -> None:
    documented = rows(PAGES["errors.md"])
    assert set(documented) == set(error_classes_by_code())
    assert all(documented[code][0] == str(STATUS[code]) and documented[code][1] for code in documented)


def test_every_format_that_is_read_is_documented() -> None:
    documented = rows(PAGES["formats.md"])
    assert {documented[form.value][0] for form in CODECS} == {f"`{MEDIA[form].mime}`" for form in CODECS}


def test_the_recipe_for_signing_makes_signatures_that_verify() -> None:
    """The code block of the page is executed unchanged."""
    code = re.search(r"```python\n(.*?)```", PAGES["parameters.md"], re.DOTALL)
    assert code is not None
    shown: dict[str, object] = {}
    exec(code[1], shown)  # noqa: S102 - our own page
    signed = cast("Callable[[str, str], str]", shown["signed"])
    path, _, query = signed("a-secret-of-16-chars-or-more", "/resize?url=a.jpg&width=400").partition("?")
    Keyring.from_text("a-secret-of-16-chars-or-more").verify(path.encode(), query.encode(), 0)
