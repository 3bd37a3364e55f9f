"""Estimates the CPU seconds of a render from its plan and the header of its original, before a pixel is decoded.

A pure function of sizes and parameters. Its rates are nanoseconds per pixel on one core, measured with detailed
photographs and rounded up; ``python -m benchmarks.rates`` measures them again and prints both. Must never know a
library or a file.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from math import log2
from typing import Final, NamedTuple

from msgspec import structs

from pixmill.errors import PixmillError, TooCostly
from pixmill.media import Format
from pixmill.plan.effects import Adjust, ColourAdjustment, Effects, RedactionBoxes, ToneAdjustment
from pixmill.plan.geometry import Geometry, resolve_all
from pixmill.plan.lengths import Size
from pixmill.plan.limits import Limits
from pixmill.plan.negotiation import kept_format
from pixmill.plan.ops import Fit, Flip, Output, Overlay, Plan, Stage
from pixmill.plan.output import RenderMode, TiffCompression
from pixmill.plan.overlays import Repeat, TextOverlay
from pixmill.plan.shapes import NO_SHAPE
from pixmill.plan.size_rules import SkipSmaller
from pixmill.plan.transforms import Fill

_NS: Final = 1e-9
_MAX_NAMED: Final = 3
_MIN_NAMED_SHARE: Final = 0.1
"""A refusal names up to this many parameters, each with at least this share of the cost."""

DEFERRED_ABOVE_S: Final = 1.0
"""A render of at most this is done at once; a longer one waits for a worker that may be busy for long."""

# ---------------------------------------------------------------- nanoseconds per pixel

DECODE_NS: Final[Mapping[Format, float]] = {
    Format.JPEG: 14.0,
    Format.WEBP: 12.0,
    Format.AVIF: 20.0,
    Format.PNG: 22.0,
    Format.GIF: 17.0,
    Format.BMP: 10.0,
    Format.HEIC: 33.0,
    Format.RAW: 150.0,
    Format.JP2: 180.0,
}
"""Per pixel of the original, and of its part in resampling."""
_OTHER_DECODE_NS: Final = 40.0


class EarlyConversion(StrEnum):
    """The conversion of colours right after decoding; DEEP is that of 16 bits."""

    NONE = "none"
    CURVE = "curve"
    DEEP_CURVE = "deep curve"
    PQ = "pq"
    HLG = "hlg"


CONVERSION_NS: Final[Mapping[EarlyConversion, float]] = {
    EarlyConversion.NONE: 0.0,
    EarlyConversion.CURVE: 18.0,
    EarlyConversion.DEEP_CURVE: 155.0,
    EarlyConversion.PQ: 42.0,
    EarlyConversion.HLG: 75.0,
}
"""Per pixel of the original."""

_TRIM_NS: Final = 25.0
"""Per pixel of the original, which is decoded once more to find its borders."""
_RESAMPLE_NS: Final = 25.0
"""Per pixel of the resampled image."""
_PLACE_NS: Final = 8.0
"""Per pixel of the crop, which is reduced to a small image to place a smart window."""

_UNCHANGED: Final = Stage()
_NO_EFFECTS: Final = Effects()
_NO_TONE: Final = ToneAdjustment()
_NO_COLOUR_CHANGE: Final = ColourAdjustment()
_MAX_DIRECT_SIGMA: Final = 6.0
"""A larger blur is made on a reduced image."""


def _blur_ns(sigma: float) -> float:
    if not sigma:
        return 0.0
    return 30.0 + 12.0 * sigma if sigma <= _MAX_DIRECT_SIGMA else 30.0


def _adjust_ns(adjust: Adjust) -> float:
    colour = adjust.colour
    return 15.0 * (adjust.tone != _NO_TONE) + 60.0 * (colour != _NO_COLOUR_CHANGE) + 45.0 * (colour.vibrance != 0)


def _clahe_ns(adjust: Adjust) -> float:
    return 205.0 + 1.9 * adjust.clahe.window if adjust.clahe else 0.0


def _progressive_blur_ns(effects: Effects) -> float:
    """Each copy doubles the sigma, up to the largest one."""
    blur = effects.progressive_blur
    return 160.0 + 18.0 * max(0.0, log2(2 * blur.sigma)) if blur else 0.0


def _morphology_ns(radius: int) -> float:
    return 10.0 + 15.0 * radius if radius else 0.0


def _sharpen_ns(effects: Effects) -> float:
    return 25.0 + 12.0 * effects.sharpen.sigma if effects.sharpen else 0.0


def _convolution_ns(effects: Effects) -> float:
    return 2.0 * len(effects.convolution.weights) if effects.convolution else 0.0


STAGE_NS: Final[Mapping[str, Callable[[Stage], float]]] = {
    "rotate": lambda stage: 115.0 if stage.rotate_free else 7.0 * (stage.rotate > 0),
    "flip": lambda stage: 7.0 * (stage.flip is not Flip.NONE),
    "grayscale": lambda stage: 3.0 * stage.grayscale,
    "clahe": lambda stage: _clahe_ns(stage.adjust),
    "colour adjustments": lambda stage: _adjust_ns(stage.adjust),
    "blur": lambda stage: _blur_ns(stage.blur),
    "opacity": lambda stage: 10.0 * (stage.opacity != _UNCHANGED.opacity),
    "flatten": lambda stage: 8.0 * (stage.flatten is not None),
    "mask": lambda stage: 80.0 * (stage.shape != NO_SHAPE) + 70.0 * (stage.shape.border is not None),
}
EFFECT_NS: Final[Mapping[str, Callable[[Effects], float]]] = {
    "progressive_blur": _progressive_blur_ns,
    "median": lambda effects: 170.0 * (effects.median > 0),
    "dilate": lambda effects: _morphology_ns(effects.dilate),
    "erode": lambda effects: _morphology_ns(effects.erode),
    "sharpen": _sharpen_ns,
    "sharpen_lab": lambda effects: 76.0 + 6.0 * effects.sharpen_lab.sigma if effects.sharpen_lab else 0.0,
    "convolution": _convolution_ns,
    "pixelate": lambda effects: 10.0 * (effects.pixelate > 0),
    "blur_faces": lambda effects: 30.0 * (effects.blur_faces > 0),
    "pixelate_faces": lambda effects: 30.0 * (effects.pixelate_faces > 0),
    "gradient": lambda effects: 41.0 * (effects.gradient is not None),
    "vignette": lambda effects: 28.0 * (effects.vignette > 0),
    "noise": lambda effects: 16.0 * (effects.noise > 0),
}
"""Per pixel of the resampled image, by parameter."""

_REGION_NS: Final = 15.0
_PAD_NS: Final = 15.0
_BLEND_NS: Final = 60.0
_TILED_TEXT_NS: Final = 60.0

_SEARCH_ENCODES: Final = 3
_SIZE_ENCODES: Final = 6
"""Encodings that a search by ``quality=auto`` and by ``max_bytes`` takes; it needs fewer than its maximum."""
_SEARCH_SCORE_NS: Final = 45.0
_MAX_SEARCH_EFFORT: Final = 4
_PALETTE_NS: Final = 240.0
_PALETTE_TRIES: Final = 2


class EncoderRates(NamedTuple):
    """Rates by effort, from 0 to 9, of lossy and of lossless encoding, and the default efforts by mode."""

    by_effort: tuple[float, ...]
    default_efforts: tuple[int, int, int] = (0, 0, 0)
    lossless_by_effort: tuple[float, ...] = ()

    def ns(self, effort: int | None, mode: RenderMode, *, lossless: bool) -> float:
        rates = (self.lossless_by_effort if lossless else ()) or self.by_effort
        if effort is None:
            effort = self.default_efforts[(RenderMode.FAST, RenderMode.BALANCED, RenderMode.BEST).index(mode)]
        return rates[min(effort, len(rates) - 1)]


ENCODE_NS: Final[Mapping[Format, EncoderRates]] = {
    Format.JPEG: EncoderRates((10.0, 10.0, 20.0), (0, 0, 2)),
    Format.WEBP: EncoderRates(
        (16.0, 16.0, 16.0, 28.0, 50.0, 66.0, 80.0, 95.0, 95.0, 106.0),
        (0, 3, 6),
        (375.0, 380.0, 385.0, 395.0, 410.0, 430.0, 450.0, 480.0, 500.0, 525.0),
    ),
    Format.AVIF: EncoderRates(
        (43.0, 46.0, 46.0, 92.0, 92.0, 92.0, 214.0, 214.0, 291.0, 291.0),
        (0, 1, 3),
        (190.0, 191.0, 200.0, 300.0, 300.0, 300.0, 600.0, 600.0, 903.0, 903.0),
    ),
    Format.PNG: EncoderRates((25.0, 31.0, 43.0, 53.0, 63.0, 86.0, 146.0, 290.0, 430.0, 753.0), (0, 5, 8)),
    Format.GIF: EncoderRates((433.0, 500.0, 570.0, 640.0, 720.0, 800.0, 900.0, 1000.0, 1120.0, 1239.0), (0, 0, 6)),
    Format.HEIC: EncoderRates((127.0, 127.0, 427.0), (0, 0, 2)),
    Format.JXL: EncoderRates(
        (43.0, 43.0, 45.0, 47.0, 47.0, 51.0, 150.0, 250.0, 380.0, 380.0),
        (0, 5, 8),
        (100.0, 100.0, 150.0, 200.0, 200.0, 330.0, 500.0, 650.0, 820.0, 820.0),
    ),
    Format.TIFF: EncoderRates((40.0,)),
}
"""Per pixel of the result."""
ANIMATED_NS: Final[Mapping[Format, EncoderRates]] = {
    Format.WEBP: EncoderRates((50.0,) * 4 + (115.0,) * 5 + (2430.0,), (0, 3, 6), (800.0,) * 9 + (2450.0,)),
    Format.AVIF: EncoderRates((45.0, 50.0, 50.0, 95.0, 95.0, 95.0, 214.0, 214.0, 580.0, 580.0), (0, 1, 3)),
    Format.GIF: EncoderRates((50.0,)),
}
"""The same in animations, where they differ: libwebp's method 6 tries every kind of frame."""
_ANIMATION_RATES: Final[Mapping[Format, EncoderRates]] = {**ENCODE_NS, **ANIMATED_NS}
_OTHER_ENCODE_NS: Final = EncoderRates((5.0,))
_NEAR_LOSSLESS_RATIO: Final = 3.4
_DEEP_RATIO: Final = 1.5
_TRELLIS_NS: Final = 55.0
_DEFLATE_NS: Final = 92.0
_HIGH_QUALITY: Final = 80
_DOUBLING_QUALITY_STEPS: Final = 20
"""From quality 80 to 100 an AVIF takes twice as long."""
_COMMON_DEPTH: Final = 8


