"""The commands and programs of the README, and how they are run: in a folder of one's own, against a server that is on any port."""

import re
import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

ROOT: Final = Path(__file__).parents[1]
SERVER: Final = "http://127.0.0.1:8080"
TEXT: Final = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
PROGRAMS: Final = re.findall(r"^```python\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS: Final = [shlex.split(line, comments=True) for block in BLOCKS for line in block.splitlines()]
REQUESTS: Final = [command for command in COMMANDS if command[0] == "curl"]
LOCAL: Final = [
    command for command in COMMANDS if "pixmill" in command and "serve" not in command and command[0] != "docker"
]


def send(command: Sequence[str], url: str, folder: Path) -> bytes:
    """Do what ``curl`` does with these arguments, in ``folder``, at the server at ``url``; returns the body."""
    arguments = dict(pairwise(command))
    [target] = [word for word in command if word.startswith(SERVER)]
    sent = arguments.get("--data-binary")
    data = (folder / sent.removeprefix("@")).read_bytes() if sent else None
    with urlopen(Request(target.replace(SERVER, url), data=data), timeout=60) as response:
        assert response.status == 200
        body: bytes = response.read()
    if "-o" in arguments:
        (folder / arguments["-o"]).write_bytes(body)
    return body


def arguments_of(command: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments of ``pixmill``, and the variables in front of it."""
    at = command.index("pixmill")
    return list(command[at + 1 :]), dict(word.split("=", 1) for word in command[:at])
