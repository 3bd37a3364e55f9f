"""What is asked about a picture, beyond what its header says at once.

Knows the names of facts. Must never know how one is found.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct


class Fact(StrEnum):
    """What can be asked for by name."""

    HASH = "hash"
    EXIF = "exif"
    GPS = "gps"
    IPTC = "iptc"
    XMP = "xmp"
    AVERAGE = "average"
    PALETTE = "palette"
    BLURHASH = "blurhash"
    THUMBHASH = "thumbhash"
    PHASH = "phash"
    LQIP = "lqip"


PIXEL_FACTS: Final = frozenset((Fact.AVERAGE, Fact.PALETTE, Fact.BLURHASH, Fact.THUMBHASH, Fact.PHASH, Fact.LQIP))
"""The facts for which pixels must be decoded."""

MAX_PALETTE_COLOURS: Final = 16


class FactSelection(Struct, frozen=True, omit_defaults=True):
    """``include`` in the order of ``Fact``, each once. ``colours`` is how many a palette has at most."""

    include: tuple[Fact, ...] = ()
    palette_colours: Annotated[int, Meta(ge=1, le=MAX_PALETTE_COLOURS)] = 6

    @property
    def needs_pixels(self) -> bool:
        """Whether pixels must be decoded for an answer."""
        return not PIXEL_FACTS.isdisjoint(self.include)


HEADER_FACTS_ONLY: Final = FactSelection()
"""What the header says is enough."""
