"""Values that the ports exchange: originals, results, cache entries and purge matches.

Knows no adapter and no port.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from msgspec import Struct

from pixmill.media import Format
from pixmill.plan.freshness import NO_DIRECTIVES, CacheDirectives
from pixmill.runtime.spool import Spool


@dataclass(frozen=True, slots=True)
class Stat:
    """Metadata of a stored object. ``modified`` is in seconds since the epoch; ``validator`` changes with the bytes."""

    path: str
    size: int
    modified: float
    validator: str


@dataclass(frozen=True, slots=True)
class Original:
    """A fetched original: its bytes, and what its source says about them.

    ``validator`` changes when the bytes do (an origin's ETag, a store's, or a digest). ``vouched`` is for how long
    the source vouches for it from now on. ``extras`` are the other pictures that a result is made of, in the order of
    ``plan/references.py``; what is said here then holds for all together.

    It was ``modified`` last at so many seconds since the epoch; 0 where its source does not say.

    ``sources``, ``tags`` and ``heeds`` are those of the entries made of it; whoever asked for the pictures fills them in.
    """

    spool: Spool
    validator: str
    directives: CacheDirectives = NO_DIRECTIVES
    extras: tuple[Spool, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    purge_watermark: float = 0.0
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class OriginalVersion:
    """The version of an original that its source has now, without the bytes; the rest is as in ``Original``."""

    validator: str
    directives: CacheDirectives = NO_DIRECTIVES
    purge_watermark: float = 0.0
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result as the engine returns it."""

    body: bytes
    format: Format
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)
    """Worker time by stage: decode, process, encode."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored result: bytes and all that is needed to answer with them. Times are seconds since the epoch.

    Fresh until ``fresh_until``; may be served while it is refreshed until ``stale_until``, and until ``error_until`` if that
    fails. Until ``kept_until``, or ``stale_until`` if that is later, it is there to be renewed if its original has not changed; then
    it is gone. ``immutable``: its source says that it will not change while fresh.
    ``sources`` are the canonical texts of what it was made of, the original first, ``tags`` the names it can be purged by.
    It ``heeds`` every purge up to that time: they were known, or surely past, when its pictures were fetched.
    ``modified`` is as in ``Original``; ``told_s`` for how long clients are told at most that it is fresh, as in ``plan/freshness.py``.
    """

    body: bytes
    format: Format
    width: int
    height: int
    etag: str
    source_validator: str
    stored_at: float
    fresh_until: float
    stale_until: float
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    purge_watermark: float = 0.0
    stale_if_error_until: float = 0.0
    retained_until: float = 0.0
    immutable: bool = False
    modified: float = 0.0
    client_max_age_s: float | None = None

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)


@dataclass(frozen=True, slots=True)
class CachedOriginal:
    """An original as it was laid down for later runs and other servers. Its source vouched for it at ``checked_at``; after
    ``kept_until`` it is of no use. Both are seconds since the epoch.
    """

    original: Original
    validated_at: float
    retained_until: float

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return self.original.spool.size

    @property
    def sources(self) -> tuple[str, ...]:
        return self.original.sources

    @property
    def tags(self) -> tuple[str, ...]:
        return self.original.tags

    @property
    def purge_watermark(self) -> float:
        return self.original.purge_watermark


class HasPurgeKeys(Protocol):
    """Can be purged by source or tag (surrogate key), by purges later than its ``purge_watermark``."""

    @property
    def sources(self) -> tuple[str, ...]: ...

    @property
    def tags(self) -> tuple[str, ...]: ...

    @property
    def purge_watermark(self) -> float: ...


class Hit(Struct, frozen=True):
    """An entry and the name of the tier that had it."""

    entry: Entry
    tier: str


class PurgeMatch(Enum):
    """The effect of purges on something stored: none, soft (becomes stale) or hard (gone)."""

    NONE = "kept"
    SOFT = "stale"
    HARD = "gone"


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """The outcome of a purge: rules issued, entries removed at once, shared logs that could not be written yet."""

    issued: int
    removed: int
    unsynced: tuple[str, ...] = ()
