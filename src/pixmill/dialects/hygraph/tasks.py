"""What each transformation of Hygraph does, in the order of a URL. Knows values and plans; must never know texts."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from pixmill.dialects.hygraph.options import FITS, WHOLE
from pixmill.dialects.kit.effects import blur_sigma
from pixmill.dialects.kit.stages import StageSequence
from pixmill.errors import InvalidParameter
from pixmill.media import Format
from pixmill.plan.colour import TRANSPARENT, Colour
from pixmill.plan.effects import UnsharpMask
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.ops import Crop, Fit, Flip, Resize
from pixmill.plan.output import Metadata
from pixmill.plan.shapes import CornerRadii, Ellipse, Shape
from pixmill.plan.transforms import Extend, FreeRotation

_BLACK: Final = Colour(0, 0, 0)
_RIGHT_ANGLE: Final = 90
_BORDER: Final = 2


class Arguments(Struct, frozen=True):
    """The values of one transformation, and the defaults of all; 0 for a side that is not given."""

    width: int = 0
    height: int = 0
    fit: Resize = FITS["clip"]
    align: Gravity = Point()
    filter: str = ""
    dim: tuple[int, ...] = ()
    x: int = 0
    y: int = 0
    deg: int = 0
    exif: str = ""
    background: Colour | None = None
    color: Colour = _BLACK
    tone: int = 80
    amount: Fraction = Fraction(0)
    radius: int = 10
    format: Format | None = None
    quality: int = 0
    strip: bool = True
    value: int = 0
    metadata: bool = False


class Work:
    """The stages and the output so far. ``by_accept``: AVIF or WebP as the client accepts them."""

    def __init__(self) -> None:
        self.sequence = StageSequence("transformations")
        self.format: Format | None = None
        self.by_accept = False
        self.quality = 0
        self.metadata = Metadata.STRIP


def _resize(work: Work, given: Arguments) -> None:
    if not given.width and not given.height:
        return  # Nuxt Image writes resize=fit:max
    resize = replace(given.fit, width=given.width, height=given.height)
    if not (given.width and given.height):
        resize = replace(resize, fit=Fit.INSIDE)
    elif resize.fit is Fit.COVER:
        resize = replace(resize, gravity=given.align)
    work.sequence.put(("resize",), resize)


def _crop(work: Work, given: Arguments) -> None:
    x, y, width, height = given.dim or (given.x, given.y, given.width, given.height)
    if not width or not height:
        raise InvalidParameter("crop needs a width and a height", param="crop")
    work.sequence.put(("crop",), Crop(x, y, width, height))


def _rotate(work: Work, given: Arguments) -> None:
    if given.deg % _RIGHT_ANGLE:
        corners = given.background or TRANSPARENT
        work.sequence.put(("rotate_free",), FreeRotation(float(given.deg), corners))
    elif given.deg:
        work.sequence.put(("rotate",), given.deg)


def _flip(work: Work, given: Arguments) -> None:
    del given
    work.sequence.put(("flip",), Flip.VERTICAL)


def _flop(work: Work, given: Arguments) -> None:
    del given
    work.sequence.put(("flip",), Flip.HORIZONTAL)


def _monochrome(work: Work, given: Arguments) -> None:
    del given
    work.sequence.put(("grayscale",), True)


def _sepia(work: Work, given: Arguments) -> None:
    work.sequence.put(("adjust", "colour", "sepia"), float(given.tone))


def _blur(work: Work, given: Arguments) -> None:
    if sigma := blur_sigma(float(given.amount)):
        work.sequence.blur(sigma)


def _sharpen(work: Work, given: Arguments) -> None:
    if given.amount:
        work.sequence.put(("effects", "sharpen"), UnsharpMask(1.0, float(given.amount / 4)))


def _circle(work: Work, given: Arguments) -> None:
    _put_shape(work, Shape(mask=Ellipse(circle=True)), given.background)


def _rounded_corners(work: Work, given: Arguments) -> None:
    if given.radius == WHOLE:
        shape = Shape(mask=Ellipse())
    else:
        size = float(given.radius)
        shape = Shape(corner_radii=CornerRadii(size, size, size, size))
    _put_shape(work, shape, given.background)


def _put_shape(work: Work, shape: Shape, background: Colour | None) -> None:
    work.sequence.put(("shape",), shape)
    if background:
        work.sequence.put(("flatten",), background)


def _border(work: Work, given: Arguments) -> None:
    """Pad in a stage of its own: the background of the first stage would also be behind transparency."""
    work.sequence.begin()
    if given.background:
        work.sequence.put(("flatten",), given.background)
    width = given.width or _BORDER
    work.sequence.put(("extend",), Extend(top=width, right=width, bottom=width, left=width))
    work.sequence.change(("background",), given.color)


def _output(work: Work, given: Arguments) -> None:
    if given.format:
        work.format, work.by_accept = given.format, False
    work.quality = given.quality or work.quality
    if not given.strip:
        work.metadata = Metadata.KEEP


def _auto_image(work: Work, given: Arguments) -> None:
    del given
    work.format, work.by_accept = None, True


def _quality(work: Work, given: Arguments) -> None:
    work.quality = given.value or work.quality


def _compress(work: Work, given: Arguments) -> None:
    work.metadata = Metadata.KEEP if given.metadata else Metadata.STRIP


def _no_metadata(work: Work, given: Arguments) -> None:
    del given
    work.metadata = Metadata.STRIP


APPLY: Final[Mapping[str, Callable[[Work, Arguments], None]]] = {
    "resize": _resize,
    "crop": _crop,
    "rotate": _rotate,
    "flip": _flip,
    "flop": _flop,
    "monochrome": _monochrome,
    "sepia": _sepia,
    "blur": _blur,
    "sharpen": _sharpen,
    "circle": _circle,
    "rounded_corners": _rounded_corners,
    "border": _border,
    "output": _output,
    "auto_image": _auto_image,
    "quality": _quality,
    "compress": _compress,
    "no_metadata": _no_metadata,
}
"""By the name of the transformation."""
