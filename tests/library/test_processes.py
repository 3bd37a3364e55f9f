"""Forks, process pools, interrupts, and the end of the interpreter. ``tests/faults/test_library.py`` has more of them."""

from pathlib import Path

from tests.library.scripts import run, use_process_pool


def test_end_of_a_script(tmp_path: Path) -> None:
    assert run(tmp_path, "print(pixmill.resize(PHOTO, width=20).width, len(children()) > 0)") == "20 True\n"


def test_program_that_embeds_python(tmp_path: Path) -> None:
    """There ``sys.executable`` is the program; ``multiprocessing`` is told the interpreter."""
    script = """
import multiprocessing
multiprocessing.set_executable(sys.executable)
sys.executable = "/bin/false"
print(pixmill.resize(PHOTO, width=20).width)
"""
    assert run(tmp_path, script) == "20\n"


def test_process_pool(tmp_path: Path) -> None:
    use_process_pool(tmp_path, "fork")


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


def test_garbage_that_the_thread_of_an_engine_collects(tmp_path: Path) -> None:
    script = """
import gc
gc.disable()
engine = pixmill.Engine(workers=1).open()
engine.itself = engine
loop = engine._running.core._loop
collected = threading.Event()
del engine
loop.call_soon_threadsafe(lambda: (gc.collect(), collected.set()))
print(collected.wait(60))
"""
    assert run(tmp_path, script) == "True\n"


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