# ---------------------------------------------------------------- the estimate


class OriginalFacts(NamedTuple):
    """What the header of an original says: its format, the pixels of a frame, and the frames that are rendered."""

    format: Format
    pixels: int
    frames: int = 1
    extra_s: float = 0.0
    """The cost of decoding the other images that the plan refers to."""
    drawing_s: float = 0.0
    conversion: EarlyConversion = EarlyConversion.NONE


class CostEstimate(NamedTuple):
    """Estimated CPU seconds, in all and by parameter."""

    total_s: float
    by_param: Mapping[str, float]

    def check(self, max_s: float) -> None:
        """Raise TooCostly above the maximum, naming what costs the most."""
        if self.total_s <= max_s:
            return
        ranked = sorted(self.by_param.items(), key=lambda item: -item[1])
        named = [(name, cost) for name, cost in ranked[:_MAX_NAMED] if cost >= _MIN_NAMED_SHARE * self.total_s]
        shares = ", ".join(f"{name} {cost:.1f}" for name, cost in named)
        raise TooCostly(
            f"The result would take about {self.total_s:.1f} CPU seconds, of at most {max_s:g}: {shares}. "
            "Ask for fewer pixels, or for less of these",
            param=named[0][0],
        )


class RenderDeferred(Exception):
    """The render is estimated above ``Limits.defer_above_s``: nothing is encoded yet, and it may be asked for again."""

    def __init__(self, cost_s: float) -> None:
        super().__init__(f"about {cost_s:.1f} CPU seconds")
        self.cost_s = cost_s


