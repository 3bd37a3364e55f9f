"""What server processes last reported of their metrics, and what those counted that have ended.

The supervisor's: it sees every snapshot that passes. Must never render a page.
"""

import msgspec

from pixmill.processes.messages import Message
from pixmill.telemetry.aggregate import counted_only

METRICS: str = "metrics"
"""The kind of questions, answers and notes that carry a snapshot of the sender."""


class MetricsArchive:
    """``MessageObserver`` of the snapshots."""

    def __init__(self) -> None:
        self._last: dict[int, bytes] = {}
        self._ended = b""

    def observe(self, slot: int, message: Message) -> None:
        if message.kind == METRICS and message.body:
            self._last[slot] = message.body

    def ended(self, slot: int) -> None:
        """Keep what the process had counted; what it counted after its last snapshot ends with it."""
        if last := self._last.pop(slot, b""):
            self._ended = counted_only(filter(None, (self._ended, last)))

    def supplement(self, kind: str, silent: frozenset[int]) -> bytes:
        """Return the snapshots of processes that have ended, and the last ones of those that do not answer."""
        if kind != METRICS:
            return b""
        return msgspec.msgpack.encode(
            [snapshot for snapshot in (self._ended, *(self._last.get(slot, b"") for slot in silent)) if snapshot]
        )
