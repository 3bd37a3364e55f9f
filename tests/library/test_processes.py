"""Life and death of engines: forks, process pools, killed workers, interrupts, and the end of the interpreter."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PHOTO = Path(__file__).parents[2] / "examples/photos/fig.jpg"
PRELUDE = f"""
import os, signal, sys, threading, time
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


def test_end_of_a_script(tmp_path: Path) -> None:
    assert run(tmp_path, "print(pixmill.resize(PHOTO, width=20).width, len(children()) > 0)") == "20 True\n"


def test_engine_that_nobody_closes(tmp_path: Path) -> None:
    script = """
engine = pixmill.Engine(workers=2)
engine.open()
results = engine.map([PHOTO] * 5, width=20)
print(next(results).width)
"""
    assert run(tmp_path, script) == "20\n"


def test_engine_that_is_garbage_ends_its_workers(tmp_path: Path) -> None:
    script = """
import gc
engine = pixmill.Engine(workers=1).open()
before = len(children())
del engine
gc.collect()
print(before, len(children()))
"""
    assert run(tmp_path, script) == "1 0\n"


def test_error_ends_the_script_as_usual(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(f"{PRELUDE}\npixmill.resize(PHOTO, width=9)\n1 / 0\n")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_process_pool(tmp_path: Path, method: str) -> None:
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


def test_fork_while_the_engine_works(tmp_path: Path) -> None:
    """The child has an engine of its own, ends as programs do, and takes nothing from its parent."""
    script = """
import gc
engine = pixmill.Engine(workers=1)
results = engine.map([PHOTO] * 40, width=200)
next(results)
mine = set(children())
pid = os.fork()
if pid == 0:
    assert engine.resize(PHOTO, width=7).width == 7
    assert len(children()) == 1
    assert set(children(os.getppid())) >= mine
    gc.collect()
    sys.exit(0)
print(len(list(results)), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), set(children()) == mine)
"""
    assert run(tmp_path, script) == "39 0 True\n"


def test_threads_at_the_end_of_the_interpreter(tmp_path: Path) -> None:
    """A thread that the interpreter waits for may still work; one that it does not wait for ends with it."""
    script = """
def work(times):
    for _ in range(times):
        pixmill.resize(PHOTO, width=20)
    print("done")

def work_on():
    try:
        work(10**6)
    except errors.Draining:
        pass

pixmill.resize(PHOTO, width=20)
threading.Thread(target=work, args=(20,)).start()
threading.Thread(target=work_on, daemon=True).start()
"""
    assert run(tmp_path, script) == "done\n"


def test_killed_workers_are_replaced(tmp_path: Path) -> None:
    script = """
with pixmill.Engine(workers=2) as engine:
    results = engine.map([PHOTO] * 60, width=300, in_flight=4)
    widths = []
    for number, result in enumerate(results):
        widths.append(result.width)
        if number in (5, 20):
            os.kill(children()[0], signal.SIGKILL)
    print(len(widths), set(widths))
print(len(children()))
"""
    assert run(tmp_path, script) == "60 {300}\n0\n"


def test_interrupt_in_map(tmp_path: Path) -> None:
    script = """
def endless():
    for number in range(10**6):
        if number == 30:
            os.kill(os.getpid(), signal.SIGINT)
        yield PHOTO

with pixmill.Engine(workers=1) as engine:
    try:
        for result in engine.map(endless(), width=100):
            pass
    except KeyboardInterrupt:
        print("interrupted")
    print(engine.resize(PHOTO, width=4).width)
"""
    assert run(tmp_path, script) == "interrupted\n4\n"


def test_interrupt_of_a_call_that_waits(tmp_path: Path) -> None:
    script = """
with pixmill.Engine(workers=1) as engine:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        while True:
            engine.resize(PHOTO, width=1000, format="avif", effort=9)
    except KeyboardInterrupt:
        print("interrupted")
    print(engine.resize(PHOTO, width=4).width)
"""
    assert run(tmp_path, script) == "interrupted\n4\n"


def test_killed_program_leaves_no_workers(tmp_path: Path) -> None:
    script = """
pixmill.resize(PHOTO, width=20)
print("ready", flush=True)
time.sleep(100)
"""
    (tmp_path / "script.py").write_text(PRELUDE + script)
    environment = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "script.py"], cwd=tmp_path, stdout=subprocess.PIPE, env=environment
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == b"ready\n"
        assert len(processes_of(tmp_path)) > 1
        program.send_signal(signal.SIGKILL)
    wait_until_gone(tmp_path)


def test_running_event_loop_and_uvloop(tmp_path: Path) -> None:
    script = """
import asyncio, uvloop

async def main():
    async with pixmill.Engine(workers=1) as engine:
        results = await asyncio.gather(*(engine.aresize(PHOTO, width=width) for width in range(1, 20)))
        print([result.width for result in results] == list(range(1, 20)), pixmill.resize(PHOTO, width=5).width)

asyncio.run(main())
uvloop.run(main())
"""
    assert run(tmp_path, script) == "True 5\nTrue 5\n"