def decode_cost_s(kind: Format, pixels: int, conversion: EarlyConversion = EarlyConversion.NONE) -> float:
    """Estimate the decoding of an image."""
    return pixels * (_decode_ns(kind) + CONVERSION_NS[conversion]) * _NS


def _decode_ns(kind: Format) -> float:
    return DECODE_NS.get(kind, _OTHER_DECODE_NS)


NO_COST: Final = CostEstimate(0.0, {})
_MIN_BOX_PIXELS: Final = 1_000_000
"""A smaller box is left to the second check: nearly all requests are."""


def estimate_cost(plan: Plan, geometries: tuple[Geometry, ...], original: OriginalFacts) -> CostEstimate:
    """Estimate the cost of rendering the plan; ``geometries`` are those of its stages (``resolve_all``)."""
    ns: dict[str, float] = {}

    def add(name: str, amount: float) -> None:
        if amount:
            ns[name] = ns.get(name, 0.0) + amount

    decode_ns = _decode_ns(original.format) + CONVERSION_NS[original.conversion]
    add("original", original.pixels * decode_ns)
    if plan.trim:
        add("trim", original.pixels * (_TRIM_NS + decode_ns))
    for stage, geometry in zip((plan, *plan.stages), geometries, strict=True):
        _add_stage(add, stage, geometry)
    _add_later_trims(add, plan, geometries)
    _add_encodings(add, plan.output, geometries[-1].output.pixels, original)
    by_param = {name: amount * original.frames * _NS for name, amount in ns.items()}
    if original.drawing_s:
        by_param["original"] += original.drawing_s * (2 if plan.trim else 1)
    if original.extra_s:
        by_param["overlay"] = by_param.get("overlay", 0.0) + original.extra_s
    return CostEstimate(sum(by_param.values()), by_param)


