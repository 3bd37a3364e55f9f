"""Where log lines leave the process: gathered in memory, written by a thread of their own, so that whoever logs never waits.

Knows bytes and a stream. Must never know what a line says, nor let a reader that has stopped reading hold up a request: what it cannot take
is kept up to a bound, then dropped and counted.
"""

import atexit
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Protocol

GATHER_S: Final = 0.02
"""Lines of so long are written at once: a write for each would cost more than making the line (measured: 20 µs of 34)."""

MAX_WAITING_BYTES: Final = 4 * 2**20
"""About 12,000 lines of requests; a pipe holds 64 KiB by itself."""

FLUSH_LIMIT_S: Final = 2.0
"""How long the end of the process waits for a reader that does not read."""

_RETRY_S: Final = 0.05


class Stream(Protocol):
    """What lines are written to. ``write`` may take a part, or nothing at all (None) when it would have to wait."""

    def write(self, data: memoryview, /) -> int | None: ...

    def isatty(self) -> bool: ...


class Outlet:
    """Lines on their way out, in their order."""

    def __init__(self, stream: Stream, max_bytes: int = MAX_WAITING_BYTES) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._waiting = bytearray()
        self._lost = 0
        self._tell: Callable[[int], None] | None = None
        self._hurry = False
        self._lock = threading.Lock()
        self._state = threading.Condition(self._lock)
        self._is_idle = True
        self._thread: threading.Thread | None = None

    def when_lost(self, tell: Callable[[int], None]) -> None:
        """Have this told, in the thread that writes, how many lines were dropped, once there is room again."""
        self._tell = tell

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream.isatty()

    def msg(self, line: bytes) -> None:
        """Add a line, without its end; from any thread."""
        self.lines((line,))

    def lines(self, lines: Sequence[bytes]) -> None:
        """Add some; where there is no room for all of them, none."""
        more = b"\n".join((*lines, b""))
        with self._lock:
            if len(self._waiting) + len(more) > self._max_bytes:
                self._lost += len(lines)
                return
            self._waiting += more
            if self._is_idle:
                self._is_idle = False
                self._wake()

    debug = info = warning = error = critical = msg
    """For structlog, which calls a logger by the name of the level."""

    def flush(self, limit_s: float = FLUSH_LIMIT_S) -> bool:
        """Wait until all that was added is written, but for no longer than this; whether it is."""
        with self._state:
            self._hurry = True
            self._state.notify_all()
            done = self._state.wait_for(lambda: self._is_idle, limit_s)
            self._hurry = False
        return done

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        else:
            self._state.notify_all()

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(lambda: not self._is_idle)
                self._state.wait_for(lambda: self._hurry, GATHER_S)
                batch, self._waiting = self._waiting, bytearray()
                lost, self._lost = self._lost, 0
            if lost and self._tell:
                self._tell(lost)
            self._write(batch)
            with self._state:
                if not self._waiting:
                    self._is_idle = True
                    self._state.notify_all()

    def _write(self, batch: bytearray) -> None:
        rest = memoryview(batch)
        while rest:
            try:
                taken = self._stream.write(rest)
            except (OSError, ValueError):  # the reader is gone, or the stream is closed: there is nobody to tell
                return
            if taken is None:
                time.sleep(_RETRY_S)
            else:
                rest = rest[taken:]


@cache
def standard_error() -> Outlet:
    """That of this process. Not by way of ``sys.stderr``, whose lock a blocked thread would keep to the end of the interpreter."""
    closed = sys.stderr is None  # then the descriptor may be that of anything else
    outlet = Outlet(io.FileIO(os.devnull, "w") if closed else io.FileIO(2, "w", closefd=False))
    atexit.register(outlet.flush)
    return outlet
