"""The decoder interface: header facts when a file is opened, pixels on request.

Knows values only; each format implements it in a file of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pixmill.engine.codecs.frame_sequence import AnimationTiming
from pixmill.engine.codecs.svg_cost import NO_DRAWING, DrawingCost
from pixmill.engine.raster.frame import Area, Frame
from pixmill.engine.raster.orientation import EXIF_ORIENTATIONS, Orientation
from pixmill.media import Format
from pixmill.plan.lengths import RealSize, Size
from pixmill.plan.ops import DecodeScaling, Input
from pixmill.plan.output import Profile, RenderMode


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The facts of a file, known before any pixel is decoded.

    ``size`` is the size of the decoded pixels: as stored, or after orientation if ``orientation_applied``.
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
    iptc: bytes = b""
    orientation_applied: bool = False
    timing: AnimationTiming | None = None
    """Frame delays; None for a still image or pages."""

    deep: bool = False
    """The decoder keeps more than 8 bits where colours are converted early."""

    truncated: bool = False
    """The file is known to be cut off; ``frame_count`` and ``timing`` are those of the frames that are whole."""

    is_vector: bool = False
    """A vector format: has a size but no pixels, and can be enlarged without loss."""

    drawing: DrawingCost = NO_DRAWING
    """What an SVG costs to render."""

    exact_size: RealSize | None = None
    """Of a vector drawing whose sides are not whole pixels."""

    @property
    def pending_orientation(self) -> Orientation:
        """The orientation still to be applied to the decoded pixels."""
        return Orientation() if self.orientation_applied else EXIF_ORIENTATIONS[self.orientation]


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """The needed area of the stored image, its target size, and the speed/quality trade-off.

    ``profile``: what the colours will be converted to; a decoder with more than 8 bits may do so before rounding.
    ``scaling``: whether, and by which factors, an image may be scaled while it is decoded.
    """

    area: Area
    target_size: Size
    mode: RenderMode = RenderMode.BALANCED
    profile: Profile = Profile.KEEP
    scaling: DecodeScaling = DecodeScaling.AUTO

    @property
    def shrink_factor(self) -> float:
        """Stored pixels per target pixel, along the side with the smaller ratio."""
        return min(self.area.width / self.target_size.width, self.area.height / self.target_size.height)


class Decoder(Protocol):
    """An opened file; pixels are decoded by ``decode`` only."""

    @property
    def header(self) -> ImageHeader: ...

    def decode(self, request: DecodeRequest) -> Frame:
        """Decode the first frame to 8-bit grey or RGB, at least the requested area; ``Frame.area`` locates it.

        Raises any exception on a damaged file.
        """


@runtime_checkable
class HasPages(Decoder, Protocol):
    """A format with several pages or frames."""

    def page(self, page: int) -> Decoder:
        """Open another page or frame of the same file, from 1 to ``header.frame_count``."""


@runtime_checkable
class Configurable(Decoder, Protocol):
    """A format with input options besides the page."""

    def configured(self, input_options: Input) -> Decoder:
        """Reopen the file with these options (DPI, time). The page is ignored here."""


@runtime_checkable
class HasFrames(HasPages, Protocol):
    """A format whose header may have a timing."""

    def frames(self, request: DecodeRequest) -> Iterator[Frame]:
        """Yield every frame in order, composited on the whole canvas, valid until the next one is requested.

        The request and the areas are as for ``decode``. Raises any exception on a damaged file.
        """
