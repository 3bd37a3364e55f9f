"""Audits what a worker uses, where the kernel has no limit of its own: threads, stacks, and time without a job.

Reads proc(5) and the process's clock, never what the worker reports. Must never know calls.
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from pixmill.runtime.system import available_cores

AUDIT_INTERVAL_S: Final = 1.0
_MAX_THREADS_PER_CORE: Final = 8
_MIN_MAX_THREADS: Final = 128
"""Codecs start a few threads for each core; all that libraries were seen to start were 20 on two."""
_MAX_STACK_KIB: Final = 64 * 2**10
"""RLIMIT_DATA does not count stacks (mmap(2), mremap(2)); the usual limit of one is 8 MiB."""
_MAX_IDLE_CPU_S: Final = 2.0
"""CPU time in a row without a job. Freeing memory after one takes hundredths of a second."""


class ProcessAuditor:
    """Audits the worker with this process id."""

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._clock = (~pid << 3) | 2  # MAKE_PROCESS_CPUCLOCK, CPUCLOCK_SCHED: what clock_getcpuclockid(3) returns
        self._max_threads = max(_MIN_MAX_THREADS, _MAX_THREADS_PER_CORE * available_cores())
        self._jobs = -1
        self._idle_since_cpu_s = 0.0

    def excess(self, completed_jobs: int, *, is_idle: bool) -> str:
        """Return what it uses too much of; empty if nothing, or if it is gone."""
        with suppress(OSError, ValueError):
            usage = dict(line.split(":", 1) for line in self._status.read_text().splitlines())
            if int(usage.get("Threads", 0)) > self._max_threads:
                return f"{usage['Threads'].strip()} threads"
            if int(usage.get("VmStk", "0 kB").split()[0]) > _MAX_STACK_KIB:
                return f"stacks of {usage['VmStk'].strip()}"
            cpu_s = time.clock_gettime(self._clock)
            if not is_idle or completed_jobs != self._jobs:
                self._jobs, self._idle_since_cpu_s = completed_jobs if is_idle else -1, cpu_s
            if cpu_s - self._idle_since_cpu_s > _MAX_IDLE_CPU_S:
                return f"{cpu_s - self._idle_since_cpu_s:.1f} s of CPU time without a job"
        return ""
