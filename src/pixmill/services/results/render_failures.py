"""Negative cache of render failures: an original that cannot be rendered is not sent to a worker for every request.

Knows versions of originals, purges and a monotonic clock. A failure belongs to one version: another version is tried
at once. It is cached for the source if no plan can succeed, else for the key of the result. Holds values only: an
exception would hold its request.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from pixmill.errors import (
    ErrorSnapshot,
    ImageError,
    InternalError,
    InvalidParameter,
    PixmillError,
    RenderCrashed,
    RenderTimeout,
    UnsupportedImage,
)
from pixmill.plan.freshness import FreshnessPolicy, NegativeTtl
from pixmill.plan.key import Key
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.pipeline import NO_PURGES, Purges
from pixmill.ports.values import Original, OriginalVersion, PurgeMatch
from pixmill.runtime.backoff import Backoff
from pixmill.runtime.bounded import BoundedDict

MAX_RENDER_FAILURES: Final = 8_192
"""About half a kilobyte each; the oldest is evicted."""

DETERMINISTIC_ERRORS: Final = (ImageError, RenderCrashed, InvalidParameter)
"""Errors that the same bytes cause again. A parameter is found invalid here if it does not fit the image."""

COSTLY_ERRORS: Final = (RenderTimeout, InternalError)
"""Errors that the same bytes probably cause again, and that took a worker's time. The machine may have been busy, so
they are tried again, after pauses that grow."""

REPEATED_ERRORS: Final = (*DETERMINISTIC_ERRORS, *COSTLY_ERRORS)
"""All that are cached."""

MAX_BACKOFF_FACTOR: Final = 16
"""The longest pause after repeated costly errors, as a multiple of the first one."""


class _RenderFailure(Struct, frozen=True, gc=False):
    """``failures`` counts those in a row, of costly errors."""

    validator: str
    purge_watermark: float
    error: ErrorSnapshot
    expires_at: float
    failures: int = 0


class RenderFailureCache:
    """Failures by source or key, each for its negative TTL unless its original changes or is purged."""

    def __init__(
        self,
        negative_ttl: NegativeTtl,
        freshness: FreshnessPolicy,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
        purges: Purges = NO_PURGES,
    ) -> None:
        self._undecodable_s = negative_ttl.undecodable_s
        first_s = negative_ttl.render_timeout_s
        self._backoff = Backoff(initial_s=first_s, max_s=first_s * MAX_BACKOFF_FACTOR)
        self._freshness = freshness
        self._observer = observer or NullObserver()
        self._clock = clock
        self._purges = purges
        self.known: BoundedDict[bytes | Key, _RenderFailure] = BoundedDict(MAX_RENDER_FAILURES)
        self.known_upload_sizes: BoundedDict[int, None] = BoundedDict(MAX_RENDER_FAILURES)
        """Sizes of uploads with failures: no other upload needs its digest."""

    def check_version(self, ref: SourceRef, key: Key, version: OriginalVersion) -> None:
        """Raise the failure that this version is known for, before the original is fetched.

        Not after any purge: without its tags it is unknown whether the original was purged.
        """
        for failure in self._current_failures(ref, key):
            if failure.validator == version.validator and failure.purge_watermark >= self._purges.latest:
                raise self._negative_hit(failure, version)

    def find(self, ref: SourceRef, key: Key, original: Original, tags: Sequence[str] = ()) -> PixmillError | None:
        """Return the failure that this original is known for. ``tags`` are those of the request."""
        for failure in self._current_failures(ref, key):
            if self._is_of(failure, original, tags):
                return self._negative_hit(failure, original.version)
        return None

    @contextmanager
    def guard(self, ref: SourceRef, key: Key, original: Original, tags: Sequence[str] = ()) -> Iterator[None]:
        """Raise the known failure instead of entering the block, or cache the one that the block raises."""
        if self.known and (known_error := self.find(ref, key, original, tags)):
            raise known_error
        try:
            yield
        except PixmillError as error:
            self.record(ref, key, original, error)
            raise
        if self.known:
            self.known.pop(key, None)

    def record(self, ref: SourceRef, key: Key, original: Original, error: PixmillError) -> bool:
        """Cache a failure that is likely to be repeated; return whether it is one."""
        failure_key = ref.digest if _applies_to_all_plans(error, original) else key
        now, version = self._clock(), original.version
        if isinstance(error, DETERMINISTIC_ERRORS):
            failures, ttl_s = 0, self._undecodable_s
        elif isinstance(error, COSTLY_ERRORS):
            failures = self._failures_in_a_row(failure_key, original, now) + 1
            ttl_s = self._backoff.delay_s(failures - 1)
            if not ttl_s:
                return False
        else:
            return False
        self.known.pop(failure_key, None)
        if ttl_s:
            failure = _RenderFailure(
                version.validator, version.purge_watermark, error.snapshot(), now + ttl_s, failures
            )
            self.known[failure_key] = failure
            if failures:
                error.retry_after_s = ttl_s
        error.negative_ttl_s = self._remaining_ttl_s(now + ttl_s, version)
        return ttl_s > 0

    def _current_failures(self, ref: SourceRef, key: Key) -> list[_RenderFailure]:
        now = self._clock()
        failures = (self.known.get(failure_key) for failure_key in (ref.digest, key))
        return [failure for failure in failures if failure and now < failure.expires_at]

    def _negative_hit(self, failure: _RenderFailure, version: OriginalVersion) -> PixmillError:
        self._observer.increment(Event.NEGATIVE_HIT, outcome=failure.error.code)
        error = failure.error.as_negative_hit(self._remaining_ttl_s(failure.expires_at, version))
        if failure.failures:
            error.retry_after_s = failure.expires_at - self._clock()
        return error

    def _failures_in_a_row(self, failure_key: bytes | Key, original: Original, now: float) -> int:
        """Return the number of costly failures of this version before; none if the last one is long past."""
        last = self.known.get(failure_key)
        if last is None or now - last.expires_at >= self._backoff.max_s:
            return 0
        return last.failures if self._is_of(last, original) else 0

    def _is_of(self, failure: _RenderFailure, original: Original, tags: Sequence[str] = ()) -> bool:
        """Whether the failure is one of this version, and was not purged since."""
        return failure.validator == original.version.validator and (
            failure.purge_watermark >= self._purges.latest
            or self._purges.match(original.sources, (*tags, *original.tags), failure.purge_watermark) is PurgeMatch.NONE
        )

    def _remaining_ttl_s(self, expires_at: float, version: OriginalVersion) -> float:
        """Return the remaining TTL, at most that of the version."""
        return max(0.0, min(expires_at - self._clock(), self._freshness.effective_ttl_s(version.directives)))


def _applies_to_all_plans(error: PixmillError, original: Original) -> bool:
    """Whether the failure is one of the original itself, and not of a page, a size or another image."""
    return isinstance(error, UnsupportedImage) and error.param is None and not original.extras
