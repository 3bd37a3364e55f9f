"""Plans: immutable descriptions of a result, shared by all parts of the system.

Knows no source, no library and no HTTP. Spellings of the same image become equal plans (dialects fold ``dpr`` into the
size and drop what has no effect), so that they have equal cache keys.
"""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import Adjust, Effects, Percent
from pixmill.plan.facts import HEADER_FACTS_ONLY, FactSelection
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.output import (
    AS_RECORDED,
    DEFAULT_ENCODING,
    MAX_TARGET_QUALITY,
    Animation,
    Encoding,
    Metadata,
    Profile,
)
from pixmill.plan.overlays import CENTRED_PLACEMENT, MAX_OVERLAYS, Length, OverlayFit, Placement, TextOverlay
from pixmill.plan.shapes import NO_SHAPE, Shape
from pixmill.plan.size_rules import Dpr, SkipSmaller
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Extend, FreeRotation, LengthUnit, Trim

MAX_SIDE: Final = 65_535
Side = Annotated[int, Meta(ge=0, le=MAX_SIDE)]
Area = Annotated[int, Meta(ge=0, le=2**32)]
SideShare = Annotated[float, Meta(ge=0, le=10_000)]


MAX_PAGE: Final = 65_535
MAX_DPI: Final = 1_200
MAX_TIME_S: Final = 86_400


class DecodeScaling(StrEnum):
    """How a JPEG or a WebP is scaled while it is decoded.

    AUTO: as the render mode says, to fractions of pixels. NONE: not at all. SHARP: a JPEG by the factors of sharp, to
    whole pixels, from which the other side of the result follows. PILLOW: a JPEG that is not cropped as by Pillow's
    ``draft``, to whole pixels.
    """

    AUTO = "auto"
    NONE = "none"
    SHARP = "sharp"
    PILLOW = "pillow"


class Input(Struct, frozen=True):
    """Which frames or pages of the original are decoded, and how they are oriented.

    ``animated``: an animation stays one, if the format of the result can. ``page`` counts from 1 and selects a still;
    of an animation it is the first frame. ``dpi``: resolution of vector originals (SVG, PDF) where their own size
    counts. ``time_s``: position in a video; None for its most representative frame. ``orientation``: replaces the one
    that the original records, as in EXIF (1: as stored); 0 for the recorded one. ``rejected``: originals in these
    formats are errors. Of an animation every ``frame_step``-th frame is shown, at most ``max_frames`` (0: any number).
    ``animated_formats``: only animations in these formats stay ones; empty for all. ``scaling``: while decoding.
    """

    animated: bool = True
    page: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 1
    dpi: Annotated[int, Meta(ge=1, le=MAX_DPI)] = 96
    time_s: Annotated[float, Meta(ge=0, le=MAX_TIME_S)] | None = None
    orientation: Annotated[int, Meta(ge=0, le=8)] = 0
    rejected: tuple[Format, ...] = ()
    max_frames: Annotated[int, Meta(ge=0, le=MAX_PAGE)] = 0
    frame_step: Annotated[int, Meta(ge=1, le=MAX_PAGE)] = 1
    animated_formats: tuple[Format, ...] = ()
    scaling: DecodeScaling = DecodeScaling.AUTO


DEFAULT_INPUT: Final = Input()


class Fit(StrEnum):
    """How an image is fitted to a box of width × height.

    AUTO: as COVER if box and image are both landscape (or square) or both portrait, else as INSIDE.
    """

    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"
    INSIDE = "inside"
    OUTSIDE = "outside"
    AUTO = "auto"


class Clamp(StrEnum):
    """How a box is limited that the image may not be enlarged or shrunk to."""

    SHAPE = "shape"
    SIDES = "sides"
    BOX = "box"
    ORIGINAL = "original"


class Flip(StrEnum):
    """Mirroring, applied after ``rotate``."""

    NONE = "none"
    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"
    BOTH = "both"


class Aspect(Struct, frozen=True):
    """An aspect ratio, as a fraction in lowest terms."""

    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]


class CropUnit(StrEnum):
    """The unit of the numbers of a crop: one for both axes, or first that of the horizontal ones."""

    PIXELS = "px"
    PERCENT = "pct"
    PERCENT_PIXELS = "pct,px"
    PIXELS_PERCENT = "px,pct"

    @staticmethod
    def of_axes(*, is_percent_x: bool, is_percent_y: bool) -> "CropUnit":
        """Return the unit of numbers in percent along these axes, and in pixels along the others."""
        if is_percent_x:
            return CropUnit.PERCENT if is_percent_y else CropUnit.PERCENT_PIXELS
        return CropUnit.PIXELS_PERCENT if is_percent_y else CropUnit.PIXELS