def stages_cost_s(plan: Plan, geometries: tuple[Geometry, ...]) -> float:
    """Estimate the operations of all stages, without decoding and encoding."""
    amounts: list[float] = []
    for stage, geometry in zip((plan, *plan.stages), geometries, strict=True):
        _add_stage(lambda _name, amount: amounts.append(amount), stage, geometry)
    _add_later_trims(lambda _name, amount: amounts.append(amount), plan, geometries)
    return sum(amounts) * _NS


def minimum_cost(plan: Plan, limits: Limits) -> CostEstimate:
    """Estimate the least that the plan costs with any original: all that is known before it is fetched.

    Only a box that must be filled says how large the result is.
    """
    resize = plan.resize
    if resize.width * resize.height < _MIN_BOX_PIXELS and not plan.stages:
        return NO_COST
    fills_box = resize.width and resize.height and resize.enlarge and resize.fit in (Fit.FILL, Fit.COVER)
    fills_box = fills_box and resize.skip_smaller is SkipSmaller.NEVER and not resize.max_enlarged_side
    if any(stage.trim for stage in plan.stages):
        return NO_COST  # what is left of a result is not known
    try:
        source = Size(resize.width, resize.height) if fills_box and not plan.rotate % 180 else Size(1, 1)
        geometries = resolve_all(source, plan, limits)
    except PixmillError:
        return NO_COST
    return estimate_cost(plan, geometries, OriginalFacts(Format.JPEG, 0))


def _add_later_trims(add: Callable[[str, float], None], plan: Plan, geometries: tuple[Geometry, ...]) -> None:
    for stage, before in zip(plan.stages, geometries, strict=False):
        if stage.trim:
            add("trim", _TRIM_NS * before.output.pixels)


def _add_stage(add: Callable[[str, float], None], stage: Stage, geometry: Geometry) -> None:
    if geometry.needs_resampling or geometry.is_placed_by_pixels:
        add("width and height", _RESAMPLE_NS * geometry.window.pixels)
    add("crop_gravity", _PLACE_NS * geometry.smart_window * geometry.source.pixels)
    add("gravity", _PLACE_NS * geometry.smart_crop * geometry.crop.size.pixels)
    pixels = max(geometry.window.pixels, geometry.rotated.pixels)
    for name, rate in STAGE_NS.items():
        add(name, rate(stage) * pixels)
    if stage.effects != _NO_EFFECTS:
        for name, effect_rate in EFFECT_NS.items():
            add(name, effect_rate(stage.effects) * pixels)
        for name, areas in (("blur_areas", stage.effects.blur_areas), ("pixelate_areas", stage.effects.pixelate_areas)):
            if areas:
                add(name, _REGION_NS * _covered_pixels(areas.regions, geometry.window))
    if geometry.needs_padding:
        add("padding", (1.0 if stage.extend.fill is Fill.COLOUR else _PAD_NS) * geometry.output.pixels)
    for overlay in stage.overlays:
        add("overlay", _overlay_ns(overlay) * geometry.output.pixels)


