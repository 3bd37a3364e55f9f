"""Negative cache of render failures: an original that cannot be rendered is not sent to a worker for every request.

Knows versions of originals and a monotonic clock. A failure belongs to one version: another version is tried at once.
It is cached for the source if no plan can succeed, else for the key of the result.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.errors import ImageError, PixmillError, RenderCrashed, UnsupportedImage
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.key import Key
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.bounded import BoundedDict

MAX_RENDER_FAILURES: Final = 8_192
"""About half a kilobyte each; the oldest is evicted."""

DETERMINISTIC_ERRORS: Final = (ImageError, RenderCrashed)
"""Errors that the same bytes cause again. A timeout is none of them: the machine may have been busy."""


@dataclass(frozen=True, slots=True)
class _RenderFailure:
    validator: str
    error: PixmillError
    expires_at: float


class RenderFailureCache:
    """Failures by source or key, each for ``ttl_s`` unless its original changes."""

    def __init__(
        self,
        ttl_s: float,
        freshness: FreshnessPolicy,
        observer: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ttl_s = ttl_s
        self._freshness = freshness
        self._observer = observer or NullObserver()
        self._clock = clock
        self.known: BoundedDict[SourceRef | Key, _RenderFailure] = BoundedDict(MAX_RENDER_FAILURES)

    def check(self, ref: SourceRef, key: Key | None, version: OriginalVersion) -> None:
        """Raise the failure that this version is known for."""
        for failure_key in (ref, key):
            failure = self.known.get(failure_key) if failure_key else None
            if failure and failure.validator == version.validator and self._clock() < failure.expires_at:
                self._observer.increment(Event.NEGATIVE_HIT, outcome=failure.error.code)
                raise failure.error.as_negative_hit(self._remaining_ttl_s(failure, version))

    def record(self, ref: SourceRef, key: Key | None, original: Original, error: PixmillError) -> None:
        """Cache a deterministic failure; without a key only one that holds for every plan."""
        failure_key = ref if _applies_to_all_plans(error, original) else key
        if failure_key is None or not isinstance(error, DETERMINISTIC_ERRORS):
            return
        failure = _RenderFailure(original.version.validator, error, self._clock() + self._ttl_s)
        error.negative_ttl_s = self._remaining_ttl_s(failure, original.version)
        self.known.pop(failure_key, None)
        if self._ttl_s:
            self.known[failure_key] = failure

    def _remaining_ttl_s(self, failure: _RenderFailure, version: OriginalVersion) -> float:
        """Return the remaining TTL, at most that of the version."""
        return max(0.0, min(failure.expires_at - self._clock(), self._freshness.effective_ttl_s(version.directives)))


def _applies_to_all_plans(error: PixmillError, original: Original) -> bool:
    """Whether the failure is one of the original itself, and not of a page, a size or another image."""
    return isinstance(error, UnsupportedImage) and error.param is None and not original.extras
