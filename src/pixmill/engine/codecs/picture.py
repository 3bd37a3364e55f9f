"""What a decoder offers: the facts of a header at once, pixels on demand.

Knows values only; each decoder is a file of its own beside this one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pixmill.engine.codecs.reel import Timing
from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.turn import ORIENTATIONS, Turn
from pixmill.media import Format
from pixmill.plan.geometry import Size
from pixmill.plan.input import Input
from pixmill.plan.output import Mode


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself before any pixel is decoded.

    The size is that in which the decoder hands over the pixels: as stored, unless it turns them ``upright`` itself.
    """

    format: Format
    size: Size
    alpha: bool
    colour_space: str
    frames: int = 1
    orientation: int = 1
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    upright: bool = False
    timing: Timing | None = None
    """When the ``frames`` are shown; None where they are pages, or one."""

    scalable: bool = False
    """Made of shapes: it has a size but no pixels, and may be enlarged at no loss."""

    @property
    def turn(self) -> Turn:
        """What is left to do to see the picture as its orientation wants it."""
        return Turn() if self.upright else ORIENTATIONS[self.orientation]


@dataclass(frozen=True, slots=True)
class Need:
    """The part of the stored picture that is wanted, the size that it will be given, and what time may be spent on.

    ``srgb``: the colours are wanted in sRGB, so that a decoder that has more than 8 bits may bring them there before it rounds.
    """

    area: Area
    size: Size
    mode: Mode = Mode.BALANCED
    srgb: bool = False

    @property
    def shrink(self) -> float:
        """How many stored pixels meet in one wanted pixel, along the side where that is fewer."""
        return min(self.area.width / self.size.width, self.area.height / self.size.height)


class Picture(Protocol):
    """An opened file: nothing is decoded until ``decode``."""

    @property
    def header(self) -> Header: ...

    def decode(self, need: Need) -> Frame:
        """The first frame, or more of it than is needed, in 8 bits grey or RGB; ``area`` says where the needed
        part lies in it. Raises anything on a damaged file.
        """


@runtime_checkable
class Paged(Picture, Protocol):
    """A file that may hold more than one picture."""

    def at(self, page: int) -> Picture:
        """Another frame or page of the same file, counted from 1 and at most ``frames``."""


@runtime_checkable
class Adjustable(Picture, Protocol):
    """A file of which more can be said than a page."""

    def asked(self, looked: Input) -> Picture:
        """The same as it is to be looked at: with so many dots an inch, at a moment. The page is not minded here."""


@runtime_checkable
class Animated(Paged, Protocol):
    """A file whose header may have a timing."""

    def frames(self, need: Need) -> Iterator[Frame]:
        """Every frame in order, each as it is seen on the whole canvas, and no longer valid when the next is asked for;
        ``need`` and the areas are as for ``decode``. Raises anything on a damaged file.
        """
