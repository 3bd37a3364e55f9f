"""Decoded pixels of originals of which many parts are requested: a viewer's tile costs its share of one decode.

The second part of an original makes its worker store all pixels; who asks for another part meanwhile waits for them.
Knows calls and memory. Must never know pixels.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

from pixmill.engine.pool.call import Call, ResultFile
from pixmill.engine.raster.file_access import MAX_DESCRIPTION_BYTES
from pixmill.errors import ImageError, RenderCrashed, RenderTimeout
from pixmill.ports.observe import Event, Observer, counter_of
from pixmill.ports.values import Rendered
from pixmill.runtime.bounded import BoundedDict, SizedDict
from pixmill.runtime.spool import Spool

MIN_PIXELS: Final = 4_000_000
"""Smaller originals are decoded within a few hundredths of a second."""
MAX_IDLE_S: Final = 60.0
_MAX_ORIGINALS: Final = 256
"""Originals of which a part was requested lately, and is remembered how large they are."""
_MAX_BYTES_PER_PIXEL: Final = 4


@dataclass(slots=True)
class _Original:
    """What is known of an original: its pixels, 0 while unknown, and whether they cannot be kept."""

    pixels: int = 0
    is_refused: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def max_raster_bytes(self) -> int:
        return self.pixels * _MAX_BYTES_PER_PIXEL + MAX_DESCRIPTION_BYTES


@dataclass(slots=True)
class _Raster:
    spool: Spool
    used_at: float


class RasterCache:
    """Decoded pixels, within ``max_bytes`` of memory; those not used for ``MAX_IDLE_S`` are dropped."""

    def __init__(self, max_bytes: int, observer: Observer) -> None:
        self.max_bytes = max_bytes
        self._observer = observer
        self._count_hits, self._count_misses = (
            counter_of(observer, Event.CACHE_LOOKUP, tier="rasters", outcome=outcome) for outcome in ("hit", "miss")
        )
        self._originals: BoundedDict[bytes, _Original] = BoundedDict(_MAX_ORIGINALS)
        self._rasters: SizedDict[bytes, _Raster] = SizedDict(lambda raster: raster.spool.size)
        self._reserved_bytes = 0
        self._expiry_timer: asyncio.TimerHandle | None = None

    @property
    def used_bytes(self) -> int:
        """Bytes of the rasters, and of those that workers fill now."""
        return self._rasters.total_bytes + self._reserved_bytes

    async def render(self, call: Call, run: Callable[[Call], Awaitable[Rendered]]) -> Rendered:
        """Run a call; one for a part of an original takes pixels from a raster, or keeps them. Raises as ``run``."""
        identity = call.original.identity
        if not self.max_bytes or not identity or all(plan.crop is None for plan in call.plans):
            return await run(call)
        original = self._originals.get(identity) or _Original()
        self._originals[identity] = original
        if self._is_keepable(identity, original):
            async with original.lock:
                if self._is_keepable(identity, original):
                    return await self._run_and_keep(identity, original, call, run)
        rendered = await self._run_with_raster(identity, call, run)
        width, height = rendered.source_size
        original.pixels = max(original.pixels, width * height)
        return rendered

    def close(self) -> None:
        """Drop all rasters."""
        self._evict_to(0)
        if self._expiry_timer:
            self._expiry_timer.cancel()

    def _is_keepable(self, identity: bytes, original: _Original) -> bool:
        return (
            original.pixels >= MIN_PIXELS
            and not original.is_refused
            and identity not in self._rasters.entries
            and original.max_raster_bytes <= self.max_bytes - self._reserved_bytes
        )

    async def _run_with_raster(
        self, identity: bytes, call: Call, run: Callable[[Call], Awaitable[Rendered]]
    ) -> Rendered:
        raster = self._rasters.entries.get(identity)
        (self._count_hits if raster else self._count_misses)(1)
        if raster is None:
            return await run(call)
        raster.used_at = asyncio.get_running_loop().time()
        self._rasters.entries.move_to_end(identity)
        with raster.spool.share() as call.raster:
            try:
                return await run(call)
            finally:
                if call.worker_deaths and self._rasters.entries.get(identity) is raster:
                    self._drop(identity)

    async def _run_and_keep(
        self, identity: bytes, original: _Original, call: Call, run: Callable[[Call], Awaitable[Rendered]]
    ) -> Rendered:
        self._count_misses(1)
        call.max_raster_bytes = original.max_raster_bytes
        self._reserved_bytes += call.max_raster_bytes
        self._evict_to(self.max_bytes)
        try:
            rendered = await run(call)
        except (ImageError, RenderCrashed, RenderTimeout):
            original.is_refused = True  # a part alone may take less memory and time
            raise
        finally:
            self._reserved_bytes -= call.max_raster_bytes
            if call.new_raster:
                with closing(call.new_raster) as file:
                    original.is_refused |= not self._store(identity, file, call.max_raster_bytes)
        return rendered

    def _store(self, identity: bytes, file: ResultFile, max_bytes: int) -> bool:
        """Store what a worker has kept; return False if it has kept nothing, or more than it should."""
        if not 0 < file.measure() <= max_bytes:
            return False
        try:
            spool = file.to_spool()
        except OSError:
            return False
        loop = asyncio.get_running_loop()
        self._rasters.put(identity, _Raster(spool, loop.time()))
        if self._expiry_timer is None:
            self._expiry_timer = loop.call_later(MAX_IDLE_S, self._expire)
        return True

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        for identity, raster in list(self._rasters.entries.items()):
            if raster.used_at + MAX_IDLE_S <= loop.time():
                self._drop(identity)
        used_at = min((raster.used_at for raster in self._rasters.entries.values()), default=None)
        self._expiry_timer = None if used_at is None else loop.call_at(used_at + MAX_IDLE_S, self._expire)

    def _evict_to(self, max_bytes: int) -> None:
        """Drop the least recently used until at most ``max_bytes`` are used."""
        while self.used_bytes > max_bytes and self._rasters.entries:
            self._drop(next(iter(self._rasters.entries)))

    def _drop(self, identity: bytes) -> None:
        """Drop a raster; calls that share it keep it."""
        raster = self._rasters.pop(identity)
        if raster:
            raster.spool.close()
            self._observer.increment(Event.CACHE_EVICTION, tier="rasters")
