"""Runs scripts with the client libraries of other services: a Node project of its own below build/, made by ``npm ci``.

    urls = run_script("imgproxy.mjs", [{"url": "local:///L.jpg", "options": {"width": 300}}])

A script reads JSON from its standard input and writes JSON to its standard output. A library is a line of
``package.json``; ``npm install --package-lock-only --ignore-scripts`` in this folder then renews the lock file.
Its override names a version of Vite, a peer of Hydrogen that no script loads, for which ``npm ci`` accepts the lock file.
"""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PROJECT: Final = HERE.parents[1] / "build" / "clients"
_PACKAGES: Final = ("package.json", "package-lock.json")
_TIMEOUT_S: Final = 300


def prepare_project() -> None:
    """Install the locked packages, unless that has been done, and copy the scripts; one process at a time."""
    PROJECT.mkdir(parents=True, exist_ok=True)
    with (PROJECT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = PROJECT / "node_modules" / ".package-lock.json"
        is_current = installed.exists() and all(_same(name) for name in _PACKAGES)
        for path in HERE.iterdir():
            if path.suffix == ".mjs" or path.name in _PACKAGES:
                shutil.copyfile(path, PROJECT / path.name)
        if not is_current:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=PROJECT, check=True, timeout=_TIMEOUT_S)


def run_script(name: str, value: object) -> Any:
    """Run a script of this folder with JSON in and out."""
    done = subprocess.run(
        ["node", name],
        cwd=PROJECT,
        input=json.dumps(value),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _same(name: str) -> bool:
    copy = PROJECT / name
    return copy.exists() and copy.read_bytes() == (HERE / name).read_bytes()