class CropOverflow(StrEnum):
    """What becomes of a crop that does not lie in the image.

    ``CLIP``: it is cut at the edges, and refused if it begins outside. ``MOVE``: it is moved inside, and cut only if it
    is larger than the image. ``RESET``: an axis along which it begins outside begins at 0; then it is cut. ``IGNORE``:
    one that begins outside has no effect; others are cut. ``REFUSE``: it is refused.
    """

    CLIP = "clip"
    MOVE = "move"
    RESET = "reset"
    IGNORE = "ignore"
    REFUSE = "refuse"


class Crop(Struct, frozen=True, tag="region", tag_field="type"):
    """A region of the oriented image, in pixels or in percent of its sides."""

    left: Annotated[float, Meta(ge=0)]
    top: Annotated[float, Meta(ge=0)]
    width: Annotated[float, Meta(gt=0)]
    height: Annotated[float, Meta(gt=0)]
    unit: CropUnit = CropUnit.PIXELS
    overflow: CropOverflow = CropOverflow.CLIP


class AspectRule(StrEnum):
    """How a window gets its aspect ratio in whole pixels.

    EXACT: the side that is cut is rounded half up. THUMBOR: a width is rounded up, a height and the position half to
    even, and a ratio that is that of the image in two decimals leaves it whole.
    """

    EXACT = "exact"
    THUMBOR = "thumbor"


class CropWindow(Struct, frozen=True, tag="window", tag_field="type"):
    """A window of the oriented image, placed by ``gravity``. A side of 0 is that of the image.

    It is cut to the sides of the image (refused with ``CropOverflow.REFUSE``; others have no effect), then to the
    largest of ``aspect`` in it, by ``aspect_rule``, and divided by the zoom of the gravity. Offsets of the gravity are
    pixels of the image.
    """

    width: Annotated[float, Meta(ge=0)] = 0
    height: Annotated[float, Meta(ge=0)] = 0
    gravity: Gravity = Point()
    unit: CropUnit = CropUnit.PIXELS
    aspect: Aspect | None = None
    overflow: CropOverflow = CropOverflow.CLIP
    aspect_rule: AspectRule = AspectRule.EXACT


class CropInsets(Struct, frozen=True, tag="insets", tag_field="type"):
    """What is taken off each edge of the oriented image; a negative number counts from the opposite edge.

    ``right`` of -200 px is the column at 200. ``CropOverflow.REFUSE``: an edge outside the image is refused,
    ``IGNORE``: a crop that leaves nothing has no effect; by any other rule edges outside are those of the image.
    """

    left: float = 0
    top: float = 0
    right: float = 0
    bottom: float = 0
    unit: CropUnit = CropUnit.PIXELS
    overflow: CropOverflow = CropOverflow.CLIP


class BlurSpace(StrEnum):
    """The values that a blur mixes: light, or sRGB values, as most other services do."""

    LINEAR = "linear"
    SRGB = "srgb"


class ResampleSpace(StrEnum):
    """The values that resizing and free rotations mix: light, or sRGB values, as most other services do.

    ``AUTO``: light for photographs, sRGB values for graphics: in light, thin black lines on white fade and white
    ones on black grow.
    """

    AUTO = "auto"
    LINEAR = "linear"
    SRGB = "srgb"


class Kernel(StrEnum):
    """Resampling kernels."""

    LANCZOS3 = "lanczos3"
    LANCZOS2 = "lanczos2"
    CUBIC = "cubic"
    MITCHELL = "mitchell"
    LINEAR = "linear"
    NEAREST = "nearest"


