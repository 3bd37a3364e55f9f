"""Makes originals that are canvases of one colour: PNG files with a palette of one colour, and no fetch.

Knows the PNG format (ISO/IEC 15948). Must never know where else originals come from.
"""

import asyncio
from struct import pack
from typing import Final
from zlib import compress, crc32

from pixmill.plan.canvas_source import CANVAS_SCHEME, CanvasSpec, parse_canvas
from pixmill.plan.freshness import CacheDirectives
from pixmill.plan.source import SourceRef
from pixmill.ports.values import Original, OriginalVersion
from pixmill.runtime.memory_budget import UNLIMITED_BUDGET, MemoryBudget
from pixmill.runtime.spool import Spool
from pixmill.sources.config import SourcesConfig

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_BIT_DEPTH: Final = 1
_PALETTE: Final = 3
_VALIDATOR: Final = "canvas:1"
"""Of all canvases: their names say what they show. Another number for other bytes."""
_DIRECTIVES: Final = CacheDirectives(freshness_lifetime_s=31_536_000.0, immutable=True)


class CanvasSource:
    """Generates canvases."""

    def __init__(self, config: SourcesConfig, budget: MemoryBudget = UNLIMITED_BUDGET) -> None:
        self._config = config
        self._budget = budget

    async def fetch(self, ref: SourceRef) -> Original:
        """Raises SourceError if the memory budget is exhausted."""
        spec = parse_canvas(ref.text.removeprefix(f"{CANVAS_SCHEME}:"))
        content = await asyncio.to_thread(encode_canvas, spec)  # some milliseconds for the largest
        spool = Spool(self._config.max_source_bytes, reservation=self._budget.new_reservation())
        try:
            spool.expect(len(content))
            await spool.append(content)
        except BaseException:
            spool.close()
            raise
        return Original(spool, OriginalVersion(_VALIDATOR, _DIRECTIVES))

    async def revalidate(self, ref: SourceRef, validator: str) -> Original | CacheDirectives:
        """A canvas never changes."""
        return _DIRECTIVES if validator == _VALIDATOR else await self.fetch(ref)


def encode_canvas(spec: CanvasSpec) -> bytes:
    """Encode a canvas as a PNG file: one bit for each pixel, all of them zero."""
    (width, height), colour = spec.size.sides, spec.colour
    row_bytes = 1 + (width + 7) // 8
    transparency = _chunk(b"tRNS", bytes((colour.alpha,))) if colour.alpha < 255 else b""  # noqa: PLR2004 - opaque
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", pack(">IIBBBBB", width, height, _BIT_DEPTH, _PALETTE, 0, 0, 0)),
            _chunk(b"PLTE", bytes((colour.red, colour.green, colour.blue))),
            transparency,
            _chunk(b"IDAT", compress(bytes(row_bytes * height))),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", crc32(kind + content))
