"""What import-linter cannot see: what is really loaded when a process has started."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "pixmill"
PIXELS = {"pyvips", "PIL", "numpy"}
SERVICE = {
    "starlette",
    "granian",
    "obstore",
    "redis",
    "aiohttp",
    "pydantic",
    "pydantic_settings",
    "structlog",
    "prometheus_client",
    "click",
}


def loaded_by(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after importing the module."""
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["pixmill.wiring", "pixmill.server", "pixmill.asgi", "pixmill.doctor.command"])
def test_the_serving_process_loads_no_pixel_library(module: str) -> None:
    loaded = loaded_by(module)
    assert not loaded & PIXELS
    assert "redis" not in loaded, "it is loaded where one is configured"
    assert "starlette" in loaded, "this test sees what is loaded"


def test_a_worker_loads_nothing_that_speaks_to_a_network() -> None:
    loaded = loaded_by("pixmill.engine.worker")
    assert not loaded & (SERVICE | {"asyncio", "uvloop", "ssl"})
    assert "msgspec" in loaded, "this test sees what is loaded"


def test_a_worker_at_work_has_loaded_nothing_that_speaks_to_a_network() -> None:
    """Neither have the libraries that it works with."""
    loaded = loaded_by("pixmill.engine.worker, pixmill.engine.pixels.batch, pixmill.engine.pixels.probe")
    assert not loaded & (SERVICE | {"asyncio", "ssl", "http", "yarl"})
    assert "pyvips" in loaded, "this test sees what is loaded"


def test_what_few_need_is_not_loaded_for_all() -> None:
    """Each costs megabytes in every server: the library for buckets waits for the first bucket, the HTTP client for
    the first URL."""
    assert not loaded_by("pixmill.server") & {"obstore", "redis", "aiohttp"}


def modules_loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running code, which may exit."""
    code = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", ["--version", "--help", "resize --help", "serve --help", "info -h"])
def test_help_loads_no_model_and_no_service(arguments: str) -> None:
    """Help and completion are used a hundred times a day, and importing these costs a second."""
    loaded = modules_loaded_by(f"sys.argv[1:] = {arguments.split()}\nfrom pixmill.cli.program import main\nmain()")
    assert "pixmill.cli.program" in loaded, "this test sees what is loaded"
    assert not {name.partition(".")[0] for name in loaded} & ((SERVICE | PIXELS | {"msgspec", "asyncio"}) - {"click"})
    assert not {name for name in loaded if name.startswith(("pixmill.dialects", "pixmill.plan", "pixmill.settings"))}


def test_a_dialect_is_loaded_when_it_is_mounted() -> None:
    shared = {"builders", "catalogue", "factory", "kit", "meaning", "native", "port", "registry", "signing"}
    shared |= {"source_mapping", "writing"}
    start = "import pixmill.server; from pixmill.dialects.factory import parse_mounts; "
    for mounts, expected in (("", set()), ('[{"dialect": "ipx"}]', {"ipx"})):
        loaded = modules_loaded_by(f"{start}parse_mounts({mounts!r})")
        packages = {name.split(".")[2] for name in loaded if name.startswith("pixmill.dialects.")}
        assert packages - shared == expected


def test_packages_say_nothing_when_they_are_imported() -> None:
    said = {path.relative_to(PACKAGE).as_posix(): path.read_text() for path in PACKAGE.rglob("__init__.py")}
    assert "__version__" in said.pop("__init__.py")  # of which tests/library/test_imports.py sees what it loads
    del said["url/__init__.py"]  # public names of a distribution of its own; tests/url sees what it loads
    assert set(said.values()) == {""}


def test_every_file_opens_by_saying_what_it_knows() -> None:
    silent = [path for path in PACKAGE.rglob("*.py") if (text := path.read_text()) and not text.startswith('"""')]
    assert not silent


def test_no_function_tells_a_long_story() -> None:
    """Statements are counted, not lines: a table does no harm."""
    long = [
        f"{path.name}: {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and sum(isinstance(part, ast.stmt) for part in ast.walk(node)) > 30
    ]
    assert not long
