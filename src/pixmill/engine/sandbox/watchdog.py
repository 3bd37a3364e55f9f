"""A thread that ends a worker whose server is gone, or that has grown too large, where the kernel has no such limits.

On Linux the kernel does both (prctl(2), setrlimit(2)): this module is for development on other systems. It is no
protection from a compromised worker, which could stop the thread.
"""

import os
import signal
import threading
import time
from typing import Final

from pixmill.runtime.operating_system import max_resident_bytes

INTERVAL_S: Final = 0.25


class Watchdog:
    """Watches this process from ``start`` on; ``max_bytes`` of resident memory, 0 for any."""

    def __init__(self) -> None:
        self.max_bytes = 0
        self._parent_pid = 0

    def start(self) -> None:
        """Watch the process that is the parent now."""
        self._parent_pid = os.getppid()
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def _run(self) -> None:
        while os.getppid() == self._parent_pid and not 0 < self.max_bytes < max_resident_bytes():
            time.sleep(INTERVAL_S)
        os.kill(os.getpid(), signal.SIGKILL)


WATCHDOG: Final = Watchdog()
