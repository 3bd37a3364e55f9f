"""The commands of the README, by somebody who has the wheel, and as the container image runs it.

The wheel is built and installed from the lock files into an environment of its own. Without a container engine the
image itself is not built here: its program, arguments and environment are those of the Dockerfile, its wheel is this
one.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from pixmill.startup import DEMO_PHOTOS
from tests.readme import LOCAL, REQUESTS, ROOT, arguments_of, send

WAIT_S: Final = 120
MAX_WHEEL_BYTES: Final = 4 * 2**20
DOCKERFILE: Final = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ").rpartition("\nFROM ")[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built from a copy: a build writes beside the source."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("*.so", "*.egg-info", "__pycache__"))
    uv = Path(sys.executable).with_name("uv")
    folder = tmp_path_factory.mktemp("wheel")
    build: list[str | Path] = [
        uv,
        "build",
        "--wheel",
        "-q",
        "--no-build-isolation",
        "-p",
        sys.executable,
        "-o",
        folder,
        copy,
    ]
    subprocess.run(build, check=True, timeout=600)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``pixmill`` in an environment that has the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("environment")
    uv, python = Path(sys.executable).with_name("uv"), folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, "--clear", folder], check=True, timeout=600)
    locked: list[str | Path] = ["--require-hashes", "-r", ROOT / "requirements" / "runtime.txt"]
    subprocess.run([uv, "pip", "install", "-q", "-p", python, *locked], check=True, timeout=600)
    subprocess.run([uv, "pip", "install", "-q", "-p", python, "--no-deps", wheel], check=True, timeout=600)
    return folder / "bin" / "pixmill"


def environment(home: Path, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)} | dict(variables or {})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(command: list[str | Path], folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start a server in a folder; yields its URL once it answers; its log stays in ``folder``."""
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(folder, variables) | {"PIXMILL_PORT": str(port), "PIXMILL_WORKERS": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_ready(process, f"http://127.0.0.1:{port}", folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(WAIT_S)
    assert process.returncode == 0


def wait_until_ready(process: "subprocess.Popen[bytes]", url: str, folder: Path) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        assert process.poll() is None, (folder / "log").read_text()
        try:
            with urlopen(f"{url}/health/ready", timeout=WAIT_S):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError((folder / "log").read_text())


def test_the_wheel_has_the_photos_and_is_small(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"pixmill/demo/photos/{photo.name}" for photo in DEMO_PHOTOS.iterdir()} <= set(names)
    assert "pixmill/demo/ATTRIBUTION.md" in names
    assert wheel.stat().st_size < MAX_WHEEL_BYTES


def test_requests_of_the_readme_are_answered_by_the_demo_of_the_wheel(program: Path, tmp_path: Path) -> None:
    with serving([program, "serve", "--demo"], tmp_path) as url:
        for command in REQUESTS:
            assert send(command, url, tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (listening,) = (line for line in lines if line["event"] == "listening")  # a request may be logged before it
    assert listening["images"] == 7
    assert not (tmp_path / ".cache").exists(), "the demo leaves nothing behind"


def test_a_folder_of_photos_is_served_when_it_is_named(program: Path, tmp_path: Path) -> None:
    shutil.copy(DEMO_PHOTOS / "fig.jpg", tmp_path / "my photo.jpg")
    with serving([program, "serve", "."], tmp_path, {"PIXMILL_LOG_FORMAT": "console"}) as url:
        pass
    log = (tmp_path / "log").read_text()
    assert f"serves 1 image of {tmp_path} on {url}" in log
    assert f"{url}/resize?url=my+photo.jpg" in log


@pytest.mark.parametrize("command", LOCAL, ids=" ".join)
def test_a_command_of_the_readme_succeeds(program: Path, tmp_path: Path, command: list[str]) -> None:
    shutil.copy(DEMO_PHOTOS / "sunset.jpg", tmp_path / "photo.jpg")
    arguments, variables = arguments_of(command)
    done = subprocess.run(
        [program, *arguments],
        cwd=tmp_path,
        env=environment(tmp_path, variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stderr + done.stdout


def test_the_command_of_the_container_runs_as_its_image_would(program: Path, tmp_path: Path) -> None:
    """``docker run … pixmill serve --demo``: on all addresses, with the variables of the image."""
    [entry] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    [settings] = re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)
    variables = dict(part.split("=", 1) for part in settings.split())
    assert json.loads(entry) == [program.name]
    variables |= {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert variables["PIXMILL_HOST"] == "0.0.0.0"
    with serving([program, "serve", "--demo"], tmp_path, variables) as url:
        for command in REQUESTS:
            assert send(command, url, tmp_path)
