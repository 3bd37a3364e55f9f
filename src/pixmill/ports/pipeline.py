"""Ports of the parts of a request: source, cache, purges, locks, engine; with a null object where a part is optional.

Knows no adapter. The contract tests in ``tests/contracts`` hold every adapter to these docstrings. All failures are
those of ``errors.py``.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import Final, Protocol

from pixmill.errors import PixmillError
from pixmill.plan.facts import HEADER_FACTS_ONLY, Facts, FactSelection
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.key import Key
from pixmill.plan.ops import Plan
from pixmill.plan.purge import PurgeTarget
from pixmill.plan.purge_rule import PurgeRule
from pixmill.plan.source import SourceRef
from pixmill.ports.values import CachedOriginal, Entry, Hit, ImagePage, Original, PurgeMatch, PurgeResult, Rendered
from pixmill.runtime.spool import Spool


class Source(Protocol):
    """Fetches originals."""

    async def fetch(self, ref: SourceRef) -> Original:
        """Download the original into a spool that the caller closes. Raises SourceError or Forbidden."""

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """Conditional fetch: the new original, or only the current cache directives if ``validator`` still matches.

        Raises as ``fetch``.
        """


class ImageListing(Protocol):
    """Lists the images of the image root."""

    async def page(self, after: str, limit: int) -> ImagePage:
        """Return at most ``limit`` images whose paths come after ``after``, in the order of their code points.

        In bounded time: where the root has too many files, the page says that it is not complete. Raises StoreError.
        """


class Uploads(Protocol):
    """Keeps uploads for a while, so that requests can name them."""

    max_bytes: int

    def add(self, body: Spool) -> SourceRef:
        """Keep a complete body, whose spool stays the caller's; return its reference. Raises UploadTooLarge."""


class Purges(Protocol):
    """Purges in force. A ``Cache`` applies them itself; all else that keeps data of a source must ask here."""

    @property
    def latest(self) -> float:
        """Time of the latest purge: a watermark of at least this is past every purge.

        Infinite while purges may have been missed: nothing is fresh then.
        """

    def current_watermark(self) -> float:
        """Return the purge watermark of whatever is fetched from now on: every purge up to it is known or past."""

    def match(self, sources: Iterable[str], tags: Iterable[str], purge_watermark: float) -> PurgeMatch:
        """Return the effect of purges after ``purge_watermark`` on something made of these sources, with these tags."""

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:
        """Return the entry as it may be served if it also had ``tags``: unchanged, stale, or None if it is purged."""


class Purger(Protocol):
    """Executes purges."""

    async def purge(self, targets: Sequence[PurgeTarget]) -> PurgeResult:
        """Put purges in force here and record them in all shared logs but those that the result names as unsynced."""

    def active_purges(self) -> Sequence[PurgeRule]:
        """Return the last thousand purges in force, oldest first."""

    def count_purges(self) -> int:
        """Return the number of all purges in force."""

    def removed_by_tier(self) -> Mapping[str, int]:
        """Return the number of purged entries removed since the start, by tier."""

    def is_sweeping(self) -> bool:
        """Whether a sweep for purged entries is running."""


class Cache(Protocol):
    """Results by key. Never raises: a failing cache behaves like an empty one."""

    def peek(self, key: Key) -> Hit | None:
        """Return the entry if memory has it. Counts a hit but no miss."""

    def peek_fresh(self, key: Key) -> Hit | None:
        """Return a fresh entry from memory. Counts nothing: the caller reports hits by ``record_hits``."""

    def record_hits(self, hits: int) -> None:
        """Count ``hits`` served by ``peek_fresh``."""

    async def get(self, key: Key) -> Hit | None:
        """Return the entry, fresh or stale, of the fastest tier that has it intact; back-fills the faster tiers."""

    async def get_newer(self, key: Key, stale: Entry) -> Hit | None:
        """Return a fresh entry that another server has stored in a shared tier since; back-fills the faster tiers."""

    async def put(self, key: Key, entry: Entry) -> bool:
        """Store in every tier; whether any tier accepted it."""


