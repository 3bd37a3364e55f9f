"""What the documentation and the docstrings of the library say is run, and the recipes are the files that tests run."""

import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import pixmill
import pixmill.library
from tests.library.scripts import wait_until_gone

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/library.md"
EXAMPLES = ROOT / "examples/library"
PHOTOS = ROOT / "examples/photos"
SIZE = re.compile(r"[0-9.,]+ (kB|MB|bytes)")
MODULES = [f"pixmill.library.{module.name}" for module in pkgutil.iter_modules(pixmill.library.__path__)]
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="18"/></svg>'


class Checker(doctest.OutputChecker):
    """Takes any number of bytes for that of the page: it depends on the version of an encoder."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(SIZE.sub(r"N \1", want), SIZE.sub(r"N \1", got), optionflags)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "photos").symlink_to(PHOTOS)
    (tmp_path / "photo.jpg").symlink_to(PHOTOS / "sunset.jpg")
    (tmp_path / "logo.svg").write_text(LOGO)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_page(folder: Path) -> None:
    text = PAGE.read_text()
    runner = doctest.DocTestRunner(Checker())
    runner.run(doctest.DocTestParser().get_doctest(text, {}, PAGE.name, str(PAGE), 0))
    assert runner.summarize(verbose=False).failed == 0
    assert runner.summarize(verbose=False).attempted >= 10
    assert (folder / "small.webp").exists()


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(folder: Path, name: str) -> None:
    runner = doctest.DocTestRunner(Checker())
    for test in doctest.DocTestFinder(exclude_empty=True).find(importlib.import_module(name)):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_recipes_are_the_files() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    recipes = [block for block in blocks if not block.startswith(">>>")]
    assert sorted(recipes) == sorted(path.read_text() for path in EXAMPLES.glob("*.py"))


def run(folder: Path, *command: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    wait_until_gone(folder)
    return done.stdout


def test_script_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("fig.jpg", "mill.png"):
        shutil.copy(PHOTOS / name, tmp_path / "photos")
    run(tmp_path, str(EXAMPLES / "thumbnails.py"), "photos", "small")
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == ["fig.webp", "mill.webp"]
    assert pixmill.info(tmp_path / "small/fig.webp")["height"] == 320


def test_pool_of_processes(tmp_path: Path) -> None:
    for name in ("fig.jpg", "wine.jpg"):
        shutil.copy(PHOTOS / name, tmp_path)
    lines = run(tmp_path, str(EXAMPLES / "process_pool.py"), ".").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["fig.jpg 64x43", "wine.jpg 64x96"]
