"""The typed values of parameters, by name: what the grammars return and what plans are compiled from.

Knows types only. ``tests/dialects/test_param_values.py`` proves that each parameter of the tables has a field here, of
the type that its grammar returns.
"""

from collections.abc import Set as AbstractSet
from fractions import Fraction
from typing import Literal, TypedDict, cast

from pixmill.dialects.native.element_options import Decoding, FetchPriority, Layout, Loading, Placeholder
from pixmill.dialects.native.grammars.canvas import Padding, TrimPadding
from pixmill.dialects.native.grammars.formats import FormatOrder
from pixmill.dialects.native.grammars.quality import QualityTarget
from pixmill.media import Format
from pixmill.plan.colour import Colour
from pixmill.plan.effects import (
    Clahe,
    Convolution,
    Curve,
    Duotone,
    Gradient,
    LabSharpen,
    Levels,
    Modulate,
    MorphologyUnit,
    ProgressiveBlur,
    RegionBlur,
    RegionPixelation,
    UnsharpMask,
)
from pixmill.plan.facts import Fact
from pixmill.plan.gravity import Gravity, Point
from pixmill.plan.lengths import RoundingMode
from pixmill.plan.ops import (
    Aspect,
    AspectRule,
    BlurSpace,
    Canvas,
    Clamp,
    Crop,
    CropInsets,
    CropOverflow,
    CropWindow,
    DecodeScaling,
    Fit,
    Flip,
    Kernel,
    Overlay,
    ResampleSpace,
)
from pixmill.plan.output import Metadata, Profile, QualityScale, RenderMode, Subsampling, TiffCompression, WebPPreset
from pixmill.plan.shapes import Border, CornerRadii, Mask
from pixmill.plan.size_rules import DprRule, SkipSmaller
from pixmill.plan.source import SourceRef
from pixmill.plan.transforms import Fill, TrimCorner

RequestedFormat = tuple[Format, ...] | Literal["original", "best"] | FormatOrder
"""One format by name, none for a negotiated one, that of the original, the smallest, or an order."""


_Keywords = TypedDict("_Keywords", {"class": str}, total=False)
"""The values of parameters whose names are keywords of Python."""


class ParamValues(_Keywords, total=False):
    """The values of the parameters that were given. Absent means not given; None means given, but without an effect."""

    # source
    url: SourceRef
    v: str
    animated: bool
    page: int
    max_frames: int
    frame_step: int
    dpi: int
    time: Fraction
    orientation: int
    reject: tuple[Format, ...]
    animated_formats: tuple[Format, ...]
    decode_scaling: DecodeScaling
    # size
    width: int | Fraction
    height: int | Fraction
    aspect: Aspect
    fit: Fit
    gravity: Gravity
    zoom: Fraction
    dpr: Fraction
    dpr_rule: DprRule
    dpr_max_side: int
    enlarge: bool | Literal["error", "never"]
    shrink: bool
    clamp: Clamp
    skip_smaller: SkipSmaller
    max_enlarged_side: int
    min_fitted_side: int
    min_width: int
    min_height: int
    max_width: int
    max_height: int
    max_area: int
    exceeding: bool
    adaptive: bool
    kernel: Kernel
    light: ResampleSpace
    rounding: RoundingMode
    max_side: int
    canvas: Canvas
    canvas_cut: bool
    canvas_gravity: Point
    padding: Padding
    padding_inside: bool
    extend: Fill
    # transformations
    rotate: Fraction
    flip: Flip
    trim: int
    trim_color: Colour
    trim_equal: tuple[bool, bool]
    trim_corner: TrimCorner
    trim_padding: TrimPadding
    crop: Crop | CropWindow | CropInsets
    crop_gravity: Gravity
    crop_aspect: Aspect
    crop_aspect_rule: AspectRule
    crop_overflow: CropOverflow
    background: Colour
    radius: CornerRadii | None
    mask: Mask
    border: Border | None
    opacity: Fraction
    flatten: Colour
    # colours
    grayscale: bool
    clahe: Clahe
    normalize: bool
    equalize: bool
    levels: Levels
    curves: Curve
    curves_red: Curve
    curves_green: Curve
    curves_blue: Curve
    gamma: Fraction
    warmth: float
    exposure: float
    highlights: float
    shadows: float
    brightness_factor: Fraction
    brightness: float
    contrast: float
    rgb: tuple[float, float, float]
    invert: bool
    lightness: float
    modulate: Modulate
    color_matrix: tuple[float, ...]
    vibrance: float
    saturation: float
    hue: Fraction
    sepia: Fraction
    tint: Colour
    monochrome: Colour
    duotone: Duotone
    colorize: Colour
    threshold: int
    # effects
    blur: Fraction
    blur_space: BlurSpace
    progressive_blur: ProgressiveBlur
    median: int
    dilate: int
    morphology: MorphologyUnit
    erode: int
    sharpen: Fraction
    unsharp: UnsharpMask | None
    sharpen_lab: LabSharpen | None
    convolution: Convolution | None
    pixelate: int
    blur_areas: RegionBlur
    pixelate_areas: RegionPixelation
    blur_faces: Fraction
    pixelate_faces: int
    gradient: Gradient
    vignette: Fraction
    noise: Fraction
    # overlays and further stages
    overlay: tuple[Overlay, ...]
    then: tuple["ParamValues", ...]
    # output
    format: RequestedFormat
    original_formats: tuple[Format, ...]
    passthrough: tuple[Format | None, ...]
    quality: int | QualityTarget
    max_bytes: int
    max_bytes_strict: bool
    metadata: Metadata
    profile: Profile
    mode: RenderMode
    effort: int
    progressive: bool
    quality_scale: QualityScale
    subsampling: Subsampling
    trellis: bool
    deringing: bool
    optimize_scans: bool
    quant_table: int
    lossless: bool
    near_lossless: int
    webp_preset: WebPPreset
    depth: int
    colors: int
    dither: Fraction
    tiff_compression: TiffCompression
    frame_delay: tuple[int, ...]
    loop: int
    speed: Fraction
    reverse: bool
    filename: str
    tags: tuple[str, ...]
    # response
    disposition: bool
    max_age: int
    fallback: SourceRef
    fallback_status: int
    # image information
    include: tuple[Fact, ...]
    palette_colors: int
    # srcset
    of: str
    widths: tuple[int, ...]
    densities: tuple[Fraction, ...]
    variants: tuple[str, ...]
    formats: tuple[Format, ...]
    sizes: str
    alt: str
    loading: Loading
    fetchpriority: FetchPriority
    decoding: Decoding
    layout: Layout
    placeholder: Placeholder
    warm: bool
    # presets and signed URLs
    preset: tuple[str, ...]
    expires: int
    sig: str


def select(values: ParamValues, names: AbstractSet[str]) -> ParamValues:
    """Return those values whose names are in ``names``."""
    return cast("ParamValues", {name: value for name, value in values.items() if name in names})
