"""What is asked of the C library's allocator holds."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import ctypes, sys, threading
from pixmill.runtime.allocator import limit_arenas

if sys.argv[1] == "shared":
    limit_arenas()
kept, enough = [], threading.Barrier(4)

def work():
    kept.extend(bytes(20_000) for _ in range(50))
    enough.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
page = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, page)
libc.fclose(page)
"""


def heaps(how: str, page: Path) -> int:
    """How many heaps a process has after four of its threads have asked for memory at the same time."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    subprocess.run([sys.executable, "-c", PROGRAM, how, str(page)], env=environment, check=True)
    return page.read_text().count("<heap ")


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not the GNU C library")
def test_threads_share_one_heap_and_would_not_by_themselves(tmp_path: Path) -> None:
    assert heaps("shared", tmp_path / "one") == 1
    assert heaps("apart", tmp_path / "several") > 1
