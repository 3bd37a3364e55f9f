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


SEEN: Final = frozenset((Fact.AVERAGE, Fact.PALETTE, Fact.BLURHASH, Fact.THUMBHASH, Fact.PHASH, Fact.LQIP))
"""The facts for which pixels must be decoded."""

MAX_COLOURS: Final = 16


class Question(Struct, frozen=True, omit_defaults=True):
    """``include`` in the order of ``Fact``, each once. ``colours`` is how many a palette has at most."""

    include: tuple[Fact, ...] = ()
    colours: Annotated[int, Meta(ge=1, le=MAX_COLOURS)] = 6

    @property
    def seen(self) -> bool:
        """Whether pixels must be decoded for an answer."""
        return not SEEN.isdisjoint(self.include)


NOTHING_MORE: Final = Question()
"""What the header says is enough."""
