"""Every command that the README shows works as it stands there, in a checkout. ``tests/packages`` has the other ways."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pixmill.startup import DEMO_PHOTOS
from tests.readme import COMMANDS, LOCAL, PROGRAMS, REQUESTS, ROOT, arguments_of, send
from tests.servers.pixmill import Pixmill


def test_every_command_is_run_here_or_a_target_of_make_or_starts_a_server() -> None:
    others = [command for command in COMMANDS if command not in REQUESTS and command not in LOCAL]
    assert {command[0] for command in others} == {"make", "pixmill", "docker"}
    assert all(command[1] == "serve" for command in others if command[0] == "pixmill")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {command[1] for command in others if command[0] == "make"} <= set(targets)
    assert len(REQUESTS) == 5
    assert len(LOCAL) >= 6


def test_make_serve_serves_the_photos_that_requests_name() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").split("\nserve:")[1].splitlines()[1]
    assert recipe.split()[1:] == ["serve", "--demo"]


def test_requests_are_answered_one_after_the_other(tmp_path: Path) -> None:
    with Pixmill("--demo", workers=1) as server:
        bodies = [send(command, server.url, tmp_path) for command in REQUESTS]
    names = [command[command.index("-o") + 1] for command in REQUESTS if "-o" in command]
    for name, body in zip(names, bodies, strict=False):
        with Image.open(io.BytesIO(body)) as image:
            assert image.format is not None
            assert image.format.lower() == Path(name).suffix[1:].replace("jpg", "jpeg")
            image.load()
    facts, srcset = (json.loads(body) for body in bodies[3:])
    with Image.open(DEMO_PHOTOS / "sunset.jpg") as photo:
        assert (facts["width"], facts["height"]) == photo.size
    assert "<picture>" in srcset["html"]


def test_the_program_runs(tmp_path: Path) -> None:
    for name in ("photo", "other"):
        shutil.copy(DEMO_PHOTOS / "sunset.jpg", tmp_path / f"{name}.jpg")
    [program] = PROGRAMS
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["400", "400"]
    with Image.open(tmp_path / "small.webp") as image:
        assert (image.format, image.size) == ("WEBP", (400, 300))


@pytest.mark.parametrize("command", LOCAL, ids=" ".join)
def test_a_command_succeeds(tmp_path: Path, command: list[str]) -> None:
    shutil.copy(DEMO_PHOTOS / "sunset.jpg", tmp_path / "photo.jpg")
    arguments, variables = arguments_of(command)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")}
    done = subprocess.run(
        [sys.executable, "-m", "pixmill", *arguments],
        cwd=tmp_path,
        env=environment | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
