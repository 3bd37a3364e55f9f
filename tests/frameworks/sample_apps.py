"""Starts the sample apps of ``examples/`` as processes of their own, beside a server with a key."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.servers.ports import free_port

ROOT: Final = Path(__file__).parents[2]
KEY: Final = "a-secret-of-16-chars-or-more"
START_S: Final = 180
PACKAGE: Final = ROOT / "packages" / "pixmill-url" / "src"


def environment(server_url: str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PIXMILL_", "DJANGO_"))}
    return own | {"PYTHONPATH": str(PACKAGE), "IMAGES_URL": server_url, "PIXMILL_KEYS": KEY} | dict(variables or {})


@contextmanager
def running(name: str, arguments: list[str], variables: Mapping[str, str], log: Path) -> Iterator[str]:
    """Start ``python ARGUMENTS`` in ``examples/NAME``, in which PORT stands for a free port; yields its URL."""
    port = free_port()
    command = [sys.executable, *(argument.replace("PORT", str(port)) for argument in arguments)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT / "examples" / name, env=dict(variables), stdout=output, stderr=output
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/", log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(60)


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=60):
                return
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()[:4_000] + log.read_text()[-4_000:]) from error
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())
