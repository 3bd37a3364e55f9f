"""Hand-written pages name only what exists: settings, metrics and labels, error codes with status, commands, files,
links."""

import re
from html import unescape
from pathlib import Path

import click
import pytest

from pixmill.api.app import FIXED_ROUTES, PLAYGROUND_ROUTES
from pixmill.api.http.problems import STATUS
from pixmill.cli.program import commands
from pixmill.dialects.emgr.dialect import EmgrDialect
from pixmill.dialects.native.dialect import NativeDialect
from pixmill.dialects.native.params import PARAMS
from pixmill.dialects.native.tables import srcset
from pixmill.errors import error_classes_by_code
from pixmill.setting_sources import CONFIG_VARIABLE, secret_file_variables
from pixmill.settings import Settings, env_name
from pixmill.telemetry.definitions import (
    CACHE_LOOKUP_DURATION,
    EVENT_METRICS,
    GAUGES,
    LABEL_VALUES,
    REQUEST_DURATION,
    REQUESTS_TOTAL,
    RESPONSE_BYTES,
    STAGE_DURATION,
    MetricDef,
)

ROOT = Path(__file__).parents[1]
GENERATED = {"errors.md", "metrics.md", "openapi.md", "parameters.md", "settings.md"}
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
    if path.name not in GENERATED
}
ROOTS = [ROOT / place for place in ("", "deploy/helm", "src/pixmill", "src/pixmill/engine")]
SETTINGS = {env_name(name) for name in Settings.model_fields}
SETTINGS |= {CONFIG_VARIABLE, *secret_file_variables(Settings.model_fields)}
COUNTERS = {
    f"pixmill_{family.name}_total": family for family in (*EVENT_METRICS.values(), REQUESTS_TOTAL, RESPONSE_BYTES)
}
HISTOGRAMS = {f"pixmill_{family.name}": family for family in (REQUEST_DURATION, STAGE_DURATION, CACHE_LOOKUP_DURATION)}
METRICS = COUNTERS | {f"pixmill_{family.name}": family for family in GAUGES.values()} | HISTOGRAMS
METRICS |= {f"{name}_{part}": family for name, family in HISTOGRAMS.items() for part in ("bucket", "sum", "count")}
METRICS |= {"pixmill_build_info": MetricDef("build", ("version", "python"), "")}

PACKAGES = ("pixmill_url", "pixmill_img", "pixmill_image", "pixmill_picture", "pixmill_srcset")
"""Names of a package of Python and its template tags, which look like metrics."""

pages = pytest.mark.parametrize("name", PAGES)
native_pages = pytest.mark.parametrize(
    "name", [name for name in PAGES if not name.startswith(("docs/dialects/", "docs/migrate/"))]
)
"""Pages whose URLs are native ones."""


def all_of(pattern: str, name: str) -> list[tuple[str, ...]]:
    return [found.groups() for found in re.finditer(pattern, PAGES[name], re.MULTILINE)]


@pages
def test_every_setting_is_one(name: str) -> None:
    assert {found for (found,) in all_of(r"\b(PIXMILL_[A-Z0-9_]*[A-Z0-9])\b(?!_?\*)", name)} <= SETTINGS


@pages
def test_every_metric_is_one_and_has_the_labels_and_values_that_are_named(name: str) -> None:
    for metric, labels in all_of(r"\b(pixmill_[a-z_]*[a-z])\b(?!_?\*)(?:\{([^}]*)\})?", name):
        if metric in PACKAGES:
            continue
        assert metric in METRICS
        for label, how, value in re.findall(r"(\w+)(=~|!=|!~|=|)\"?([^\",]*)\"?", labels or ""):
            assert label in METRICS[metric].labels
            assert not value or "~" in how or label not in LABEL_VALUES or value in LABEL_VALUES[label]


@pages
def test_every_code_has_the_status_that_is_told(name: str) -> None:
    assert all(str(STATUS[code]) == status for status, code in all_of(r"\b([45]\d\d),? `([a-z]+(?:_[a-z]+)+)`", name))


def test_pages_tell_codes_at_all() -> None:
    codes = {code for name in PAGES for _, code in all_of(r"\b([45]\d\d),? `([a-z_]+)`", name)}
    assert len(codes) >= 5
    assert codes <= set(error_classes_by_code())


@pages
def test_every_command_exists_with_the_options_that_are_shown(name: str) -> None:
    for line in code(name):
        for command, rest in re.findall(r"(?:^|[A-Z=… -])pixmill ([a-z]+)((?: [^|]*)?)$", line):
            known = commands.get_command(click.Context(commands), command)
            assert known is not None, command
            options = {flag for param in known.params if isinstance(param, click.Option) for flag in param.opts}
            options |= {f"--no-{option.removeprefix('--')}" for option in options} | {"--help"}
            assert set(re.findall(r"(?<=\s)--[a-z][a-z_-]*", rest)) <= options


def code(name: str) -> list[str]:
    """Return the lines of code blocks and inline code; continued lines are joined."""
    blocks = re.findall(r"^```.*?\n(.*?)^```", PAGES[name].replace("\\\n", " "), re.DOTALL | re.MULTILINE)
    return [*"".join(blocks).splitlines(), *re.findall(r"`([^`\n]+)`", PAGES[name])]


def test_pages_show_commands_at_all() -> None:
    shown = "\n".join(line for name in PAGES for line in code(name))
    assert {"serve", "resize", "purge", "warm", "doctor"} <= set(re.findall(r"\bpixmill ([a-z]+)", shown))


@pages
def test_every_target_of_make_is_there(name: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {target for (target,) in all_of(r"(?:^|`)make ([a-z0-9-]+)", name)} <= targets


@pages
def test_every_measurement_and_every_file_that_is_named_is_there(name: str) -> None:
    for (module,) in all_of(r"python -m (benchmarks\.[a-z_]+)", name):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
    for (path,) in all_of(r"`((?:[a-z_]+/)+[A-Za-z_-]+\.[a-z]+)`", name):
        assert any((top / path).is_file() for top in ROOTS), path


@pages
def test_every_link_leads_somewhere(name: str) -> None:
    for (link,) in all_of(r"\]\((?!https?:)([^)]+)\)", name):
        path, _, heading = link.partition("#")
        page = (ROOT / name).parent / path if path else ROOT / name
        assert page.exists(), link
        headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE) if heading else []
        assert not heading or heading in {slug(each) for each in headings}, link


def slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


@native_pages
def test_every_path_that_is_asked_for_is_a_route(name: str) -> None:
    routes = {route.path for route in (*FIXED_ROUTES, *PLAYGROUND_ROUTES)} | {
        route.template for route in (*NativeDialect.routes, *EmgrDialect.routes)
    }
    paths = {path for (path,) in all_of(r"http://127\.0\.0\.1:(?:8080|9090)(/[a-z/]+)", name)}
    paths |= {
        path for (path,) in all_of(r"`(?:GET |POST )?(/(?:health|metrics|admin|resize|info|srcset)[a-z/]*)`", name)
    }
    assert paths <= routes | {"/admin", "/health"}


@native_pages
def test_every_parameter_in_a_url_is_one(name: str) -> None:
    names = {each for param in (*PARAMS, srcset.PRESET) for each in param.names}
    for (query,) in all_of(r"/resize\?([^\s'\"`)]+)", name):
        assert {part.partition("=")[0] for part in unescape(query).split("&") if part.isascii()} <= names, query