def _overlay_ns(overlay: Overlay) -> float:
    """Return the rate of drawing a layer, without its preparation (``engine/pixels/cost.py``)."""
    is_tiled_text = isinstance(overlay, TextOverlay) and overlay.placement.repeat is not Repeat.NONE
    return _BLEND_NS + is_tiled_text * _TILED_TEXT_NS


def _covered_pixels(regions: RedactionBoxes, size: Size) -> float:
    """Return the pixels of all regions, those that overlap more than once."""
    return sum(
        min(
            size.pixels,
            region.width * region.height * (size.pixels / 1e4 if region.percent else 1.0),
        )
        for region in regions
    )


def _add_encodings(add: Callable[[str, float], None], output: Output, pixels: int, original: OriginalFacts) -> None:
    """Add the encoding, and for a search as many as it takes."""
    if output.formats:
        formats = output.formats[:1]
    else:
        kept = kept_format(output, original.format)
        formats = (kept,) if kept else output.original_formats or (Format.JPEG, Format.PNG)
    is_animated = original.frames > 1
    rates = _ANIMATION_RATES if is_animated else ENCODE_NS
    single_ns = max(_encode_ns(rates, kind, output, output.encoding.effort) for kind in formats)
    if output.smallest:
        _add_all_formats(add, rates, output, pixels)
        return
    add("format and effort", single_ns * pixels)
    if is_animated or not (output.target_quality or output.max_bytes):
        return
    effort = output.encoding.effort
    search_effort = effort if effort is None else min(effort, _MAX_SEARCH_EFFORT)
    search_ns = max(_encode_ns(rates, kind, output, search_effort) for kind in formats)
    if output.target_quality:
        add("quality", (_SEARCH_ENCODES * (search_ns + _SEARCH_SCORE_NS) - search_ns) * pixels)
    if output.max_bytes:
        palette_ns = _PALETTE_TRIES * _PALETTE_NS if formats[0] in (Format.PNG, Format.GIF) else 0.0
        add("max_bytes", (_SIZE_ENCODES * search_ns if not palette_ns else palette_ns + search_ns) * pixels)


def _add_all_formats(
    add: Callable[[str, float], None], rates: Mapping[Format, EncoderRates], output: Output, pixels: int
) -> None:
    """Add the encodings of ``format=best``: a search in each lossy format, and those without loss."""
    lossy = {*output.formats, Format.JPEG}
    search_ns = sum(_encode_ns(rates, kind, output, output.encoding.effort) + _SEARCH_SCORE_NS for kind in lossy)
    lossless = structs.replace(output.encoding, lossless=True)
    lossless_ns = sum(
        _encode_ns(rates, kind, structs.replace(output, encoding=lossless), lossless.effort)
        for kind in {*output.formats, Format.PNG} - {Format.AVIF}
    )
    add("format and effort", (_SEARCH_ENCODES * search_ns + lossless_ns + _PALETTE_NS) * pixels)


def _encode_ns(rates: Mapping[Format, EncoderRates], kind: Format, output: Output, effort: int | None) -> float:
    encoding = output.encoding
    lossless = encoding.lossless or (encoding.near_lossless is not None and kind is Format.WEBP)
    ns = rates.get(kind, _OTHER_ENCODE_NS).ns(effort, encoding.mode, lossless=lossless)
    if encoding.near_lossless is not None and kind is Format.WEBP:
        ns *= _NEAR_LOSSLESS_RATIO
    if kind is Format.AVIF and not lossless:
        ns *= _DEEP_RATIO if encoding.depth > _COMMON_DEPTH else 1.0
        ns *= 1.0 + max(0, output.quality - _HIGH_QUALITY) / _DOUBLING_QUALITY_STEPS
    if kind is Format.JPEG and (encoding.trellis or encoding.optimize_scans or encoding.progressive):
        ns += _TRELLIS_NS
    if kind is Format.TIFF and encoding.tiff_compression is TiffCompression.DEFLATE:
        ns = _DEFLATE_NS
    return ns + (_PALETTE_NS if encoding.colours and kind is Format.PNG else 0.0)
