"""CPU time and memory of a process tree, read from /proc; starts and stops processes."""

import array
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_NUMBER = 2**55 - 1
TICK = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                found += tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """Return user and system time of the whole tree, including ended children."""
    total = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(int(fields[index]) for index in (11, 12, 13, 14))
    return total / TICK


def memory_mib(pid: int) -> tuple[float, float]:
    """Return the sums of RSS (shared pages count in each process) and of PSS over the tree."""
    rss = pss = 0
    for each in tree(pid):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                name, _, value = line.partition(":")
                rss += int(value.split()[0]) if name == "Rss" else 0
                pss += int(value.split()[0]) if name == "Pss" else 0
    return rss / 1024, pss / 1024


def distinct_mib(pid: int) -> float:
    """Return the memory of the tree alone: each page counts once, even if other processes map it.

    Page numbers need root.

    PSS is lower if other servers run from the same files; RSS counts shared pages in each process.
    """
    pages: set[int] = set()
    for each in tree(pid):
        with contextlib.suppress(OSError), Path(f"/proc/{each}/pagemap").open("rb", buffering=0) as numbers:
            for line in Path(f"/proc/{each}/maps").read_text().splitlines():
                if not line.endswith(("[vvar]", "[vdso]", "[vsyscall]", "[vvar_vclock]")):
                    start, end = (int(bound, 16) // _PAGE for bound in line.split()[0].split("-"))
                    numbers.seek(start * 8)
                    entries = array.array("Q", numbers.read((end - start) * 8))
                    pages.update(entry & _NUMBER for entry in entries if entry >> 63)
    return len(pages) * _PAGE / 2**20


class PeakMemory:
    """Samples the memory of a tree four times a second until stopped: a sample takes 0.8 ms for 50 MiB, 7 ms for 400."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._going = pid, (0.0, 0.0), True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while self._going:
            with contextlib.suppress(OSError):
                self._peak = max(self._peak, memory_mib(self._pid), key=lambda both: both[1])
            time.sleep(0.25)

    def stop(self) -> tuple[float, float]:
        self._going = False
        self._thread.join()
        return self._peak


@contextlib.contextmanager
def running(command: Sequence[str], port: int, log: Path, env: Mapping[str, str] | None = None) -> Iterator[int]:
    """Start a server and yield its process id once it accepts connections; stop its tree afterwards."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True
        )
    try:
        until_open(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):  # some servers do not stop their children
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until_open(port: int, process: subprocess.Popen[bytes], within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.01)
    raise SystemExit(f"{process.args!r} does not listen on {port}")