class Resize(Struct, frozen=True, omit_defaults=True):
    """The requested box. A side of 0 is free and follows from the other one and the aspect ratio of the image.

    ``aspect`` and ``zoom`` apply if both sides are free: the box is then the largest of that aspect ratio in the image,
    or the smallest around it for ``Fit.CONTAIN``, times ``zoom``. Without ``enlarge`` the image is never upscaled,
    without ``shrink`` never downscaled; a box that would need it is changed as ``clamp`` says: both sides alike, or
    each side to that of the image, or the box before any fit, also of those that do not fill it: by the image, or by
    what the stage begins with, before rotation and crop, which it may then exceed. ``refuse_enlarging``:
    what would need upscaling is an error instead. Vector drawings may always be enlarged, unless not
    ``enlarge_drawings``. ``adaptive`` swaps the sides to match the orientation of the image.
    The result is at most ``max_width`` × ``max_height`` (0: any) and at least ``min_width`` × ``min_height``, which
    take precedence, even if that enlarges it. It has at most ``max_area`` pixels (0: any), for which sides are rounded
    down if need be. ``refuse_exceeding``: a result that would exceed a maximum is an error instead. ``rounding``
    applies to every side that is computed.

    The image stays as it is, without a crop or a canvas, if it is smaller than the box as ``skip_smaller`` says, if a
    side would be enlarged to more than ``max_enlarged_side`` (0: any), or if one would be below ``min_fitted_side``.
    ``dpr`` is a device pixel ratio that depends on the image; the sides are then in CSS pixels.

    ``width_share`` and ``height_share``: in place of a side that is 0, a share of that side of the image, which is what
    ``crop`` leaves. With ``aspect`` one of them sets the other side.
    ``max_side`` limits the sides of the result with its canvas and padding, all of which shrink alike (0: any).
    """

    width: Side = 0
    height: Side = 0
    fit: Fit = Fit.INSIDE
    gravity: Gravity = Point()
    enlarge: bool = False
    shrink: bool = True
    clamp: Clamp = Clamp.SHAPE
    aspect: Aspect | None = None
    zoom: Annotated[float, Meta(gt=0, le=100)] = 1.0
    adaptive: bool = False
    min_width: Side = 0
    min_height: Side = 0
    max_width: Side = 0
    max_height: Side = 0
    kernel: Kernel = Kernel.LANCZOS3
    rounding: RoundingMode = RoundingMode.HALF_UP
    refuse_enlarging: bool = False
    enlarge_drawings: bool = True
    skip_smaller: SkipSmaller = SkipSmaller.NEVER
    max_enlarged_side: Side = 0
    min_fitted_side: Side = 0
    dpr: Dpr | None = None
    max_side: Side = 0
    width_share: SideShare = 0.0
    height_share: SideShare = 0.0
    max_area: Area = 0
    refuse_exceeding: bool = False


class Canvas(Struct, frozen=True, omit_defaults=True):
    """A canvas around the fitted image, independent of the box.

    Its sides are in pixels or in percent of the image; 0 is the side of the image. With ``aspect`` it is the smallest
    of that ratio around the image, or, if ``cut``, the largest in it. ``cut``: where the canvas is smaller, the image
    is cut to it before a free rotation; else the canvas grows. ``gravity`` places the image, and the cut.
    """

    width: Annotated[float, Meta(ge=0, le=65_535)] = 0
    height: Annotated[float, Meta(ge=0, le=65_535)] = 0
    aspect: Aspect | None = None
    gravity: Point = Point()
    cut: bool = False
    unit: LengthUnit = LengthUnit.PIXELS


class Output(Struct, frozen=True, omit_defaults=True):
    """How the result is written.

    ``formats``: one explicit format, or, if ``negotiated``, the modern ones that the client accepts, best first
    (possibly none); the engine then takes the first that it can write, else the universally supported format that fits
    the image. ``quality`` is 1 to 100 on one perceptual scale for all lossy formats. ``target_quality``: search for the
    lowest quality at which this image loses no more than photographs do at that one; 0 for no search. ``max_bytes``:
    reduce the quality, or the number of colours, until the result fits; 0 for no limit; if nothing fits, an error, or
    the smallest result unless ``max_bytes_strict``. ``source_format``: the format
    of the original, if it can be written, and its bytes unchanged if nothing else is requested. Originals in the
    formats of ``passthrough``, and with ``passthrough_animations`` those with several frames, are delivered at their
    own size and in their own format: all but ``metadata`` is ignored for them. ``ordered``, with
    ``negotiated``: the result is in the first of ``formats`` that the client shows; if it shows none, in the format of
    the original if ``source_format``, else in ``fallback_format``, else in one that fits the image. ``negotiation.py``
    replaces such an output by that of the chosen format before the image is looked up or rendered. With
    ``original_formats`` only originals in these formats keep theirs; all others get ``fallback_format``, else the first
    of these that fits the image, and all are encoded again; without ``source_format`` it has no effect. ``smallest``,
    with ``negotiated`` and without ``ordered``: every format that the client accepts is encoded, and the smallest taken
    of those that look alike.
    """

    formats: tuple[Format, ...] = ()
    negotiated: bool = False
    quality: Annotated[int, Meta(ge=1, le=100)] = 80
    metadata: Metadata = Metadata.STRIP
    profile: Profile = Profile.SRGB
    encoding: Encoding = DEFAULT_ENCODING
    source_format: bool = False
    target_quality: Annotated[int, Meta(ge=0, le=MAX_TARGET_QUALITY)] = 0
    max_bytes: Annotated[int, Meta(ge=0)] = 0
    max_bytes_strict: bool = True
    passthrough: tuple[Format, ...] = ()
    passthrough_animations: bool = False
    ordered: bool = False
    fallback_format: Format | None = None
    original_formats: tuple[Format, ...] = ()
    animation: Animation = AS_RECORDED
    smallest: bool = False


