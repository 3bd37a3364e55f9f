"""Limits how many images are in memory at a time, for callers in threads and in event loops alike.

Knows neither. Waiters are served in the order of their arrival.
"""

from collections import deque
from concurrent.futures import Future
from threading import Lock


class Slot:
    """A slot of an image in memory; releasing it twice is harmless."""

    def __init__(self, limiter: "InFlightLimiter") -> None:
        self._limiter: InFlightLimiter | None = limiter

    def release(self, _: object = None) -> None:
        limiter, self._limiter = self._limiter, None
        if limiter:
            limiter.release()


class InFlightLimiter:
    """Admits ``size`` at a time."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: deque[Future[Slot]] = deque()
        self._lock = Lock()

    def acquire(self) -> "Future[Slot]":
        """Return a future of a slot. Who stops waiting for it passes it to ``abandon``."""
        future: Future[Slot] = Future()
        with self._lock:
            if self._free:
                self._free -= 1
                future.set_result(Slot(self))
            else:
                self._waiting.append(future)
        return future

    @staticmethod
    def abandon(future: "Future[Slot]") -> None:
        """Release the slot of a future that nobody waits for any more, whether it has come or not."""
        if not future.cancel():
            future.result().release()

    def release(self) -> None:
        """Admit the next waiter."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                future.set_result(Slot(self))
                return

    def close(self) -> None:
        """Cancel all who wait."""
        with self._lock:
            waiting, self._waiting = self._waiting, deque()
        for future in waiting:
            future.cancel()
