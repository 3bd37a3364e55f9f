"""Cache of the current version of each original, with its remaining freshness.

Knows a monotonic clock. Must never know results: one response of a source validates the results of every size.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from pixmill.plan.freshness import FreshnessPolicy
from pixmill.plan.source import SourceRef
from pixmill.ports.values import OriginalVersion

MAX_VERSIONS: Final = 16_384
"""About half a kilobyte each; the one that was validated the longest ago is evicted, and its source asked again."""


@dataclass(frozen=True, slots=True)
class CachedVersion:
    """A version and when its source validated it, in seconds of a monotonic clock."""

    version: OriginalVersion
    validated_at: float


class VersionCache:
    """The last known version of each source, at most ``MAX_VERSIONS``."""

    def __init__(self, freshness: FreshnessPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._freshness = freshness
        self._clock = clock
        self._versions: OrderedDict[SourceRef, CachedVersion] = OrderedDict()

    def put(self, ref: SourceRef, version: OriginalVersion) -> None:
        """Cache a version that the source has just validated, if it is storable."""
        self._versions.pop(ref, None)
        if version.directives.storable:
            self._versions[ref] = CachedVersion(version, self._clock())
        if len(self._versions) > MAX_VERSIONS:
            self._versions.popitem(last=False)

    def get(self, ref: SourceRef) -> OriginalVersion | None:
        """Return the last known version, however old."""
        cached = self._versions.get(ref)
        return None if cached is None else cached.version

    def get_fresh(self, ref: SourceRef) -> OriginalVersion | None:
        """Return the last known version if it is still fresh, with its directives aged."""
        cached = self._versions.get(ref)
        if cached is None:
            return None
        version, age_s = cached.version, self._clock() - cached.validated_at
        if age_s >= self._freshness.effective_ttl_s(version.directives):
            return None
        return structs.replace(version, directives=self._freshness.age_directives(version.directives, age_s))
