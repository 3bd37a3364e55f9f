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

_MARGIN_DIVISOR = 16
_HIGH_WATERMARK = 0.90
_LOW_WATERMARK = 0.85


def allocated_bytes(size_bytes: int) -> int:
    """What a file of this size takes on the disk."""
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


class DiskQuota:
    """Until the first scan nothing is known, and nothing may be written.

    Whoever removes or replaces a file holds ``lock`` around that and the ``release``, so that no scan ends in between
    and forgets bytes twice.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.margin_bytes = max_bytes // _MARGIN_DIVISOR
        self._limit_bytes = max_bytes - self.margin_bytes
        self.lock = RLock()
        self._used_bytes = max_bytes
        self._in_flight_bytes = 0
        self._since_scan_bytes = 0
        self._during_scan_bytes = 0

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    @property
    def needs_sweep(self) -> bool:
        """Whether it is time to scan and make room, before a writer has to wait for it."""
        return self._used_bytes > self.max_bytes * _HIGH_WATERMARK or self._since_scan_bytes > self.margin_bytes // 2

    def fits(self, cost_bytes: int) -> bool:
        """Whether ``cost`` bytes could be reserved now."""
        return (
            self._used_bytes + cost_bytes <= self._limit_bytes
            and self._since_scan_bytes + cost_bytes <= self.margin_bytes
        )

    def reserve(self, cost_bytes: int) -> bool:
        """Book bytes that are about to be written; False, and nothing booked, when there is no room."""
        with self.lock:
            if not self.fits(cost_bytes):
                return False
            self._used_bytes += cost_bytes
            self._in_flight_bytes += cost_bytes
            self._since_scan_bytes += cost_bytes
            self._during_scan_bytes += cost_bytes
            return True

    def write_finished(self, cost_bytes: int) -> None:
        """The write of a reservation has ended, well or not; a scan that begins from here on sees what there is."""
        with self.lock:
            self._in_flight_bytes -= cost_bytes

    def release(self, cost_bytes: int) -> None:
        """Bytes are gone from the folder."""
        with self.lock:
            self._used_bytes -= cost_bytes

    def begin_scan(self) -> None:
        """Somebody starts to add up what is there; what is being written meanwhile may or may not be seen."""
        with self.lock:
            self._since_scan_bytes = 0
            self._during_scan_bytes = self._in_flight_bytes

    def end_scan(self, total_bytes: int) -> None:
        """``total`` was found. What was in flight is added though it may have been counted: the next scan knows."""
        with self.lock:
            self._used_bytes = total_bytes + self._during_scan_bytes

    def eviction_target_bytes(self, needed_bytes: int) -> int:
        """Down to how many bytes to evict so that ``room`` can be reserved; above ``used`` when nothing need go."""
        if self._used_bytes > self.max_bytes * _HIGH_WATERMARK or self._used_bytes + needed_bytes > self._limit_bytes:
            return min(int(self.max_bytes * _LOW_WATERMARK), self._limit_bytes - needed_bytes)
        return self._used_bytes
