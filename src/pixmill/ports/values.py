"""Values that the ports exchange: originals, results, cache entries and purge matches.

Knows no adapter and no port.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from msgspec import Struct, structs

from pixmill.media import Format
from pixmill.plan.freshness import CLIENT_SAME, NO_DIRECTIVES, CacheDirectives, ClientCaching, Lifetime
from pixmill.runtime.spool import Spool


@dataclass(frozen=True, slots=True)
class Stat:
    """Metadata of a stored object. ``modified`` is in seconds since the epoch; ``validator`` changes with the bytes."""

    path: str
    size: int
    modified: float
    validator: str


@dataclass(frozen=True, slots=True)
class ListedImage:
    """An image of the image root, by its path below it; ``size`` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class ImagePage:
    """A part of a listing. ``next_after`` is where the next one begins; empty at the end.

    ``is_complete`` is false if there was no time to look at all files.
    """

    images: tuple[ListedImage, ...]
    next_after: str = ""
    is_complete: bool = True


class OriginalVersion(Struct, frozen=True, gc=False, omit_defaults=True):
    """The current version of an original, without its bytes.

    ``validator`` changes when the bytes do: the origin's ETag, that of a store, or a digest. ``directives`` count from
    when the source sent them. ``purge_watermark`` is the time of the latest purge that was known, or surely past, when
    the source was asked: only later purges apply. ``modified`` is in seconds since the epoch, 0 if unknown.
    """

    validator: str
    directives: CacheDirectives = NO_DIRECTIVES
    purge_watermark: float = 0.0
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class Original:
    """A fetched original: its bytes and its version.

    A source fills in the spool, the version without a purge watermark, and the tags that the origin sent; the loader
    adds the rest. ``sources`` are the canonical texts that a purge by source matches. ``extras`` are the images that
    a plan refers to, in the order of ``plan/references.py``; all other fields then hold for all of them together.
    """

    spool: Spool
    version: OriginalVersion
    extras: tuple[Spool, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result as the engine returns it."""

    body: bytes
    format: Format
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)
    """Worker time by stage: decode, process, encode."""

    truncated: bool = False
    """An original, or the image of an overlay or a mask, is cut off: the result must not live long."""

    source_size: tuple[int, int] = (0, 0)
    """The sides of the image that the first stage works on, oriented and trimmed; 0 if they are not known."""


class EntryMetadata(Struct, frozen=True, omit_defaults=True):
    """All of a cache entry but the image: enough for a 304, for purges, and for revalidation.

    ``Lifetime`` draws its time line. ``version`` is that of the original which the result was made of, as last
    validated. ``sources`` are the canonical texts of all inputs, the original first; ``tags`` are the surrogate keys.
    ``source_size`` is as in ``Rendered``.
    """

    etag: str
    version: OriginalVersion
    lifetime: Lifetime
    client_caching: ClientCaching = CLIENT_SAME
    sources: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source_size: tuple[int, int] = (0, 0)

    @property
    def purge_watermark(self) -> float:
        return self.version.purge_watermark


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Entry:
    """A cached result: the image and its metadata."""

    body: bytes
    format: Format
    width: int
    height: int
    meta: EntryMetadata

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    def with_lifetime(self, lifetime: Lifetime) -> "Entry":
        """Return the entry with other times."""
        return replace(self, meta=structs.replace(self.meta, lifetime=lifetime))


@dataclass(frozen=True, slots=True)
class CachedOriginal:
    """An original as the original cache stores it.

    Its source validated it at ``validated_at``; after ``retained_until`` it is of no use. Both are in seconds since
    the epoch.
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
        return self.original.version.purge_watermark


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
    """The outcome of a purge: rules issued, entries removed at once, shared logs that could not be written yet.

    ``confirmed`` are the other servers that apply it now, ``unconfirmed`` those that may not yet.
    """

    issued: int
    removed: int
    unsynced: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
