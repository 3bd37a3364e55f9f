"""What each source said last: which version of its original there is, and for how long it vouches for that.

Knows durations, by a clock that nobody can put back. Must never know results: whoever has one that was made of a version asks here
before it asks the source, so that one answer of a source is good for every size of its picture.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixmill.plan.freshness import CacheDirectives, FreshnessPolicy
from pixmill.plan.source import SourceRef
from pixmill.ports.values import Original, OriginalVersion

MAX_VERSIONS: Final = 16_384
"""About half a kilobyte each; the source that was asked longest ago is forgotten, and simply asked again."""


@dataclass(frozen=True, slots=True)
class CachedVersion:
    """A version and the words of its source, said at ``checked_at`` (seconds of a monotonic clock)."""

    validator: str
    directives: CacheDirectives
    purge_watermark: float
    modified: float
    checked_at: float


class VersionCache:
    """The last word of each source, as many as ``MAX_RECORDS``."""

    def __init__(self, freshness: FreshnessPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._freshness = freshness
        self._clock = clock
        self._versions: OrderedDict[SourceRef, CachedVersion] = OrderedDict()

    def __len__(self) -> int:
        return len(self._versions)

    def put(self, ref: SourceRef, version: Original | OriginalVersion) -> None:
        """The source has just said so."""
        self._versions.pop(ref, None)
        if version.directives.storable:
            self._versions[ref] = CachedVersion(
                version.validator, version.directives, version.purge_watermark, version.modified, self._clock()
            )
        if len(self._versions) > MAX_VERSIONS:
            self._versions.popitem(last=False)

    def get(self, ref: SourceRef) -> OriginalVersion | None:
        """What the source said last, however long ago."""
        cached = self._versions.get(ref)
        return (
            None
            if cached is None
            else OriginalVersion(cached.validator, cached.directives, cached.purge_watermark, cached.modified)
        )

    def get_fresh(self, ref: SourceRef) -> OriginalVersion | None:
        """What the source said last if it still vouches for it, with what remains of its time."""
        cached = self._versions.get(ref)
        if cached is None:
            return None
        age_s = self._clock() - cached.checked_at
        if age_s >= self._freshness.effective_ttl_s(cached.directives):
            return None
        directives = self._freshness.age_directives(cached.directives, age_s)
        return OriginalVersion(cached.validator, directives, cached.purge_watermark, cached.modified)

    def forget(self, ref: SourceRef) -> None:
        """Ask the source next time."""
        self._versions.pop(ref, None)
