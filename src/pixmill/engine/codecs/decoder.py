"""What a decoder offers: the facts of a header at once, pixels on demand.

Knows values only; each decoder is a file of its own beside this one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pixmill.engine.codecs.frame_sequence import AnimationTiming
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS, Orientation
from pixmill.media import Format
from pixmill.plan.lengths import Size
from pixmill.plan.ops import Input
from pixmill.plan.output import RenderMode


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What a file says of itself before any pixel is decoded.

    The size is that in which the decoder hands over the pixels: as stored, unless it turns them ``upright`` itself.
    """

    format: Format
    size: Size
    alpha: bool
    colour_space: str
    frame_count: int = 1
    orientation: int = 1
    profile: bytes = b""
    exif: bytes = b""
    xmp: bytes = b""
    orientation_applied: bool = False
    timing: AnimationTiming | None = None
    """When the ``frames`` are shown; None where they are pages, or one."""

    is_vector: bool = False
    """Made of shapes: it has a size but no pixels, and may be enlarged at no loss."""

    @property
    def pending_orientation(self) -> Orientation:
        """What is left to do to see the picture as its orientation wants it."""
        return Orientation() if self.orientation_applied else EXIF_ORIENTATIONS[self.orientation]


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """The part of the stored picture that is wanted, the size that it will be given, and what time may be spent on.

    ``srgb``: the colours are wanted in sRGB, so that a decoder that has more than 8 bits may bring them there before it rounds.
    """

    area: Area
    target_size: Size
    mode: RenderMode = RenderMode.BALANCED
    to_srgb: bool = False

    @property
    def shrink_factor(self) -> float:
        """How many stored pixels meet in one wanted pixel, along the side where that is fewer."""
        return min(self.area.width / self.target_size.width, self.area.height / self.target_size.height)


class Decoder(Protocol):
    """An opened file: nothing is decoded until ``decode``."""

    @property
    def header(self) -> ImageHeader: ...

    def decode(self, request: DecodeRequest) -> Frame:
        """The first frame, or more of it than is needed, in 8 bits grey or RGB; ``area`` says where the needed
        part lies in it. Raises anything on a damaged file.
        """


@runtime_checkable
class HasPages(Decoder, Protocol):
    """A file that may hold more than one picture."""

    def page(self, page: int) -> Decoder:
        """Another frame or page of the same file, counted from 1 and at most ``frames``."""


@runtime_checkable
class Configurable(Decoder, Protocol):
    """A file of which more can be said than a page."""

    def configured(self, input_options: Input) -> Decoder:
        """The same as it is to be looked at: with so many dots an inch, at a moment. The page is not minded here."""


@runtime_checkable
class HasFrames(HasPages, Protocol):
    """A file whose header may have a timing."""

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        """Every frame in order, each as it is seen on the whole canvas, and no longer valid when the next is asked for;
        ``need`` and the areas are as for ``decode``. Raises anything on a damaged file.
        """
