"""The file of decoded pixels that a render may use or fill (``pixels/raster_file.py`` knows what is in it).

Must never know a pixel library.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_DESCRIPTION_BYTES: Final = 4 * 2**20
"""The maximum of what is in the file besides pixels, mostly the ICC profile."""

Write = Callable[[bytes | bytearray | memoryview], None]


@dataclass(frozen=True, slots=True)
class RasterAccess:
    """What a render was given: the content of a file, or a new one that takes ``max_bytes``; neither by default."""

    content: memoryview | None = None
    write: Write | None = None
    max_bytes: int = 0


NO_RASTER: Final = RasterAccess()
