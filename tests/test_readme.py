"""Every command that the README shows works as it stands there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

import pytest

from tests.servers.pixmill import Pixmill

ROOT: Final = Path(__file__).parents[1]
PHOTOS: Final = ROOT / "examples" / "photos"
BLOCKS: Final = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)
COMMANDS: Final = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines()]
REQUESTS: Final = [command for command in COMMANDS if command[0] == "curl"]
LOCAL: Final = [command for command in COMMANDS if "pixmill" in command and "serve" not in command]


@pytest.fixture(scope="module")
def server() -> Iterator[Pixmill]:
    with Pixmill(images=PHOTOS.as_posix(), workers=1) as running:
        yield running


def test_every_command_is_run_here_or_a_target_of_make_or_the_server() -> None:
    others = [command for command in COMMANDS if command not in REQUESTS and command not in LOCAL]
    assert {command[0] for command in others} == {"make", "pixmill"}
    assert all(command[1] == "serve" for command in others if command[0] == "pixmill")
    assert len(REQUESTS) >= 4
    assert len(LOCAL) >= 6


@pytest.mark.parametrize("command", REQUESTS, ids=" ".join)
def test_a_request_is_answered(server: Pixmill, command: list[str]) -> None:
    url = next(word for word in command if word.startswith("http://127.0.0.1:8080/"))
    body = (
        (ROOT / command[command.index("--data-binary") + 1].removeprefix("@")).read_bytes()
        if "--data-binary" in command
        else None
    )
    with urlopen(Request(url.replace("http://127.0.0.1:8080", server.url), data=body), timeout=60) as response:
        assert response.status == 200
        assert response.read()


@pytest.mark.parametrize("command", LOCAL, ids=" ".join)
def test_a_command_succeeds(tmp_path: Path, command: list[str]) -> None:
    shutil.copy(PHOTOS / "sunset.jpg", tmp_path / "photo.jpg")
    at = command.index("pixmill")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")}
    environment |= dict(word.split("=", 1) for word in command[:at])
    done = subprocess.run(
        [sys.executable, "-m", "pixmill", *command[at + 1 :]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
