"""``pixmill-url``: its wheel and source distribution, built and installed into an environment that has nothing else."""

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pixmill.dialects.signing import Keyring

ROOT = Path(__file__).parents[2]
KEY = "a-secret-of-16-chars-or-more"
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel, built from the source distribution, and that: from a copy, as a build writes beside the source."""
    folder = tmp_path_factory.mktemp("url")
    copy = folder / "packages" / "pixmill-url"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT / "packages" / "pixmill-url", copy, symlinks=True, ignore=ignored)
    shutil.copytree(ROOT / "src" / "pixmill" / "url", folder / "src" / "pixmill" / "url", ignore=ignored)
    command: list[str | Path] = [
        UV,
        "build",
        "-q",
        "--no-build-isolation",
        "-p",
        sys.executable,
        "-o",
        folder / "dist",
        copy,
    ]
    subprocess.run(command, check=True, timeout=600)
    [wheel], [source] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return wheel, source


def test_both_have_all_modules_types_and_the_licence(built: tuple[Path, Path]) -> None:
    wheel, source = built
    modules = {
        path.relative_to(ROOT / "src" / "pixmill" / "url").as_posix()
        for path in (ROOT / "src" / "pixmill" / "url").rglob("*.py")
    } | {"py.typed"}
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.removeprefix("pixmill_url/") for name in names if name.startswith("pixmill_url/")} == modules
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert wheel.name.endswith("-py3-none-any.whl")
    with tarfile.open(source) as archive:
        files = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"src/pixmill_url/{name}" for name in modules} <= files
    assert {"README.md", "LICENSE", "pyproject.toml"} <= files


def test_it_makes_a_signed_url_without_anything_else(built: tuple[Path, Path], tmp_path: Path) -> None:
    subprocess.run([UV, "venv", "-q", "-p", sys.executable, tmp_path / "env"], check=True, timeout=600)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([UV, "pip", "install", "-q", "--offline", "-p", python, built[0]], check=True, timeout=600)
    code = f"import json, pixmill_url as p; print(json.dumps([p.Client('/img', '{KEY}').url('a b.jpg', width=400), p.__version__]))"
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    url, version = json.loads(done.stdout)
    path, _, query = url.partition("?")
    assert query.startswith("url=a%20b.jpg&width=400&sig=")
    assert Keyring.from_text(KEY).verify(path.removeprefix("/img").encode(), query.encode(), 0) is None
    assert f"-{version}-" in built[0].name
