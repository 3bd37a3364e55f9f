"""Runs scripts that use the library, each in an interpreter of its own, and sees that no process remains."""

import os
import subprocess
import sys
import time
from pathlib import Path

PHOTO = Path(__file__).parents[2] / "examples/photos/fig.jpg"
PRELUDE = f"""
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has ignored it for what runs in the background
from pathlib import Path
import pixmill
from pixmill import errors
PHOTO = {str(PHOTO)!r}

def children(pid=None):
    "The processes whose parent this is, without those that have ended."
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            state, parent = Path(f"/proc/{{name}}/stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == (pid or os.getpid()) and state != "Z":
            found.append(int(name))
    return found
"""


def run(tmp_path: Path, script: str) -> str:
    """Run a script in an interpreter that makes errors of warnings; return what it prints. No process must remain."""
    (tmp_path / "script.py").write_text(PRELUDE + script)
    command = [sys.executable, "-W", "error", "script.py"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    wait_until_gone(tmp_path)
    return done.stdout


def wait_until_gone(tmp_path: Path) -> None:
    """Wait until no process has this home, which workers inherit."""
    deadline = time.monotonic() + 30
    while running := processes_of(tmp_path):
        assert time.monotonic() < deadline, f"still there: {running}"
        time.sleep(0.05)


def processes_of(tmp_path: Path) -> list[str]:
    """Return the command lines of the processes with this home."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if f"HOME={tmp_path}\0".encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
    return [line for line in found if line]


def use_process_pool(tmp_path: Path, method: str) -> None:
    """Use the library in processes that begin by this method, and in their parent."""
    script = f"""
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

engine = pixmill.Engine(workers=1)

def work(width):
    return pixmill.resize(PHOTO, width=width).width, engine.resize(PHOTO, width=width).width

def fail(name):
    return pixmill.resize(name)

if __name__ == "__main__":
    if {method!r} == "fork":
        pixmill.resize(PHOTO, width=3), engine.resize(PHOTO, width=3)
    with ProcessPoolExecutor(2, mp_context=get_context({method!r})) as pool:
        print(list(pool.map(work, range(1, 7))))
        try:
            pool.submit(fail, "missing.jpg").result()
        except errors.SourceNotFound as error:
            print(error.code, error.param)
        print(pool.submit(engine.resize, PHOTO, width=5).result().width)
    print(pixmill.resize(PHOTO, width=8).width, engine.resize(PHOTO, width=8).width)
"""
    widths = [(width, width) for width in range(1, 7)]
    assert run(tmp_path, script) == f"{widths}\nsource_not_found source\n5\n8 8\n"
