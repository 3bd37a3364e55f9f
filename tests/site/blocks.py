"""Runs the code blocks of a page as a reader does: in order, in one folder, with one server.

A block of ``sh`` or ``python`` is run and must succeed. A block of ``dotenv`` is the file ``.env``, and starts the server
anew with it; so does ``pixmill serve`` in a block. Other blocks show something. A comment in front of a block changes that:

    <!-- not run: why -->    it needs something that a test does not have
    <!-- fails -->           it must fail
    <!-- needs: s3 -->       there is an S3 server with the photos, in place of port 8333
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from docs.site.markdown import segments

from tests.servers.ports import free_port

ROOT: Final = Path(__file__).parents[2]
PHOTOS: Final = ROOT / "examples" / "photos"
RUN: Final = {"sh", "python", "dotenv"}
START_S: Final = 180.0
TRIES: Final = 3
BLOCK_S: Final = 300.0
MARK: Final = re.compile(r"<!-- (not run|fails|needs)(?:: ([^>]+?))? -->\s*$")
BASH: Final = """\
set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error "$@"; }
[ ! -e .state ] || . ./.state
"""


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    mark: str = ""
    reason: str = ""


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page, each with the comment that stands in front of it."""
    found: list[Block] = []
    before = ""
    for fenced, part in segments(text):
        if fenced:
            opening, _, rest = part.partition("\n")
            mark = MARK.search(before)
            language = opening.strip("` ")
            code = rest.rpartition("\n```")[0] + "\n"
            found.append(Block(language, code, mark[1] if mark else "", (mark[2] or "") if mark else ""))
        before = part
    return found


class Reader:
    """Somebody with a shell in a folder with photos. ``s3`` is the address of an S3 server, where a page needs one."""

    def __init__(self, folder: Path, s3: str = "") -> None:
        self._folder = folder
        self._s3 = s3
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._environment = {key: value for key, value in os.environ.items() if not key.startswith("PIXMILL_")}
        scripts = Path(sys.executable).parent
        self._environment |= {
            "PATH": f"{scripts}:{os.environ['PATH']}",
            "PIXMILL_PORT": str(self._port),
            "PIXMILL_WORKERS": "1",
        }
        shutil.copytree(PHOTOS, folder / "photos")

    def run(self, block: Block) -> None:
        """Run one block. Raises AssertionError with its output if that is not what the page says."""
        code = block.code.replace("127.0.0.1:8080", f"127.0.0.1:{self._port}").replace(
            "http://127.0.0.1:8333", self._s3
        )
        if block.language == "dotenv":
            (self._folder / ".env").write_text(code.replace("file:///tmp", f"file://{self._folder}"), encoding="utf-8")
            self._serve(["pixmill", "serve"])
            return
        lines = code.replace("\\\n", " ").splitlines()
        serve = [line for line in lines if re.match(r"(?:[A-Z_]+=\S+ )*pixmill serve", line)]
        for line in serve:
            self._serve(shlex.split(line))
        rest = "\n".join(line for line in lines if line not in serve)
        if rest.strip():
            if self._server is None:
                self._serve(["pixmill", "serve", "--images", "photos"])
            self._execute(block, code if not serve else rest)

    def _execute(self, block: Block, code: str) -> None:
        command = (
            [sys.executable, "-c", code]
            if block.language == "python"
            else ["bash", "-c", f"{BASH}{code}\nexport -p > .state"]
        )
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=BLOCK_S,
        )
        assert (done.returncode != 0) is (block.mark == "fails"), f"{code}\n{done.stdout}\n{done.stderr}\n{self._log()}"

    def _serve(self, command: list[str]) -> None:
        """Start the server, in place of the one before it; again, if a busy machine gave its worker no time to start."""
        self.close()
        settings = dict(word.split("=", 1) for word in command if re.match(r"PIXMILL_[A-Z_]+=", word))
        for _ in range(TRIES):
            log = self._folder / "log"
            with log.open("wb") as out:
                self._server = subprocess.Popen(
                    command[len(settings) :],
                    cwd=self._folder,
                    env=self._environment | settings,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            if self._becomes_ready(self._server):
                return
            if "No render worker could be started" not in self._log():
                break
        raise AssertionError(self._log())

    def _becomes_ready(self, server: "subprocess.Popen[bytes]") -> bool:
        """Wait until the server is ready, has ended, or has taken too long."""
        deadline = time.monotonic() + START_S
        while server.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(0.05)
        return False

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health/ready", timeout=10) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text(errors="replace")[-3_000:] if log.exists() else ""

    def close(self) -> None:
        if self._server is None:
            return
        self._server.send_signal(signal.SIGTERM)
        self._server.wait(60)
        self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def pages() -> Iterator[Path]:
    """Yield the pages whose blocks are run: those that are read to do something."""
    docs = ROOT / "docs"
    yield from (docs / "README.md", docs / "getting-started.md", docs / "responsive.md", docs / "batch.md")
    for folder in ("how-to", "explanation", "migrate"):
        yield from sorted((docs / folder).glob("*.md"))
