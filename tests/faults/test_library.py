"""Engines of programs: killed workers, interrupts, threads at the end, and processes that begin in other ways."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library.scripts import PRELUDE, processes_of, run, use_process_pool, wait_until_gone


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_process_pool(tmp_path: Path, method: str) -> None:
    use_process_pool(tmp_path, method)


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
import logging
logging.disable()  # each death is logged as a warning
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