MAX_OVERLAY_STAGES: Final = 4
"""On the image of an overlay, before and after it is fitted to its box."""
MAX_OVERLAY_DEPTH: Final = 3
"""Of overlays on the images of overlays, as ImageKit."""


class ImageOverlay(Struct, frozen=True, omit_defaults=True, tag="image", tag_field="type"):
    """Another image, at its own size unless one is given.

    ``prepare`` are stages on the image itself, before it is fitted to its box; ``stages`` follow on the fitted image.
    Their overlays have it as their canvas.
    """

    source: SourceRef
    width: Length | None = None
    height: Length | None = None
    fit: OverlayFit = OverlayFit.INSIDE
    placement: Placement = CENTRED_PLACEMENT
    prepare: "Annotated[tuple[Stage, ...], Meta(max_length=MAX_OVERLAY_STAGES)]" = ()
    stages: "Annotated[tuple[Stage, ...], Meta(max_length=MAX_OVERLAY_STAGES)]" = ()

    @property
    def is_processed(self) -> bool:
        """Whether it has stages of its own."""
        return bool(self.prepare or self.stages)


Overlay = ImageOverlay | TextOverlay
Overlays = Annotated[tuple[Overlay, ...], Meta(max_length=MAX_OVERLAYS)]


class Stage(Struct, frozen=True, omit_defaults=True):
    """Operations on an image, in order of work: ``rotate`` (degrees clockwise), ``flip``, ``trim``, ``crop``,
    ``resize`` and ``rotate_free`` (in ``resample_space``), ``grayscale``, ``adjust``, ``blur`` (sigma in pixels, in
    ``blur_space``), ``effects``,
    ``shape``, ``opacity`` (in percent), ``flatten`` (onto this colour), ``canvas``, ``extend``, ``overlays``.
    ``background`` fills the canvas.
    """

    rotate: Annotated[int, Meta(ge=0, le=270, multiple_of=90)] = 0
    flip: Flip = Flip.NONE
    trim: Trim | None = None
    crop: Crop | CropWindow | CropInsets | None = None
    resize: Resize = Resize()
    rotate_free: FreeRotation | None = None
    resample_space: ResampleSpace = ResampleSpace.AUTO
    grayscale: bool = False
    adjust: Adjust = Adjust()
    blur: Annotated[float, Meta(ge=0, le=250)] = 0.0
    blur_space: BlurSpace = BlurSpace.LINEAR
    effects: Effects = Effects()
    shape: Shape = NO_SHAPE
    opacity: Percent = 100.0
    flatten: Colour | None = None
    canvas: Canvas | None = None
    extend: Extend = Extend()
    overlays: Overlays = ()
    background: Colour = Colour()


MAX_STAGES: Final = 8
"""Beyond the first. Each costs a pass over a whole result; imagor and thumbor limit only the length of the URL."""


class Plan(Stage, frozen=True, omit_defaults=True):
    """Everything that determines the pixels and bytes of a result, except the original.

    Order of work: decoding as in ``input``, EXIF orientation, the first stage, then each
    of ``stages`` on the result of the one before it. The plan's own ``background`` is also put behind the result if the
    format has no transparency.
    """

    input: Input = DEFAULT_INPUT
    stages: Annotated[tuple[Stage, ...], Meta(max_length=MAX_STAGES)] = ()
    output: Output = Output()
    fact_selection: FactSelection = HEADER_FACTS_ONLY


PLAN_VERSION: Final = 3
"""Part of every key: raised when the same plan gives other bytes, or a field gets another name."""
