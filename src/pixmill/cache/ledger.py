"""Who may still write how much into one folder: the arithmetic of a byte budget, from several threads.

Knows numbers only; must never know files. Bytes are reserved before they are written and released after they
are gone, so what lies in the folder is never more than what is booked here.

Several processes may share the folder, each with its own ledger that learns of the others by scanning. A sixteenth of
the budget (the margin) stays unbooked, and nobody writes more than a margin without scanning anew. So with one or two
processes the folder never holds more than ``max_bytes``; each further process may add a margin:
the one that scanned last booked all that was there and at most ``max_bytes - margin``, and each of the others
has added at most a margin since.
"""

from threading import RLock
from typing import Final

BLOCK_BYTES: Final = 4_096
"""Files are counted in the blocks that a file system commonly gives them, so that ``du`` agrees with the budget."""

_MARGIN = 16
_HIGH = 0.90
_LOW = 0.85


def allotted(size: int) -> int:
    """What a file of this size takes on the disk."""
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


class Ledger:
    """Until the first scan nothing is known, and nothing may be written.

    Whoever removes or replaces a file holds ``lock`` around that and the ``release``, so that no scan ends in between
    and forgets bytes twice.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.margin = max_bytes // _MARGIN
        self._limit = max_bytes - self.margin
        self.lock = RLock()
        self._used = max_bytes
        self._in_flight = 0
        self._since_scan = 0
        self._during_scan = 0

    @property
    def used(self) -> int:
        return self._used

    @property
    def due(self) -> bool:
        """Whether it is time to scan and make room, before a writer has to wait for it."""
        return self._used > self.max_bytes * _HIGH or self._since_scan > self.margin // 2

    def fits(self, cost: int) -> bool:
        """Whether ``cost`` bytes could be reserved now."""
        return self._used + cost <= self._limit and self._since_scan + cost <= self.margin

    def reserve(self, cost: int) -> bool:
        """Book bytes that are about to be written; False, and nothing booked, when there is no room."""
        with self.lock:
            if not self.fits(cost):
                return False
            self._used += cost
            self._in_flight += cost
            self._since_scan += cost
            self._during_scan += cost
            return True

    def landed(self, cost: int) -> None:
        """The write of a reservation has ended, well or not; a scan that begins from here on sees what there is."""
        with self.lock:
            self._in_flight -= cost

    def release(self, cost: int) -> None:
        """Bytes are gone from the folder."""
        with self.lock:
            self._used -= cost

    def begin_scan(self) -> None:
        """Somebody starts to add up what is there; what is being written meanwhile may or may not be seen."""
        with self.lock:
            self._since_scan = 0
            self._during_scan = self._in_flight

    def end_scan(self, total: int) -> None:
        """``total`` was found. What was in flight is added though it may have been counted: the next scan knows."""
        with self.lock:
            self._used = total + self._during_scan

    def goal(self, room: int) -> int:
        """Down to how many bytes to evict so that ``room`` can be reserved; above ``used`` when nothing need go."""
        if self._used > self.max_bytes * _HIGH or self._used + room > self._limit:
            return min(int(self.max_bytes * _LOW), self._limit - room)
        return self._used
