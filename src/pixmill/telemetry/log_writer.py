"""Buffered log writer: collects lines in memory and writes them in a thread, so that logging never waits.

Knows bytes and a stream. Must never know what a line says, nor let a stalled reader delay a request: lines that it does
not take are buffered up to a limit, then dropped and counted.
"""

import atexit
import fcntl
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Protocol

from pixmill.runtime.operating_system import memory_file

BATCH_INTERVAL_S: Final = 0.02
"""Lines of this time are written together: one write each would cost more than formatting the line (measured: 20 µs of
34)."""

MAX_BUFFER_BYTES: Final = 4 * 2**20
"""About 12,000 access-log lines; a pipe holds 64 KiB by itself."""

FLUSH_TIMEOUT_S: Final = 2.0
"""Time that the exit of the process waits for a reader that does not read."""

_RETRY_S: Final = 0.05


class LogStream(Protocol):
    """A raw stream. ``write`` may take a part, or nothing (None) if it would block."""

    def write(self, data: memoryview, /) -> int | None: ...

    def isatty(self) -> bool: ...


class BufferedLogWriter:
    """Writes lines in order, from any thread."""

    def __init__(self, stream: LogStream, max_bytes: int = MAX_BUFFER_BYTES) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._dropped = 0
        self._dropped_callback: Callable[[int], None] | None = None
        self._flush_requested = False
        self._lock = threading.Lock()
        self._state_changed = threading.Condition(self._lock)
        self._is_idle = True
        self._thread: threading.Thread | None = None
        self._stream_lock_fd = -1

    def on_dropped(self, callback: Callable[[int], None]) -> None:
        """Call this with the number of dropped lines, in the writer thread, once there is space again."""
        self._dropped_callback = callback

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def columns(self) -> int:
        """The width of the terminal, which may change; 0 if the stream is none."""
        try:
            fileno = getattr(self._stream, "fileno", None)
            return os.get_terminal_size(fileno()).columns if fileno else 0
        except (OSError, ValueError):
            return 0

    def msg(self, line: bytes) -> None:
        """Add a line, without its line break."""
        self.write_lines((line,))

    def write_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines; all of them or, if they do not fit into the buffer, none."""
        data = b"\n".join((*lines, b""))
        with self._lock:
            if len(self._buffer) + len(data) > self._max_bytes:
                self._dropped += len(lines)
                return
            self._buffer += data
            if self._is_idle:
                self._is_idle = False
                self._wake()

    debug = info = warning = error = critical = msg
    """For structlog, which calls the method named as the level."""

    def flush(self, timeout_s: float = FLUSH_TIMEOUT_S) -> bool:
        """Wait until everything is written, for at most ``timeout_s``; whether it is."""
        with self._state_changed:
            self._flush_requested = True
            self._state_changed.notify_all()
            done = self._state_changed.wait_for(lambda: self._is_idle, timeout_s)
            self._flush_requested = False
        return done

    def share_stream(self) -> None:
        """Keep lines whole that forks of this process write to the same pipe, which takes 4 KiB at once (pipe(7)).

        Raises OSError. Call it before they are forked.
        """
        self._stream_lock_fd = memory_file("pixmill-log")[0]

    def prepare_fork(self) -> None:
        """End the thread, so that a fork leaves none behind; what is added later starts another one."""
        self.flush()
        with self._state_changed:
            thread, self._thread = self._thread, None
            self._state_changed.notify_all()
        if thread:
            thread.join(FLUSH_TIMEOUT_S)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="log", daemon=True)
            self._thread.start()
        else:
            self._state_changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._state_changed:
                self._state_changed.wait_for(lambda: not self._is_idle or self._is_ended())
                if self._is_idle:
                    return
                self._state_changed.wait_for(lambda: self._flush_requested, BATCH_INTERVAL_S)
                batch, self._buffer = self._buffer, bytearray()
                dropped, self._dropped = self._dropped, 0
            if dropped and self._dropped_callback:
                self._dropped_callback(dropped)
            self._write(batch)
            with self._state_changed:
                if not self._buffer:
                    self._is_idle = True
                    self._state_changed.notify_all()

    def _is_ended(self) -> bool:
        return self._thread is not threading.current_thread()

    def _write(self, batch: bytearray) -> None:
        if self._stream_lock_fd < 0:
            self._write_all(memoryview(batch))
            return
        fcntl.lockf(self._stream_lock_fd, fcntl.LOCK_EX)
        try:
            self._write_all(memoryview(batch))
        finally:
            fcntl.lockf(self._stream_lock_fd, fcntl.LOCK_UN)

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            try:
                written = self._stream.write(rest)
            except (OSError, ValueError):  # the reader is gone, or the stream is closed: there is no place to report it
                return
            if written is None:
                time.sleep(_RETRY_S)
            else:
                rest = rest[written:]


@cache
def stderr_writer() -> BufferedLogWriter:
    """Returns the writer of this process. Bypasses ``sys.stderr``: a blocked thread would hold its lock until exit."""
    is_closed = sys.stderr is None  # then descriptor 2 may be any other file
    writer = BufferedLogWriter(io.FileIO(os.devnull, "w") if is_closed else io.FileIO(2, "w", closefd=False))
    atexit.register(writer.flush)
    os.register_at_fork(before=writer.prepare_fork)
    return writer
