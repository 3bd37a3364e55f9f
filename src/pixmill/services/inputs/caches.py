"""What is known of originals without asking their sources: versions, failures (negative cache), and bytes in memory.

Knows a monotonic clock, spools and byte limits. Must never know how an original is fetched. No bytes are copied: a
cached original is one more descriptor of the same memory file. Failures of our own are never cached. Keys are digests,
so that long URLs take no more memory than short ones.
"""

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from msgspec import Struct, structs

from pixmill.errors import ErrorSnapshot, SourceBusy, SourceDenied, SourceError, SourceNotFound, SourceTooLarge
from pixmill.plan.freshness import NO_NEGATIVE_CACHING, FreshnessPolicy, NegativeTtl
from pixmill.plan.source import SourceRef
from pixmill.ports.observe import Event, NullObserver, Observer, counter_of
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.bounded import BoundedDict, SizedDict

MAX_VERSIONS: Final = 16_384
"""About half a kilobyte each; the one that was validated the longest ago is evicted, and its source asked again."""


class CachedVersion(Struct, frozen=True, gc=False):
    """A version and when its source validated it, in seconds of a monotonic clock."""

    version: OriginalVersion
    validated_at: float


class VersionCache:
    """The last known version of each source, at most ``MAX_VERSIONS``."""

    def __init__(self, freshness: FreshnessPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._freshness = freshness
        self._clock = clock
        self._versions: BoundedDict[bytes, CachedVersion] = BoundedDict(MAX_VERSIONS)

    def put(self, ref: SourceRef, version: OriginalVersion) -> None:
        """Cache a version that the source has just validated, if it is storable."""
        self._versions.pop(ref.digest, None)
        if version.directives.storable:
            self._versions[ref.digest] = CachedVersion(version, self._clock())

    def get(self, ref: SourceRef) -> OriginalVersion | None:
        """Return the last known version, however old."""
        cached = self._versions.get(ref.digest)
        return None if cached is None else cached.version

    def get_fresh(self, ref: SourceRef) -> OriginalVersion | None:
        """Return the last known version if it is still fresh, with its directives aged."""
        cached = self._versions.get(ref.digest)
        if cached is None:
            return None
        version, age_s = cached.version, self._clock() - cached.validated_at
        if age_s >= self._freshness.effective_ttl_s(version.directives):
            return None
        return structs.replace(version, directives=self._freshness.age_directives(version.directives, age_s))


MAX_FETCH_FAILURES: Final = 8_192
"""About half a kilobyte each; the oldest is evicted."""

_DEFINITE_ERRORS: Final = (SourceNotFound, SourceDenied, SourceTooLarge)


class _FetchFailure(Struct, frozen=True, gc=False):
    error: ErrorSnapshot
    expires_at: float
    purge_watermark: float


class FetchFailureCache:
    """Failures by source, each for its negative TTL. Values only: an exception would hold its request."""

    def __init__(
        self, negative_ttl: NegativeTtl, clock: Callable[[], float] = time.monotonic, observer: Observer | None = None
    ) -> None:
        self._negative_ttl = negative_ttl
        self._clock = clock
        self._observer = observer or NullObserver()
        self._failures: BoundedDict[bytes, _FetchFailure] = BoundedDict(MAX_FETCH_FAILURES)

    @contextmanager
    def guard(self, ref: SourceRef, latest_purge: float, purge_watermark: float) -> Iterator[None]:
        """Raise the cached failure instead of entering the block, or cache the one that the block raises."""
        self.check(ref, latest_purge)
        try:
            yield
        except SourceError as error:
            self.record(ref, error, purge_watermark)
            raise

    def check(self, ref: SourceRef, latest_purge: float) -> None:
        """Raise the cached failure of this source, unless there was a purge since."""
        failure = self._failures.get(ref.digest) if self._failures else None
        if failure is None:
            return
        remaining_s = failure.expires_at - self._clock()
        if remaining_s <= 0 or failure.purge_watermark < latest_purge:
            del self._failures[ref.digest]
            return
        self._observer.increment(Event.NEGATIVE_HIT, outcome=failure.error.code)
        raise failure.error.as_negative_hit(remaining_s)

    def record(self, ref: SourceRef, error: SourceError, purge_watermark: float) -> None:
        """Cache a failure that the source has just caused."""
        if isinstance(error, SourceBusy):  # this server's own limit, which says nothing about the source
            return
        self._failures.pop(ref.digest, None)
        ttl_s = (
            self._negative_ttl.not_found_s if isinstance(error, _DEFINITE_ERRORS) else self._negative_ttl.unreachable_s
        )
        error.negative_ttl_s = ttl_s
        if ttl_s:
            self._failures[ref.digest] = _FetchFailure(error.snapshot(), self._clock() + ttl_s, purge_watermark)


NO_FAILURE_CACHE: Final = FetchFailureCache(NO_NEGATIVE_CACHING)


PAGE_BYTES: Final = 4_096
OVERHEAD_BYTES: Final = 2_048
"""Counted for each besides its pages: inode, descriptor and metadata, without URL and tags."""

MAX_SIZE_DIVISOR: Final = 4
"""An original larger than a quarter of the limit would evict too many others: it is not cached."""

_MAX_ENTRIES: Final = 1_024
_DESCRIPTOR_DIVISOR: Final = 4
"""Each holds a descriptor: at most a quarter of RLIMIT_NOFILE, the rest is for connections."""


class MemoryOriginalCache:
    """The most recently used originals, within ``max_bytes`` of memory; 0 disables the cache."""

    def __init__(self, max_bytes: int, observer: Observer) -> None:
        self._max_bytes = max_bytes
        self._max_entries = min(_MAX_ENTRIES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTOR_DIVISOR)
        self._observer = observer
        self._count_hits, self._count_misses = (
            counter_of(observer, Event.CACHE_LOOKUP, tier="originals", outcome=outcome) for outcome in ("hit", "miss")
        )
        self._entries: SizedDict[SourceRef, Original] = SizedDict(_cost_bytes)

    @property
    def used_bytes(self) -> int:
        return self._entries.total_bytes

    def put(self, ref: SourceRef, original: Original) -> None:
        """Store or replace the original of this source, if it is storable and not too large."""
        if not original.version.directives.storable or _cost_bytes(original) > self._max_bytes // MAX_SIZE_DIVISOR:
            self.delete(ref)
            return
        replaced = self._entries.put(ref, replace(original, spool=original.spool.share()))
        if replaced:
            replaced.spool.close()
        while self.used_bytes > self._max_bytes or len(self._entries.entries) > self._max_entries:
            self._evict()

    def get(self, ref: SourceRef) -> Original | None:
        """Return the original; its spool stays the cache's, so the caller shares it."""
        original = self._entries.entries.get(ref)
        if self._max_bytes:
            (self._count_hits if original else self._count_misses)(1)
        if original is not None:
            self._entries.entries.move_to_end(ref)
        return original

    def delete(self, ref: SourceRef) -> None:
        """Remove the original; callers that share its spool keep it."""
        original = self._entries.pop(ref)
        if original is not None:
            original.spool.close()

    def evict_to(self, max_bytes: int) -> None:
        """Evict the least recently used until at most ``max_bytes`` are used."""
        while self.used_bytes > max_bytes:
            self._evict()

    def reclaim(self, needed_bytes: int) -> None:
        """Evict ``needed_bytes``, least recently used first; memory of shared spools is freed when they are closed."""
        self.evict_to(max(0, self.used_bytes - needed_bytes))

    def close(self) -> None:
        """Release all originals."""
        while self._entries.entries:
            self._entries.pop_oldest()[1].spool.close()

    def _evict(self) -> None:
        self._entries.pop_oldest()[1].spool.close()
        self._observer.increment(Event.CACHE_EVICTION, tier="originals")


def _cost_bytes(original: Original) -> int:
    texts_bytes = sum(map(len, (*original.sources, *original.tags)))
    return -(-original.spool.size // PAGE_BYTES) * PAGE_BYTES + OVERHEAD_BYTES + 2 * texts_bytes


NO_ORIGINAL_CACHE: Final = MemoryOriginalCache(0, NullObserver())


@dataclass(frozen=True, slots=True)
class InputCaches:
    """The three caches of one loader."""

    versions: VersionCache
    originals: MemoryOriginalCache = NO_ORIGINAL_CACHE
    fetch_failures: FetchFailureCache = NO_FAILURE_CACHE

    def store(self, ref: SourceRef, original: Original) -> None:
        """Cache an original that its source has just delivered, and its version."""
        self.originals.put(ref, original)
        self.versions.put(ref, original.version)
