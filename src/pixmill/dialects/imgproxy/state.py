"""What the options of a URL say, collected before a plan is made of it.

imgproxy's options are settings of one fixed pipeline: their order has no meaning, and the last value counts. Knows
values only; must never know a URL, nor how a plan says the same.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from pixmill.media import Format
from pixmill.plan.colour import Colour

ONE: Final = Fraction(1)
ZERO: Final = Fraction(0)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A gravity: ``kind`` is a direction such as ``nowe``, or ``fp``, ``sm``, ``obj``. Offsets below 1 are shares."""

    kind: str = "ce"
    x: Fraction = ZERO
    y: Fraction = ZERO
    classes: tuple[str, ...] = ()

    @property
    def is_moved(self) -> bool:
        """Whether it has an offset in pixels."""
        return self.kind != "fp" and (abs(self.x) >= 1 or abs(self.y) >= 1)


CENTRE: Final = Anchor()


@dataclass(slots=True)
class Watermark:
    """Where the watermark lies, and what it is if it is not the server's."""

    opacity: Fraction = ZERO
    position: str = "ce"
    x: Fraction = ZERO
    y: Fraction = ZERO
    scale: Fraction = ZERO
    url: str = ""
    text: str = ""
    width: int = 0
    height: int = 0
    degrees: Fraction = ZERO
    shadow: Fraction = ZERO


@dataclass(slots=True)
class Filters:
    """Options that change colours, and that depend on neighbouring pixels."""

    brightness: int = 0
    contrast: Fraction = ONE
    saturation: Fraction = ONE
    monochrome: Colour | None = None
    duotone: tuple[Colour, Colour] | None = None
    colorize: Colour | None = None
    gradient: tuple[Colour, Fraction, Fraction, Fraction] | None = None
    blur: Fraction = ZERO
    progressive_blur: tuple[Fraction, Fraction, Fraction, Fraction] | None = None
    sharpen: Fraction = ZERO
    unsharp: tuple[Fraction, Fraction] | None = None
    pixelate: int = 0
    blur_areas: tuple[Fraction, tuple[tuple[Fraction, Fraction, Fraction, Fraction], ...]] | None = None
    blur_faces: Fraction = ZERO


@dataclass(slots=True)
class Pipeline:
    """One pass of imgproxy's pipeline: ``/-/`` in a URL begins another one."""

    resizing_type: str = "fit"
    algorithm: str = "lanczos3"
    width: int = 0
    height: int = 0
    min_width: int = 0
    min_height: int = 0
    zoom_x: Fraction = ONE
    zoom_y: Fraction = ONE
    dpr: Fraction = ONE
    enlarge: bool = False
    extend: bool = False
    extend_anchor: Anchor = CENTRE
    extend_ratio: bool = False
    extend_ratio_anchor: Anchor = CENTRE
    anchor: Anchor = CENTRE
    crop_width: Fraction = ZERO
    crop_height: Fraction = ZERO
    crop_anchor: Anchor | None = None
    crop_ratio: Fraction = ZERO
    crop_ratio_enlarges: bool = False
    trim_threshold: Fraction | None = None
    trim_colour: Colour | None = None
    trim_equal_horizontal: bool = False
    trim_equal_vertical: bool = False
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    rotate: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    background: Colour | None = None
    background_alpha: Fraction = ONE
    filters: Filters = field(default_factory=Filters)
    watermark: Watermark = field(default_factory=Watermark)


@dataclass(slots=True)
class Encoder:
    """Options of the encoders; None: as the server says."""

    jpeg_progressive: bool = False
    jpeg_no_subsample: bool = False
    jpeg_trellis: bool = False
    jpeg_deringing: bool = False
    jpeg_optimize_scans: bool = False
    jpeg_quant_table: int = 0
    png_interlaced: bool = False
    png_quantize: bool = False
    png_colours: int = 256
    webp_compression: str = "lossy"
    webp_preset: str = "default"
    avif_subsample: str = "auto"


@dataclass(slots=True)
class AutoQuality:
    """The search for a quality."""

    method: str = "none"
    target: Fraction = Fraction(1, 50)
    min_quality: int = 70
    max_quality: int = 80


@dataclass(frozen=True, slots=True)
class Policy:
    """What options may do: change the server's limits; be left out if there is nothing like them."""

    allows_security_options: bool = False
    ignores_unsupported: bool = False


DEFAULT_POLICY: Final = Policy()


@dataclass(slots=True)
class RequestState:
    """Everything that the options of one URL say."""

    policy: Policy = DEFAULT_POLICY
    pipelines: list[Pipeline] = field(default_factory=lambda: [Pipeline()])
    current: int = 0
    auto_rotate: bool = True
    page: int = 0
    disable_animation: bool = False
    max_animation_frames: int = 1
    second: Fraction | None = None
    max_result_dimension: int = 0
    format: Format | None = None
    best_format: bool = False
    quality: int = 0
    format_quality: dict[Format, int] = field(default_factory=dict)
    max_bytes: int = 0
    autoquality: AutoQuality = field(default_factory=AutoQuality)
    encoder: Encoder = field(default_factory=Encoder)
    strip_metadata: bool = True
    keep_copyright: bool = True
    strip_colour_profile: bool = True
    skip_formats: tuple[Format, ...] = ()
    raw: bool = False
    cachebuster: str = ""
    expires: int = 0
    filename: str = ""
    attachment: bool = False
    tags: tuple[str, ...] = ()
    fallback_url: str = ""

    @property
    def pipeline(self) -> Pipeline:
        return self.pipelines[self.current]
