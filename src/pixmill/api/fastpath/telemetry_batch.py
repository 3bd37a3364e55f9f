"""Batches metrics and access-log records of fast-path responses.

Recording each one after its response takes twice the time of a batch (measured: 11 µs, 5 µs): what a response
passes through, from the event loop to the socket, evicts all of this from the processor's caches. Belongs to the
event loop's thread. Must never know how a response came about.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pixmill.api.middleware.telemetry import AccessLogger, AccessRecord, RequestMetrics

MAX_BATCH: Final = 64
"""A batch of this size blocks the event loop for a third of a millisecond."""

MAX_DELAY_S: Final = 0.02
"""Maximum delay of a record."""


@dataclass(frozen=True, slots=True, eq=False)
class ResponseClass:
    """What many responses share.

    ``log_record`` is formatted for the access log, None if nothing is logged; ``is_hit``: a cache hit.
    """

    route: str
    status: int
    format_name: str
    body_bytes: int
    log_record: Any
    is_hit: bool


ResponseRecord = tuple[ResponseClass, str, bytes, float, float, bytes]
"""Response class, client address, request id, end (seconds since the epoch), duration in seconds, ids of a trace."""


class TelemetryBatch:
    """Records that are not yet written; ``count_hits`` receives the number of cache hits among them."""

    def __init__(
        self, request_metrics: RequestMetrics, access_log: AccessLogger | None, count_hits: Callable[[int], None]
    ) -> None:
        self.request_metrics = request_metrics
        self.access_log = access_log
        self._count_hits = count_hits
        self._pending: list[ResponseRecord] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, record: ResponseRecord) -> None:
        """Queue a record; flush when the batch is full or ``MAX_DELAY_S`` has passed."""
        self._pending.append(record)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(MAX_DELAY_S, self.flush)
        elif len(self._pending) >= MAX_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write all queued records; also called before metrics are read, and at shutdown."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        records, self._pending = self._pending, []
        if not records:
            return
        durations_s: defaultdict[ResponseClass, list[float]] = defaultdict(list)
        for response_class, _, _, _, seconds, _ in records:
            durations_s[response_class].append(seconds)
        for one, all_seconds in durations_s.items():
            self.request_metrics.record(one.route, one.status, one.format_name, one.body_bytes, all_seconds)
        if hits := sum(len(times) for one, times in durations_s.items() if one.is_hit):
            self._count_hits(hits)
        if self.access_log:
            access_records: list[AccessRecord] = [
                (response_class.log_record, remote, id_, ended, seconds, trace)
                for response_class, remote, id_, ended, seconds, trace in records
                if response_class.log_record is not None
            ]
            self.access_log.write(access_records)