class RenderLocks(Protocol):
    """Render lock per key among servers that share a cache (stampede protection)."""

    def acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        """Hold the lock for ``key`` until what was put into the cache meanwhile is visible to the other servers.

        Yields True if another server may have stored the result meanwhile: look again. Never raises: after a timeout,
        or if the lock cannot be reached, the block is entered without it.
        """

    def try_acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:
        """Hold the lock without waiting for it; yields False if another server holds it."""


class OriginalCache(Protocol):
    """Persistent or shared cache of originals. Never raises: a failing cache behaves like an empty one."""

    async def get(self, ref: SourceRef) -> CachedOriginal | None:
        """Return the stored original, verified, in a spool that the caller closes.

        None also if the memory budget has no room for it now.
        """

    async def put(self, ref: SourceRef, cached: CachedOriginal) -> None:
        """Store or replace it by write-behind. The spool stays the caller's."""

    async def delete(self, ref: SourceRef) -> None:
        """Delete it."""

    def lock(self, ref: SourceRef) -> AbstractAsyncContextManager[bool]:
        """Hold the lock for asking the source, as ``RenderLocks.acquire``."""


MAX_PLANS: Final = 16
"""Plans per job: as many failures with their texts fit into one message, and no job blocks a worker for long."""


class Engine(Protocol):
    """Renders and inspects images. Cancelling a call frees its place in the queue."""

    async def render(self, original: Spool, plan: Plan, extras: Sequence[Spool] = ()) -> Rendered:
        """Render ``plan``; ``extras`` are the referenced images, in the order of ``plan/references.py``.

        Raises ImageError, EngineError, RequestTooLarge, InvalidParameter (a crop outside the image).
        """

    async def render_all(
        self, original: Spool, plans: Sequence[Plan], extras: Sequence[Spool] = ()
    ) -> list[Rendered | PixmillError]:
        """Render at most ``MAX_PLANS`` plans from one decode; returns the result or the error of each, in order.

        The time and byte limits of one render hold for all together. Raises what affects all of them: ImageError,
        EngineError, RequestTooLarge. A result may differ by rounding from that of ``render``.
        """

    def announce(self) -> AbstractContextManager[None]:
        """Announce a call while its original is fetched. Raises QueueFull if the call would be rejected anyway."""

    def reserve(self) -> AbstractContextManager[None]:
        """Reserve a place for a request that may become a call, until it is answered: admission counts it as queued."""

    def retry_after_s(self) -> float | None:
        """Return the Retry-After seconds if ``announce`` would reject a call now, else None; cheap, without waiting."""

    def idle_slot(self) -> AbstractAsyncContextManager[None]:
        """Wait until a worker is idle and no call is queued: for background work.

        Raises QueueFull if too much background work waits already, or no worker became idle in time.
        """

    async def inspect(self, original: Spool, selection: FactSelection = HEADER_FACTS_ONLY) -> Facts:
        """Return facts about the original. Raises ImageError, EngineError."""


class NoPurges:
    """Null object: nothing is ever purged."""

    latest: Final = 0.0

    def current_watermark(self) -> float:
        return 0.0

    def match(
        self,
        sources: Iterable[str],  # noqa: ARG002 - port
        tags: Iterable[str],  # noqa: ARG002 - port
        purge_watermark: float,  # noqa: ARG002 - port
    ) -> PurgeMatch:
        return PurgeMatch.NONE

    def apply_to(self, entry: Entry, tags: tuple[str, ...] = ()) -> Entry | None:  # noqa: ARG002 - port
        return entry


NO_PURGES: Final = NoPurges()


class NoLocks:
    """Null object: a server that shares no cache needs no locks."""

    def acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:  # noqa: ARG002 - port
        return nullcontext(False)

    def try_acquire(self, key: Key) -> AbstractAsyncContextManager[bool]:  # noqa: ARG002 - port
        return nullcontext(True)


NO_LOCKS: Final = NoLocks()
