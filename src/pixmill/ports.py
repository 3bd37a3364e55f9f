"""The few words in which the parts speak to each other: values and one- to three-method protocols.

Knows no adapter. Whoever implements a port keeps to what its docstring promises; the contract tests
in ``tests/contracts`` hold every backend to it. All failures are those of ``errors.py``.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from pixmill.media import Format
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.source import SourceRef
from pixmill.spool import Spool

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

    ``validator`` changes when the bytes do (an origin's ETag, a store's, or a digest). ``fresh_s`` is for how
    many seconds the source vouches for it, None where the source says nothing.
    """

    spool: Spool
    validator: str
    fresh_s: float | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A result as the engine hands it over."""

    body: bytes
    format: Format
    width: int
    height: int
    seconds: dict[str, float] = field(default_factory=dict)
    """Worker time by stage: decode, process, encode."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What ``/info`` tells of an original; width and height are as displayed, after orientation."""

    format: Format
    width: int
    height: int
    frames: int
    alpha: bool
    orientation: int
    colour_space: str
    profile: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored result: bytes and all that is needed to answer with them. Times are seconds since the epoch.

    Fresh until ``fresh_until``; may be served while it is refreshed until ``stale_until``; then it is gone.
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


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry and the name of the tier that had it."""

    entry: Entry
    tier: str


# ---------------------------------------------------------------- storage


class Pingable(Protocol):
    """A part that can prove, by a real round trip, that it works."""

    async def ping(self) -> None:
        """Return when well; raise a PixmillError when not. The caller bounds the time."""


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


class Cache(Protocol):
    """Results by key. A cache that fails behaves as one that has nothing: it never raises."""

    def peek(self, key: Key) -> Hit | None:
        """The entry if it can be had without waiting, that is, from memory. Counts a hit but no miss."""

    async def get(self, key: Key) -> Hit | None:
        """The entry, fresh or stale, of the fastest tier that has it sound; back-fills the faster tiers."""

    async def put(self, key: Key, entry: Entry) -> None:
        """Store in every tier."""


class Engine(Protocol):
    """Pixels. Cancelling a call frees its place in the queue."""

    async def render(self, original: Spool, plan: Plan) -> Rendered:
        """Raises ImageError, EngineError, InvalidParameter (a crop outside the picture)."""

    async def inspect(self, original: Spool) -> Facts:
        """Raises ImageError, EngineError."""


# ---------------------------------------------------------------- observation


class Stage(StrEnum):
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

    CACHE_LOOKUP = "cache_lookup"  # tier, outcome: hit · stale · miss · damaged · error
    CACHE_EVICTION = "cache_eviction"  # tier
    CACHE_ERROR = "cache_error"  # tier, operation
    FETCH = "fetch"  # kind: http · store · path · upload; outcome: ok or an error code
    FETCH_BYTES = "fetch_bytes"  # amount
    RESULT_BYTES = "result_bytes"  # amount
    RENDER = "render"  # outcome: ok or an error code
    WORKER_RESTART = "worker_restart"  # reason: crash · deadline · recycled
    FLIGHT_SHARED = "flight_shared"  # kind: render · fetch


class Observer(Protocol):
    """Whoever counts and times. Must not raise and must not wait."""

    def timed(self, stage: Stage, seconds: float) -> None: ...

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None: ...


class Unobserved:
    """An observer that looks away."""

    def timed(self, stage: Stage, seconds: float) -> None:
        """Ignore."""

    def counted(self, event: Event, amount: float = 1, **labels: str) -> None:
        """Ignore."""
