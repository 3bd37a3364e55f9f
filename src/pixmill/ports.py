"""The few words in which the parts speak to each other: values and one- to three-method protocols.

Knows no adapter. Whoever implements a port keeps to what its docstring promises; the contract tests
in ``tests/contracts`` hold every backend to it. All failures are those of ``errors.py``.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, Protocol, runtime_checkable

from msgspec import Struct

from pixmill.errors import PixmillError
from pixmill.media import Format
from pixmill.plan.facts import HEADER_FACTS_ONLY, FactSelection
from pixmill.plan.freshness import NO_DIRECTIVES, CacheDirectives
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.purge import Purge, PurgeTarget
from pixmill.plan.source import SourceRef
from pixmill.runtime.spool import Spool

# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Stat:
    """Facts of a stored object. ``modified`` is seconds since the epoch; ``validator`` changes when the bytes do."""

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
    """A result as the engine hands it over."""

    body: bytes
    format: Format
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)
    """Worker time by stage: decode, process, encode."""


ExifValue = str | int | float | tuple[int | float, ...]
"""What a tag of EXIF holds."""


class GpsLocation(Struct, frozen=True, omit_defaults=True):
    """Where a picture was taken: degrees, north and east positive; metres above the sea."""

    latitude: float
    longitude: float
    altitude: float | None = None


class Swatch(Struct, frozen=True):
    """A colour (``#rrggbb``) and which part of the picture it makes up, 0 to 1."""

    colour: str
    share: float


class VisualFacts(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What one must look at the pixels for; each only if it is asked for."""

    average: str | None = None
    palette: tuple[Swatch, ...] | None = None
    blurhash: str | None = None
    thumbhash: str | None = None
    phash: str | None = None
    lqip: str | None = None


class Facts(VisualFacts, frozen=True, omit_defaults=True):
    """What ``/info`` tells of an original; width and height are as displayed, after orientation.

    ``frames`` counts the pictures in the file, ``pages`` those of them that are no animation. What
    follows ``bytes`` is there only if it is asked for and found; ``hash`` is the SHA-256 of the file.
    """

    format: Format
    width: int
    height: int
    frames: int
    alpha: bool
    orientation: int
    colour_space: str
    profile: str
    bytes: int
    pages: int = 1
    hash: str | None = None
    exif: dict[str, ExifValue] | None = None
    gps: GpsLocation | None = None
    iptc: dict[str, list[str]] | None = None
    xmp: str | None = None


class Description(VisualFacts, frozen=True, omit_defaults=True):
    """What ``format=json`` tells: the size and look of the result, and the facts of the original."""

    width: int
    height: int
    original: Facts


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
    """What can be purged: by what it was made of, by its tags, unless it heeds the purge."""

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


# ---------------------------------------------------------------- storage


class Pingable(Protocol):
    """A part that can prove, by a real round trip, that it works."""

    async def ping(self) -> None:
        """Return when well; raise a PixmillError when not. The caller bounds the time."""


@runtime_checkable
class HasCircuitState(Protocol):
    """A part that is left out while it does not work."""

    @property
    def state(self) -> str:
        """``closed`` when it is in use, ``open`` when it is left out, ``half_open`` while it is tried again."""


class Reader(Protocol):
    async def get(self, path: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises ObjectNotFound, ObjectTooLarge (before reading more than ``max_bytes``), StoreError."""


class Writer(Protocol):
    async def put(self, path: str, data: bytes) -> None:
        """Store or replace, atomically: a reader sees the old bytes or the new, never a part. Raises StoreError."""


class Deleter(Protocol):
    async def delete(self, path: str) -> None:
        """Forget the object; it is no error if there is none. Raises StoreError."""


class Stater(Protocol):
    async def stat(self, path: str) -> Stat:
        """Facts without the bytes. Raises ObjectNotFound, StoreError."""


class Lister(Protocol):
    def list(self, prefix: str = "") -> AsyncIterator[Stat]:
        """Every object whose path is ``prefix`` or lies below it as a folder, in no promised order."""


class Streamer(Protocol):
    async def stream(self, path: str) -> tuple[Stat, AsyncIterator[bytes]]:
        """Facts and the bytes in chunks of at most 1 MiB; the caller counts them. Raises ObjectNotFound, StoreError."""


class Store(Reader, Writer, Deleter, Stater, Lister, Streamer, Pingable, Protocol):
    """All that a storage backend can do. Paths are relative, ``/``-separated, without empty, ``.`` or ``..`` segments;
    anything else raises ObjectNotFound on reading and StoreDenied on writing.
    """

    async def close(self) -> None:
        """Give back connections; the store is not used afterwards."""


# ---------------------------------------------------------------- the parts of a request


class Source(Protocol):
    """Where originals come from."""

    async def fetch(self, ref: SourceRef) -> Original:
        """Download the original into a spool that the caller closes. Raises SourceError or Forbidden."""

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """The same if its validator is no longer ``known``; else only what the source vouches for now."""


class PurgeMatch(Enum):
    """What purges leave of something: all, only what may be served as stale, or nothing."""

    NONE = "kept"
    SOFT = "stale"
    HARD = "gone"


class Purges(Protocol):
    """What has been purged. A ``Cache`` heeds it by itself; whoever keeps anything else that came from a source asks here."""

    @property
    def latest(self) -> float:
        """The time of the latest purge: what heeds that heeds all."""

    def current_watermark(self) -> float:
        """What is fetched from now on heeds every purge up to this time."""

    def match(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> PurgeMatch:
        """On something made of these sources, with these tags, that heeds purges up to that time."""

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:
        """The entry as it may be used if it had these tags too; None if it is gone."""


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """What came of a purge: its rules, the entries removed at once, and the places where it could not be written up yet."""

    issued: int
    removed: int
    unsynced: tuple[str, ...] = ()


class Purger(Protocol):
    """Whoever takes orders to purge."""

    async def purge(self, targets: Sequence[PurgeTarget]) -> PurgeResult:
        """In force here when this returns; written up for later runs and other servers, but for the places that are named."""

    def active_purges(self) -> Sequence[Purge]:
        """All purges in force, the oldest first."""

    def removed_by_tier(self) -> Mapping[str, int]:
        """How many purged entries were removed since the start, by tier."""

    def is_sweeping(self) -> bool:
        """Whether what was purged is still being looked for, to be removed."""


class Cache(Protocol):
    """Results by key. A cache that fails behaves as one that has nothing: it never raises."""

    def peek(self, key: Key) -> Hit | None:
        """The entry if it can be had without waiting, that is, from memory. Counts a hit but no miss."""

    def peek_fresh(self, key: Key) -> Hit | None:
        """What ``peek`` gives if it is fresh. Counts nothing: whoever uses it tells ``used``."""

    def record_hits(self, hits: int) -> None:
        """Count so many hits of ``fresh``."""

    async def get(self, key: Key) -> Hit | None:
        """The entry, fresh or stale, of the fastest tier that has it sound; back-fills the faster tiers."""

    async def get_newer(self, key: Key, stale: Entry) -> Hit | None:
        """What somebody else has put since into a slower tier than memory, if it is fresh; copied to the faster ones."""

    async def put(self, key: Key, entry: Entry) -> bool:
        """Store in every tier; whether any took it."""


class RenderLocks(Protocol):
    """Who makes what, among servers that share a cache."""

    def acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        """Entered when no other server makes what belongs under the key: from now on it is for us to make, until what we
        have put into the cache is where the others look. True if we had to wait: then it may be in the cache by now.

        Never raises. Who has waited for too long, or cannot find out whether there is anybody to wait for, enters all the same.
        """

    def try_acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        """The same for who would rather leave it to others than wait: False if another server makes it now."""


class OriginalCache(Protocol):
    """Originals beyond the memory of one server. One that fails behaves as one that has nothing: nothing here ever raises."""

    async def get(self, ref: SourceRef) -> CachedOriginal | None:
        """What was laid down, checked, in a spool that the caller closes; None as well where memory has no room for it now."""

    async def put(self, ref: SourceRef, cached: CachedOriginal) -> None:
        """Lay it down behind the answer, in place of what is there. Its spool stays the caller's."""

    async def delete(self, ref: SourceRef) -> None:
        """Let go of it."""

    def lock(self, ref: SourceRef) -> AbstractAsyncContextManager[bool]:
        """Whose turn it is to ask the source, as in ``Turns``."""


MAX_PLANS: Final = 16
"""For one job: so many failures with their texts fit into a message, and a worker is not kept from others for long."""


class Engine(Protocol):
    """Pixels. Cancelling a call frees its place in the queue."""

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        """``extras``: what the plan refers to, in the order of ``plan/references.py``.

        Raises ImageError, EngineError, RequestTooLarge, InvalidParameter (a crop outside the picture).
        """

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        """Each of at most ``MAX_PLANS`` plans as ``render`` would, or why not, in their order; the original is decoded once.

        All together they may take as long, and have as many bytes, as one alone. Raises what befalls all of them at once:
        ImageError, EngineError, RequestTooLarge. A result may differ by rounding from what ``render`` makes of its plan.
        """

    def announce(self) -> AbstractContextManager[None]:
        """Held while the original of a call is fetched. Raises QueueFull when the call would be refused anyway."""

    def reserve(self) -> AbstractContextManager[None]:
        """Held for a request that may become a call, until it is answered: what follows is judged as if it came already."""

    def retry_after_s(self) -> float | None:
        """The seconds after which to come again if ``coming`` would refuse a call now, else None; at once, and at next to no cost."""

    def idle_slot(self) -> AbstractAsyncContextManager[None]:
        """Entered when a worker has nothing to do and nobody waits for one: for work that nobody waits for.

        Raises QueueFull when there is too much to do already, or no spare time came for long.
        """

    async def inspect(self, original: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        """Raises ImageError, EngineError."""


# ---------------------------------------------------------------- observation


class RequestStage(StrEnum):
    """The parts of a request whose duration is measured."""

    QUEUE = "queue"
    FETCH = "fetch"
    DECODE = "decode"
    PROCESS = "process"
    ENCODE = "encode"
    RENDER = "render"
    CACHE_READ = "cache_read"
    CACHE_WRITE = "cache_write"


class Event(StrEnum):
    """Things worth counting; the labels of each are in ``telemetry/prometheus.py``."""

    CACHE_LOOKUP = "cache_lookup"  # tier, outcome: hit · stale · miss · damaged · skipped · error
    CACHE_EVICTION = "cache_eviction"  # tier
    CACHE_ERROR = "cache_error"  # tier, operation
    PURGE = "purge"  # kind: source · tag · prefix · all
    PURGED = "purged"  # tier; amount
    NEGATIVE_HIT = "remembered"  # outcome: the error code that was told again without trying
    FETCH = "fetch"  # kind: http · store · path · upload; outcome: ok or an error code
    FETCH_BYTES = "fetch_bytes"  # amount
    RESULT_BYTES = "result_bytes"  # amount
    RENDER = "render"  # outcome: ok or an error code
    REJECTED = "refused"  # limit: what a request ran into
    WORKER_RESTART = "worker_restart"  # reason: crash · deadline · recycled
    COALESCED = "flight_shared"  # kind: render · fetch
    LOCK = "lease"  # kind: file · redis; outcome: won · waited · left · expired · error


class Observer(Protocol):
    """Whoever counts and times. Must not raise and must not wait."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None: ...

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None: ...


class NoPurges:
    """Nothing is ever purged."""

    latest: Final = 0.0

    def current_watermark(self) -> float:
        return 0.0

    def match(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> PurgeMatch:  # noqa: ARG002
        return PurgeMatch.NONE

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:  # noqa: ARG002
        return entry


NO_PURGES: Final = NoPurges()


class NoLocks:
    """Turns of a server that shares nothing."""

    def acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:  # noqa: ARG002
        return nullcontext(False)

    def try_acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:  # noqa: ARG002
        return nullcontext(True)


NO_LOCKS: Final = NoLocks()


class NullObserver:
    """An observer that looks away."""

    def observe_duration(self, stage: RequestStage, seconds: float) -> None:
        """Ignore."""

    def increment(self, event: Event, amount: float = 1, **labels: str) -> None:
        """Ignore."""
