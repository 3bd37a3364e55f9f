"""Node projects of the repository, copied below ``build/frameworks`` and installed there from their lock files.

    project = prepare("examples/next")
    run(project, "npm", "run", "build", timeout_s=300)

The package ``pixmill`` is there as npm would publish it, not as a link. Paths below the copy are those of the repository.
"""

import fcntl
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
BUILD: Final = ROOT / "build" / "frameworks"
PACKAGE: Final = "packages/pixmill-js"
_INSTALL_TIMEOUT_S: Final = 600
_OFFLINE: Final = {
    "ASTRO_TELEMETRY_DISABLED": "1",
    "CI": "true",
    "NEXT_TELEMETRY_DISABLED": "1",
    "NO_UPDATE_NOTIFIER": "1",
    "NUXT_TELEMETRY_DISABLED": "1",
}
_NEVER_COPIED: Final = shutil.ignore_patterns("node_modules", ".next", ".nuxt", ".output", ".astro", "dist")


def prepare(path: str) -> Path:
    """Return the installed copy of a project; one process at a time installs."""
    target = BUILD / path
    with _locked():
        for project in dict.fromkeys((PACKAGE, path)):
            shutil.copytree(ROOT / project, BUILD / project, dirs_exist_ok=True, ignore=_NEVER_COPIED)
        shutil.copytree(ROOT / "examples" / "signing", BUILD / "examples" / "signing", dirs_exist_ok=True)
        shutil.copytree(ROOT / "examples" / "clients", BUILD / "examples" / "clients", dirs_exist_ok=True)
        lock, installed = target / "package-lock.json", target / "node_modules" / ".installed"
        if not installed.exists() or installed.read_bytes() != lock.read_bytes():
            run(target, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", timeout_s=_INSTALL_TIMEOUT_S)
            shutil.copyfile(lock, installed)
        if path != PACKAGE:
            _unpack(target / "node_modules" / "pixmill")
    return target


def packed_files() -> dict[str, int]:
    """Return the files that npm would publish, with their sizes."""
    shown = run(ROOT / PACKAGE, "npm", "pack", "--dry-run", "--json", timeout_s=60)
    return {entry["path"]: entry["size"] for entry in json.loads(shown)[0]["files"]}


def run(folder: Path, *command: str, timeout_s: float, environment: Mapping[str, str] | None = None) -> str:
    """Run a program to its end, without telemetry; return what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **_OFFLINE, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4_000:]}\n{done.stderr[-4_000:]}"
    return done.stdout


def _unpack(target: Path) -> None:
    """Put the package in the place of the link to it."""
    packs = BUILD / "packs"
    shutil.rmtree(packs, ignore_errors=True)
    packs.mkdir(parents=True)
    run(ROOT / PACKAGE, "npm", "pack", "--pack-destination", str(packs), timeout_s=60)
    if target.is_symlink():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)
    (pack,) = packs.iterdir()
    with tarfile.open(pack) as archive:
        archive.extractall(packs, filter="data")
    shutil.move(packs / "package", target)


@contextmanager
def _locked() -> Iterator[None]:
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
