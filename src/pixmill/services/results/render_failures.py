"""Which originals are of no use, so that one which cannot be rendered is not given to a worker for every request.

Knows versions of originals and durations, by a clock that nobody can put back. A flaw is one of a version: another one is tried at
once. Unless it is one of the original whatever is asked of it, it is remembered under the key of the result that could not be made.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pixmill.errors import ImageError, PixmillError, RenderCrashed, UnsupportedImage
from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.key import Key
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer
from pixmill.ports.values import Original, OriginalVersion

MAX_RENDER_FAILURES: Final = 8_192
"""About half a kilobyte each; the oldest goes."""

DETERMINISTIC_ERRORS: Final = (ImageError, RenderCrashed)
"""What a worker says of the bytes and would say again. A render that took too long may have had bad luck."""


@dataclass(frozen=True, slots=True)
class _RenderFailure:
    validator: str
    error: PixmillError
    expires_at: float


class RenderFailureCache:
    """Failures by source or key, each for ``remembered_s`` unless its original changes."""

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
        self._failures: OrderedDict[SourceRef | Key, _RenderFailure] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def check(self, ref: SourceRef, key: Key | None, version: Original | OriginalVersion) -> None:
        """Raises what this version failed with."""
        for failure_key in (ref, key):
            failure = self._failures.get(failure_key) if failure_key else None
            if failure and failure.validator == version.validator and self._clock() < failure.expires_at:
                self._observer.increment(Event.NEGATIVE_HIT, outcome=failure.error.code)
                raise failure.error.as_negative_hit(self._remaining_ttl_s(failure, version))

    @contextmanager
    def guard(self, ref: SourceRef, key: Key | None, original: Original) -> Iterator[None]:
        """What fails in here is remembered; what has failed is not tried. Without a key only what does not depend on the plan counts."""
        self.check(ref, key, original)
        try:
            yield
        except DETERMINISTIC_ERRORS as error:
            failure_key = ref if _applies_to_all_plans(error, original) else key
            if failure_key:
                self._record(failure_key, error, original)
            raise

    def _record(self, failure_key: SourceRef | Key, error: PixmillError, original: Original) -> None:
        failure = _RenderFailure(original.validator, error, self._clock() + self._ttl_s)
        error.negative_ttl_s = self._remaining_ttl_s(failure, original)
        self._failures.pop(failure_key, None)
        if self._ttl_s:
            self._failures[failure_key] = failure
        if len(self._failures) > MAX_RENDER_FAILURES:
            self._failures.popitem(last=False)

    def _remaining_ttl_s(self, failure: _RenderFailure, version: Original | OriginalVersion) -> float:
        """No longer than the source vouches for the version."""
        return max(0.0, min(failure.expires_at - self._clock(), self._freshness.effective_ttl_s(version.directives)))


def _applies_to_all_plans(error: PixmillError, original: Original) -> bool:
    """Whether it says something of the original itself, and not of a page, a size or another picture."""
    return isinstance(error, UnsupportedImage) and error.param is None and not original.extras
