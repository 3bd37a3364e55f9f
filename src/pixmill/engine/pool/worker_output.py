"""What a worker and its libraries print: read from a pipe, bounded, escaped and logged as coming from a worker.

A worker has no descriptor of the server's log. The pipe never blocks it: what does not fit is lost. Must never know
why something was printed.
"""

import asyncio
import logging
import os
from typing import Final

from pixmill.runtime.operating_system import nonblocking_pipe

_LOG: Final = logging.getLogger(__name__)
_INTERVAL_S: Final = 1.0
"""A worker that prints much costs one read of at most a full pipe in this time."""
_MAX_READ_BYTES: Final = 64 * 2**10
"""The capacity of a pipe (pipe(7))."""
_MAX_LOGGED_BYTES: Final = 2_000
"""The maximum of each line of the log; a Python traceback is shorter."""


class WorkerOutput:
    """The reading end of the standard error of one worker; belongs to the running event loop."""

    def __init__(self) -> None:
        """Raises OSError when the system has no resources. ``writing_fd`` is for the worker, then to be closed."""
        self._loop = asyncio.get_running_loop()
        self._fd, self.writing_fd = nonblocking_pipe()
        self._pid = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, pid: int) -> None:
        """Log what the worker with this process id prints."""
        os.close(self.writing_fd)
        self._pid = pid
        self._loop.add_reader(self._fd, self._on_readable)

    def close(self) -> None:
        """Log what is left, and close the pipe."""
        if self._pid:
            self._stop_reading()
            self._log_once()
        else:
            os.close(self.writing_fd)
        os.close(self._fd)

    def _on_readable(self) -> None:
        self._stop_reading()
        if self._log_once():
            self._timer = self._loop.call_later(_INTERVAL_S, self._loop.add_reader, self._fd, self._on_readable)

    def _stop_reading(self) -> None:
        self._loop.remove_reader(self._fd)
        if self._timer:
            self._timer.cancel()

    def _log_once(self) -> bool:
        """Log what there is now; return whether there may be more, later."""
        try:
            printed = os.read(self._fd, _MAX_READ_BYTES)
        except BlockingIOError:
            return True
        if printed:
            _LOG.warning("worker %d printed %d bytes: %s", self._pid, len(printed), escape_output(printed))
        return bool(printed)


def escape_output(printed: bytes) -> str:
    """Return the first bytes as one line of printable characters."""
    text = printed[:_MAX_LOGGED_BYTES].decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
