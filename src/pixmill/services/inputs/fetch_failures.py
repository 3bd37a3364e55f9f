"""Negative cache of fetch failures: a source without the original, or that is down, is not asked for every request.

Knows failures of sources and a monotonic clock. Failures of our own are never cached.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.errors import SourceDenied, SourceError, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import NO_NEGATIVE_CACHING, NegativeTtl
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer

MAX_FETCH_FAILURES: Final = 8_192
"""About half a kilobyte each; the oldest is evicted."""

_DEFINITE_ERRORS: Final = (SourceNotFound, SourceDenied, SourceTooLarge)


@dataclass(frozen=True, slots=True)
class _FetchFailure:
    error: SourceError
    expires_at: float
    purge_watermark: float


class FetchFailureCache:
    """Failures by source, each for its negative TTL."""

    def __init__(
        self, negative_ttl: NegativeTtl, clock: Callable[[], float] = time.monotonic, observer: Observer | None = None
    ) -> None:
        self._negative_ttl = negative_ttl
        self._clock = clock
        self._observer = observer or NullObserver()
        self._failures: OrderedDict[SourceRef, _FetchFailure] = OrderedDict()

    def check(self, ref: SourceRef, latest_purge: float) -> None:
        """Raise the cached failure of this source, unless there was a purge since."""
        failure = self._failures.get(ref)
        if failure is None:
            return
        remaining_s = failure.expires_at - self._clock()
        if remaining_s <= 0 or failure.purge_watermark < latest_purge:
            del self._failures[ref]
            return
        self._observer.increment(Event.NEGATIVE_HIT, outcome=failure.error.code)
        raise failure.error.as_negative_hit(remaining_s)

    def record(self, ref: SourceRef, error: SourceError, purge_watermark: float) -> None:
        """Cache a failure that the source has just caused."""
        self._failures.pop(ref, None)
        ttl_s = (
            self._negative_ttl.not_found_s if isinstance(error, _DEFINITE_ERRORS) else self._negative_ttl.unreachable_s
        )
        error.negative_ttl_s = ttl_s
        if ttl_s:
            self._failures[ref] = _FetchFailure(error, self._clock() + ttl_s, purge_watermark)
        if len(self._failures) > MAX_FETCH_FAILURES:
            self._failures.popitem(last=False)


NO_FAILURE_CACHE: Final = FetchFailureCache(NO_NEGATIVE_CACHING)
