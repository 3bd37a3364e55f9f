"""What a decoder offers: the facts of a header at once, pixels on demand.

Knows values only; each decoder is a file of its own beside this one.
"""

from dataclasses import dataclass
from typing import Protocol

from pixmill.engine.pixels.frame import Area, Frame
from pixmill.engine.pixels.turn import ORIENTATIONS, Turn
from pixmill.media import Format
from pixmill.plan.geometry import Size


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

    @property
    def turn(self) -> Turn:
        """What is left to do to see the picture as its orientation wants it."""
        return Turn() if self.upright else ORIENTATIONS[self.orientation]


@dataclass(frozen=True, slots=True)
class Need:
    """The part of the stored picture that is wanted and the size that it will be given."""

    area: Area
    size: Size

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
