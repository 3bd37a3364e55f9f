"""Byte quota of one cache folder: arithmetic only, thread-safe; must never know files.

Bytes are reserved before they are written and released after they are removed, so the folder never holds more than what
is booked here.

Several processes may share the folder, each with its own quota that learns of the others' writes by scanning. A
sixteenth of ``max_bytes`` (the margin) stays unbooked, and no process writes more than a margin without another scan.
So with one or two processes the folder never holds more than ``max_bytes``; each further process may add a margin:

* Take the process whose scan began last, of those that have written since their scan ended. It booked everything that
  was there when its scan began, and at most ``max_bytes - margin``.
* Each other process has added at most a margin since. For this, what a process writes during its own scan counts twice:
  until the scan ends on top of what it wrote before, because its old total may lack what others wrote; from then on as
  written since the scan began, because scans of others that began later may have missed it.
"""

from threading import RLock
from typing import Final

BLOCK_BYTES: Final = 4_096
"""Files are counted in the blocks that file systems commonly allocate, so that ``du`` agrees with the quota."""

MIN_QUOTA_BYTES: Final = 64 * BLOCK_BYTES

_MARGIN_DIVISOR = 16
_HIGH_WATERMARK = 0.90
_LOW_WATERMARK = 0.85


def allocated_bytes(size_bytes: int) -> int:
    """Returns the disk space that a file of this size takes."""
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


class DiskQuota:
    """Counts as full until the first scan, so that nothing is written before, unless the total is restored.

    Code that removes or replaces a file holds ``lock`` around that and the ``release``, so that no scan ends in between
    and subtracts the bytes twice.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.margin_bytes = max_bytes // _MARGIN_DIVISOR
        self._limit_bytes = max_bytes - self.margin_bytes
        self.lock = RLock()
        self.is_known = False
        """Whether the total was found or restored."""
        self._used_bytes = max_bytes
        self._in_flight_bytes = 0
        self._since_scan_bytes = 0
        self._during_scan_bytes = 0

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    @property
    def since_scan_bytes(self) -> int:
        """Bytes written since the last scan began."""
        return self._since_scan_bytes

    def restore(self, total_bytes: int) -> None:
        """Set the total from the records of earlier processes (``usage_record.py``), before anything is written."""
        with self.lock:
            self._used_bytes = min(total_bytes, self.max_bytes)
            self.is_known = True

    @property
    def needs_sweep(self) -> bool:
        """Whether to scan and evict now, before a write has to wait for it."""
        return self._used_bytes > self.max_bytes * _HIGH_WATERMARK or self._since_scan_bytes > self.margin_bytes // 2

    def has_space(self, cost_bytes: int) -> bool:
        """Whether the quota has space for ``cost_bytes`` more; they may only be reservable after another scan."""
        return self._used_bytes + cost_bytes <= self._limit_bytes

    def fits(self, cost_bytes: int) -> bool:
        """Whether ``cost_bytes`` can be reserved now."""
        return self.has_space(cost_bytes) and self._since_scan_bytes + cost_bytes <= self.margin_bytes

    def reserve(self, cost_bytes: int) -> bool:
        """Book bytes that are about to be written; False, and nothing booked, when they do not fit."""
        with self.lock:
            if not self.fits(cost_bytes):
                return False
            self._used_bytes += cost_bytes
            self._in_flight_bytes += cost_bytes
            self._since_scan_bytes += cost_bytes
            self._during_scan_bytes += cost_bytes
            return True

    def write_finished(self, cost_bytes: int) -> None:
        """End the write of a reservation, successful or not; a scan that begins after this sees its file."""
        with self.lock:
            self._in_flight_bytes -= cost_bytes

    def release(self, cost_bytes: int) -> None:
        """Subtract bytes that were removed from the folder."""
        with self.lock:
            self._used_bytes -= cost_bytes

    def begin_scan(self) -> None:
        """Start to add up the folder; files being written meanwhile may or may not be seen.

        Until the scan ends the writes of other processes are unknown, so bytes written since the last scan still count.
        """
        with self.lock:
            self._during_scan_bytes = self._in_flight_bytes

    def end_scan(self, total_bytes: int) -> None:
        """Set the total found. Bytes in flight are added although they may be in it: the next scan corrects that."""
        with self.lock:
            self._used_bytes = total_bytes + self._during_scan_bytes
            self.is_known = True
            self._since_scan_bytes = self._during_scan_bytes

    def eviction_target_bytes(self, needed_bytes: int) -> int:
        """Returns how many bytes may stay so that ``needed_bytes`` can be reserved; ``used_bytes`` if all may."""
        if self._used_bytes > self.max_bytes * _HIGH_WATERMARK or self._used_bytes + needed_bytes > self._limit_bytes:
            return min(int(self.max_bytes * _LOW_WATERMARK), self._limit_bytes - needed_bytes)
        return self._used_bytes
